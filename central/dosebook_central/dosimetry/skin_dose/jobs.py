"""Computes skin doses in the background: what is due, one at a time, every result kept (P56)."""

import fcntl
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from dosebook_central.dosimetry.skin_dose.model import REQUEST, Refusal, to_text
from dosebook_central.dosimetry.skin_dose.request import input_sha256, prepare, software_text
from dosebook_central.dosimetry.skin_dose.result import conclude
from dosebook_central.dosimetry.skin_dose.runner import (
    ComputationError,
    Runner,
    StoppedError,
    engine_version,
)
from dosebook_central.store import skin_dose as store
from dosebook_central.store.engine import writing
from dosebook_protocol.logs import log

_POLL_S: Final = 5.0
_BATCH: Final = 200
_AT_ONCE: Final = 20  # exams whose readings are in memory together
# A transaction that began earlier may commit an exam with an earlier moment this much later.
_OVERLAP: Final = timedelta(minutes=2)
_LOCK_FILE: Final = "skin-dose.lock"

_log = logging.getLogger(__name__)


class SkinDoseJobs:
    """Finds exams that are due and computes them; `start` does so in a thread of its own."""

    def __init__(
        self, engine: Engine, folder: Path, runner: Runner | None = None, poll_s: float = _POLL_S
    ) -> None:
        """Work on one database; `folder` holds the lock that lets one process compute at a time."""
        self._engine = engine
        self._lock_path = folder / _LOCK_FILE
        self._runner = runner or Runner()
        self._poll_s = poll_s
        self._engine_version = engine_version()
        self._software = software_text(self._engine_version)
        self._since: datetime | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="dosebook-skin-dose", daemon=True)

    def start(self) -> None:
        """Begin to work in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End, and the child that computes with it: its exam is computed anew next time."""
        self._stopped.set()
        self._runner.stop()
        if self._thread.ident is not None:
            self._thread.join()

    def find_due(self) -> int:
        """Queue or refuse exams that changed; returns how many there were in this batch."""
        begun = datetime.now(UTC)
        with self._engine.connect() as connection:
            due = store.due_exams(connection, self._software, self._since, _BATCH)
        for first in range(0, len(due), _AT_ONCE):
            if not self._stopped.is_set():
                self._put(due[first : first + _AT_ONCE])
        if len(due) < _BATCH:
            self._since = begun - _OVERLAP
        return len(due)

    def compute_one(self) -> bool:
        """Compute the oldest of the queue; False where there is none or another process works."""
        with self._alone() as is_alone:
            if not is_alone:
                return False
            with writing(self._engine) as connection:
                row = store.claim(connection)
            if row is None:
                return False
            ended = self._ended(row)
            if ended is None:
                return False
            with writing(self._engine) as connection:
                store.finish(connection, ended)
        log(_log, logging.INFO, "skin_dose_ended", exam=row.exam_id, state=ended.state)
        return True

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                is_busy = self.find_due() == _BATCH
                is_busy = self.compute_one() or is_busy
            except SQLAlchemyError as error:
                log(_log, logging.WARNING, "skin_dose_store_failed", error=error)
                is_busy = False
            if not is_busy:
                self._stopped.wait(self._poll_s)

    def _put(self, due: Sequence[store.DueExam]) -> None:
        with self._engine.connect() as connection:
            recorded = store.recorded_exams(connection, [exam.id for exam in due])
        rows = [self._row_of(exam, recorded[exam.id]) for exam in due]
        with writing(self._engine) as connection:
            store.put(connection, rows)

    def _row_of(self, exam: store.DueExam, recorded: store.RecordedExam) -> store.SkinDoseRow:
        """Return what is to be computed of an exam, or why nothing is."""
        row = store.SkinDoseRow(
            exam_id=exam.id,
            input_sha256="",
            state="queued",
            progress=0,
            total=0,
            reason="",
            peak_mgy=None,
            result="",
            software=self._software,
            exam_updated_at=exam.updated_at,
            queued_at=datetime.now(UTC),
            finished_at=None,
        )
        try:
            prepared = prepare(recorded.events(), recorded.size, self._engine_version)
        except Exception as error:  # noqa: BLE001  one exam's fault must not stop the others
            log(_log, logging.ERROR, "skin_dose_not_prepared", error=error, exam=exam.id)
            digest = sha256(f"{self._software} {exam.updated_at}".encode()).hexdigest()
            reason = "what its evidence says could not be read back: read it again, recompute"
            return _failed(replace(row, input_sha256=digest), reason)
        row = replace(row, input_sha256=input_sha256(prepared, self._software))
        if isinstance(prepared, Refusal):
            return _refused(row, prepared)
        request = REQUEST.dump_json(prepared).decode()
        return replace(row, total=len(prepared.beams), result=request)

    def _ended(self, row: store.SkinDoseRow) -> store.SkinDoseRow | None:
        """Return the row as it ends, None where it is to be taken up again."""

        def note(done: int) -> bool:
            with writing(self._engine) as connection:
                return store.note_progress(connection, row, done)

        try:
            request = REQUEST.validate_json(row.result)
            computed = self._runner.run(request, _seldom(note, len(request.beams)))
            result = conclude(request, computed, row.input_sha256)
        except StoppedError:
            return None
        except SQLAlchemyError:
            raise  # the database's trouble: the exam is looked at again
        except ComputationError as error:
            return _failed(row, str(error))
        except Exception as error:  # noqa: BLE001  as above
            log(_log, logging.ERROR, "skin_dose_failed", error=error, exam=row.exam_id)
            return _failed(row, f"ended by {type(error).__name__}: the registry's log says where")
        if isinstance(result, Refusal):
            return _refused(row, result)
        return replace(
            row,
            state="done",
            peak_mgy=result.peak_mgy,
            result=to_text(result),
            finished_at=datetime.now(UTC),
        )

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Hold the lock, which goes with the process however that ends; False if another has it."""
        with self._lock_path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def _refused(row: store.SkinDoseRow, refusal: Refusal) -> store.SkinDoseRow:
    row = replace(row, state="refused", reason=refusal.reason, result=to_text(refusal))
    return replace(row, finished_at=datetime.now(UTC))


def _failed(row: store.SkinDoseRow, reason: str) -> store.SkinDoseRow:
    return replace(row, state="failed", reason=reason, finished_at=datetime.now(UTC))


def _seldom(note: Callable[[int], bool], total: int) -> Callable[[int], bool]:
    """Note one event in twenty-five, and the last: a commit for each would cost more than it."""
    return lambda done: note(done) if done % 25 == 1 or done == total else True
