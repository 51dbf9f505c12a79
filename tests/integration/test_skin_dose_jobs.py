"""Skin doses in the background: due, queued, computed, kept, taken up again after a kill."""

import json
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from click.testing import CliRunner
from sqlalchemy import func, insert, select, update

from dosebook_central.cli import main
from dosebook_central.dosimetry.skin_dose import jobs as skin_jobs
from dosebook_central.dosimetry.skin_dose.jobs import SkinDoseJobs
from dosebook_central.dosimetry.skin_dose.model import result_from_text
from dosebook_central.dosimetry.skin_dose.result import Computed
from dosebook_central.dosimetry.skin_dose.runner import ComputationError, StoppedError
from dosebook_central.registry import Registry
from dosebook_central.store import skin_dose as store
from dosebook_central.store.dose_models import SkinDose
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Event, Exam
from tests.support.pyskindose_own import example
from tests.support.registry import RegistryUnderTest, SigningBox

# The engine is polite: beside other work its process may wait for most of a minute.
pytestmark = pytest.mark.timeout(240)

NOW = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)


class QuickRunner:
    """Stands for the child process: ends at once with one cell, an error, or a stop."""

    def __init__(self, ends="done"):
        self.ends = ends
        self.requests = []

    def run(self, request, tell):
        self.requests.append(request)
        if self.ends == "error":
            raise ComputationError("pyskindose failed: it did")
        if self.ends == "stopped" or not tell(1):
            raise StoppedError
        rows = [[0.0] * 63 for _ in range(152)]
        rows[40][16] = 100.0
        return Computed(rows, [beam.event for beam in request.beams])

    def stop(self):
        self.ends = "stopped"


@pytest.fixture
def registry(tmp_path):
    """A registry that holds PySkinDose's example procedure."""
    made = RegistryUnderTest(tmp_path)
    box = made.add(SigningBox("angio-1"))
    data = example("siemens_axiom_example_procedure").read_bytes()
    assert made.statuses(box.message(data)) == ["stored"]
    yield made
    made.close()


def work(registry, ends="done"):
    """Jobs of a registry with a runner that ends like this."""
    runner = QuickRunner(ends)
    return SkinDoseJobs(registry.engine, registry.folder, runner), runner


def rows_of(registry):
    """All computations, the oldest first."""
    exam_id = registry.rows(Exam.id)[0][0]
    with registry.engine.connect() as connection:
        return list(reversed(store.history(connection, exam_id)))


def change(registry, **facts):
    """Let an exam change as new evidence does: other facts, a later moment."""
    with writing(registry.engine) as connection:
        known = connection.scalar(select(Exam.facts))
        connection.execute(update(Exam).values(facts=known | facts, updated_at=datetime.now(UTC)))


def test_a_due_exam_is_queued_once_and_computed_once(registry):
    """An exam is queued when it arrives, computed once, and not due again while nothing changes."""
    jobs, runner = work(registry)
    assert jobs.find_due() == 1
    (row,) = rows_of(registry)
    assert (row.state, row.progress, row.total) == ("queued", 0, 24)
    assert jobs.compute_one()
    assert not jobs.compute_one()
    assert jobs.find_due() == 0
    again, other_runner = work(registry)
    assert again.find_due() == 0
    (row,) = rows_of(registry)
    assert (row.state, row.peak_mgy) == ("done", Decimal(100))
    result = result_from_text(row.result)
    assert result.input_sha256 == row.input_sha256
    assert (len(runner.requests), len(other_runner.requests)) == (1, 0)


def test_the_queue_works_the_same_on_postgresql(tmp_path, postgres_url):
    """Due, queued, computed, kept and counted: the same on the database of a hospital."""
    made = RegistryUnderTest(tmp_path, postgres_url)
    box = made.add(SigningBox("angio-1"))
    made.statuses(box.message(example("siemens_axiom_example_procedure").read_bytes()))
    jobs, _ = work(made)
    assert jobs.find_due() == 1
    assert jobs.compute_one()
    assert jobs.find_due() == 0
    change(made, size_m="1.60", weight_kg="95")
    assert jobs.find_due() == 1
    states = [row.state for row in rows_of(made)]
    with made.engine.connect() as connection:
        counts = store.counts(connection)
    made.close()
    assert states == ["done", "queued"]
    assert counts == {"done": 1, "queued": 1}


def test_p56_a_changed_exam_adds_a_result_beside_the_old_one(registry):
    """P56: a size that arrives later gives a second result; the first stays as it was."""
    jobs, _ = work(registry)
    jobs.find_due()
    jobs.compute_one()
    (first,) = rows_of(registry)
    change(registry, size_m="1.60", weight_kg="95")
    assert jobs.find_due() == 1
    jobs.compute_one()
    kept, second = rows_of(registry)
    assert kept == first
    assert second.input_sha256 != first.input_sha256
    assert "1.60 m and 95 kg" in second.result
    change(registry, size_m=None, weight_kg=None)
    assert jobs.find_due() == 1
    assert not jobs.compute_one()
    with registry.engine.connect() as connection:
        holding = store.latest(connection, first.exam_id)
    as_before = replace(holding, queued_at=first.queued_at, exam_updated_at=first.exam_updated_at)
    assert as_before == first


def test_another_engine_makes_every_exam_due_again(registry, monkeypatch):
    """P56: another PySkinDose adds a result; without one the refusal says how to install it."""
    jobs, _ = work(registry)
    jobs.find_due()
    jobs.compute_one()
    monkeypatch.setattr(skin_jobs, "engine_version", lambda: "")
    bare, _ = work(registry)
    assert bare.find_due() == 1
    assert not bare.compute_one()
    done, refused = rows_of(registry)
    assert (done.state, refused.state) == ("done", "refused")
    assert "pip install" in refused.reason


def test_a_killed_computation_is_queued_again(registry):
    """What a killed process left as running is taken up by the next one from the beginning."""
    jobs, _ = work(registry)
    jobs.find_due()
    with writing(registry.engine) as connection:
        connection.execute(update(SkinDose).values(state="running", progress=7))
    next_jobs, runner = work(registry)
    assert next_jobs.compute_one()
    (row,) = rows_of(registry)
    assert row.state == "done"
    assert len(runner.requests) == 1


def test_a_process_killed_in_the_middle_loses_nothing(tmp_path, eventually):
    """kill -9 of the process that computes, with its child at work: the next run has the map."""
    folder = tmp_path / "registry"
    words = [sys.executable, "-c", "from dosebook_central.cli import main; main()"]
    words += ["--data", str(folder)]
    subprocess.run([*words, "init"], check=True, stdout=subprocess.DEVNULL)
    procedure = str(example("siemens_axiom_artis"))
    subprocess.run([*words, "import", procedure], check=True, stdout=subprocess.DEVNULL)
    engine = Registry(folder).engine

    def states():
        with engine.connect() as connection:
            return store.counts(connection)

    with subprocess.Popen([*words, "skin-dose", "run"], stdout=subprocess.DEVNULL) as running:
        eventually(lambda: states() == {"running": 1}, timeout=100)
        running.kill()
    assert states() == {"running": 1}
    done = subprocess.run([*words, "skin-dose", "run"], check=True, capture_output=True, text=True)
    assert "1 maps were computed" in done.stdout
    assert states() == {"done": 1}
    engine.dispose()


def test_a_stopped_registry_leaves_its_map_for_the_next_start(registry):
    """A stop in the middle is no failure: the next start computes the exam."""
    jobs, _ = work(registry, ends="stopped")
    jobs.find_due()
    assert not jobs.compute_one()
    (row,) = rows_of(registry)
    assert row.state == "running"
    assert work(registry)[0].compute_one()
    assert rows_of(registry)[0].state == "done"


def test_a_failure_is_kept_in_words_and_can_be_tried_again(registry):
    """A failed computation says why and can be queued again; a result never is."""
    jobs, _ = work(registry, ends="error")
    jobs.find_due()
    assert jobs.compute_one()
    (row,) = rows_of(registry)
    assert (row.state, row.reason) == ("failed", "pyskindose failed: it did")
    with writing(registry.engine) as connection:
        assert store.retry(connection, row.exam_id)
    assert work(registry)[0].compute_one()
    with writing(registry.engine) as connection:
        assert not store.retry(connection, row.exam_id)
    assert rows_of(registry)[0].state == "done"


def test_one_exam_that_cannot_be_read_does_not_stop_the_others(registry):
    """An exam whose reading is gone fails in words and is left alone until it changes."""
    with writing(registry.engine) as connection:
        row = dict(connection.execute(select(*Exam.__table__.columns)).one()._mapping)
        connection.execute(insert(Exam).values(**(row | {"id": "torn"})))
        event = dict(connection.execute(select(*Event.__table__.columns)).first()._mapping)
        torn = {"exam_id": "torn", "record_index": 999}
        connection.execute(insert(Event).values(**(event | torn)))
    jobs, _ = work(registry)
    assert jobs.find_due() == 2
    with registry.engine.connect() as connection:
        failed = store.latest(connection, "torn")
    assert failed.state == "failed"
    assert "could not be read back" in failed.reason
    assert jobs.compute_one()
    assert jobs.find_due() == 0


def test_a_fault_in_the_result_is_a_failure_and_not_an_endless_loop(registry):
    """A computation whose answer makes no sense fails in words and leaves the queue."""
    jobs, runner = work(registry)
    jobs.find_due()
    runner.run = lambda *_: Computed([], [])
    assert jobs.compute_one()
    (row,) = rows_of(registry)
    assert row.state == "failed"
    assert "IndexError" in row.reason
    assert not jobs.compute_one()


def test_calling_off_ends_what_waits_and_what_runs(registry):
    """A person may end a computation: a waiting one never starts, a running one writes nothing."""
    jobs, runner = work(registry)
    jobs.find_due()
    (row,) = rows_of(registry)

    def call_off():
        with writing(registry.engine) as connection:
            return store.call_off(connection, row.exam_id, NOW)

    assert call_off()
    assert not jobs.compute_one()
    assert not call_off()
    with writing(registry.engine) as connection:
        store.retry(connection, row.exam_id)
    plain = runner.run
    runner.run = lambda request, tell: (call_off(), plain(request, tell))[1]
    jobs.compute_one()
    (ended,) = rows_of(registry)
    assert (ended.state, ended.reason) == ("failed", "called off by a person")


def test_two_processes_never_compute_at_the_same_time(registry):
    """While one process computes another one finds the lock taken and leaves the queue alone."""
    jobs, runner = work(registry)
    jobs.find_due()
    others = []
    plain = runner.run

    def run(request, tell):
        others.append(work(registry)[0].compute_one())
        return plain(request, tell)

    runner.run = run
    assert jobs.compute_one()
    assert others == [False]


def test_many_exams_are_found_in_batches_and_other_modalities_never(registry, monkeypatch):
    """A backlog is found batch by batch; only exams with fluoroscopy are looked at."""
    monkeypatch.setattr(skin_jobs, "_BATCH", 3)
    with writing(registry.engine) as connection:
        row = dict(connection.execute(select(*Exam.__table__.columns)).one()._mapping)
        for number in range(7):
            moment = NOW + timedelta(seconds=number)
            made = row | {"id": f"x{number}", "updated_at": moment, "modality": "RF"}
            connection.execute(insert(Exam).values(**made))
        connection.execute(insert(Exam).values(**(row | {"id": "ct", "modality": "CT"})))
    jobs, _ = work(registry)
    assert [jobs.find_due() for _ in range(4)] == [3, 3, 2, 0]
    assert registry.rows(func.count(SkinDose.exam_id.distinct())) == [(8,)]
    assert "ct" not in {one for (one,) in registry.rows(SkinDose.exam_id)}


def test_evidence_that_comes_while_an_exam_is_read_makes_it_due_again(registry, monkeypatch):
    """An exam that changes between its reading and its queueing is looked at once more."""
    plain = store.recorded_exams

    def read_then_change(connection, exam_ids):
        found = plain(connection, exam_ids)
        connection.rollback()
        change(registry, size_m="1.60", weight_kg="95")
        return found

    jobs, _ = work(registry)
    monkeypatch.setattr(store, "recorded_exams", read_then_change)
    assert jobs.find_due() == 1
    monkeypatch.setattr(store, "recorded_exams", plain)
    assert jobs.find_due() == 1
    assert len(rows_of(registry)) == 2
    assert "1.60 m and 95 kg" in rows_of(registry)[-1].result


def test_an_exam_whose_change_is_none_of_its_skin_dose_is_looked_at_once(registry):
    """A change that leaves every input as it was is seen once, not at every look from then on."""
    jobs, runner = work(registry)
    jobs.find_due()
    assert jobs.compute_one()
    change(registry)
    assert [jobs.find_due() for _ in range(2)] == [1, 0]
    assert not jobs.compute_one()
    assert len(runner.requests) == 1


def test_an_exam_without_events_is_refused_in_words(registry):
    """An exam of totals only has no geometry: its skin dose is refused, not left waiting."""
    with writing(registry.engine) as connection:
        row = dict(connection.execute(select(*Exam.__table__.columns)).one()._mapping)
        connection.execute(insert(Exam).values(**(row | {"id": "bare"})))
    jobs, _ = work(registry)
    jobs.find_due()
    with registry.engine.connect() as connection:
        bare = store.latest(connection, "bare")
    assert bare.state == "refused"
    assert "no irradiation event states an air kerma" in bare.reason


def test_the_background_thread_computes_what_arrives_and_stops(registry, eventually):
    """`start` finds and computes by itself with the real engine; `stop` leaves no thread behind."""
    jobs = SkinDoseJobs(registry.engine, registry.folder, poll_s=0.05)
    jobs.start()
    try:
        eventually(lambda: [row.state for row in rows_of(registry)] == ["done"], timeout=100)
    finally:
        jobs.stop()
    (row,) = rows_of(registry)
    assert (row.peak_mgy, row.progress) == (Decimal("12.72"), 24)
    assert "dosebook-skin-dose" not in {thread.name for thread in threading.enumerate()}


def test_corpus_every_fluoroscopy_report_has_a_peak_or_a_named_refusal(tmp_path, corpus):
    """R23: of every real report there is a peak with its assumptions, or a reason in words."""
    registry = RegistryUnderTest(tmp_path)
    box = registry.add(SigningBox("angio-1"))
    for file in sorted((corpus / "rf").glob("*.dcm")):
        assert registry.statuses(box.message(file.read_bytes())) == ["stored"], file.name
    jobs = SkinDoseJobs(registry.engine, registry.folder)
    jobs.find_due()
    while jobs.compute_one():
        pass
    found = {}
    with registry.engine.connect() as connection:
        for exam_id, maker, model in registry.rows(Exam.id, Exam.manufacturer, Exam.model):
            found[exam_id, maker, model] = store.latest(connection, exam_id)
    registry.close()
    assert len(found) >= 9
    for (_, maker, model), row in found.items():
        assert row.state in {"done", "refused"}, (maker, model, row.reason)
        is_validated = (maker, model) in {("Siemens", "AXIOM-Artis"), ("Philips", "Allura Clarity")}
        if row.state == "done":
            assert is_validated
            assert row.peak_mgy > 0
            assert len(result_from_text(row.result).assumptions) >= 8
        else:
            assert len(row.reason) > 20
            assert row.peak_mgy is None
            assert is_validated or "not validated" in row.reason
    assert [row.peak_mgy for row in found.values() if row.peak_mgy] == [Decimal("12.72")] * 2


def test_commands_compute_show_and_count(tmp_path):
    """`skin-dose run` computes what is due, `status` counts, `show` says peak and assumptions."""
    folder = str(tmp_path / "registry")

    def command(*words):
        return CliRunner().invoke(main, ["--data", folder, *words])

    assert command("init").exit_code == 0
    assert command("import", str(example("siemens_axiom_artis"))).exit_code == 0
    assert "1 exams were due, 1 maps were computed" in command("skin-dose", "run").output
    counted = json.loads(command("skin-dose", "status", "--json").output)
    assert counted["states"] == {"done": 1}
    assert "pyskindose 25.1.1" in counted["software"]
    assert "done     1" in command("skin-dose", "status").output
    engine = Registry(tmp_path / "registry").engine
    with engine.connect() as connection:
        exam_id = connection.scalar(select(Exam.id))
    engine.dispose()
    shown = command("skin-dose", "show", exam_id).output
    assert "Peak skin dose: 1.302 mGy, back of the phantom" in shown
    assert "15 of 15 events" in shown
    assert "Patient's size: assumed 1.786 m and 73.2 kg" in shown
    told = json.loads(command("skin-dose", "show", exam_id, "--json").output)
    assert (told["state"], told["result"]["peak_mgy"]) == ("done", "1.302")
    missing = command("skin-dose", "show", "nobody")
    assert missing.exit_code == 1
    assert "no skin dose is known" in missing.output
