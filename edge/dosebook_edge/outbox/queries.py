"""Every SQL statement of the outbox, one verb each. Writers run inside the caller's transaction."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dosebook_edge.outbox.model import Appended, Entry
from dosebook_protocol.record import Receipts, Record

WAITING: Final = "waiting"

_INSERT: Final = """
INSERT INTO record (sequence, record_id, captured_at, source, source_kind, evidence_sha256,
                    sop_instance_hash, size, outcome, status, reason, acknowledged_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', '', '')
"""
_INSERT_PAYLOAD: Final = "INSERT INTO payload (sequence, sealed) VALUES (?, ?)"
# The newest row has the highest number given, or what was noted when rows were deleted.
_LAST: Final = """
SELECT max(CAST(value AS INTEGER), (SELECT coalesce(max(sequence), 0) FROM record))
FROM meta WHERE name = 'last_sequence'
"""
_NOTE_LAST: Final = "UPDATE meta SET value = ? WHERE name = 'last_sequence'"
_FIND_EVIDENCE: Final = """
SELECT record_id, sequence FROM record WHERE evidence_sha256 = ? AND source = ? LIMIT 1
"""
_FIND_INSTANCE: Final = """
SELECT 1 FROM record WHERE sop_instance_hash = ? AND sop_instance_hash <> '' LIMIT 1
"""
_WAITING: Final = """
SELECT sequence, record_id, size FROM record
WHERE status = 'waiting' AND sequence > ? ORDER BY sequence LIMIT ?
"""
_PAYLOAD: Final = """
SELECT record_id, sealed FROM record JOIN payload USING (sequence) WHERE sequence = ?
"""
_ACKNOWLEDGE: Final = """
UPDATE record SET status = ?, reason = ?, acknowledged_at = ?
WHERE sequence = ? AND record_id = ? AND status = 'waiting'
"""
_REPLAY: Final = """
UPDATE record SET status = 'waiting', reason = '', acknowledged_at = ''
WHERE sequence = ? AND status <> 'waiting'
  AND EXISTS (SELECT 1 FROM payload WHERE payload.sequence = record.sequence)
"""
_COUNTS: Final = """
SELECT count(*), coalesce(sum(size), 0), min(sequence) FROM record WHERE status = 'waiting'
"""
_CAPTURED_AT: Final = "SELECT captured_at FROM record WHERE sequence = ?"
_ENTRIES: Final = """
SELECT record.sequence, record_id, captured_at, source, source_kind, evidence_sha256, size, outcome,
       status, reason, acknowledged_at, payload.sequence IS NOT NULL
FROM record LEFT JOIN payload USING (sequence)
WHERE (? = '' OR status = ?) AND record.sequence < ?
ORDER BY record.sequence DESC LIMIT ?
"""
# Both clocks have to say so: the registry's, which dates receipts, and the box's own.
_DELIVERED_PAYLOADS: Final = """
SELECT sequence, length(sealed) FROM record JOIN payload USING (sequence)
WHERE status <> 'waiting' AND max(acknowledged_at, captured_at) < ? ORDER BY sequence LIMIT ?
"""
_NEWEST_RECEIPT: Final = "SELECT max(acknowledged_at) FROM record"
_DELETE_PAYLOAD: Final = "DELETE FROM payload WHERE sequence = ?"
# Only from its beginning, so that the ledger has no gap: nothing behind the oldest that waits.
_DELETE_LEDGER: Final = """
DELETE FROM record WHERE sequence IN (
  SELECT sequence FROM record LEFT JOIN payload USING (sequence)
  WHERE status <> 'waiting' AND acknowledged_at < ? AND payload.sequence IS NULL
    AND NOT EXISTS (SELECT 1 FROM record AS older
                    WHERE older.status = 'waiting' AND older.sequence < record.sequence)
  ORDER BY sequence LIMIT ?)
"""
# A clock that was set makes a running step look old: the newest that did not end stay.
_DELETE_STEPS: Final = """
DELETE FROM procedure_step WHERE changed_at < ? AND NOT (
  state = 'IN PROGRESS'
  AND rowid IN (SELECT rowid FROM procedure_step ORDER BY rowid DESC LIMIT 500))
"""
_DELETE_REVIEWS: Final = """
DELETE FROM screen_review WHERE sequence NOT IN (SELECT sequence FROM payload)
"""
_GAPS: Final = "SELECT count(*), coalesce(min(sequence), 1), coalesce(max(sequence), 0) FROM record"
_ORPHANS: Final = """
SELECT count(*) FROM record LEFT JOIN payload USING (sequence)
WHERE status = 'waiting' AND payload.sequence IS NULL
"""
_EVER: Final = "9999"
_BEYOND: Final = 2**62


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits, and how far receipts have come without a gap."""

    waiting: int
    waiting_bytes: int
    oldest_waiting_at: datetime | None
    last_sequence: int
    acknowledged_sequence: int


def last_sequence(connection: sqlite3.Connection) -> int:
    """The highest sequence number ever given."""
    return int(connection.execute(_LAST).fetchone()[0])


def insert(
    connection: sqlite3.Connection,
    sequence: int,
    record: Record,
    instance_hash: str,
    size: int,
    sealed: bytes,
) -> None:
    """Write one record with its payload."""
    connection.execute(
        _INSERT,
        (
            sequence,
            record.record_id,
            record.captured_at.isoformat(),
            record.source,
            record.source_kind.value,
            record.evidence.sha256,
            instance_hash,
            size,
            record.reading.outcome.value,
        ),
    )
    connection.execute(_INSERT_PAYLOAD, (sequence, sealed))


def find_evidence(connection: sqlite3.Connection, source: str, sha256: str) -> Appended | None:
    """The record of a source that holds this evidence."""
    row = connection.execute(_FIND_EVIDENCE, (sha256, source)).fetchone()
    return None if row is None else Appended(row[0], row[1], is_repeat=True)


def has_instance(connection: sqlite3.Connection, instance_hash: str) -> bool:
    """Whether any record is of that SOP Instance."""
    return connection.execute(_FIND_INSTANCE, (instance_hash,)).fetchone() is not None


def waiting(
    connection: sqlite3.Connection, after: int, limit: int, max_bytes: int
) -> list[tuple[int, str, bytes]]:
    """Sequence, id and sealed payload of waiting records, within a number and a size."""
    found: list[tuple[int, str, bytes]] = []
    room = max_bytes
    for sequence, record_id, size in connection.execute(_WAITING, (after, limit)).fetchall():
        if found and size > room:
            break
        row = payload(connection, sequence)
        # A receipt and a retirement may have come between the two queries.
        if row is not None:
            found.append((sequence, record_id, row[1]))
            room -= size
    return found


def payload(connection: sqlite3.Connection, sequence: int) -> tuple[str, bytes] | None:
    """Id and sealed payload of one record."""
    row = connection.execute(_PAYLOAD, (sequence,)).fetchone()
    return None if row is None else (row[0], row[1])


def acknowledge(connection: sqlite3.Connection, receipts: Receipts) -> int:
    """Note the receipts that match a waiting record in both id and sequence."""
    at = receipts.committed_at.isoformat()
    return sum(
        connection.execute(
            _ACKNOWLEDGE, (one.status.value, one.reason, at, one.sequence, one.record_id)
        ).rowcount
        for one in receipts.receipts
    )


def replay(connection: sqlite3.Connection, sequences: Iterable[int]) -> list[int]:
    """Let delivered records wait again where their payload is still there."""
    return [one for one in sequences if connection.execute(_REPLAY, (one,)).rowcount]


def counts(connection: sqlite3.Connection) -> Counts:
    """Count what waits."""
    number, size, first = connection.execute(_COUNTS).fetchone()
    last = last_sequence(connection)
    if first is None:
        return Counts(0, 0, None, last, last)
    row = connection.execute(_CAPTURED_AT, (first,)).fetchone()
    oldest = None if row is None else datetime.fromisoformat(row[0])
    return Counts(number, size, oldest, last, first - 1)


def entries(
    connection: sqlite3.Connection, status: str, limit: int, before: int | None
) -> list[Entry]:
    """Rows without content, newest first."""
    top = _BEYOND if before is None else before
    rows = connection.execute(_ENTRIES, (status, status, top, limit)).fetchall()
    return [Entry(*(*row[:-1], bool(row[-1]))) for row in rows]


def retire(
    connection: sqlite3.Connection,
    delivered_before: datetime,
    ledger_before: datetime,
    limit: int,
) -> int:
    """Delete payloads, then rows, of records delivered before a time; never of waiting ones."""
    found = connection.execute(
        _DELIVERED_PAYLOADS, (delivered_before.isoformat(), limit)
    ).fetchall()
    connection.executemany(_DELETE_PAYLOAD, [(sequence,) for sequence, _ in found])
    connection.execute(_NOTE_LAST, (str(last_sequence(connection)),))
    connection.execute(_DELETE_LEDGER, (ledger_before.isoformat(), limit))
    connection.execute(_DELETE_STEPS, (delivered_before.isoformat(),))
    connection.execute(_DELETE_REVIEWS)
    return len(found)


def newest_receipt(connection: sqlite3.Connection) -> datetime | None:
    """When the registry signed for a record last, by its clock; None before the first."""
    (newest,) = connection.execute(_NEWEST_RECEIPT).fetchone()
    return datetime.fromisoformat(newest) if newest else None


def retire_bytes(connection: sqlite3.Connection, wanted: int) -> int:
    """Delete payloads of delivered records, oldest first, until that many bytes are free."""
    freed = 0
    for sequence, size in connection.execute(_DELIVERED_PAYLOADS, (_EVER, _BEYOND)).fetchall():
        if freed >= wanted:
            break
        connection.execute(_DELETE_PAYLOAD, (sequence,))
        freed += size
    return freed


def integrity(connection: sqlite3.Connection) -> list[str]:
    """SQLite's own check, and that no record is missing from the sequence or without payload."""
    problems = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    number, first, last = connection.execute(_GAPS).fetchone()
    if number != last - first + 1:
        problems.append(f"{last - first + 1 - number} sequence numbers are missing from the ledger")
    if number and last != last_sequence(connection):
        problems.append(f"the ledger ends at {last}, the counter says {last_sequence(connection)}")
    (orphans,) = connection.execute(_ORPHANS).fetchone()
    if orphans:
        problems.append(f"{orphans} waiting records have no payload")
    return problems
