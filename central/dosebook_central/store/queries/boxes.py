"""The boxes: their word on themselves, and what the ledger says is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from dosebook_central.store.models import Box, Record


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequence numbers of a box that the registry does not hold, first and last included."""

    first: int
    last: int

    @property
    def count(self) -> int:
        """How many records are missing."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class BoxState:
    """One box; `health` is its last health message as plain JSON.

    `last_sequence` is the highest number that the registry knows of: it holds the record, or the
    box says that it has a receipt for it. `reused` counts records whose number the box gave before,
    the last of which came at `reused_at`.
    """

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
    reused: int
    reused_at: datetime | None
    last_sequence: int
    gaps: tuple[Gap, ...]


def list_boxes(connection: Connection) -> list[BoxState]:
    """All boxes by id, with their gaps: two statements, and one more where a gap is."""
    ledger = (
        select(
            Record.box_id,
            func.count().filter(Record.reuse == 0).label("records"),
            func.count().filter(Record.reuse > 0).label("reused"),
            func.max(Record.received_at).filter(Record.reuse > 0).label("reused_at"),
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
            func.coalesce(ledger.c.reused, 0).label("reused"),
            ledger.c.reused_at,
            func.coalesce(ledger.c.last_sequence, 0).label("last_sequence"),
        )
        .outerjoin(ledger, ledger.c.box_id == Box.id)
        .order_by(Box.status, Box.id)
    ).all()
    last = {row.id: max(row.last_sequence, _receipted(row.health)) for row in rows}
    gaps = find_gaps(
        connection, {row.id: last[row.id] for row in rows if row.records < last[row.id]}
    )
    return [
        BoxState(
            **{**row._mapping, "last_sequence": last[row.id]},  # noqa: SLF001  # public in SQLAlchemy
            gaps=tuple(gaps.get(row.id, ())),
        )
        for row in rows
    ]


def find_gaps(connection: Connection, last: Mapping[str, int]) -> dict[str, list[Gap]]:
    """What is missing of boxes, from number 1 to the last that each is known to have given."""
    if not last:
        return {}
    found: dict[str, list[Gap]] = {box_id: [] for box_id in last}
    held = dict.fromkeys(last, 0)
    for box_id, first, end in connection.execute(_inner_gaps(list(last))):
        if first <= last[box_id]:
            found[box_id].append(Gap(first, min(end, last[box_id])))
    highest = select(Record.box_id, func.max(Record.sequence)).group_by(Record.box_id)
    held |= {
        row.box_id: row[1] for row in connection.execute(highest.where(Record.box_id.in_(last)))
    }
    for box_id, end in last.items():
        if held[box_id] < end:
            found[box_id].append(Gap(held[box_id] + 1, end))
    return found


def _receipted(health: dict[str, Any] | None) -> int:
    return int((health or {}).get("outbox_acknowledged_sequence", 0))


def _inner_gaps(box_ids: list[str]) -> Select[str, int, int]:
    """Gaps before numbers that are there."""
    previous = func.lag(Record.sequence, 1, 0).over(
        partition_by=Record.box_id, order_by=Record.sequence
    )
    steps = (
        select(Record.box_id, Record.sequence, previous.label("previous"))
        .where(Record.box_id.in_(box_ids))
        .subquery()
    )
    return (
        select(steps.c.box_id, steps.c.previous + 1, steps.c.sequence - 1)
        .where(steps.c.sequence > steps.c.previous + 1)
        .order_by(steps.c.box_id, steps.c.sequence)
    )
