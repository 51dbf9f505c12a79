"""Who did what, when, to which object: an append-only log whose lines are chained by hash."""
