"""A small hospital on one machine, over the real interfaces."""
