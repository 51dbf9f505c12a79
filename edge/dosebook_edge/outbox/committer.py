"""Group commit: whoever writes while another's commit is under way shares the next one.

One `fsync` is most of what a record costs. A writer that finds nobody committing commits at once,
in its own thread; the others wait, and the first of them commits for all who wait by then.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

MAX_BATCH: Final = 64


class _Ticket(Generic[T]):
    """One piece of work, and what became of it."""

    __slots__ = ("_gate", "_work", "error", "finished", "value")

    def __init__(self, work: Callable[[sqlite3.Connection], T]) -> None:
        self._work = work
        self._gate = threading.Lock()
        self._gate.acquire()
        self.finished = False
        self.value: T | None = None
        self.error: BaseException | None = None

    def wait(self) -> None:
        """Wait until the writer may go on: its work is done, or its turn to lead has come."""
        self._gate.acquire()

    def let_go(self) -> None:
        """End the wait, also before it begins."""
        self._gate.release()

    def apply(self, connection: sqlite3.Connection) -> None:
        self.value = self._work(connection)


class Committer:
    """Runs pieces of work in transactions of one connection; each is durable when `run` returns."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._mutex = threading.Lock()
        self._queue: deque[_Ticket[Any]] = deque()
        self._is_busy = False

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work in a transaction and return its result after COMMIT, or raise its error.

        The work may run twice (when another of its group failed) and must not keep state outside of
        the connection.
        """
        ticket = _Ticket(work)
        with self._mutex:
            self._queue.append(ticket)
            leads = not self._is_busy
            self._is_busy = True
        if not leads:
            ticket.wait()
        if not ticket.finished:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.value  # type: ignore[return-value]

    def _lead(self) -> None:
        """Commit for all who wait, this thread's ticket first, and hand the lead on."""
        with self._mutex:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]
        try:
            self._commit(batch)
        finally:
            for ticket in batch:
                ticket.finished = True
                ticket.let_go()
            with self._mutex:
                if self._queue:
                    self._queue[0].let_go()
                else:
                    self._is_busy = False

    def _commit(self, batch: list[_Ticket[Any]]) -> None:
        try:
            self._transact(batch)
        except BaseException as error:  # noqa: BLE001 - each writer gets its own error, below
            if len(batch) == 1:
                batch[0].error = error
                return
            for ticket in batch:
                self._commit([ticket])

    def _transact(self, batch: list[_Ticket[Any]]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for ticket in batch:
                ticket.apply(connection)
            connection.execute("COMMIT")
        except BaseException:
            # SQLite has ended the transaction itself on some errors (disk full among them).
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
