"""Derived doses: pure functions from an exam's inputs and coefficient sets to values with doubt."""
