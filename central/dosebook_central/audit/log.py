"""Append to the activity log and verify it (R84).

Each line carries the hash of the one before it, so that an altered, inserted or removed line breaks
the chain from there on. The number of a line is its predecessor's plus one: two writers who saw the
same last line collide on the primary key, and the later one tries again.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from dosebook_central.store.engine import writing
from dosebook_central.store.models import AuditEvent

GENESIS: Final = "0" * 64
_ATTEMPTS: Final = 40
_LOCK: Final = threading.Lock()  # spares the writers of one process most collisions

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Act:
    """One act of one actor; `action` is `object.verb` wherever it is done, on a page or by command.

    `detail` holds no patient data, only opaque ids and counts.
    """

    actor: str
    action: str
    object_kind: str = ""
    object_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What a verification found: the number of lines, the last line and the first break, if any."""

    lines: int
    last_id: int
    head: str
    broken_at: int | None = None
    reason: str = ""

    @property
    def is_intact(self) -> bool:
        """Whether no line was altered, inserted or removed."""
        return self.broken_at is None


def record(engine: Engine, act: Act) -> None:
    """Write one act in a transaction of its own; raises when it cannot be written."""
    perform(engine, lambda _: None, lambda _: act)


def perform(engine: Engine, work: Callable[[Connection], T], tell: Callable[[T], Act]) -> T:
    """Do `work` and write the act that `tell` makes of its result, both in one transaction.

    `work` may run more than once when another writer comes between; only one run is committed.
    """
    for attempt in range(_ATTEMPTS):
        try:
            with _LOCK, writing(engine) as connection:
                result = work(connection)
                append(connection, tell(result))
            return result
        except (IntegrityError, OperationalError):
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.002 * (attempt + 1))
    raise AssertionError("unreachable")


def append(connection: Connection, act: Act, at: datetime | None = None) -> None:
    """Append a line within the caller's transaction; raises IntegrityError if another was first."""
    last = connection.execute(
        select(AuditEvent.id, AuditEvent.hash).order_by(AuditEvent.id.desc()).limit(1)
    ).one_or_none()
    number, previous = (last.id + 1, last.hash) if last else (1, GENESIS)
    line = {
        "id": number,
        "at": at or datetime.now(UTC),
        "actor": act.actor,
        "action": act.action,
        "object_kind": act.object_kind,
        "object_id": act.object_id,
        "detail": dict(act.detail),
        "previous_hash": previous,
    }
    connection.execute(insert(AuditEvent).values(**line, hash=line_hash(line)))


def line_hash(line: Mapping[str, Any]) -> str:
    """SHA-256 over a line and the hash before it, in one canonical form."""
    canonical = json.dumps(
        [
            line["id"],
            line["at"].astimezone(UTC).isoformat(timespec="microseconds"),
            line["actor"],
            line["action"],
            line["object_kind"],
            line["object_id"],
            line["detail"],
            line["previous_hash"],
        ],
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    )
    return sha256(canonical.encode()).hexdigest()


def verify(connection: Connection, anchor: tuple[int, str] | None = None) -> ChainCheck:
    """Walk the whole chain.

    Args:
        connection: a read connection.
        anchor: number and hash of a line noted earlier; a chain cut off before it, or rewritten up
            to it, is then found too.
    """
    previous, count, last_id = GENESIS, 0, 0
    anchor_seen = anchor is None
    statement = select(*AuditEvent.__table__.columns).order_by(AuditEvent.id)
    for row in connection.execution_options(yield_per=2000).execute(statement):
        line = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
        if row.id != last_id + 1:
            reason = f"lines {last_id + 1} to {row.id - 1} are missing"
            return ChainCheck(count, last_id, previous, last_id + 1, reason)
        if row.previous_hash != previous:
            return ChainCheck(count, last_id, previous, row.id, "the line before it was changed")
        if row.hash != line_hash(line):
            return ChainCheck(count, last_id, previous, row.id, "this line was changed")
        previous, count, last_id = row.hash, count + 1, row.id
        anchor_seen = anchor_seen or (row.id, row.hash) == anchor
    if not anchor_seen and anchor is not None:
        reason = f"the line noted as {anchor[0]} is not there as it was"
        return ChainCheck(count, last_id, previous, min(anchor[0], last_id + 1), reason)
    return ChainCheck(count, last_id, previous)
