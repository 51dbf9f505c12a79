"""Derived doses beside ingest, on both engines: versions, present view, work list, faults."""

import dataclasses
import json
import logging
import threading
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import func, insert, select, update

from dosebook_central.derivation import engine
from dosebook_central.derivation.engine import INTERNAL_ERROR, Rules
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.values import Derived, DerivedValue, Method
from dosebook_central.store.derivation_due import mark_due, retry_failed, work_state
from dosebook_central.store.dose_models import (
    Derivation,
    DerivationDue,
    ExamDose,
    Priority,
    RegionDose,
)
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Event, Exam
from dosebook_central.store.queries.exams import not_derived
from dosebook_protocol.logs import JsonFormatter
from dosebook_protocol.reading import EventKind
from tests.support.derivation import derive_all, no_procedure, present, versions
from tests.support.readings import PATIENT, event, reading, total

XR = EventKind.PROJECTION


def rf(number=1, kap="2.5", count=1, **fields):
    """A fluoroscopy report."""
    events = [event(f"{number}.{one}", XR, dose_area_product=kap) for one in range(count)]
    return reading(
        "rdsr-projection",
        uid=f"1.{number}.{count}.{kap}",
        study=f"9.{number}",
        created=f"2026-03-02T10:0{count}:00",
        events=events,
        totals=[total("dose_area_product", str(Decimal(kap) * count))],
        modality="RF",
        **fields,
    )


def send(registry, box, *reads):
    """Commit readings, each its own evidence."""
    for read in reads:
        (status,) = registry.statuses(box.message(repr(read).encode(), read))
        assert status == "stored"


def kap(derived):
    """The kerma-area product of an exam in all."""
    return [
        one.value
        for one in derived.values
        if one.quantity == "dose_area_product" and one.is_headline
    ]


def test_what_arrives_is_due_and_derived_once(registry, box):
    """An exam that arrived gets version 1, stands in the present view and is due no more."""
    send(registry, box, rf(1), rf(2))
    with registry.engine.connect() as connection:
        assert work_state(connection).arrived == 2
    assert derive_all(registry).taken == 2
    assert [(version, reason) for version, reason, _ in versions(registry)] == [
        (1, "arrival"),
        (1, "arrival"),
    ]
    assert registry.rows(ExamDose.dose_area_product_gy_cm2) == [(Decimal("2.5"),)] * 2
    with registry.engine.connect() as connection:
        state = work_state(connection)
    assert (state.arrived, state.later, state.failed, state.oldest) == (0, 0, 0, None)
    assert derive_all(registry).taken == 0


def test_p56_more_evidence_adds_a_version_beside_the_old_one(registry, box):
    """P56: what a later report changes is a new version; the old one keeps its value."""
    send(registry, box, rf(count=1))
    derive_all(registry)
    ((before,),) = registry.rows(Derivation.body)
    send(registry, box, rf(count=2))
    derive_all(registry)
    found = versions(registry)
    assert [(version, reason, kap(one)) for version, reason, one in found] == [
        (1, "arrival", [Decimal("2.5")]),
        (2, "inputs changed", [Decimal("5.0")]),
    ]
    assert registry.rows(Derivation.body)[0] == (before,)
    assert registry.rows(ExamDose.version, ExamDose.dose_area_product_gy_cm2) == [(2, 5)]


def test_deriving_again_changes_nothing(registry, box):
    """Recompute twice = same: no version is added and no row of the present view differs."""
    send(registry, box, rf(1), rf(2, count=3))
    derive_all(registry)
    before = registry.rows(*Derivation.__table__.columns), present(registry)
    for _ in range(2):
        with writing(registry.engine) as connection:
            assert mark_due(connection) == 2
        count = derive_all(registry)
        assert (count.taken, count.new) == (2, 0)
    assert (registry.rows(*Derivation.__table__.columns), present(registry)) == before


def test_only_the_exams_of_a_condition_become_due_and_stand_behind_arrivals(registry, box):
    """Who changes a decision marks what it touches; what arrives never waits behind it."""
    send(registry, box, rf(1), rf(2), rf(3))
    derive_all(registry)
    with writing(registry.engine) as connection:
        assert mark_due(connection, Exam.study_uid.in_(["9.1", "9.2"])) == 2
    send(registry, box, rf(2, kap="7"))
    order = []
    derive_all(
        registry,
        observers=[lambda _, exams: order.extend(one.exam.totals[0].value for one in exams)],
        limit=1,
    )
    assert order == [7, Decimal("2.5")]


def test_exam_that_vanishes_leaves_the_present_view_and_keeps_its_history(registry, box):
    """An exam that a later record moves to another patient is shown there only (P20)."""
    unknown = rf(patient=dataclasses.replace(PATIENT, id=""))
    send(registry, box, unknown)
    derive_all(registry)
    ((old,),) = registry.rows(ExamDose.exam_id)
    send(registry, box, rf(count=2))
    derive_all(registry)
    ((new,),) = registry.rows(ExamDose.exam_id)
    assert new != old
    assert {exam_id for (exam_id,) in registry.rows(RegionDose.exam_id)} <= {new}
    assert {exam_id for (exam_id,) in registry.rows(Derivation.exam_id)} == {old, new}
    assert registry.rows(func.count(DerivationDue.exam_id)) == [(0,)]


def test_exam_that_is_gone_before_it_is_derived_does_no_harm(registry, box):
    """A line of the work list without its exam is taken off."""
    with writing(registry.engine) as connection:
        connection.execute(
            insert(DerivationDue).values(exam_id="gone", priority=0, since=datetime.now(UTC))
        )
    assert derive_all(registry).taken == 1
    assert registry.rows(func.count(DerivationDue.exam_id)) == [(0,)]


def test_one_exam_that_breaks_a_formula_stops_no_other(registry, box, monkeypatch, caplog):
    """A fault of the program is a version that says so, is seen, and is tried after an update."""
    send(registry, box, rf(1), rf(2, kap="666"), rf(3))
    right = engine.derive

    def wrong(exam, library, procedure_of):
        if exam.totals[0].value == 666:
            raise ZeroDivisionError("Muster^Anna")
        return right(exam, library, procedure_of)

    monkeypatch.setattr(engine, "derive", wrong)
    with caplog.at_level(logging.ERROR):
        count = derive_all(registry)
    assert (count.taken, count.failed) == (3, 1)
    logged = [JsonFormatter().format(record) for record in caplog.records]
    assert [json.loads(line)["event"] for line in logged] == ["derivation_failed"]
    assert "ZeroDivisionError" in logged[0]
    assert "Muster" not in logged[0]
    codes = [[one.code for one in derived.absences] for _, _, derived in versions(registry)]
    assert sum(INTERNAL_ERROR in one for one in codes) == 1
    with registry.engine.connect() as connection:
        assert work_state(connection).failed == 1
    assert derive_all(registry).taken == 0
    monkeypatch.setattr(engine, "derive", right)
    with writing(registry.engine) as connection:
        assert retry_failed(connection) == 1
    assert derive_all(registry).failed == 0
    assert sorted(registry.rows(ExamDose.dose_area_product_gy_cm2)) == [
        (Decimal("2.5"),),
        (Decimal("2.5"),),
        (Decimal(666),),
    ]


def test_observers_write_in_the_transaction_of_the_doses(registry, box):
    """Who is told of derived exams sees them and commits with them."""
    send(registry, box, rf(1), rf(2))
    seen = []

    def observer(connection, exams):
        shown = connection.scalars(select(ExamDose.exam_id)).all()
        seen.extend((one.exam.exam_id in shown, one.version, one.is_new) for one in exams)

    derive_all(registry, observers=[observer])
    assert seen == [(True, 1, True)] * 2


def test_observer_that_raises_keeps_no_dose_back(registry, box, caplog):
    """The doses stand, what the observer wrote is undone, and the exams are seen as failed."""
    send(registry, box, rf(1))

    def observer(connection, exams):
        connection.execute(update(ExamDose).values(station="half"))
        raise KeyError("Muster^Anna")

    count = derive_all(registry, observers=[observer])
    assert count.failed == 1
    assert registry.rows(ExamDose.dose_area_product_gy_cm2, ExamDose.station) == [
        (Decimal("2.5"), "")
    ]
    assert registry.rows(DerivationDue.priority) == [(Priority.FAILED,)]


def test_two_workers_share_the_list(registry, box):
    """Several workers at the same time derive each exam once."""
    send(registry, box, *(rf(number) for number in range(1, 9)))
    counts = []

    def work():
        counts.append(derive_all(registry, limit=1))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(count.taken for count in counts) == 8
    assert {row[0] for row in registry.rows(Derivation.version)} == {1}
    assert registry.rows(func.count(ExamDose.exam_id)) == [(8,)]


def test_exams_of_before_facts_are_reconciled_again_first(registry, box):
    """An upgraded database has exams without facts: their doses are right all the same."""
    send(registry, box, rf(1, count=2), rf(2))
    derive_all(registry)
    before = present(registry)
    with writing(registry.engine) as connection:
        for model in (Exam, Event):
            connection.execute(update(model).values(facts={}))
        mark_due(connection)
    derive_all(registry)
    assert present(registry) == before
    assert registry.rows(func.max(Derivation.version)) == [(1,)]


def test_other_sets_add_a_version_and_say_so(registry, box, monkeypatch):
    """P56: a switched set re-evaluates history without rewriting it, and names itself as reason."""
    method = Method("m", "t", "1", "s")

    def by_sets(exam, library, procedure_of):
        number = Decimal(len(library.packages))
        return Derived(values=(DerivedValue("dlp", number, "mGy.cm", method, is_headline=True),))

    monkeypatch.setattr(engine, "derive", by_sets)
    send(registry, box, rf(1))
    derive_all(registry)
    fewer = Rules(type(shipped())(shipped().packages[:3]), no_procedure)
    with writing(registry.engine) as connection:
        mark_due(connection)
    derive_all(registry, fewer)
    (_, _, old), (version, reason, new) = versions(registry)
    assert (version, reason) == (2, "coefficient sets changed")
    assert old.values[0].value != new.values[0].value == 3
    assert registry.rows(ExamDose.dlp_mgy_cm, ExamDose.version) == [(3, 2)]


def test_what_only_the_row_says_follows_without_a_version(registry, box):
    """A changed station stands in the present view although no dose differs."""
    send(registry, box, rf(1))
    derive_all(registry)
    with writing(registry.engine) as connection:
        connection.execute(update(Exam).values(station="ROOM 2"))
        mark_due(connection)
    derive_all(registry)
    assert registry.rows(ExamDose.station, ExamDose.version) == [("ROOM 2", 1)]


def test_exams_that_failed_are_listed_for_the_home_page(registry, box, monkeypatch):
    """A fault of the program is seen on a page, by the exams that it concerns."""
    send(registry, box, rf(1), rf(2))
    right = engine.derive

    def wrong(exam, library, procedure_of):
        if exam.events[0].uid == "2.0":
            raise ValueError
        return right(exam, library, procedure_of)

    monkeypatch.setattr(engine, "derive", wrong)
    derive_all(registry)
    ((failed,),) = registry.rows(DerivationDue.exam_id)
    with registry.engine.connect() as connection:
        assert [one.id for one in not_derived(connection)] == [failed]
