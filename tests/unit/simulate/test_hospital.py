"""A simulated morning shows every way in which a modality sends a dose."""

from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from itertools import pairwise
from random import Random

import pytest
from pydicom import dcmread

from dosebook_edge.simulate import ct, hospital
from dosebook_edge.simulate.random_patient import ISSUER
from dosebook_edge.simulate.scene import to_bytes
from dosebook_edge.simulate.vendors import UnknownVendorError, vendor_named


@pytest.fixture(scope="module")
def morning():
    """One round of scenarios, by name."""
    exams = {}
    for exam in hospital.morning(11, 16):
        exams.setdefault(exam.truth.scenario, exam)
    return exams


def total(exam, quantity):
    """The exam's total of a quantity, over planes and breasts."""
    return sum(Decimal(v.value) for v in exam.truth.totals if v.quantity == quantity)


def test_one_round_holds_every_scenario(morning):
    """Sixteen exams are enough to see all ways of sending."""
    assert set(morning) == {
        "carm", "carm-biplane", "carm-cumulative", "carm-discontinued", "ct", "ct-continued",
        "ct-cumulative", "ct-resent", "ct-with-images", "dx", "dx-images", "mammo", "mpps-only",
        "petct",
    }  # fmt: skip


def test_p04_cumulative_reports_grow_and_the_last_one_counts(morning):
    """P4: each report holds the events of the one before; the exam's total is the last one's."""
    for name in ("ct-cumulative", "carm-cumulative"):
        objects = morning[name].truth.objects
        sets = [{event.uid for event in item.events} for item in objects]
        assert len(sets) > 1
        assert all(small < large for small, large in pairwise(sets))
        assert morning[name].truth.totals == objects[-1].totals


def test_p05_continued_reports_are_disjoint_and_add(morning):
    """P5: two reports of one study share no event and the exam's total is their sum."""
    exam = morning["ct-continued"]
    first, second = exam.truth.objects
    assert not {e.uid for e in first.events} & {e.uid for e in second.events}
    stated = [Decimal(v.value) for item in (first, second) for v in item.totals]
    assert total(exam, "dlp") == sum(stated)


def test_p06_resent_report_is_the_same_object(morning):
    """P6: the same bytes go out twice and count once."""
    exam = morning["ct-resent"]
    first, again = (to_bytes(item.dataset) for item in exam.objects)
    assert first == again
    assert len(exam.truth.objects) == 1


def test_p07_dx_tells_one_dose_four_times(morning):
    """P7: MPPS, image headers and report of one radiograph name the same events and KAP."""
    exam = morning["dx"]
    kinds = [item.kind for item in exam.objects]
    assert kinds[0] == "mpps-create"
    assert kinds[-1] == "mpps-set"
    by_kind = {}
    for item in exam.truth.objects:
        by_kind.setdefault(item.kind, []).append(item)
    headers = {event.uid for item in by_kind["image-header"] for event in item.events}
    (report,) = by_kind["projection-rdsr"]
    assert headers == {event.uid for event in report.events}
    (step,) = by_kind["mpps"]
    said = Decimal(step.totals[0].value)
    assert abs(said - total(exam, "dose_area_product")) < Decimal("0.001")


def test_p12_a_report_can_mix_two_phantoms():
    """P12: a trauma scan states head and body doses on two phantoms under one total."""
    rng = Random(1)
    scene, _ = ct.ct_scene(rng)
    protocol = next(row for row in ct.PROTOCOLS if row.with_head)
    _, truth = ct.ct_report(rng, scene, ct.ct_events(rng, scene, protocol))
    assert {event.phantom for event in truth.events} == {"16cm", "32cm"}


def test_p53_discontinued_step_keeps_its_dose(morning):
    """P53: a step broken off says so, and its report states a dose."""
    exam = morning["carm-discontinued"]
    last = exam.objects[-1]
    assert last.dataset.PerformedProcedureStepStatus == "DISCONTINUED"
    assert total(exam, "dose_area_product") > 0


def test_p60_petct_gives_one_activity_and_one_dlp(morning):
    """P60: PET headers repeat the injection of the RRDSR, they do not add one."""
    exam = morning["petct"]
    activities = {
        value.value
        for item in exam.truth.objects
        for event in item.events
        for value in event.values
        if value.quantity == "administered_activity"
    }
    assert len(activities) == 1
    assert total(exam, "administered_activity") == Decimal(activities.pop())
    assert total(exam, "dlp") > 0


def test_p21_two_people_share_a_bare_id():
    """P21: the showcase patient's id occurs with another issuer too."""
    patients = hospital.people(3)
    assert patients[0].id == patients[-1].id
    assert patients[0].issuer == ISSUER != patients[-1].issuer
    assert len({(patient.id, patient.issuer) for patient in patients}) == len(patients)


def test_p22_names_survive_their_character_set():
    """P22: every invented name comes back from its bytes, three-component Japanese included."""
    sets = set()
    for seed in range(6):
        for exam in hospital.morning(seed, 16):
            first = next((item for item in exam.objects if item.kind == "store"), None)
            if first is None:
                continue
            copy = dcmread(BytesIO(to_bytes(first.dataset)))
            assert str(copy.PatientName) == exam.truth.patient.name
            sets.add(str(copy.get("SpecificCharacterSet", "")))
    assert {"", "ISO_IR 100", "ISO_IR 144", "ISO_IR 192"} <= sets
    assert any("ISO 2022 IR 87" in charset for charset in sets)


def test_objects_of_an_exam_agree_on_patient_and_study(morning):
    """All stored objects of an exam carry one patient, one study and one accession number."""
    for exam in morning.values():
        for item in exam.objects:
            if item.kind == "store":
                header = item.dataset
                assert header.StudyInstanceUID == exam.truth.study_instance_uid
                assert header.PatientID == exam.truth.patient.id
                assert header.IssuerOfPatientID == exam.truth.patient.issuer
                assert header.AccessionNumber == exam.truth.accession_number


def test_images_carry_a_token_of_pixels(morning):
    """An image object has pixel data, small enough to send thousands."""
    pictures = [
        item.dataset
        for exam in morning.values()
        for item in exam.objects
        if item.kind == "store" and item.dataset.Modality != "SR"
    ]
    assert {picture.Modality for picture in pictures} == {"CT", "DX", "MG", "PT"}
    assert all(len(picture.PixelData) == 128 for picture in pictures)


def test_messages_are_in_the_order_of_their_time(morning):
    """Objects of an exam are sent in the order of their local times."""
    for exam in morning.values():
        times = [item.at for item in exam.objects]
        assert times == sorted(times)


def test_priors_make_a_rich_history_of_people_of_the_morning():
    """The showcase patient has 15 to 40 earlier exams over years, all before the morning."""
    earlier = list(hospital.priors(4, patients=3, years=10))
    showcase = hospital.people(4)[0]
    hers = [
        exam
        for exam in earlier
        if (exam.truth.patient.id, exam.truth.patient.issuer) == (showcase.id, showcase.issuer)
    ]
    assert 15 <= len(hers) <= 40
    dates = [datetime.strptime(exam.truth.study_date, "%Y%m%d").date() for exam in earlier]  # noqa: DTZ007
    assert dates == sorted(dates)
    assert dates[-1] < hospital.DAY
    assert dates[-1] - dates[0] > timedelta(days=5 * 365)
    assert len({exam.truth.modality for exam in hers}) >= 4
    assert len({exam.truth.study_instance_uid for exam in earlier}) == len(earlier)


def test_unknown_vendor_error_names_the_close_one():
    """A mistyped vendor gets a suggestion."""
    with pytest.raises(UnknownVendorError, match="did you mean siemens-ct"):
        vendor_named("simens-ct", "CT")
