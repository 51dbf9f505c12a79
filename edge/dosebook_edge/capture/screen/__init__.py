"""Dose values read from pictures of screens: pure readers, their model, and the ways of capture."""
