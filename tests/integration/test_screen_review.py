"""Values from screens in a registry: they wait, persons decide, exams follow; on both engines."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dosebook_central.domain.screen_review import WHOLE, State
from dosebook_central.domain.screen_text import confirm
from dosebook_central.exams.matching import assign, take_back
from dosebook_central.ingest.recompute import Recomputer
from dosebook_central.screens.decide import Verdict, decide
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Event, Exam, Reading, Record
from dosebook_central.store.queries import screens
from dosebook_central.store.queries.screens import Wanted, decisions_on
from dosebook_protocol.reading import READER_VERSION, Patient, Study
from dosebook_protocol.screen import MEDIA_TYPE, ScreenEvidence, pack
from tests.support.readings import event as read_event
from tests.support.readings import reading as report
from tests.support.readings import step, total
from tests.support.registry import NOW, RegistryUnderTest, SigningBox
from tests.support.screens import evidence, place_of_total, reading_of, value

SCREEN = evidence(
    value("SCREEN/dlp[1]", "816.10"),
    value("SCREEN/ctdi_vol[1]", "12.40", quantity="ctdi_vol", unit="mGy", state="accepted"),
    value("SCREEN/total_dlp", "905.30", place=place_of_total()),
    value("SCREEN/dlp[2]", "89.20", state="accepted", place={"event_uid": "2.25.7102"}),
)
VALUES = {one.path: one for one in SCREEN.report.values}
PATIENT = Patient("4711", "CHU-A", "Test^Patient")


@pytest.fixture
def registry(registry):
    """A registry on each engine with one box."""
    registry.box = registry.add(SigningBox("ct-1"))
    return registry


def _send(registry, screen: ScreenEvidence = SCREEN, **changes):
    record_id = uuid4().hex
    message = registry.box.message(
        pack(screen),
        reading_of(screen, **changes),
        media_type=MEDIA_TYPE,
        source="console",
        source_kind="screen",
        record_id=record_id,
    )
    assert registry.statuses(message) == ["stored"]
    return record_id


def _decide(registry, record_id, path, act, text="", seen=None):
    confirmed = (
        confirm(VALUES[path], text or VALUES[path].text) if act in "accept correct" else None
    )
    with writing(registry.engine) as connection:
        if seen is None:
            known = decisions_on(connection, record_id)
            seen = max((one.id for one in known if one.decision.path in {path, WHOLE}), default=0)
        verdict = Verdict(record_id, path, act, "", confirmed, seen)
        return decide(connection, verdict, "physicist", NOW)


def _dlps(registry):
    return [row[0] for row in sorted(registry.rows(Event.dlp_mgy_cm, Event.ordinal), key=str)]


def _total(registry):
    ((found,),) = registry.rows(Exam.dlp_mgy_cm)
    return found


def test_a_waiting_value_is_no_dose_until_a_person_confirms_it(registry):
    """The exam has the released values only; a confirmed one joins its event, an undo takes it."""
    record_id = _send(registry)
    before = registry.everything()
    assert set(_dlps(registry)) == {Decimal("89.2"), None}
    assert _total(registry) is None, "a sum of the rows that are known would be no total (P29)"
    ((summary,),) = registry.rows(Exam.summary)
    assert any("of 1 of 2 irradiation events was not read" in note for note in summary["notes"])
    assert _decide(registry, record_id, "SCREEN/dlp[1]", "correct", "816.70") is State.CORRECTED
    assert Decimal("816.7") in _dlps(registry)
    assert _total(registry) == Decimal("905.9")
    assert _decide(registry, record_id, "SCREEN/dlp[1]", "undo") is State.WAITING
    assert registry.everything() == before
    assert registry.rows(Record.reader_version) == [(READER_VERSION,)]
    assert len(registry.rows(Reading.reader_version)) == 2, "the completed reading stays as well"


def test_a_total_in_review_is_stated_once_it_is_confirmed(registry):
    """A total belongs to the reading itself, with its phantom (P11)."""
    record_id = _send(registry)
    _decide(registry, record_id, "SCREEN/total_dlp", "accept")
    assert _total(registry) == Decimal("905.3")


def test_a_screen_whose_values_all_wait_is_in_its_study(registry):
    """Only totals, all in review: no dose yet, and the confirmed one joins the study."""
    screen = evidence(VALUES["SCREEN/total_dlp"])
    record_id = _send(registry, screen)
    assert registry.rows(Exam.id) == []
    _decide(registry, record_id, "SCREEN/total_dlp", "accept")
    assert _total(registry) == Decimal("905.3")
    _decide(registry, record_id, "SCREEN/total_dlp", "undo")
    assert registry.rows(Exam.id) == []


def test_a_wrong_released_value_is_voided_and_reviewed_again(registry):
    """What the reader released and a person calls wrong leaves the dose and waits for review."""
    record_id = _send(registry)
    assert _decide(registry, record_id, "SCREEN/dlp[2]", "void") is State.WAITING
    assert Decimal("89.2") not in _dlps(registry)
    _decide(registry, record_id, "SCREEN/dlp[2]", "correct", "39.20")
    assert Decimal("39.2") in _dlps(registry)
    with registry.engine.connect() as connection:
        (tally,) = screens.tallies(connection)
    assert (tally.released, tally.wrong, tally.reviewed, tally.waiting) == (2, 1, 2, 2)


def test_two_persons_cannot_decide_the_same_value_unseen(registry):
    """Whoever comes second learns that somebody decided meanwhile; nothing is written."""
    record_id = _send(registry)
    assert _decide(registry, record_id, "SCREEN/dlp[1]", "accept", seen=0) is State.ACCEPTED
    assert _decide(registry, record_id, "SCREEN/dlp[1]", "correct", "816.70", seen=0) is None
    assert Decimal("816.1") in _dlps(registry)


def test_p07_a_screen_and_the_report_of_its_study_are_one_dose(registry):
    """P7: the report counts, the screen corroborates, and over 5 % apart both are shown."""
    events = [read_event("1.2.5", at="2026-11-02T08:30:00", dlp="816.7", ctdi_vol="12.4")]
    structured = report(
        study="2.25.71", patient=PATIENT, events=events, totals=[total("dlp", "816.7")]
    )
    record_id = _send(registry)
    _decide(registry, record_id, "SCREEN/dlp[1]", "accept")
    assert registry.statuses(registry.box.message(b"rdsr", structured)) == ["stored"]
    ((dlp, count, conflict, summary),) = registry.rows(
        Exam.dlp_mgy_cm, Exam.event_count, Exam.has_conflict, Exam.summary
    )
    assert (dlp, count) == (Decimal("816.7"), 1)
    roles = {one["kind"]: one["role"] for one in summary["evidences"]}
    assert roles == {"rdsr-ct": "counted", "screen": "corroborates"}
    assert conflict, "905.3 on the screen against 816.7 in the report"
    _decide(registry, record_id, "SCREEN/dlp[2]", "void")
    ((dlp, conflict),) = registry.rows(Exam.dlp_mgy_cm, Exam.has_conflict)
    assert (dlp, conflict) == (Decimal("816.7"), False)


def test_p51_a_screen_of_another_patient_never_joins_the_report(registry):
    """P51: one study, two patients: the report's exam has no dose of the screen, nor a conflict."""
    structured = report(study="2.25.71", patient=PATIENT, totals=[total("dlp", "816.7")])
    assert registry.statuses(registry.box.message(b"rdsr", structured)) == ["stored"]
    _send(registry, patient=replace(PATIENT, id="4712"))
    exams = {
        len(summary["evidences"]): (dlp, conflict)
        for dlp, conflict, summary in registry.rows(
            Exam.dlp_mgy_cm, Exam.has_conflict, Exam.summary
        )
        if any(one["kind"] == "rdsr-ct" for one in summary["evidences"])
    }
    assert exams == {1: (Decimal("816.7"), False)}


def test_p51_a_screen_of_another_exam_is_set_aside_as_a_whole(registry):
    """P51: one decision takes every value out and one undo brings each back as it stood."""
    record_id = _send(registry)
    _decide(registry, record_id, "SCREEN/dlp[1]", "correct", "816.70")
    before = registry.everything()
    assert _decide(registry, record_id, "SCREEN/dlp[2]", "disown") is State.REJECTED
    assert registry.rows(Exam.id) == []
    assert _decide(registry, record_id, "SCREEN/dlp[1]", "reject") is None
    assert _decide(registry, record_id, "SCREEN/dlp[1]", "undo") is State.CORRECTED
    assert registry.everything() == before


def test_a_confirmed_value_goes_with_its_screen_when_a_person_assigns_it(registry):
    """A screen that names nobody: reviewed, assigned, taken back, assigned again; nothing is lost.

    Neither decision needs the other, in whatever order they are made.
    """
    performed = report(kind="mpps", uid="", study="2.25.72", patient=PATIENT, step=step())
    assert registry.statuses(registry.box.message(b"mpps", performed)) == ["stored"]
    ((exam_id,),) = registry.rows(Exam.id)
    record_id = _send(registry, patient=Patient(), study=Study())
    _decide(registry, record_id, "SCREEN/dlp[1]", "correct", "816.70")
    assert _dlps(registry) == []
    with writing(registry.engine) as connection:
        assert assign(connection, record_id, exam_id, "physicist", NOW)
    assert _total(registry) == Decimal("905.9")
    with writing(registry.engine) as connection:
        assert take_back(connection, record_id, "physicist", NOW)
    assert _dlps(registry) == []
    with writing(registry.engine) as connection:
        assert assign(connection, record_id, exam_id, "physicist", NOW)
    _decide(registry, record_id, "SCREEN/dlp[1]", "undo")
    assert _total(registry) is None
    _decide(registry, record_id, "SCREEN/dlp[1]", "accept")
    assert _total(registry) == Decimal("905.3")


def test_decisions_survive_what_arrives_later_and_a_regroup(registry):
    """A later screen of the study, and a re-read of the archive, find the decision in force."""
    record_id = _send(registry)
    _decide(registry, record_id, "SCREEN/dlp[1]", "correct", "816.70")
    other = evidence(value("SCREEN/total_dlp", "905.90", state="accepted", place=place_of_total()))
    _send(registry, other)
    assert Decimal("816.7") in _dlps(registry)
    before = registry.everything()
    Recomputer(registry.engine, registry.evidence).run(everything=True)
    assert registry.everything() == before
    with registry.engine.connect() as connection:
        waiting = screens.list_values(connection, Wanted(State.WAITING), 10)
    assert [(one.record_id, one.path) for one in waiting] == [(record_id, "SCREEN/total_dlp")]


def test_a_value_that_a_newer_screen_shows_waits_once(registry):
    """A table that grew a row: the earlier screen's waiting values leave the queue."""
    first = evidence(value("SCREEN/dlp[1]", "816.10"))
    grown = evidence(
        value("SCREEN/dlp[1]", "816.10"),
        value("SCREEN/dlp[2]", "89.20", place={"event_uid": "2.25.7102"}),
    )
    _send(registry, first)
    newer = _send(registry, grown)
    with registry.engine.connect() as connection:
        waiting = screens.list_values(connection, Wanted(State.WAITING), 10)
        (tally,) = screens.tallies(connection)
        assert screens.count_waiting(connection) == 2
    assert {one.record_id for one in waiting} == {newer}
    assert (tally.waiting, tally.superseded) == (2, 1)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(VALUES)),
            st.sampled_from(["accept", "correct", "reject", "void", "disown"]),
        ),
        max_size=5,
    )
)
def test_decisions_and_their_undos_leave_every_exam_as_it_was(tmp_path_factory, acts):
    """Whatever persons decide and take back: exams, events and patients are those of before."""
    registry = RegistryUnderTest(tmp_path_factory.mktemp("screens"))
    registry.box = registry.add(SigningBox("ct-1"))
    record_id = _send(registry)
    before = registry.everything()
    done = [path for path, act in acts if _decide(registry, record_id, path, act) is not None]
    for path in reversed(done):
        assert _decide(registry, record_id, path, "undo") is not None
    assert registry.everything() == before
    with registry.engine.connect() as connection:
        states = connection.execute(select(screens.ScreenValue.state)).scalars().all()
    assert sorted(states) == ["released", "released", "waiting", "waiting"]
    registry.close()
