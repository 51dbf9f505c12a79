"""Secondary captures that wait to be read, noted in the outbox's database with the object itself.

Needs no picture library, so that storing an object never depends on one.
"""

import sqlite3
import threading
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from dosebook_edge.outbox import Content, OutboxKeyError
from dosebook_protocol.reading import Outcome, Reading

T = TypeVar("T")

_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
SECONDARY_CAPTURES: Final = frozenset(
    (_CAPTURE, *(f"{_CAPTURE}.{number}" for number in (1, 2, 3, 4)))
)
MOST_BYTES: Final = 15_000_000
"""A larger object would not fit into a record with its pixels; no dose screen is."""

_ASKED: Final = (Outcome.NO_DOSE, Outcome.READ)

_CREATE: Final = """
CREATE TABLE IF NOT EXISTS pending_capture (
    sequence INTEGER PRIMARY KEY NOT NULL, source TEXT NOT NULL
) STRICT
"""
_NOTE: Final = """
INSERT OR IGNORE INTO pending_capture
SELECT max(sequence), ? FROM record
"""
_FIRST: Final = "SELECT sequence FROM pending_capture WHERE source = ? ORDER BY sequence LIMIT 1"
_DONE: Final = "DELETE FROM pending_capture WHERE sequence = ?"


class Database(Protocol):
    """The part of the outbox that notes and finds objects."""

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a small write in a commit; raises `OutboxError`."""
        ...

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query."""
        ...

    def content(self, sequence: int) -> Content | None:
        """What is kept of a record, None when it was retired."""
        ...


class PendingCaptures:
    """Which objects of one DICOM source still have to be read."""

    def __init__(self, source: str, database: Database) -> None:
        self._source = source
        self._database = database
        self._news = threading.Event()
        database.run(lambda connection: connection.execute(_CREATE))

    def wants_pixels(self, sop_class_uid: str, size: int) -> bool:
        """Whether an object of so many bytes is kept whole, because its picture may be read."""
        return sop_class_uid in SECONDARY_CAPTURES and size <= MOST_BYTES

    def is_to_be_read(self, sop_class_uid: str, reading: Reading) -> bool:
        """Whether the picture is asked: for the dose, or to be checked by a header that has it."""
        return sop_class_uid in SECONDARY_CAPTURES and reading.outcome in _ASKED

    def note(self, connection: sqlite3.Connection) -> None:
        """Note the record that the same transaction just wrote."""
        connection.execute(_NOTE, (self._source,))

    def wake(self) -> None:
        """Tell the reader that there is something to read."""
        self._news.set()

    def wait(self, timeout: float) -> None:
        """Wait until there may be something to read."""
        self._news.wait(timeout)
        self._news.clear()

    def first(self) -> Content | int | None:
        """The oldest object to read; its number alone where its bytes are gone; None: no more.

        One at a time, for an object with its pixels may be large.
        """
        row = self._database.read(
            lambda connection: connection.execute(_FIRST, (self._source,)).fetchone()
        )
        if row is None:
            return None
        try:
            return self._database.content(row[0]) or int(row[0])
        except OutboxKeyError:  # damaged: the outbox says so where it would send it
            return int(row[0])

    def done(self, sequence: int) -> None:
        """Forget one that was read; raises `OutboxError`."""
        self._database.run(lambda connection: connection.execute(_DONE, (sequence,)))
