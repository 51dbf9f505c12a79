"""What pages read: few plain statements each, rows out as frozen dataclasses."""
