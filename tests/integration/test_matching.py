"""Readings that name no patient, given to exams by people, on both engines."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update

from dosebook_central.audit import log
from dosebook_central.domain.exam import from_json
from dosebook_central.exams import matching
from dosebook_central.exams.regroup import reconcile_anew
from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.ingest.recompute import Recomputer
from dosebook_central.store import archive
from dosebook_central.store.dose_models import DerivationDue
from dosebook_central.store.engine import writing
from dosebook_central.store.matching import history
from dosebook_central.store.models import Box, Event, Exam, Patient, ReadingDecision, Record
from dosebook_central.store.queries import instruments, unassigned
from dosebook_central.store.queries.candidates import nearby
from dosebook_protocol.reading import Equipment, EventKind, Outcome
from tests.support.dosimeter import exposure, in_study, metered
from tests.support.readings import PATIENT, event, reading, step, total
from tests.support.registry import NOW, SigningBox

STEP = reading("mpps", uid="1.7", step=step("IN PROGRESS"), modality="RF")


@pytest.fixture
def box(registry):
    """The box of a fluoroscopy room."""
    return registry.add(SigningBox("rf-1"))


def report(dose="5.2", study="1.9", uid="1.2.3", **fields):
    """A dose report of one event."""
    shot = event(f"{uid}.1", EventKind.PROJECTION, dose_area_product=dose)
    totals = [total("dose_area_product", dose)]
    made = reading("rdsr-projection", uid=uid, events=[shot], totals=totals, **fields)
    return in_study(made, study)


def act(registry, verb, *arguments):
    """Decide something in one transaction, as `physicist`."""
    with writing(registry.engine) as connection:
        return getattr(matching, verb)(connection, *arguments, "physicist", NOW)


def perform(registry, verb, *arguments):
    """Decide something as the page does, beside other writers."""
    return log.perform(
        registry.engine,
        lambda connection: getattr(matching, verb)(connection, *arguments, "physicist", NOW),
        lambda is_done: log.Act("physicist", f"reading.{verb}", detail={"done": is_done}),
    )


def waiting(registry):
    """The records that wait, by id."""
    with registry.engine.connect() as connection:
        listed = unassigned.list_waiting(connection)
        assert unassigned.count_waiting(connection) == len(listed)
    return [one.record_id for one in listed]


def exam_of(registry, study="1.9"):
    """The id of the exam of a study."""
    (found,) = [one for one, uid in registry.rows(Exam.id, Exam.study_uid) if uid == study]
    return found


def doses(registry):
    """Dose, evidence and number of events of every exam."""
    columns = Exam.dose_area_product_gy_cm2, Exam.evidence_kind, Exam.event_count
    return sorted(registry.rows(*columns), key=repr)


def whole(registry):
    """All that is known of exams, their events and their patients, but when it was written."""
    return [
        sorted(
            registry.rows(*(one for one in model.__table__.columns if one.name != "updated_at")),
            key=repr,
        )
        for model in (Exam, Event, Patient)
    ]


def test_p20_a_reading_without_patient_counts_nowhere_and_waits(registry, box):
    """P20: it is stored and confirmed to its box, stands in no exam, and is listed for a person."""
    assert registry.statuses(metered(box, exposure())) == ["stored"]
    assert registry.rows(Exam.id) == []
    assert len(waiting(registry)) == 1
    attached = exposure("1", study="1.9", patient=PATIENT, step="1.7")
    ambient = replace(exposure("3"), outcome=Outcome.NO_DOSE, events=())
    assert registry.statuses(metered(box, attached), metered(box, ambient)) == ["stored"] * 2
    assert doses(registry) == [(Decimal("1.04"), "instrument", 1)]
    assert len(waiting(registry)) == 1


def test_an_assigned_reading_counts_with_its_exam_and_undo_restores_that_exactly(registry, box):
    """Assigning adds the exposure, its exam is due for derivation; taking it back leaves no trace.

    Both decisions stay, with who and when.
    """
    registry.statuses(box.message(b"step", in_study(STEP)), metered(box, exposure()))
    before = whole(registry)
    (record,) = waiting(registry)
    exam = exam_of(registry)
    with writing(registry.engine) as connection:
        connection.execute(DerivationDue.__table__.delete())
    assert act(registry, "assign", record, exam)
    assert doses(registry) == [(Decimal("2.6"), "instrument", 1)]
    assert waiting(registry) == []
    assert registry.rows(DerivationDue.exam_id) == [(exam,)]
    (summary,) = registry.rows(Exam.summary)
    assert [one.kind for one in from_json(summary[0]).evidences] == ["mpps", "instrument"]

    assert act(registry, "take_back", record)
    assert whole(registry) == before
    assert waiting(registry) == [record]
    with registry.engine.connect() as connection:
        made = [(one.act, one.actor, one.study_uid) for one in history(connection, record)]
    assert made == [("assign", "physicist", "1.9"), ("undo", "physicist", "")]


def test_a_reading_is_given_away_once_and_only_to_an_exam_with_a_study(registry, box):
    """Whoever comes second is refused, and so is an exam that no study ties; nothing is written."""
    registry.statuses(box.message(b"step", in_study(STEP)), metered(box, exposure()))
    (record,) = waiting(registry)
    exam = exam_of(registry)
    assert act(registry, "assign", record, "no-such-exam") is False
    assert act(registry, "assign", "no-such-record", exam) is False
    assert act(registry, "assign", record, exam)
    assert act(registry, "assign", record, exam) is False
    assert act(registry, "set_aside", record, "a test") is False
    assert len(registry.rows(ReadingDecision.id)) == 1
    assert act(registry, "take_back", record)
    with writing(registry.engine) as connection:
        connection.execute(update(Exam).values(study_uid=""))
    assert act(registry, "assign", record, exam) is False


def test_a_test_exposure_is_set_aside_with_its_reason_and_comes_back(registry, box):
    """No patient: it waits no longer, counts nowhere, keeps the reason, and can wait again."""
    registry.statuses(metered(box, exposure()))
    (record,) = waiting(registry)
    assert act(registry, "set_aside", record, "constancy test")
    assert waiting(registry) == []
    with registry.engine.connect() as connection:
        ((loose, decided),) = unassigned.list_decided(connection, "set-aside")
    assert (loose.record_id, decided.reason) == (record, "constancy test")
    assert registry.rows(Exam.id) == []
    assert act(registry, "take_back", record)
    assert waiting(registry) == [record]
    assert act(registry, "take_back", record) is False


@pytest.mark.parametrize("order", [("report", "assign"), ("assign", "report")])
def test_p07_whether_report_or_decision_comes_first_changes_nothing(registry, box, order):
    """P7: the report of the step may arrive after the decision; the meter corroborates it then."""
    registry.statuses(box.message(b"step", in_study(STEP)), metered(box, exposure("5")))
    (record,) = waiting(registry)
    for what in order:
        if what == "report":
            assert registry.statuses(box.message(b"report", report())) == ["stored"]
        else:
            assert act(registry, "assign", record, exam_of(registry))
    assert doses(registry) == [(Decimal("5.2"), "rdsr-projection", 1)]
    (summary,) = registry.rows(Exam.summary)
    roles = {one.kind: one.role for one in from_json(summary[0]).evidences}
    assert roles == {"rdsr-projection": "counted", "mpps": "context", "instrument": "corroborates"}


def test_p09_groups_that_merge_keep_the_reading_once(registry, box):
    """P9: two studies whose report names both steps become one exam, the reading with them."""
    first = replace(in_study(STEP, "1.91"), performed_step_uid="1.7")
    second = in_study(reading("mpps", uid="1.8", step=step(uid="1.8"), modality="RF"), "1.92")
    registry.statuses(
        box.message(b"first", first), box.message(b"second", second), metered(box, exposure("5"))
    )
    (record,) = waiting(registry)
    assert act(registry, "assign", record, exam_of(registry, "1.92"))
    both = replace(report(study="1.92"), performed_step_uid="1.7")
    assert registry.statuses(box.message(b"both", both)) == ["stored"]
    assert doses(registry) == [(Decimal("5.2"), "rdsr-projection", 1)]
    groups = {group for (group,) in registry.rows(Record.group_id)}
    assert len(groups) == 1
    assert act(registry, "take_back", record)
    assert waiting(registry) == [record]
    (summary,) = registry.rows(Exam.summary)
    assert "instrument" not in {one.kind for one in from_json(summary[0]).evidences}


def test_p21_of_two_patients_in_one_study_the_chosen_one_keeps_the_reading(registry, box):
    """P21: what arrives later for either of them does not move it."""
    other = replace(PATIENT, id="0815", name="Sample^Otto")
    mine, theirs = report("5"), report("3", uid="1.2.4", patient=other)
    registry.statuses(
        box.message(b"mine", mine), box.message(b"theirs", theirs), metered(box, exposure("9"))
    )
    (record,) = waiting(registry)
    patients = dict(registry.rows(Patient.id, Patient.identifier))

    def exams():
        return {patients[of]: exam for exam, of in registry.rows(Exam.id, Exam.patient_id)}

    assert act(registry, "assign", record, exams()["0815"])
    registry.statuses(box.message(b"more", report("5", uid="1.2.5")))
    evidences = {
        exam: {one.kind for one in from_json(summary).evidences}
        for exam, summary in registry.rows(Exam.id, Exam.summary)
    }
    assert "instrument" in evidences[exams()["0815"]]
    assert "instrument" not in evidences[exams()[PATIENT.id]]


def test_p56_a_reading_that_is_read_again_keeps_its_exam(registry, box, monkeypatch):
    """P56: another reader's version of an assigned reading stands in the same exam."""
    registry.statuses(box.message(b"step", in_study(STEP)), metered(box, exposure()))
    (record,) = waiting(registry)
    assert act(registry, "assign", record, exam_of(registry))
    again = exposure("4")
    monkeypatch.setattr(
        "dosebook_central.ingest.recompute.read_object", lambda *_: replace(again, reader="later")
    )
    with registry.engine.connect() as connection:
        kept = archive.find(connection, record)
    folder = EvidenceFolder(registry.folder / "evidence")
    assert Recomputer(registry.engine, folder).reread([kept]) == []
    assert doses(registry) == [(Decimal("4.16"), "instrument", 1)]
    assert act(registry, "take_back", record)
    assert doses(registry) == [(None, "mpps", 0)]
    assert waiting(registry) == [record]


def test_exams_near_a_reading_are_found_by_box_room_and_station(registry, box):
    """Nearest first, with the instruments' readings that each has; other rooms and days are not."""
    same_room, far = registry.add(SigningBox("rf-9")), registry.add(SigningBox("ct-1"))
    with writing(registry.engine) as connection:
        connection.execute(update(Box).where(Box.id.in_(["rf-1", "rf-9"])).values(room="RF 1"))

    def exam(number, at, **fields):
        shot = event(f"1.{number}", EventKind.PROJECTION, at, dose_area_product=1)
        made = reading("rdsr-projection", uid=f"1.2.{number}", events=[shot], **fields)
        return in_study(made, f"1.9{number}")

    registry.statuses(
        box.message(b"1", exam(1, "2026-03-02T09:30:00")),
        same_room.message(b"2", exam(2, "2026-03-02T10:10:00")),
        far.message(b"3", exam(3, "2026-03-02T10:00:00", equipment=Equipment(station_name="RF1"))),
        far.message(b"4", exam(4, "2026-03-02T10:00:00")),
        box.message(b"5", exam(5, "2026-03-01T10:00:00")),
        metered(box, exposure(study="1.91", at="2026-03-02T09:31:00")),
    )
    at = datetime(2026, 3, 2, 10, 2)  # noqa: DTZ001 - local, as exams are
    with registry.engine.connect() as connection:
        found = nearby(connection, "rf-1", "RF 1", "RF1", at, 9)
        assert len(nearby(connection, "rf-1", "", "", at, 9)) == 1
        (newest,) = instruments.newest(connection)
    studies = {exam: study for study, exam in registry.rows(Exam.study_uid, Exam.id)}
    assert [(studies[one.exam_id], one.tie) for one in found] == [
        ("1.93", "station"),
        ("1.92", "room"),
        ("1.91", "box"),
    ]
    assert [len(one.readings) for one in found] == [0, 0, 1]
    assert found[2].readings[0] == newest


def test_readings_are_listed_by_room_newest_first_in_pages(registry, box):
    """A page begins where the last one ended, and one box can be looked at alone."""
    other = registry.add(SigningBox("rf-2"))
    for number in range(3):
        at = NOW - timedelta(hours=number)
        registry.statuses(
            metered(box, exposure(at=f"2026-03-02T10:0{number}:00"), at),
            metered(other, exposure("1", at=f"2026-03-02T10:0{number}:00"), at),
        )
    with registry.engine.connect() as connection:
        pages = [unassigned.list_waiting(connection, limit=4, offset=at) for at in (0, 4)]
        alone = unassigned.list_waiting(connection, box_id="rf-2")
        assert unassigned.rooms(connection) == [("rf-1", "", 3), ("rf-2", "", 3)]
    assert [one.box_id for page in pages for one in page] == ["rf-1"] * 3 + ["rf-2"] * 3
    times = [one.captured_at for one in alone]
    assert times == sorted(times, reverse=True)
    assert [one.source for one in alone] == ["dap"] * 3


def test_decisions_and_arrivals_at_once_leave_exams_that_follow_from_the_evidence(registry, box):
    """Reports of the same studies arrive while readings are given and taken back: nothing is lost.

    What stands in the end is what reconciling the same evidences anew gives.
    """
    registry.statuses(
        box.message(b"first", in_study(STEP, "1.91")),
        box.message(b"other", in_study(reading("mpps", uid="1.8", step=step(uid="1.8")), "1.92")),
        *(metered(box, exposure("2", at=f"2026-03-02T10:00:0{number}")) for number in range(6)),
    )
    loose = waiting(registry)
    exam = exam_of(registry, "1.91")  # the one of both that stays when they merge
    arriving = [
        box.message(b"r%d" % number, report("2", f"1.9{number % 2 + 1}", uid=f"1.2.{number}"))
        for number in range(6)
    ]
    both = replace(report("3", "1.92", uid="1.3"), performed_step_uid="1.7")
    arriving.append(box.message(b"both", both))

    def arrive():
        return [registry.statuses(one) for one in arriving]

    def decide(record, *, keep):
        done = [perform(registry, "assign", record, exam)]
        if not keep:
            done += [perform(registry, "take_back", record)]
        return done

    with ThreadPoolExecutor(4) as pool:
        came = pool.submit(arrive)
        made = [pool.submit(decide, record, keep=place < 4) for place, record in enumerate(loose)]
        assert came.result() == [["stored"]] * 7
        assert all(all(one.result()) for one in made)
    assert sorted(waiting(registry)) == sorted(loose[4:])
    assert len({group for (group,) in registry.rows(Record.group_id) if group}) == 1
    stood = whole(registry)
    with writing(registry.engine) as connection:
        groups = {group for (group,) in registry.rows(Record.group_id) if group}
        reconcile_anew(connection, groups, NOW)
    assert whole(registry) == stood
    (summary,) = registry.rows(Exam.summary)
    kinds = [one.kind for one in from_json(summary[0]).evidences]
    assert (kinds.count("instrument"), kinds.count("rdsr-projection")) == (4, 7)
