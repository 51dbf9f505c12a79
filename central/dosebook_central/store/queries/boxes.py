"""The boxes: their word on themselves, and what the ledger says is missing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from dosebook_central.store.models import Box, Record


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequence numbers of a box that never arrived, first and last included."""

    first: int
    last: int

    @property
    def count(self) -> int:
        """How many records are missing."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class BoxState:
    """One box; `health` is its last health message as plain JSON."""

    id: str
    room: str
    status: str
    certificate_expires_at: datetime | None
    added_at: datetime
    revoked_at: datetime | None
    revoked_reason: str
    last_seen_at: datetime | None
    last_record_at: datetime | None
    health: dict[str, Any] | None
    records: int
    last_sequence: int
    gaps: tuple[Gap, ...]


def list_boxes(connection: Connection) -> list[BoxState]:
    """All boxes by id, with their gaps: two statements, and one more where a gap is."""
    ledger = (
        select(
            Record.box_id,
            func.count().label("records"),
            func.max(Record.sequence).label("last_sequence"),
        )
        .group_by(Record.box_id)
        .subquery()
    )
    rows = connection.execute(
        select(
            Box.id,
            Box.room,
            Box.status,
            Box.certificate_expires_at,
            Box.added_at,
            Box.revoked_at,
            Box.revoked_reason,
            Box.last_seen_at,
            Box.last_record_at,
            Box.health,
            func.coalesce(ledger.c.records, 0).label("records"),
            func.coalesce(ledger.c.last_sequence, 0).label("last_sequence"),
        )
        .outerjoin(ledger, ledger.c.box_id == Box.id)
        .order_by(Box.status, Box.id)
    ).all()
    broken = [row.id for row in rows if row.records < row.last_sequence]
    gaps = _gaps(connection, broken) if broken else {}
    return [
        BoxState(**row._mapping, gaps=tuple(gaps.get(row.id, ())))  # noqa: SLF001  # public in SQLAlchemy
        for row in rows
    ]


def _gaps(connection: Connection, box_ids: list[str]) -> dict[str, list[Gap]]:
    previous = func.lag(Record.sequence, 1, 0).over(
        partition_by=Record.box_id, order_by=Record.sequence
    )
    steps = (
        select(Record.box_id, Record.sequence, previous.label("previous"))
        .where(Record.box_id.in_(box_ids))
        .subquery()
    )
    found: dict[str, list[Gap]] = {}
    statement = (
        select(steps.c.box_id, steps.c.previous + 1, steps.c.sequence - 1)
        .where(steps.c.sequence > steps.c.previous + 1)
        .order_by(steps.c.box_id, steps.c.sequence)
    )
    for box_id, first, last in connection.execute(statement):
        found.setdefault(box_id, []).append(Gap(first, last))
    return found
