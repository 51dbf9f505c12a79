"""Refused associations, in words: what a service engineer needs when a modality cannot send."""

import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

_KEPT: Final = 200
_SAVE: Final = """
INSERT INTO refusal (source, calling_ae_title, peer, reason, count, first_at, last_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source, calling_ae_title, peer, reason)
DO UPDATE SET count = count + excluded.count, last_at = excluded.last_at
"""
_TRIM: Final = """
DELETE FROM refusal WHERE rowid NOT IN (SELECT rowid FROM refusal ORDER BY last_at DESC LIMIT ?)
"""
_LIST: Final = """
SELECT source, calling_ae_title, peer, reason, count, first_at, last_at
FROM refusal ORDER BY last_at DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason for which one peer was refused, and how often."""

    source: str
    calling_ae_title: str
    peer: str
    reason: str
    count: int
    first_at: str
    last_at: str


class Refusals:
    """Counts refusals in memory; `flush` writes them down, so that a flood costs no disk."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new: dict[tuple[str, str, str, str], Refusal] = {}
        self._counts: dict[str, int] = {}

    def note(self, source: str, calling_ae_title: str, peer: str, reason: str) -> None:
        """Count one refusal."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        key = (source, calling_ae_title, peer, reason)
        with self._lock:
            self._counts[source] = self._counts.get(source, 0) + 1
            known = self._new.get(key)
            if known is not None:
                self._new[key] = replace(known, count=known.count + 1, last_at=now)
            elif len(self._new) < _KEPT:
                self._new[key] = Refusal(*key, 1, now, now)

    def count(self, source: str) -> int:
        """Refusals of a source since the box started."""
        with self._lock:
            return self._counts.get(source, 0)

    def flush(self, run: Callable[[Callable[[sqlite3.Connection], None]], None]) -> None:
        """Write what is new through `run`, the outbox's shared commit."""
        with self._lock:
            new, self._new = list(self._new.values()), {}
        if new:
            run(lambda connection: _save(connection, new))


def _save(connection: sqlite3.Connection, refusals: Iterable[Refusal]) -> None:
    for one in refusals:
        connection.execute(
            _SAVE,
            (
                one.source,
                one.calling_ae_title,
                one.peer,
                one.reason,
                one.count,
                one.first_at,
                one.last_at,
            ),
        )
    connection.execute(_TRIM, (_KEPT,))


def stored_refusals(connection: sqlite3.Connection, limit: int = 20) -> list[Refusal]:
    """Refusals written down, newest first."""
    return [Refusal(*row) for row in connection.execute(_LIST, (limit,)).fetchall()]
