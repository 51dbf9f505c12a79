"""Write transactions that are run again where another writer was first."""

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import nullcontext
from threading import Lock
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from dosebook_central.store.engine import is_sqlite, writing

_ATTEMPTS: Final = 25
_BACKOFF_S: Final = 0.01
# Serialization failure, deadlock (PostgreSQL); another process wrote (SQLite).
_TRANSIENT: Final = frozenset({"40001", "40P01"})

T = TypeVar("T")


class LostRaceError(Exception):
    """Another writer committed first: the transaction must be run again."""


class Writer:
    """Runs write transactions; one for all threads of a process, so that SQLite's take turns."""

    def __init__(self, engine: Engine) -> None:
        self.engine: Final = engine
        # SQLite has one writer: waiting here is fair, waiting in SQLite is a lottery.
        self._turn: Lock | nullcontext[None] = Lock() if is_sqlite(engine) else nullcontext()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run work in one transaction, again where another writer was first."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._turn, writing(self.engine) as connection:
                    return work(connection)
            except LostRaceError:
                if attempt == _ATTEMPTS:
                    raise
            except DBAPIError as error:
                if attempt == _ATTEMPTS or not _is_transient(error):
                    raise
            time.sleep(random.uniform(0, _BACKOFF_S * attempt))  # noqa: S311 - spreads writers
        raise AssertionError("unreachable")


def _is_transient(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.OperationalError):
        return "locked" in str(error.orig)
    return getattr(error.orig, "pgcode", None) in _TRANSIENT
