"""Exams that may be one: found beside ingest, decided by people."""
