"""What a reading of an instrument says, ready for pages: raw and corrected, calibration, flags."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from dosebook_protocol.printed import unit_text
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import Deviation, DoseValue, Reading

DUE_SOON: Final = timedelta(days=60)
_KNOWN: Final = {
    "instrument",
    "instrument_profile",
    "raw_value",
    "calibration_factor",
    "calibration_certificate",
    "calibration_date",
    "calibration_due",
    "dap_position",
    "unassigned",
}
_POSITIONS: Final = frozenset({"before table", "after table"})


@dataclass(frozen=True, slots=True)
class Calibration:
    """How an instrument was calibrated as far as its box knows (P18); "" is not stated."""

    factor: str
    certificate: str
    calibrated: str
    due: str
    position: str

    def is_overdue(self, on: date) -> bool:
        """Whether the next calibration was due before a day."""
        due = self._due
        return due is not None and due < on

    def is_due_soon(self, on: date) -> bool:
        """Whether it is due within two months of a day, or overdue."""
        due = self._due
        return due is not None and due < on + DUE_SOON

    @property
    def _due(self) -> date | None:
        try:
            return date.fromisoformat(self.due)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class InstrumentReading:
    """One reading of an instrument, a screen or a person, in words.

    `started` is the sender's local time, `reason` why no procedure step had it, `others` are items
    without a place of their own.
    """

    started: str
    values: tuple[DoseValue, ...]
    instrument: str
    profile: str
    raw: str
    calibration: Calibration
    flags: tuple[Deviation, ...]
    others: tuple[tuple[str, str], ...]
    reason: str

    @property
    def main(self) -> DoseValue | None:
        """The value that the reading is about: its first dose, else its first number."""
        doses = (one for one in self.values if QUANTITIES[one.quantity].is_dose)
        return next(doses, self.values[0] if self.values else None)

    def was_overdue(self) -> bool:
        """Whether the calibration was overdue when the reading was taken."""
        try:
            return self.calibration.is_overdue(datetime.fromisoformat(self.started).date())
        except ValueError:
            return False


def describe(reading: Reading) -> InstrumentReading:
    """Put a reading in words."""
    said = {item.name: item.text for item in reading.items if item.text}
    events = [value for event in reading.events for value in event.values]
    starts = [event.started.local for event in reading.events if event.started]
    created = reading.created.local if reading.created else ""
    position = said.get("dap_position", "")
    raw, _, unit = said.get("raw_value", "").partition(" ")
    return InstrumentReading(
        started=min(starts, default=created),
        values=tuple(events) or tuple(total.value for total in reading.totals),
        instrument=said.get("instrument", ""),
        profile=said.get("instrument_profile", ""),
        raw=f"{raw} {unit_text(unit)}".strip(),
        calibration=Calibration(
            said.get("calibration_factor", ""),
            said.get("calibration_certificate", ""),
            said.get("calibration_date", ""),
            said.get("calibration_due", ""),
            position if position in _POSITIONS else "",
        ),
        flags=reading.deviations,
        others=tuple(
            (name.replace("_", " "), text) for name, text in said.items() if name not in _KNOWN
        ),
        reason=said.get("unassigned", ""),
    )


def flag_text(code: str) -> str:
    """A flag in words: `incomplete:lost-poll` → `incomplete: lost poll`."""
    return code.replace(":", ": ").replace("-", " ")
