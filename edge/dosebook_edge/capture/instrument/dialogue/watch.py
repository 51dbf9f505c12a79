"""Watches whether an instrument still says what its profile knows, and whether a number moves."""

from collections.abc import Sequence
from typing import Final

from dosebook_edge.capture.instrument.profile.model import Profile
from dosebook_edge.capture.instrument.reading import Answer, Kind, Notice, Outcome

_SPOKEN: Final[frozenset[Kind]] = frozenset({"device-error", "overload"})
"""Notices that show that the instrument is there and speaks as the profile says."""


def is_understood(outcomes: Sequence[Outcome]) -> bool:
    """Whether the instrument said something that the profile knows."""
    return any(isinstance(one, Answer) or one.kind in _SPOKEN for one in outcomes)


class Staleness:
    """A line that is open and silent, or that brings garbage only, looks like one that works.

    Args:
        after_s: for how long the instrument may say nothing that the profile knows.
    """

    def __init__(self, after_s: float) -> None:
        self.is_stale = False
        self.answered = False
        self._after_s = after_s
        self._since = 0.0

    def opened(self, now: float) -> None:
        """A new connection: the instrument gets its time."""
        self.answered = False
        self._since = now

    def understood(self, now: float) -> bool:
        """The instrument spoke; says whether that ends a stale time."""
        ended, self.is_stale = self.is_stale, False
        self.answered = True
        self._since = now
        return ended

    def is_overdue(self, now: float) -> bool:
        """Whether the instrument has been silent for too long."""
        return now - self._since >= self._after_s


class Frozen:
    """Notices a number that stays the same although the profile says that it always moves."""

    def __init__(self, profile: Profile) -> None:
        self._limits = {
            (telegram.name, value.name): value.frozen_after_s
            for telegram in profile.telegram
            for value in telegram.value
            if value.frozen_after_s is not None
        }
        self._seen: dict[tuple[str, str], tuple[str, float]] = {}
        self._told: set[tuple[str, str]] = set()

    def notices(self, outcomes: Sequence[Outcome], now: float) -> list[Notice]:
        """A notice for each number that has just been the same for too long."""
        found = []
        answers = [one for one in outcomes if isinstance(one, Answer)] if self._limits else []
        for answer in answers:
            for reading in answer.readings:
                key = (answer.telegram, reading.name)
                limit = self._limits.get(key)
                if limit is None or not self._is_overdue(key, reading.text, now, limit):
                    continue
                self._told.add(key)
                text = f"{reading.name} has been {reading.text!r} for {limit} s and should move"
                found.append(Notice("frozen", text, answer.offset, answer.raw))
        return found

    def _is_overdue(self, key: tuple[str, str], text: str, now: float, limit: int) -> bool:
        before, since = self._seen.get(key, ("", now))
        if text != before:
            self._seen[key] = (text, now)
            self._told.discard(key)
            return False
        return key not in self._told and now - since >= limit
