"""Short phrases that several findings use."""

from collections.abc import Sequence


def events_text(ordinals: Sequence[int]) -> str:
    """Name events by their ordinals: `event 3`, `events 3, 4`."""
    if len(ordinals) == 1:
        return f"event {ordinals[0]}"
    return "events " + ", ".join(str(ordinal) for ordinal in ordinals)
