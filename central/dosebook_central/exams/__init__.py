"""Exams that follow from committed readings, written in the place of those that stood."""
