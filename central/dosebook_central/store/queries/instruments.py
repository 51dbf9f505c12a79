"""Instruments: their readings within exams, and the newest one of each."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, select, text

from dosebook_central.domain.matching import ASSIGNABLE
from dosebook_central.store.bulk import one_of
from dosebook_central.store.in_force import READING_IN_FORCE
from dosebook_central.store.models import Box, Reading, Record

# As literals: the partial index `ix_record_instrument` holds for this term only.
_IS_INSTRUMENT: Final = text("record.source_kind = 'instrument'")


@dataclass(frozen=True, slots=True)
class SourceReading:
    """One reading with the source of the box that it came by."""

    record_id: str
    box_id: str
    room: str
    source: str
    source_kind: str
    captured_at: datetime
    body: str  # JSON of dosebook_protocol.reading.Reading


def readings_of(connection: Connection, record_ids: Collection[str]) -> list[SourceReading]:
    """Those of some records that an instrument, a screen or a person made, in order of time."""
    if not record_ids:
        return []
    rows = connection.execute(
        _readings()
        .where(one_of(connection, Record.id, record_ids), Record.source_kind.in_(ASSIGNABLE))
        .order_by(Record.captured_at, Record.id)
    )
    return [SourceReading(*row) for row in rows]


def newest(connection: Connection) -> list[SourceReading]:
    """The newest reading of each instrument, which is one source of one box."""
    last = (
        select(Record.box_id, Record.source, func.max(Record.captured_at).label("captured_at"))
        .where(_IS_INSTRUMENT)
        .group_by(Record.box_id, Record.source)
        .subquery()
    )
    rows = connection.execute(
        _readings()
        .join(
            last,
            and_(
                last.c.box_id == Record.box_id,
                last.c.source == Record.source,
                last.c.captured_at == Record.captured_at,
            ),
        )
        .where(_IS_INSTRUMENT)
        .order_by(Box.room, Record.box_id, Record.source, Record.sequence)
    )
    # Of several in one moment the last that the box wrote.
    found = {(row.box_id, row.source): SourceReading(*row) for row in rows}
    return list(found.values())


def _readings() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Record.id,
            Record.box_id,
            Box.room,
            Record.source,
            Record.source_kind,
            Record.captured_at,
            Reading.body,
        )
        .join(Box, Box.id == Record.box_id)
        .join(Reading, READING_IN_FORCE)
    )
