"""`dosebook-box`: the commands of a box."""

from dosebook_edge.cli.main import main

__all__ = ["main"]
