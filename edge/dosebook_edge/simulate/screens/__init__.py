"""Dose screens of invented consoles, drawn with what they truly say.

The drawings follow the arrangement of real screens, in free typefaces and with invented values;
they know nothing of the readers that are measured on them.
"""
