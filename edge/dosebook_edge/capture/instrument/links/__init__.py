"""What carries the bytes between box and instrument, one module for each kind of line."""
