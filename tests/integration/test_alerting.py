"""Alerts raised with the doses that give cause, on both engines; patients whom rules name."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import delete, insert, select

from dosebook_central.alerting.judging import Judging
from dosebook_central.alerting.preview import preview
from dosebook_central.derivation.engine import Rules
from dosebook_central.derivation.skin_peaks import shown_peaks
from dosebook_central.domain.alerts.rule import Rule
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.store import skin_dose
from dosebook_central.store.derivation_due import mark_due
from dosebook_central.store.dose_models import Alert, DerivationDue, SkinDose
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Event, Exam
from dosebook_central.store.queries import alert_rules, at_risk
from dosebook_central.store.queries.alert_list import list_alerts
from dosebook_protocol.reading import Equipment, EventKind, Patient
from tests.support.derivation import derive_all
from tests.support.readings import event, reading

XR = EventKind.PROJECTION
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MAPPED = Rules(shipped(), lambda _: ("dx_pelvis", "decision"))


def at(minute):
    """A moment, so many minutes later."""
    return NOW + timedelta(minutes=minute)


def procedure(number, kerma_mgy, day="2026-05-02", patient="4711"):
    """An interventional procedure with one event of this air kerma."""
    at = f"{day}T10:00:00"
    return reading(
        "rdsr-projection",
        uid=f"1.{number}.{kerma_mgy}",
        study=f"9.{number}",
        created=at,
        events=[event(f"{number}.1", XR, at=at, dose_rp=kerma_mgy, dose_area_product="100")],
        modality="XA",
        patient=Patient(id=patient, issuer="CHU", name="A^B", birth_date="19600101"),
    )


def room_exam(number, kap):
    """A radiograph of one room with this KAP."""
    at = f"2026-05-02T10:{number:02d}:00"
    return reading(
        "rdsr-projection",
        uid=f"2.{number}.{kap}",
        study=f"8.{number}",
        created=at,
        events=[event(f"8.{number}.1", XR, at=at, dose_area_product=kap)],
        modality="DX",
        equipment=Equipment(station_name="DX1"),
    )


def send(registry, box, *reads, rules=None):
    """Commit readings, and derive and judge what follows."""
    for read in reads:
        (status,) = registry.statuses(box.message(repr(read).encode(), read))
        assert status == "stored"
    derive_all(registry, rules, observers=[Judging()])


def standing(registry):
    """The alerts that stand: rule and sentence."""
    with registry.engine.connect() as connection:
        return {(one.rule_id, one.sentence) for one in list_alerts(connection)}


def test_r36_excess_is_raised_with_its_reason(registry, box):
    """R36: 5.2 Gy at the reference point is one alert, with the reason in one sentence."""
    send(registry, box, procedure(1, "5200"), procedure(2, "900"))
    ((rule, sentence),) = {one for one in standing(registry) if one[0] == "srdl-kar"}
    assert rule == "srdl-kar"
    assert sentence.startswith("Ka,r 5200 mGy is above 5000 mGy: patient information")


def test_an_alert_without_cause_is_withdrawn_and_stays_readable(registry, box):
    """A rule that is switched off no longer raises; what it raised is withdrawn, not deleted."""
    send(registry, box, procedure(1, "5200"))
    with writing(registry.engine) as connection:
        rule = next(
            one.rule
            for one in alert_rules.list_rules(connection, shipped())
            if one.rule.id == "srdl-kar"
        )
        assert alert_rules.save_rule(connection, rule, is_enabled=False, actor="me", now=NOW) == 2
        mark_due(connection)
    derive_all(registry, observers=[Judging()])
    assert "srdl-kar" not in {rule for rule, _ in standing(registry)}
    with registry.engine.connect() as connection:
        gone = connection.execute(select(Alert).where(Alert.rule_id == "srdl-kar")).one()
    assert gone.withdrawn_at is not None
    assert gone.rule_version == 1


def test_judging_twice_raises_once(registry, box):
    """An exam that is derived again keeps its alert with the time it was first raised."""
    send(registry, box, procedure(1, "5200"))
    with registry.engine.connect() as connection:
        before = list_alerts(connection)
    with writing(registry.engine) as connection:
        mark_due(connection)
    derive_all(registry, observers=[Judging()])
    with registry.engine.connect() as connection:
        assert list_alerts(connection) == before


def test_r33_patients_at_risk_are_listed_once_with_all_reasons(registry, box):
    """R33: three procedures within months name the patient once; another patient is not named."""
    rule = Rule(
        "kerma-year", "review", "sum", "dose_rp", threshold=Decimal(6000), period_days=365,
        is_at_risk=True,
    )  # fmt: skip
    often = Rule(
        "often", "review", "count", "exams", threshold=Decimal(3), period_days=365, is_at_risk=True
    )
    with writing(registry.engine) as connection:
        for one in (rule, often):
            alert_rules.save_rule(connection, one, is_enabled=True, actor="me", now=NOW)
    send(
        registry,
        box,
        procedure(1, "2500", "2026-01-05"),
        procedure(2, "2500", "2026-03-05"),
        procedure(3, "2500", "2026-05-05"),
        procedure(4, "2500", "2026-05-05", patient="other"),
    )
    with registry.engine.connect() as connection:
        (named,) = at_risk.patients_at_risk(connection)
    assert named.identifier == "4711"
    assert [one.rule_id for one in named.reasons] == ["kerma-year", "often"]
    assert "7500 mGy from 3 exams between 2026-01-05 and 2026-05-05" in named.reasons[0].sentence


def test_r35_a_preview_counts_what_would_fire(registry, box):
    """R35: the number that a preview gives is the number that the rule then raises."""
    send(registry, box, *(procedure(n, str(1000 * n)) for n in range(1, 7)))
    rule = Rule("own", "look", "exam", "dose_rp", threshold=Decimal(3500))
    with registry.engine.connect() as connection:
        tried = preview(connection, rule, shipped(), "", date(2026, 6, 1))
    assert (tried.exams, len(tried.fired)) == (6, 3)
    with writing(registry.engine) as connection:
        alert_rules.save_rule(connection, rule, is_enabled=True, actor="me", now=NOW)
        mark_due(connection)
    derive_all(registry, observers=[Judging()])
    assert len([one for one in standing(registry) if one[0] == "own"]) == 3


def test_a_peak_skin_dose_is_judged_when_its_map_is_ready(registry, box):
    """A map that is computed later raises its alert, and a refusal takes the peak away again."""
    send(registry, box, procedure(1, "900"))
    with registry.engine.connect() as connection:
        exam_id = connection.scalar(select(Exam.id))
    for minute, (state, peak) in enumerate([("done", Decimal(3400)), ("refused", None)]):
        with writing(registry.engine) as connection:
            connection.execute(
                insert(SkinDose).values(
                    exam_id=exam_id,
                    input_sha256=state,
                    state="running",
                    queued_at=at(minute),
                    exam_updated_at=NOW,
                )
            )
            row = skin_dose.latest(connection, exam_id)
            skin_dose.finish(connection, replace(row, state=state, peak_mgy=peak))
        derive_all(registry, observers=[shown_peaks, Judging()])
        raised = {rule for rule, _ in standing(registry)}
        assert ("srdl-psd" in raised) is (peak is not None)


def test_p01_a_unit_error_of_ten_shows_against_the_room(registry, box):
    """P1: after eleven like exams one of ten times the KAP is raised, with its room's median."""
    reads = [room_exam(number, "2.5") for number in range(11)]
    send(registry, box, *reads, rules=MAPPED)
    send(registry, box, room_exam(20, "25"), room_exam(21, "3"), rules=MAPPED)
    raised = {one for one in standing(registry) if one[0].startswith("off-room")}
    ((rule, sentence),) = raised
    assert rule == "off-room-dose-area-product"
    assert "KAP 25 Gy·cm² is 10 times the median of the last" in sentence


def test_r33_a_patient_is_named_no_more_when_an_exam_turns_out_to_be_anothers(registry, box):
    """R33, P20: an exam that leaves a patient leaves the reasons that named them."""
    rule = Rule(
        "kerma-year", "review", "sum", "dose_rp", threshold=Decimal(6000), period_days=365,
        is_at_risk=True,
    )  # fmt: skip
    with writing(registry.engine) as connection:
        alert_rules.save_rule(connection, rule, is_enabled=True, actor="me", now=NOW)
    send(registry, box, procedure(1, "3500", "2026-01-05"), procedure(2, "3500", "2026-03-05"))
    with registry.engine.connect() as connection:
        assert [one.identifier for one in at_risk.patients_at_risk(connection)] == ["4711"]
    with writing(registry.engine) as connection:
        gone = connection.scalar(select(Exam.id).where(Exam.study_uid == "9.2"))
        connection.execute(delete(Event).where(Event.exam_id == gone))
        connection.execute(delete(Exam).where(Exam.id == gone))
        connection.execute(insert(DerivationDue).values(exam_id=gone, priority=0, since=NOW))
    derive_all(registry, observers=[Judging()])
    with registry.engine.connect() as connection:
        assert at_risk.patients_at_risk(connection) == []
