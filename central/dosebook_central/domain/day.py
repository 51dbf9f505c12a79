"""On which day an exam was."""

from datetime import date
from functools import lru_cache


@lru_cache(maxsize=65_536)
def day_of(started: str) -> date | None:
    """The day of a moment as an exam states it, ISO 8601 with or without a time; None without."""
    try:
        return date.fromisoformat(started[:10])
    except ValueError:
        return None
