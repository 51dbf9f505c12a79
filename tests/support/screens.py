"""Screens as a box hands them over: small pictures, a report, and the reading on the wire."""

import struct
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from dosebook_protocol.quantities import QUANTITIES, to_storage
from dosebook_protocol.reading import (
    CodedItem,
    DoseValue,
    EventKind,
    IrradiationEvent,
    Moment,
    Outcome,
    Patient,
    Reading,
    Study,
    Total,
)
from dosebook_protocol.screen import (
    KIND,
    PROFILE_ITEM,
    Alternative,
    Area,
    Check,
    Place,
    ScreenEvidence,
    ScreenReport,
    ScreenValue,
    pending_item,
)

TAKEN_AT = datetime(2026, 11, 2, 8, 31, tzinfo=UTC)
EVENT_UID = "2.25.7101"


_DIGITS = {
    "0": "69996", "1": "26227", "2": "e168f", "3": "e161e", "4": "99f11", "5": "f8e1e",
    "6": "68e96", "7": "f1244", "8": "69696", "9": "69716", ".": "00002", ":": "02020",
}  # fmt: skip
_SCALE = 2


def png(width: int, height: int, text: str = "") -> bytes:
    """An 8-bit grey PNG: light digits on black, or a black screen."""
    return _written([_line(y, width, height, text) for y in range(height)], width)


def frame(width: int, height: int, texts: Iterable[tuple[Area, str]]) -> bytes:
    """A black screen with texts at their places."""
    lines = [bytearray(width) for _ in range(height)]
    for area, text in texts:
        for y in range(area.height):
            line = _line(y, area.width, area.height, text)
            lines[area.y + y][area.x : area.x + area.width] = line
    return _written([bytes(line) for line in lines], width)


def _line(y: int, width: int, height: int, text: str) -> bytes:
    """One line of a field whose digits are four columns of pixels wide and five lines high."""
    row = (y - (height - 5 * _SCALE) // 2) // _SCALE
    dots = [
        0 <= row < 5 and bool(int(_DIGITS.get(one, "00000")[row], 16) << column & 8)
        for one in text
        for column in range(5)
        for _ in range(_SCALE)
    ]
    return bytes(235 if 0 <= x < len(dots) and dots[x] else 12 for x in range(-3, width - 3))


def _written(lines: Sequence[bytes], width: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, len(lines), 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + bytes(line) for line in lines))
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def value(path: str, text: str, **changes: Any) -> ScreenValue:
    """One value that waits for a person: a DLP in a table row unless told otherwise."""
    fields: dict[str, object] = {
        "path": path,
        "label": "DLP",
        "quantity": "dlp",
        "unit": "mGy.cm",
        "decimals": 2,
        "text": text,
        "confidence": 0.71,
        "state": "review",
        "reason": "confidence 0.71 is under 0.90",
        "reader": "net",
        "alternatives": (Alternative(text="818.10", confidence=0.2),),
        "checks": (Check(name="dlp-sum", result="fail", detail="rows add up to 805.20"),),
        "area": Area(x=100, y=40, width=74, height=20),
        "place": Place(event_uid=EVENT_UID),
    }
    return ScreenValue.model_validate(fields | changes)


def evidence(*values: ScreenValue, **changes: object) -> ScreenEvidence:
    """A screen with these values, each with its crop."""
    fields: dict[str, object] = {
        "profile": "ge-ct-dose-report",
        "revision": "5f1c",
        "source": "framebuffer",
        "way": "lossless",
        "taken_at": TAKEN_AT,
        "width": 320,
        "height": 200,
        "values": values,
        "patient_areas": (Area(x=0, y=0, width=120, height=20),),
    }
    report = ScreenReport.model_validate(fields | changes)
    crops = {one.path: png(one.area.width, one.area.height, one.text) for one in values}
    whole = frame(report.width, report.height, [(one.area, one.text) for one in values])
    return ScreenEvidence(report, whole, crops)


def place_of_total() -> Place:
    """The place of a total over the 32 cm phantom."""
    return Place(phantom="32cm")


def reading_of(screen: ScreenEvidence, **changes: Any) -> Reading:
    """The reading that a box sends with a screen: released values count, others are items."""
    values = screen.report.values
    uids = sorted({one.place.event_uid for one in values if one.place.event_uid})
    totals = [one for one in values if not one.place.event_uid]
    fields: dict[str, Any] = {
        "outcome": Outcome.READ,
        "kind": KIND,
        "reader": f"screen/{screen.report.profile}",
        "modality": "CT",
        "patient": Patient("4711", "CHU-A", "Test^Patient"),
        "study": Study("2.25.71", "20261102", "083000"),
        "items": (
            CodedItem(PROFILE_ITEM, text=f"{screen.report.profile}@{screen.report.revision}"),
            *(pending_item(one) for one in totals if one.state == "review"),
        ),
        "events": tuple(_event(uid, values) for uid in uids),
        "totals": tuple(
            Total(_released(one), one.place.plane, one.place.side, one.place.phantom)
            for one in totals
            if one.state == "accepted"
        ),
    }
    return Reading(**(fields | changes))


def _event(uid: str, values: Iterable[ScreenValue]) -> IrradiationEvent:
    own = [one for one in values if one.place.event_uid == uid]
    return IrradiationEvent(
        uid,
        EventKind.CT,
        uid_is_synthesised=True,
        started=Moment("20261102083000", "2026-11-02T08:30:00"),
        values=tuple(_released(one) for one in own if one.state == "accepted"),
        items=tuple(pending_item(one) for one in own if one.state == "review"),
    )


def _released(one: ScreenValue) -> DoseValue:
    stored = to_storage(Decimal(one.text), one.unit, one.quantity)
    unit = QUANTITIES[one.quantity].unit
    return DoseValue(one.quantity, stored, unit, one.text, one.unit, one.path)
