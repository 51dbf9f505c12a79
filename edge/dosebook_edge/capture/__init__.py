"""Ways of capture: one folder each, one small contract (`source.py`)."""
