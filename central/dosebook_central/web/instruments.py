"""The instruments on boxes, each by its newest reading, and those of one exam."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import Connection

from dosebook_central.store.matching import Decided, in_force
from dosebook_central.store.queries.boxes import BoxState
from dosebook_central.store.queries.exams import ExamPage
from dosebook_central.store.queries.instruments import SourceReading, readings_of
from dosebook_central.web.instrument_words import InstrumentReading, describe
from dosebook_protocol.reading import Reading

_READING: Final = TypeAdapter(Reading)
_KIND: Final = "instrument"
_SCREEN: Final = "screen"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One source of one box: its state as the box says, and its newest reading, if it has any."""

    box_id: str
    room: str
    source: str
    state: str
    detail: str
    captured_at: datetime | None
    words: InstrumentReading | None


@dataclass(frozen=True, slots=True)
class ExamReading:
    """One reading of an exam, and the decision that brought it there, if a person made one."""

    record_id: str
    source: str
    words: InstrumentReading
    decided: Decided | None


def overdue_first(
    boxes: Sequence[BoxState], readings: Iterable[SourceReading], today: date
) -> list[Instrument]:
    """List every instrument that a box tells of or that a reading came from."""
    told = {
        (box.id, one.get("name", "")): one
        for box in boxes
        if box.status != "revoked"
        for one in (box.health or {}).get("sources", ())
        if one.get("kind") == _KIND
    }
    read = {(one.box_id, one.source): one for one in readings}
    rooms = {box.id: box.room for box in boxes}
    found = [
        _instrument(key, rooms, told.get(key, {}), read.get(key))
        for key in sorted(told.keys() | read.keys())
    ]
    return sorted(found, key=lambda one: (_urgency(one, today), one.room, one.box_id, one.source))


def readings_in(connection: Connection, page: ExamPage) -> list[ExamReading]:
    """The readings of instruments and people in an exam, in order of time.

    Those of screens stand here only where a person assigned them: their numbers open their crops.
    """
    listed = readings_of(connection, [one.record_id for one in page.summary.evidences])
    decided = in_force(connection, [one.record_id for one in listed])
    found = [one for one in listed if one.source_kind != _SCREEN or one.record_id in decided]
    return [
        ExamReading(
            one.record_id,
            one.source,
            describe(_READING.validate_json(one.body)),
            decided.get(one.record_id),
        )
        for one in found
    ]


def _instrument(
    key: tuple[str, str],
    rooms: Mapping[str, str],
    told: Mapping[str, str],
    read: SourceReading | None,
) -> Instrument:
    box_id, source = key
    return Instrument(
        box_id=box_id,
        room=rooms.get(box_id, ""),
        source=source,
        state=told.get("state", ""),
        detail=told.get("detail", ""),
        captured_at=read.captured_at if read else None,
        words=describe(_READING.validate_json(read.body)) if read else None,
    )


def _urgency(one: Instrument, today: date) -> tuple[int, str]:
    """Overdue before due soon before not stated before the rest, the earliest day first."""
    calibration = one.words.calibration if one.words else None
    if calibration is None or not calibration.due:
        return (2, "")
    if calibration.is_overdue(today):
        return (0, calibration.due)
    return (1 if calibration.is_due_soon(today) else 3, calibration.due)
