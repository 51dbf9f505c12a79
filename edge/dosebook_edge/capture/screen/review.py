"""Values of screens that wait for a person at the box, noted in the outbox with their records.

Needs no picture library. A value that a newer screen of the same exam shows as well waits once.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dosebook_protocol.reading import Reading
from dosebook_protocol.screen import PATH, pending_of

MOST: Final = 200
"""More than a person reviews in one go; the rest follows."""

Hash = Callable[[str], str]

_SUPERSEDE: Final = "DELETE FROM screen_review WHERE place = ? AND act = ''"
_NOTE: Final = """
INSERT INTO screen_review (record_id, path, sequence, place, act, decision_id)
SELECT record_id, ?, sequence, ?, '', '' FROM record
WHERE sequence = (SELECT max(sequence) FROM record)
"""
_LIST: Final = """
SELECT review.record_id, path, review.sequence, act, decision_id
FROM screen_review AS review
JOIN record ON record.sequence = review.sequence
JOIN payload ON payload.sequence = review.sequence
WHERE act = '' AND (record.status = 'waiting' OR record.acknowledged_at > ?)
ORDER BY review.sequence, review.rowid LIMIT ?
"""
_COUNT: Final = """
SELECT count(*), coalesce(sum(payload.sequence IS NOT NULL
                              AND (record.status = 'waiting' OR record.acknowledged_at > ?)), 0)
FROM screen_review AS review
JOIN record ON record.sequence = review.sequence
LEFT JOIN payload ON payload.sequence = review.sequence
WHERE act = ''
"""
_FIND: Final = """
SELECT record_id, path, sequence, act, decision_id FROM screen_review
WHERE record_id = ? AND path = ?
"""
_ELSEWHERE: Final = "UPDATE screen_review SET act = ? WHERE record_id = ? AND path = ? AND act = ''"
_DECIDE: Final = """
UPDATE screen_review SET act = ?, decision_id = ?
WHERE record_id = ? AND path = ? AND decision_id = ?
"""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A value that was noted: `act` is the decision that stands, "" while it waits.

    `decision_id` is the last decision made here, an undo included.
    """

    record_id: str
    path: str
    sequence: int
    act: str
    decision_id: str


def noting(reading: Reading, hashed: Hash) -> Callable[[sqlite3.Connection], None]:
    """What notes the values of the screen that the same transaction has just written."""

    def note(connection: sqlite3.Connection) -> None:
        for event_uid, path, waits in _values(reading):
            place = hashed(f"{reading.scope_uid}|{event_uid}|{path}")
            connection.execute(_SUPERSEDE, (place,))
            if waits:
                connection.execute(_NOTE, (path, place))

    return note


def waiting(
    connection: sqlite3.Connection, delivered_after: datetime, limit: int
) -> list[Reviewed]:
    """Values to review, the oldest first: of records not yet delivered, or not long ago."""
    rows = connection.execute(_LIST, (delivered_after.isoformat(), limit)).fetchall()
    return [Reviewed(*row) for row in rows]


def counts(connection: sqlite3.Connection, delivered_after: datetime) -> tuple[int, int]:
    """How many undecided values are to be reviewed here, and how many are the registry's alone."""
    every, here = connection.execute(_COUNT, (delivered_after.isoformat(),)).fetchone()
    return here, every - here


def find(connection: sqlite3.Connection, record_id: str, path: str) -> Reviewed | None:
    """One value."""
    row = connection.execute(_FIND, (record_id, path)).fetchone()
    return None if row is None else Reviewed(*row)


def decide(connection: sqlite3.Connection, seen: Reviewed, act: str, decision_id: str) -> bool:
    """Write a decision; False where somebody else decided since."""
    cursor = connection.execute(
        _DECIDE, (act, decision_id, seen.record_id, seen.path, seen.decision_id)
    )
    return cursor.rowcount == 1


def decided_elsewhere(connection: sqlite3.Connection, record_id: str, path: str, act: str) -> bool:
    """Note that the registry decided on a value that waits here; False where none waits."""
    return connection.execute(_ELSEWHERE, (act, record_id, path)).rowcount == 1


def _values(reading: Reading) -> Iterator[tuple[str, str, bool]]:
    """Event, path, and whether it waits, of each value that was read from a screen."""
    for uid, items in (*((one.uid, one.items) for one in reading.events), ("", reading.items)):
        yield from (
            (uid, pending.path, True) for item in items if (pending := pending_of(item)) is not None
        )
    released = [("", one.value) for one in reading.totals]
    released += [(event.uid, value) for event in reading.events for value in event.values]
    yield from ((uid, one.path, False) for uid, one in released if one.path.startswith(PATH))
