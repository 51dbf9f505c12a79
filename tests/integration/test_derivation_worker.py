"""The thread that derives what is due: promptly, whoever made it due, and it ends cleanly."""

import threading

import pytest
from sqlalchemy import select

from dosebook_central.derivation import engine, worker
from dosebook_central.derivation.worker import Worker
from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.store.derivation_due import mark_due
from dosebook_central.store.dose_models import Derivation, DerivationDue, ExamDose
from dosebook_central.store.engine import writing
from dosebook_central.store.writer import Writer
from dosebook_protocol.reading import EventKind
from tests.support.derivation import shipped_rules
from tests.support.readings import event, reading, total
from tests.support.registry import RegistryUnderTest, SigningBox
from tests.support.waiting import eventually


class Running:
    """A registry whose ingest wakes a worker."""

    def __init__(self, folder, url):
        self.registry = RegistryUnderTest(folder, url)
        self.box = self.registry.add(SigningBox("box-1"))
        self.told = threading.Semaphore(0)
        self.writer = Writer(self.registry.engine)
        self.worker = Worker(self.writer, lambda _: shipped_rules(), [self._note])
        self.ingest = Ingest(
            self.registry.engine,
            self.registry.evidence,
            writer=self.writer,
            committed=self.worker.wake,
        )
        self.worker.start()

    def _note(self, connection, exams):
        for _ in exams:
            self.told.release()

    def send(self, number):
        """Commit a fluoroscopy report."""
        read = reading(
            "rdsr-projection",
            uid=f"1.{number}",
            study=f"9.{number}",
            events=[event(f"{number}.1", EventKind.PROJECTION, dose_area_product=2)],
            totals=[total("dose_area_product", 2)],
        )
        self.ingest.process([self.box.message(str(number).encode(), read)])

    def close(self):
        """Stop everything."""
        self.worker.stop()
        self.registry.close()


@pytest.fixture
def running(database_url, tmp_path):
    """A running worker on each engine."""
    made = Running(tmp_path, database_url)
    yield made
    made.close()


def derived(running):
    """Whether nothing is due and something is derived."""
    return not running.registry.rows(DerivationDue.exam_id) and running.registry.rows(
        ExamDose.exam_id
    )


def test_r36_what_arrives_is_derived_at_once(running, monkeypatch):
    """R36: ingest wakes the worker; it does not wait for its next look at the list."""
    monkeypatch.setattr(worker, "_LOOK_EVERY_S", 3600.0)
    eventually(lambda: not running.worker._arrival.is_set(), what="the first look")
    running.send(1)
    assert running.told.acquire(timeout=10)
    eventually(lambda: derived(running), what="the derivation")


def test_what_another_process_made_due_is_found_without_being_told(running):
    """A decision on a page, or another process, marks exams; the worker looks for them itself."""
    running.send(1)
    assert running.told.acquire(timeout=10)
    with writing(running.registry.engine) as connection:
        mark_due(connection)
    assert running.told.acquire(timeout=10)
    eventually(lambda: derived(running), what="the derivation")


def test_worker_outlives_a_fault(running, monkeypatch):
    """Whatever goes wrong with a batch, the thread goes on and does it later."""
    monkeypatch.setattr(worker, "_RETRY_S", 0.01)
    right, failures = engine.derive_batch, iter([RuntimeError("a fault"), OSError("a disk")])

    def wrong(*given):
        if (error := next(failures, None)) is not None:
            raise error
        return right(*given)

    monkeypatch.setattr(worker, "derive_batch", wrong)
    running.send(1)
    assert running.told.acquire(timeout=10)


def test_worker_stops_with_its_batch_committed(running):
    """What was being derived is committed or still due; nothing is half there."""
    for number in range(5):
        running.send(number)
    running.worker.stop()
    with running.registry.engine.connect() as connection:
        done = set(connection.scalars(select(Derivation.exam_id)))
        shown = set(connection.scalars(select(ExamDose.exam_id)))
        due = set(connection.scalars(select(DerivationDue.exam_id)))
    assert done == shown
    assert len(done | due) == 5
    assert not done & due
    assert not any(one.name == "dosebook-derivation" for one in threading.enumerate())
