"""Dosimeters beside reports: one dose, two evidences, and never more than there was."""

import json
from dataclasses import asdict, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.domain.evidence import Evidence
from dosebook_central.domain.exam import Role, to_json
from dosebook_central.domain.matching import Match
from dosebook_central.domain.reconcile import reconcile
from dosebook_protocol.reading import CodedItem, EventKind, Patient
from tests.support.dosimeter import exposure
from tests.support.readings import PATIENT, event, evidence, reading, step, total

OTHER = Patient(id="0815", issuer="CHU")


def only(*evidences):
    """The only exam of some evidences."""
    (exam,) = reconcile(evidences)
    return exam


def metered(*args, name="", match=None, **fields):
    """A dosimeter's evidence, of study 1.9 and the usual patient unless told otherwise."""
    fields = {"study": "1.9", "patient": PATIENT} | fields
    return replace(evidence(exposure(*args, **fields), "instrument", name), match=match)


def report(dose="5.2", **fields):
    """A dose report of one event."""
    events = [event("1.1", EventKind.PROJECTION, dose_area_product=dose)]
    totals = [total("dose_area_product", dose)]
    return evidence(reading("rdsr-projection", events=events, totals=totals, **fields))


def mpps(*totals, status="COMPLETED"):
    """The performed step of the exam."""
    return evidence(reading("mpps", uid="1.7", step=step(status), totals=totals), "dicom-mpps")


def role_of(exam, *evidences):
    """What the exam used evidences for."""
    uses = {use.record_id: use.role for use in exam.summary.evidences}
    return [uses[one.record_id] for one in evidences]


def test_p07_two_exposures_corroborate_the_report_of_the_same_study():
    """P7: two exposures of 2.5 Gy·cm² times 1.04 are the 5.2 that the report states: one dose."""
    first, second = metered(), metered(at="2026-03-02T10:05:00")
    exam = only(report(), first, second)
    assert exam.dose_area_product_gy_cm2 == Decimal("5.2")
    assert [one.uid for one in exam.events] == ["1.1"]
    assert role_of(exam, first, second) == [Role.CORROBORATES] * 2
    assert not exam.summary.conflicts


@pytest.mark.parametrize("stronger", [report("6"), mpps(total("dose_area_product", 6))])
def test_p07_a_meter_over_five_percent_off_is_shown_with_both_numbers(stronger):
    """P7: the stronger number counts, the sum of the meter's exposures stands beside it."""
    exam = only(stronger, metered(), metered(at="2026-03-02T10:05:00"))
    assert exam.dose_area_product_gy_cm2 == 6
    (conflict,) = exam.summary.conflicts
    assert conflict.code == "total-differs"
    assert [(str(one.value), one.kind) for one in conflict.values] == [
        ("6", stronger.reading.kind),
        ("5.2", "instrument"),
    ]


def test_a_meter_alone_counts_each_exposure_as_an_event():
    """Without report and MPPS dose, exposures are events, their doses and times add up."""
    exam = only(
        metered(at="2026-03-02T10:05:00", fluoro_time="12"),
        metered("1", fluoro_time="3.5"),
        mpps(status="IN PROGRESS"),
    )
    assert [one.started for one in exam.events] == ["2026-03-02T10:00:00", "2026-03-02T10:05:00"]
    assert exam.dose_area_product_gy_cm2 == Decimal("3.64")
    assert exam.fluoro_time_s == Decimal("15.5")
    assert (exam.evidence_kind, exam.state) == ("instrument", "in progress")


def test_a_meter_counts_for_what_nothing_stronger_states():
    """An MPPS with the time alone leaves the dose to the meter; a screen is compared to that."""
    meter = metered()
    screen = evidence(
        reading("dose-sc-header", uid="1.6", totals=[total("dose_area_product", 3)], study="1.9")
    )
    step_read = mpps(total("fluoro_time", 60))
    exam = only(step_read, meter, screen)
    assert exam.fluoro_time_s == 60
    assert exam.dose_area_product_gy_cm2 == Decimal("2.6")
    assert [one.record_id for one in exam.events] == [meter.record_id]
    assert role_of(exam, step_read, meter, screen) == [
        Role.COUNTED,
        Role.COUNTED,
        Role.CORROBORATES,
    ]
    reasons = {use.kind: use.reason for use in exam.summary.evidences}
    assert reasons["instrument"].startswith("nothing stronger states")
    (conflict,) = exam.summary.conflicts
    assert [one.kind for one in conflict.values] == ["instrument", "dose-sc-header"]
    (measure,) = [one for one in exam.summary.headline if one.quantity == "dose_area_product"]
    assert [source.record_id for source in measure.sources] == [meter.record_id]


def test_p18_the_factor_of_a_meter_is_not_applied_again():
    """P18: the box corrects what a meter reads; a factor that a report states is another one."""
    assert "calibrations" not in only(metered()).facts
    stated = replace(report().reading, items=(CodedItem("calibration_factor", text="1.1 1"),))
    facts = only(evidence(stated), metered()).facts
    assert facts["calibrations"] == [{"plane": "", "factor": "1.1"}]


def test_p29_what_a_calibrator_measured_is_not_administered():
    """P29: an activity before administration is a measurement; nothing says that it was given."""
    measured = metered(
        "370", quantity="pre_administration_activity", kind=EventKind.RADIOPHARMACEUTICAL
    )
    exam = only(measured)
    assert exam.administered_activity_mbq is None
    assert exam.summary.headline == ()
    given = event("1.5", EventKind.RADIOPHARMACEUTICAL, administered_activity=350)
    exam = only(measured, evidence(reading("rrdsr", events=[given])))
    assert exam.administered_activity_mbq == 350
    assert [one.uid for one in exam.events] == ["1.5"]


def test_p21_a_reading_by_decision_stands_with_the_patient_it_was_given_to():
    """P21: where one study names two patients, the reading counts with the one that was chosen."""
    loose = metered(
        study="", patient=Patient(), match=Match("1.9", OTHER.id, OTHER.issuer), at="2026-03-02T11"
    )
    alone = only(report(), loose)
    assert alone.patient.identifier == PATIENT.id  # the only patient of the study
    theirs = report("3", uid="1.4", patient=OTHER)
    ct = replace(theirs.reading, events=(event("1.2", EventKind.CT, dlp=3),), totals=())
    theirs = replace(theirs, reading=ct)
    doses = {
        exam.patient.identifier: exam.dose_area_product_gy_cm2
        for exam in reconcile([report(), theirs, loose])
    }
    assert doses == {PATIENT.id: Decimal("5.2"), OTHER.id: Decimal("2.6")}


def test_p21_a_patient_who_vanished_from_the_study_keeps_no_reading():
    """P21: a study corrected to another patient takes the readings that were given to it along."""
    loose = metered(study="", patient=Patient(), match=Match("1.9", PATIENT.id, PATIENT.issuer))
    wrong = report("9", created="2026-03-02T10:31:00")
    right = report("9", created="2026-03-02T10:45:00", patient=OTHER)
    exam = only(wrong, right, loose)
    assert exam.patient.identifier == OTHER.id
    assert role_of(exam, loose) == [Role.CORROBORATES]


def test_p21_an_attached_reading_follows_the_correction_of_its_step():
    """P21: the box copied the patient of the step; who that was, only the step itself says."""
    begun = evidence(reading("mpps", uid="1.7", step=step("IN PROGRESS")), "dicom-mpps")
    ended = reading("mpps", uid="1.7", step=step(), patient=OTHER)
    meter = metered(step="1.7")
    exam = only(begun, meter, evidence(ended, "dicom-mpps"))
    assert exam.patient.identifier == OTHER.id
    assert exam.dose_area_product_gy_cm2 == Decimal("2.6")
    assert only(meter).patient.identifier == PATIENT.id
    bare = metered(patient=Patient(id=PATIENT.id), at="2026-03-02T10:09:00")
    assert only(bare, report()).patient.issuer == PATIENT.issuer


@st.composite
def evidences(draw):
    """Exposures, attached or by decision, beside reports and steps of one or two patients."""
    way = draw(st.sampled_from(["meter", "meter", "given", "report", "mpps", "header"]))
    patient = draw(st.sampled_from([PATIENT, PATIENT, OTHER]))
    dose = draw(st.integers(0, 9))
    at = f"2026-03-02T10:{draw(st.integers(0, 5)):02}:00"
    if way == "meter":
        return metered(dose, at, patient=draw(st.sampled_from([patient, Patient()])))
    if way == "given":
        match = Match("1.9", patient.id, patient.issuer)
        return metered(dose, at, study="", patient=Patient(), match=match)
    if way == "mpps":
        totals = draw(st.sampled_from(["dose_area_product", "fluoro_time"]))
        return mpps(total(totals, dose), status=draw(st.sampled_from(["IN PROGRESS", "COMPLETED"])))
    kind = "rdsr-projection" if way == "report" else "image-header"
    shot = event(draw(st.sampled_from("abc")), EventKind.PROJECTION, dose_area_product=dose)
    return evidence(reading(kind, uid=draw(st.sampled_from("12")), events=[shot], patient=patient))


def written(found: list[Evidence]) -> bytes:
    """The exams of some evidences as bytes."""
    exams = [asdict(exam) | {"summary": to_json(exam.summary)} for exam in reconcile(found)]
    return json.dumps(exams, default=str, sort_keys=True).encode()


def groups():
    """Evidences of one group; of a record there is one, with one decision."""
    return st.lists(evidences(), min_size=1, max_size=7, unique_by=lambda one: one.record_id)


@given(groups(), st.randoms(use_true_random=False))
def test_p04_p07_order_of_arrival_never_matters(found, random):
    """P4, P7: every order of exposures, reports and steps, with repetitions, is the same exams."""
    shuffled = [*found, *random.choices(found, k=2)]
    random.shuffle(shuffled)
    assert written(shuffled) == written(found)


@given(groups())
def test_p09_no_exposure_counts_for_two(found):
    """P9: over all patients of a group, each event counts at most once."""
    exams = reconcile(found)
    uids = [one.uid for exam in exams for one in exam.events]
    assert len(uids) == len(set(uids))
