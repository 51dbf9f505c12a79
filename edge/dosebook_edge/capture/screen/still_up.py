"""The screen of the exam before that is still up when the next one runs (P51)."""

from datetime import datetime

from dosebook_edge.capture.screen.reading import Refusal, ScreenReading
from dosebook_edge.capture.screen.to_reading import Whose

_UP_BEFORE = "it was up before the exam began"


class StillUp:
    """Finds screens that are older than the exam in the room, where they name no patient.

    A screen that names the patient of the exam is that exam's, whenever it came up.
    """

    def __init__(self) -> None:
        self._values: tuple[tuple[str, str], ...] = ()
        self._exam: str | None = None

    def refusal(
        self, seen: ScreenReading, whose: Whose, came_at: datetime | None
    ) -> Refusal | None:
        """Why a screen that came up at that moment is not of the exam; None where it may be.

        `came_at` is None for one that was up when the box began to look.
        """
        if whose.unassigned or _names_patient(seen):
            return None
        started_at = whose.started_at
        if came_at is None:
            return Refusal("older-than-exam", "it was up before the box began to look")
        if started_at is not None and came_at < started_at:
            return Refusal("older-than-exam", _UP_BEFORE)
        if self._exam not in (None, _exam(whose)) and _values(seen) == self._values:
            return Refusal("older-than-exam", "it shows the very values of before the exam")
        return None

    def note(self, seen: ScreenReading, whose: Whose) -> None:
        """Remember what was recorded, and for which exam, be it none."""
        self._values, self._exam = _values(seen), _exam(whose)


def _names_patient(seen: ScreenReading) -> bool:
    return any(
        check.name == "patient" and check.outcome == "pass"
        for one in seen.values
        for check in one.checks
    )


def _values(seen: ScreenReading) -> tuple[tuple[str, str], ...]:
    return tuple((one.name, one.text) for one in seen.values if one.quantity)


def _exam(whose: Whose) -> str:
    return whose.performed_step_uid or whose.study.uid
