"""The dose that CT makers write into Comments on Radiation Dose (0040,0310), in words.

Philips writes a line a series (`Series #2 HEAD Average CTDIvol= 52.1 DLP= 830.5`), GE a line an
event (`Event=2 DLP=830.5`), both a total. The comment is only ever matched against fixed patterns:
markup or script in it stays text (P40). A unit beside a number is read, like any other (P2).
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from pydicom.dataset import Dataset

from dosebook_protocol.dicom import context
from dosebook_protocol.dicom import header_access as access
from dosebook_protocol.dicom.header_identity import synthesised_uid
from dosebook_protocol.dicom.header_values import Notes
from dosebook_protocol.quantities import UnitError
from dosebook_protocol.reading import (
    CodedItem,
    DoseValue,
    EventKind,
    IrradiationEvent,
    Phantom,
    Total,
)

COMMENT: Final = 0x00400310
_LIMIT: Final = 65_536
_NUMBER: Final = r"(\.?\d(?:[\d.,]{0,18}\d)?)"
_UNIT: Final = r"(?:[^\S\r\n]?([munµμdc]?Gy[ .*·x-]?(?:cm)?)(?![A-Za-z]))?"
_IS: Final = r"\s{0,8}=\s{0,8}"
_SERIES: Final = re.compile(
    r"Series\s{0,4}#\s{0,8}(?P<series>\d{1,9})\s(?P<name>(?:(?!Series\s{0,4}#).){0,200}?)\s{0,4}"
    rf"(?:Average\s)?CTDIvol{_IS}{_NUMBER}{_UNIT}[\s,;]{{1,4}}DLP{_IS}{_NUMBER}{_UNIT}",
    re.IGNORECASE,
)
_TOTAL: Final = re.compile(
    rf"\bTotal\s{{0,4}}DLP\s{{0,8}}[=:]\s{{0,8}}{_NUMBER}{_UNIT}", re.IGNORECASE
)
_EVENT: Final = re.compile(
    rf"\bEvent{_IS}(?P<event>\d{{1,4}})[\s,;]{{0,4}}DLP{_IS}{_NUMBER}{_UNIT}", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Said:
    """A number of the comment with its unit, "" where none is written."""

    text: str
    unit: str = ""

    def value(self, quantity: str, due: str, path: str, notes: Notes) -> DoseValue | None:
        """Read it in its own unit, else in the one that is due; None where it stays text."""
        try:
            return notes.quantity(quantity, self.text, self.unit or due, path)
        except UnitError as reason:
            sent = f"{self.text} {self.unit}"
            notes.items.append(CodedItem(f"{quantity}_as_sent", text=sent, path=path))
            notes.deviations.add("unknown-unit", path, f"{reason}; kept as text")
            return None


@dataclass(frozen=True, slots=True)
class Line:
    """One series or event of a dose comment: its number, its name and what is said of it."""

    number: str
    name: str
    ctdi_vol: Said | None
    dlp: Said


def comment_of(dataset: Dataset) -> str:
    """Return the dose comment, shortened to what a person could have meant by one."""
    return access.text(dataset, COMMENT)[:_LIMIT]


def series_lines(comment: str) -> list[Line]:
    """Return the series that a dose comment tells of, however many stand in a line."""
    return [
        Line(m["series"], m["name"].strip(), Said(m[3], m[4] or ""), Said(m[5], m[6] or ""))
        for line in comment.splitlines()
        for m in _SERIES.finditer(line)
    ]


def event_lines(comment: str) -> list[Line]:
    """Return the events that a dose comment tells of, however many stand in a line."""
    return [
        Line(m["event"], "", None, Said(m[2], m[3] or ""))
        for line in comment.splitlines()
        for m in _EVENT.finditer(line)
    ]


def total(comment: str, notes: Notes) -> Total | None:
    """Return the total DLP that a dose comment states."""
    for line in comment.splitlines():
        found = _TOTAL.search(line)
        if found:
            said = Said(found[1], found[2] or "")
            value = said.value("dlp", "mGy.cm", context.tag_path(COMMENT), notes)
            return Total(value) if value else None
    return None


def events_of(
    comment: str, key: str, phantom: Phantom | None, notes: Notes
) -> list[IrradiationEvent]:
    """Read the lines as events, for objects that list their exposures nowhere else."""
    events = []
    for position, line in enumerate(series_lines(comment) or event_lines(comment), 1):
        path = f"{context.tag_path(COMMENT)}[{position}]"
        values = (
            line.ctdi_vol.value("ctdi_vol", "mGy", path, notes) if line.ctdi_vol else None,
            line.dlp.value("dlp", "mGy.cm", path, notes),
        )
        events.append(
            IrradiationEvent(
                uid=synthesised_uid(key, "series", str(position), line.number, line.dlp.text),
                kind=EventKind.CT,
                uid_is_synthesised=True,
                protocol=line.name,
                phantom=phantom,
                values=tuple(value for value in values if value is not None),
                items=(CodedItem("series_number", text=line.number, path=path),),
            )
        )
    return events


def complete(events: list[IrradiationEvent], comment: str, notes: Notes) -> list[IrradiationEvent]:
    """Give listed CT exposures the DLP that only the comment's event lines state.

    GE numbers its events as it lists them; a comment that names others is not of this list.
    """
    lines = {int(line.number): line.dlp for line in event_lines(comment)}
    if not lines or any(v.quantity == "dlp" for event in events for v in event.values):
        return events
    path = context.tag_path(COMMENT)
    if sorted(lines) != list(range(1, len(events) + 1)):
        detail = f"{len(lines)} events in the comment, {len(events)} listed: not matched"
        notes.deviations.add("comment-names-further-series", path, detail)
        return events
    completed = []
    for number, event in enumerate(events, 1):
        value = lines[number].value("dlp", "mGy.cm", f"{path}[{number}]", notes)
        completed.append(replace(event, values=(*event.values, value)) if value else event)
    return completed


def compare(events: list[IrradiationEvent], comment: str, notes: Notes) -> None:
    """Note where the comment and the sequence say different numbers of one series."""
    for line in series_lines(comment):
        event = next((e for e in events if _series_number(e) == line.number), None)
        if event is None:
            notes.deviations.add(
                "comment-names-further-series",
                context.tag_path(COMMENT),
                f"series {line.number} is in the comment and not in the sequence",
                per=line.number,
            )
            continue
        for quantity, said, due in (
            ("ctdi_vol", line.ctdi_vol, "mGy"),
            ("dlp", line.dlp, "mGy.cm"),
        ):
            if said is not None:
                _compare_one(event, line.number, quantity, said, due, notes)


def _compare_one(
    event: IrradiationEvent, series: str, quantity: str, said: Said, due: str, notes: Notes
) -> None:
    value = said.value(quantity, due, context.tag_path(COMMENT), notes)
    listed = next((v for v in event.values if v.quantity == quantity), None)
    if value and listed and not agrees(value, listed):
        notes.deviations.add(
            "comment-disagrees",
            listed.path,
            f"{quantity} of series {series} is {listed.original} here, {said.text} in the comment",
            per=f"{series}{quantity}",
        )


def agrees(rounded: DoseValue, exact: DoseValue) -> bool:
    """Tell whether `exact`, written with the decimals of `rounded`, is `rounded`."""
    exponent = rounded.value.as_tuple().exponent
    step = 10**exponent if isinstance(exponent, int) else 0
    return abs(rounded.value - exact.value) <= step


def _series_number(event: IrradiationEvent) -> str:
    return next((item.text for item in event.items if item.name == "series_number"), "")
