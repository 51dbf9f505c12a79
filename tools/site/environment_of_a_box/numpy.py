"""Stands before the development environment's numpy, which a box does not have.

pydicom loads numpy wherever it finds it: 40 MB that a box never spends.
"""

raise ImportError("a box has no numpy")
