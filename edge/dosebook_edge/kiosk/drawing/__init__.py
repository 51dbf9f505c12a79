"""Drawing profiles of screens on the box's own page."""
