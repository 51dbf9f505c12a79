"""Values read from screens: what became of each, what persons decide, and cases for the reader."""
