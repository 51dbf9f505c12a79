"""Statements of recomputation: which records to read again, and their new readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, select, update

from dosebook_central.store.bulk import insert_rows
from dosebook_central.store.models import Reading, Record
from dosebook_protocol.reading import Outcome
from dosebook_protocol.reading import Reading as ReadingOf

_Select = Select[*tuple[Any, ...]]

_DUPLICATE: Final = "duplicate"


@dataclass(frozen=True, slots=True)
class Selection:
    """Records to read again: of other readers than this one, or everything."""

    reader_version: str
    since: datetime | None
    media_type: str
    everything: bool = False


@dataclass(frozen=True, slots=True)
class ArchivedRecord:
    """A record as far as re-reading it goes."""

    id: str
    evidence_sha256: str
    media_type: str
    source_kind: str
    group_id: str


@dataclass(frozen=True, slots=True)
class NewReading:
    """The reading that shall be in force for a record, and the group that it puts it in."""

    record_id: str
    reading: ReadingOf
    group_id: str
    body: str


def count(connection: Connection, selection: Selection) -> int:
    """How many records a selection has."""
    return connection.scalar(_where(select(func.count()).select_from(Record), selection)) or 0


def select_batch(
    connection: Connection, selection: Selection, after: str, limit: int
) -> list[ArchivedRecord]:
    """The next records of a selection in order of id."""
    statement = _where(_columns(), selection).where(Record.id > after)
    rows = connection.execute(statement.order_by(Record.id).limit(limit))
    return [ArchivedRecord(*tuple(row)) for row in rows]


def find(connection: Connection, record_id: str) -> ArchivedRecord | None:
    """Return one record."""
    row = connection.execute(_columns().where(Record.id == record_id)).one_or_none()
    return ArchivedRecord(*tuple(row)) if row else None


def accept(connection: Connection, record_id: str) -> str:
    """Let a quarantined record count as stored; returns the box that it is of."""
    connection.execute(
        update(Record).where(Record.id == record_id).values(status="stored", reason="")
    )
    return connection.scalars(select(Record.box_id).where(Record.id == record_id)).one()


def put_in_force(
    connection: Connection, readings: Sequence[NewReading], version: str, now: datetime
) -> None:
    """Add readings of a reader version and let them hold; earlier ones stay as they are."""
    insert_rows(
        connection,
        Reading.__table__,
        [
            {
                "record_id": one.record_id,
                "reader_version": version,
                "read_at": now,
                "body": one.body,
            }
            for one in readings
        ],
    )
    table = Record.__table__
    fields = ("status", "reason", "kind", "outcome", "sop_instance_uid", "group_id")
    statement = (
        update(table)
        .where(table.c.id == bindparam("key"))
        .values({name: bindparam(f"new_{name}") for name in fields} | {"reader_version": version})
    )
    connection.execute(statement, [_changed(one) for one in readings])


def _changed(new: NewReading) -> dict[str, Any]:
    reading = new.reading
    is_readable = reading.outcome is not Outcome.QUARANTINED
    return {
        "key": new.record_id,
        "new_status": "stored" if is_readable else "quarantined",
        "new_reason": "" if is_readable else reading.reason,
        "new_kind": reading.kind,
        "new_outcome": reading.outcome.value,
        "new_sop_instance_uid": reading.sop_instance_uid,
        "new_group_id": new.group_id,
    }


def _columns() -> _Select:
    return select(
        Record.id,
        Record.evidence_sha256,
        Record.media_type,
        Record.source_kind,
        Record.group_id,
    )


def _where(statement: _Select, selection: Selection) -> _Select:
    statement = statement.where(
        Record.status != _DUPLICATE, Record.media_type.startswith(selection.media_type)
    )
    if not selection.everything:
        statement = statement.where(Record.reader_version != selection.reader_version)
    if selection.since is not None:
        statement = statement.where(Record.captured_at >= selection.since)
    return statement
