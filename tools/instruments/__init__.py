"""Simulated days of instruments: what truly happened beside what a box makes of it."""
