"""Simulated instruments: played from the same profiles that the box reads, by code of their own."""
