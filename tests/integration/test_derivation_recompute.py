"""Deriving again: with the sets in force, as a trial, dry; and what differs between two ways."""

import subprocess
import sys
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select

from dosebook_central.derivation import engine, process
from dosebook_central.derivation.difference import Side, difference
from dosebook_central.derivation.process import Processes
from dosebook_central.derivation.recompute import derive_again, try_sets
from dosebook_central.derivation.rules import RulesInForce
from dosebook_central.derivation.trial import UnknownSetError, with_sets
from dosebook_central.dosimetry.stored_form import from_text
from dosebook_central.registry import Registry
from dosebook_central.store.dose_models import Derivation, DerivationDue, ExamDose
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Exam
from tests.support.derivation import shipped_rules
from tools.bench.population import load

OTHER = "kr2020-icrp103"


class Hospital:
    """A registry with a few simulated patients, none of whose exams is derived yet."""

    def __init__(self, folder, url):
        self.registry = Registry(folder, {"DOSEBOOK_DATABASE_URL": url} if url else {})
        self.registry.create()
        self.engine = self.registry.engine
        self.exams = load(self.engine.url.render_as_string(hide_password=False), 3, 4, 1)
        self.told = []

    def processes(self, jobs=1, *set_ids):
        """Processes of this registry."""
        return Processes(self.registry.data_dir, jobs, set_ids)

    def again(self, since=None, **options):
        """Derive again."""
        return derive_again(
            self.processes(), self.registry.writer, since, self.told.append, **options
        )

    def trial(self, *set_ids, since=None):
        """Try sets."""
        with self.engine.connect() as connection:
            rules = with_sets(RulesInForce()(connection), set_ids)
        return try_sets(
            self.processes(1, *set_ids), self.engine, rules.library, since, self.told.append
        )

    def difference(self, before, after, since=None):
        """Compare."""
        sides = (before, after)
        return difference(self.processes(), self.engine, sides, since, self.told.append)

    def scalars(self, statement):
        """All values of a statement."""
        with self.engine.connect() as connection:
            return connection.scalars(statement).all()


@pytest.fixture
def hospital(database_url, tmp_path, monkeypatch):
    """A small simulated hospital on each engine."""
    if database_url:
        monkeypatch.setenv("DOSEBOOK_DATABASE_URL", database_url)
    made = Hospital(tmp_path / "registry", database_url)
    yield made
    made.engine.dispose()


def test_p56_all_exams_are_derived_and_again_without_a_change(hospital):
    """P56: a recomputation adds versions only where a value changed."""
    first = hospital.again()
    assert (first.taken, first.new, first.failed) == (hospital.exams, hospital.exams, 0)
    assert hospital.told[-1].done == hospital.told[-1].total == hospital.exams
    again = hospital.again()
    assert (again.taken, again.new) == (hospital.exams, 0)


def test_only_exams_since_a_day(hospital):
    """A recomputation of part of the history leaves the rest alone."""
    days = sorted(started[:10] for started in hospital.scalars(select(Exam.started)))
    since = date.fromisoformat(days[len(days) // 2])
    count = hospital.again(since)
    assert count.taken == sum(day >= since.isoformat() for day in days)


def test_run_that_was_killed_goes_on(hospital, monkeypatch):
    """What a killed run left stays due; a continued run derives that and nothing else."""
    monkeypatch.setattr("dosebook_central.derivation.recompute.BATCH", 10)

    class Killed(BaseException):
        pass

    def kill(progress):
        raise Killed

    with pytest.raises(Killed):
        derive_again(hospital.processes(), hospital.registry.writer, None, kill)
    assert not process._own
    left = len(hospital.scalars(select(DerivationDue.exam_id)))
    assert left == hospital.exams - 10
    assert hospital.again(goes_on=True).taken == left
    assert len(hospital.scalars(select(ExamDose.exam_id))) == hospital.exams


@pytest.mark.timeout(180)  # three interpreters start
def test_several_processes_share_a_recomputation(hospital):
    """Each exam is derived once whatever the number of processes."""
    program = [sys.executable, "-c", "from dosebook_central.cli import main; main()"]
    folder = str(hospital.registry.data_dir)
    done = subprocess.run(
        [*program, "--data", folder, "recompute", "--jobs", "2"],
        check=True,
        capture_output=True,
        text=True,
        timeout=150,
    )
    count = hospital.exams
    assert done.stdout == f"{count} exams derived, {count} versions added, 0 failed\n"
    assert f"{count} of {count} exams" in done.stderr
    assert set(hospital.scalars(select(Derivation.version))) == {1}


def test_p56_trial_adds_versions_beside_and_changes_no_dose(hospital):
    """A trial of other sets is kept beside the doses in force, once, and names its sets."""
    hospital.again()
    shown = select(ExamDose.effective_dose_msv, ExamDose.version).order_by(ExamDose.exam_id)
    with hospital.engine.connect() as connection:
        before = connection.execute(shown).all()
    count = hospital.trial(OTHER)
    assert (count.taken, count.new) == (hospital.exams, hospital.exams)
    assert hospital.trial(OTHER).taken == 0
    with hospital.engine.connect() as connection:
        assert connection.execute(shown).all() == before
    is_trial = select(Derivation.reason).where(Derivation.is_trial)
    assert set(hospital.scalars(is_trial)) == {f"trial: {OTHER}"}
    assert hospital.again().new == 0
    bodies = hospital.scalars(select(Derivation.body).where(Derivation.is_trial))
    sets = {
        value.method.coefficient_set
        for body in bodies
        for value in from_text(body).values
        if value.quantity == "effective_dose" and value.method.id.startswith("ct")
    }
    assert sets <= {OTHER}


def test_unknown_set_is_told_with_those_that_there_are():
    """A slip in a set's name is answered with the names."""
    with pytest.raises(UnknownSetError, match=r"no set aapm95.*aapm96"):
        with_sets(shipped_rules(), ["aapm95"])


def test_named_sets_hold_alone_among_their_kind():
    """A comparison of two sets is not blurred by a third that fills gaps."""
    library = with_sets(shipped_rules(), [OTHER]).library
    assert [one.manifest.id for one in library.of("effective-dose-ct")] == [OTHER]
    assert library.of("size-specific")


def test_e3_difference_between_two_sets_by_quantity_and_procedure(hospital):
    """Recompute in both versions, difference report: n, median ratio, P5, P95, largest changes."""
    report = hospital.difference(Side(None, ("aapm96",)), Side(None, (OTHER,)))
    assert report.exams == hospital.exams
    lines = {(line.quantity, line.procedure_id): line for line in report.lines}
    dlp = lines["dlp", "all"]
    assert dlp.unchanged == dlp.count > 0
    assert dlp.median == dlp.p5 == dlp.p95 == 1
    effective = lines["effective_dose", "all"]
    assert effective.unchanged < effective.count + effective.only_before + effective.only_after
    assert all(one.quantity == "effective_dose" for one in report.largest)
    assert hospital.scalars(select(func.count(Derivation.exam_id))) == [0]


def test_difference_between_stored_versions(hospital, monkeypatch):
    """What changed with the last recomputation is told from what is stored."""
    hospital.again()
    same = hospital.difference(Side("in-force"), Side("first"))
    assert (same.changed, same.exams) == (0, hospital.exams)
    right = engine.derive

    def doubled(exam, library, procedure_of):
        derived = right(exam, library, procedure_of)
        values = tuple(replace(one, value=2 * one.value) for one in derived.values)
        return replace(derived, values=values)

    monkeypatch.setattr(engine, "derive", doubled)
    hospital.again()
    report = hospital.difference(Side("previous"), Side("in-force"))
    assert report.changed == hospital.exams
    assert {line.median for line in report.lines if line.count} == {2}
    assert len({one.exam_id for one in report.largest}) > 1
    assert hospital.difference(Side("in-force"), Side()).changed == 0


def test_dry_run_by_comparison_writes_nothing(hospital):
    """Before a recomputation its effect can be seen, here on exams that have nothing yet."""
    with writing(hospital.engine) as connection:
        before = connection.scalar(select(func.count(DerivationDue.exam_id)))
    report = hospital.difference(Side("in-force"), Side())
    assert report.changed == hospital.exams
    assert hospital.scalars(select(func.count(DerivationDue.exam_id))) == [before]
    assert hospital.scalars(select(func.count(Derivation.exam_id))) == [0]
