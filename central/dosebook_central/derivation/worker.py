"""The thread that derives what is due, soon after it arrives. Any number of processes may have one.

Waking it is a courtesy: it looks at the list once a second anyway, so that what another process
committed waits no longer.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from dosebook_central.derivation.engine import Observer, Rules, derive_batch
from dosebook_central.exams.regroup import reconcile_decided
from dosebook_central.store import devices
from dosebook_central.store.derivation_due import is_any_due, retry_failed
from dosebook_central.store.engine import why_unavailable
from dosebook_central.store.writer import Writer
from dosebook_protocol.logs import log

BATCH: Final = 50
"""Exams of one transaction: few, because it keeps SQLite's only writer from ingest."""

_LOOK_EVERY_S: Final = 1.0
_GATHER_S: Final = 0.1  # reports of one exam come one after another: derive it once
# While exams keep arriving: a batch of one costs as much as one of ten, and takes it from ingest.
_BETWEEN_S: Final = 0.5
_RETRY_S: Final = 2.0
_JOIN_TIMEOUT_S: Final = 20.0

_log = logging.getLogger(__name__)


class Worker:
    """Derives in the background: `start`, `wake`, `stop`."""

    def __init__(
        self,
        writer: Writer,
        rules: Callable[[Connection], Rules],
        observers: Sequence[Observer] = (),
    ) -> None:
        self._writer = writer
        self._rules = rules
        self._observers = tuple(observers)
        self._arrival = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; what a fault of an earlier program kept back is tried again."""
        self._arrival.set()
        self._thread = threading.Thread(target=self._run, name="dosebook-derivation", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that something may be due."""
        self._arrival.set()

    def stop(self) -> None:
        """End once the batch at hand is committed."""
        self._stopping.set()
        self._arrival.set()
        if self._thread is not None:
            self._thread.join(_JOIN_TIMEOUT_S)

    def _run(self) -> None:
        self._try(retry_failed)
        while not self._stopping.is_set():
            if self._arrival.wait(_LOOK_EVERY_S):
                self._stopping.wait(_GATHER_S)
            self._arrival.clear()
            while not self._stopping.is_set() and (done := self._round()):
                if done < BATCH:
                    self._stopping.wait(_BETWEEN_S)

    def _round(self) -> int:
        """Do one batch of each kind of work; what is reconciled anew is derived with the next."""
        done = self._try(_reconcile) if self._is_waiting(devices.is_any_due) else 0
        return done + (self._try(self._batch) if self._is_waiting(is_any_due) else 0)

    def _is_waiting(self, is_any: Callable[[Connection], bool]) -> bool:
        """Look without a write transaction: SQLite has one at a time."""
        try:
            with self._writer.engine.connect() as connection:
                return is_any(connection)
        except OperationalError as error:
            _log_unavailable(error)
            self._stopping.wait(_RETRY_S)
            return False

    def _batch(self, connection: Connection) -> int:
        return derive_batch(connection, self._rules(connection), BATCH, self._observers).taken

    def _try(self, work: Callable[[Connection], int]) -> int:
        """Run work in a transaction; 0 where it failed, after a while."""
        try:
            return self._writer.run(work)
        except OperationalError as error:
            _log_unavailable(error)
        except Exception as error:  # noqa: BLE001  the thread outlives every fault
            log(_log, logging.ERROR, "derivation_stopped", error=error)
        self._stopping.wait(_RETRY_S)
        return 0


def _log_unavailable(error: OperationalError) -> None:
    reason = why_unavailable(error)
    log(_log, logging.WARNING, "store_unavailable", reason=reason, error=error)


def _reconcile(connection: Connection) -> int:
    return reconcile_decided(connection, BATCH)
