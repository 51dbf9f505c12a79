"""What the report as a whole says of patient and table: reasons to refuse, and doubts (P17)."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.skin_dose.model import RecordedEvent

# Siemens states the position once a report, inside a comment that is XML.
_POSITION: Final = re.compile(r'<PatientPosition>\s*<Position SRData="\s*(\w*)\s*"')
_PROVEN: Final = "HFS"
_DOUBTFUL_FROM: Final = 10  # events at one height, in a procedure whose table moved otherwise


def stated_position(events: Sequence[RecordedEvent]) -> str:
    """Return the patient position of the report's comment: HFS, FFS …, "" where not stated."""
    for one in events:
        for comment in one.comments:
            match = _POSITION.search(comment)
            if match and match[1]:
                return match[1].upper()
    return ""


def check_report(events: Sequence[RecordedEvent]) -> str:
    """Return why no event of the report can be placed, "" where they can."""
    position = stated_position(events)
    if position and position != _PROVEN:
        return f"the patient lies {position}: only {_PROVEN} (head first, supine) is validated"
    heights = _distinct(events, "table_height_position")
    if heights == {Decimal(0)}:
        return (
            "the table height is 0 in every event: a default, not a position. "
            "Check what the room sends as table height"
        )
    return ""


def table_doubt(events: Sequence[RecordedEvent]) -> str:
    """Return what is suspicious about the table's positions, "" for nothing."""
    heights = _distinct(events, "table_height_position")
    others = _distinct(events, "table_longitudinal_position")
    if len(events) < _DOUBTFUL_FROM or len(heights) != 1 or len(others) < 2:
        return ""
    return (
        f"the table height is {next(iter(heights))} mm in all {len(events)} events although the "
        "table moved: it may be a default of the system"
    )


def _distinct(events: Sequence[RecordedEvent], quantity: str) -> set[Decimal]:
    return {
        value.value for one in events for value in one.event.values if value.quantity == quantity
    }
