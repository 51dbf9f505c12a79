"""What a box knows of an instrument and must not lose: in the outbox's database, sealed.

What is accounted for moves in the transaction that appends the record of an exposure, so that a
crash at any moment leaves both or neither. The exposure that goes on is written now and then, its
transcript in parts; a crash loses at most what came since, and the counter tells the difference.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from pydantic import TypeAdapter

from dosebook_edge.capture.instrument.exposures.exposure import Memory
from dosebook_edge.outbox import Outbox

_MEMORY: Final = TypeAdapter(Memory)
_SAVE: Final = """
INSERT INTO instrument (source, serial, changed_at, sealed) VALUES (?, ?, ?, ?)
ON CONFLICT (source, serial)
DO UPDATE SET changed_at = excluded.changed_at, sealed = excluded.sealed
"""
_LOAD: Final = "SELECT sealed FROM instrument WHERE source = ? AND serial = ?"
_NEWEST: Final = """
SELECT serial FROM instrument WHERE source = ? ORDER BY changed_at DESC, rowid DESC LIMIT 1
"""
_SERIALS: Final = "SELECT serial FROM instrument WHERE source = ?"
_ADD_LINES: Final = "INSERT OR REPLACE INTO instrument_line (source, part, sealed) VALUES (?, ?, ?)"
_LINES: Final = "SELECT part, sealed FROM instrument_line WHERE source = ? ORDER BY part"
_DROP_LINES: Final = "DELETE FROM instrument_line WHERE source = ?"

Work = Callable[[sqlite3.Connection], None]


@dataclass(slots=True)
class _Written:
    """Which lines of the transcript of which exposure are in the database."""

    began: float | None = None
    lines: int = 0
    parts: int = 0


class Journal:
    """The memory of the instruments of one source."""

    def __init__(self, source: str, outbox: Outbox) -> None:
        self._source = source
        self._outbox = outbox
        self._vault = outbox.vault
        self._written = _Written()

    def newest_serial(self) -> str:
        """Serial number of the instrument that was heard last; "" for one that does not tell."""
        row = self._outbox.read(lambda c: c.execute(_NEWEST, (self._source,)).fetchone())
        return str(row[0]) if row else ""

    def recall(self, serial: str) -> Memory | None:
        """What is known of an instrument."""
        row = self._outbox.read(lambda c: c.execute(_LOAD, (self._source, serial)).fetchone())
        if row is None:
            return None
        memory = _MEMORY.validate_json(self._vault.unseal(self._place(serial), row[0]))
        return memory if memory.open is None else replace(memory, lines=self._lines())

    def interrupted(self) -> list[Memory]:
        """Memories with an exposure that went on when the box ended."""
        rows = self._outbox.read(lambda c: c.execute(_SERIALS, (self._source,)).fetchall())
        memories = (self.recall(str(row[0])) for row in rows)
        return [one for one in memories if one is not None and one.open is not None]

    def save(self, memory: Memory) -> None:
        """Make durable what is known now; raises `OutboxError`."""
        written = self._written
        is_other = memory.open is None or memory.open.started.monotonic != written.began
        if is_other:
            written = _Written(None if memory.open is None else memory.open.started.monotonic)
        fresh = "\n".join(memory.lines[written.lines :])
        remember = self._remembering(memory)
        part = (self._source, written.parts, self._sealed_lines(written.parts, fresh))

        def work(connection: sqlite3.Connection) -> None:
            remember(connection)
            if is_other:
                connection.execute(_DROP_LINES, (self._source,))
            if fresh:
                connection.execute(_ADD_LINES, part)

        self._outbox.run(work)
        self._written = _Written(
            written.began, len(memory.lines), written.parts + (1 if fresh else 0)
        )

    def with_record(self, memory: Memory) -> Work:
        """What to write in the transaction of a record: its exposure is over."""
        remember = self._remembering(memory)

        def work(connection: sqlite3.Connection) -> None:
            remember(connection)
            connection.execute(_DROP_LINES, (self._source,))

        return work

    def is_recorded(self) -> None:
        """The transaction of a record is durable."""
        self._written = _Written()

    def _remembering(self, memory: Memory) -> Work:
        content = _MEMORY.dump_json(replace(memory, lines=()))
        sealed = self._vault.seal(self._place(memory.serial), content)
        row = (self._source, memory.serial, datetime.now(UTC).isoformat(), sealed)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_SAVE, row)

        return work

    def _lines(self) -> tuple[str, ...]:
        rows = self._outbox.read(lambda c: c.execute(_LINES, (self._source,)).fetchall())
        texts = (self._vault.unseal(self._part(part), sealed) for part, sealed in rows)
        return tuple(line for text in texts for line in text.decode().splitlines())

    def _sealed_lines(self, part: int, text: str) -> bytes:
        return self._vault.seal(self._part(part), text.encode())

    def _place(self, serial: str) -> str:
        return f"instrument|{self._source}|{serial}"

    def _part(self, part: int) -> str:
        return f"instrument-line|{self._source}|{part}"
