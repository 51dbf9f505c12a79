"""What ingest could not accept: list it, dismiss it with a note, take that back. Never delete."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from dosebook_central.store.models import Quarantine, Record

STATES = ("open", "replayed", "dismissed")


@dataclass(frozen=True, slots=True)
class QuarantineItem:
    """One quarantined message, with what is known of the record in it."""

    id: str
    received_at: datetime
    box_id: str
    code: str
    reason: str
    message_sha256: str
    message_size: int
    record_id: str
    state: str
    state_note: str
    state_at: datetime | None
    attempts: int
    kind: str | None
    source: str | None
    sop_instance_uid: str | None
    captured_at: datetime | None


def list_items(
    connection: Connection, state: str = "open", limit: int = 50, offset: int = 0
) -> list[QuarantineItem]:
    """Items in one state, newest first."""
    statement = _items().where(Quarantine.state == state)
    rows = connection.execute(
        statement.order_by(Quarantine.received_at.desc(), Quarantine.id).limit(limit).offset(offset)
    )
    return [QuarantineItem(*row) for row in rows]


def get_item(connection: Connection, item_id: str) -> QuarantineItem | None:
    """Return one item."""
    row = connection.execute(_items().where(Quarantine.id == item_id)).one_or_none()
    return QuarantineItem(*row) if row else None


def counts(connection: Connection) -> dict[str, int]:
    """How many items stand in each state."""
    rows = connection.execute(select(Quarantine.state, func.count()).group_by(Quarantine.state))
    found = {state: int(count) for state, count in rows}
    return {state: found.get(state, 0) for state in STATES}


def dismiss(connection: Connection, item_id: str, note: str, at: datetime) -> bool:
    """Dismiss an open item with a note; False when it is not open any more."""
    return _move(connection, item_id, ("open", "dismissed"), note, at)


def reopen(connection: Connection, item_id: str, at: datetime) -> bool:
    """Take a dismissal back; False when the item is not dismissed. The note stays as history."""
    item = get_item(connection, item_id)
    note = item.state_note if item else ""
    return _move(connection, item_id, ("dismissed", "open"), note, at)


def _move(
    connection: Connection, item_id: str, states: tuple[str, str], note: str, at: datetime
) -> bool:
    source, target = states
    result = connection.execute(
        update(Quarantine)
        .where(Quarantine.id == item_id, Quarantine.state == source)
        .values(state=target, state_note=note, state_at=at)
    )
    return result.rowcount == 1


def _items() -> Select[*tuple[Any, ...]]:
    return select(
        Quarantine.id,
        Quarantine.received_at,
        Quarantine.box_id,
        Quarantine.code,
        Quarantine.reason,
        Quarantine.message_sha256,
        Quarantine.message_size,
        Quarantine.record_id,
        Quarantine.state,
        Quarantine.state_note,
        Quarantine.state_at,
        Quarantine.attempts,
        Record.kind,
        Record.source,
        Record.sop_instance_uid,
        Record.captured_at,
    ).outerjoin(Record, Record.id == Quarantine.record_id)
