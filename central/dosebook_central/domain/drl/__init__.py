"""Diagnostic reference levels: of one exam as a hint, of a site by the median of a sample."""
