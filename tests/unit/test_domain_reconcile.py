"""One dose from any mix of evidences: each rule of reconciliation on small synthetic readings."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dosebook_central.domain.exam import Basis, Role, from_json, to_json
from dosebook_central.domain.reconcile import reconcile
from dosebook_protocol.reading import EventKind, Patient, Plane, Study
from tests.support.readings import PATIENT, event, evidence, reading, step, total

MG, XR, NM = EventKind.MAMMOGRAPHY, EventKind.PROJECTION, EventKind.RADIOPHARMACEUTICAL


def only(*evidences):
    """The single exam of some evidences."""
    (exam,) = reconcile(evidences)
    return exam


def roles(exam):
    """Role of each evidence by kind of object."""
    return {use.kind: use.role for use in exam.summary.evidences}


def codes(exam):
    """Codes of the conflicts of an exam."""
    return [conflict.code for conflict in exam.summary.conflicts]


def ct(uids: str, dlp: str, sop: str, created: str = "2026-03-02T10:30:00"):
    """A CT report with one event for each letter, of 10 mGy·cm each."""
    events = [event(f"e{uid}", dlp=10, ctdi_vol=5, phantom="32cm") for uid in uids]
    return evidence(reading(uid=sop, created=created, events=events, totals=[total("dlp", dlp)]))


def test_p04_newer_report_that_contains_the_older_replaces_it():
    """P4: cumulative reports are never added; the one with all events holds."""
    reports = [
        ct("a", "10", "1.1", "2026-03-02T10:01:00"),
        ct("ab", "20", "1.2", "2026-03-02T10:02:00"),
        ct("abc", "30", "1.3", "2026-03-02T10:03:00"),
    ]
    exam = only(*reports)
    assert exam.dlp_mgy_cm == 30
    assert [one.uid for one in exam.events] == ["ea", "eb", "ec"]
    assert [use.role for use in exam.summary.evidences].count(Role.SUPERSEDED) == 2
    assert not exam.summary.conflicts


def test_p05_continued_study_unites_disjoint_reports():
    """P5: two reports of one study with other events are both counted, their totals summed."""
    exam = only(ct("ab", "20", "1.1"), ct("cd", "21", "1.2"))
    assert exam.dlp_mgy_cm == 41
    assert len(exam.events) == 4
    (dlp,) = (one for one in exam.summary.headline if one.quantity == "dlp")
    assert dlp.basis is Basis.SUMMED
    assert len(dlp.sources) == 2


def test_p05_overlapping_reports_count_each_event_once():
    """P5: reports that share some events give the sum of the united events, not of the totals."""
    exam = only(ct("ab", "20", "1.1"), ct("bc", "20", "1.2"))
    assert exam.dlp_mgy_cm == 30
    assert len(exam.events) == 3


def test_p06_identical_bytes_are_one_evidence():
    """P6: the same object twice changes nothing."""
    report = ct("ab", "20", "1.1")
    again = evidence(report.reading, name="")
    assert reconcile([report, again]) == reconcile([report])


def test_p06_same_object_with_other_dose_shows_both_and_the_newer_holds():
    """P6: one SOP Instance UID with other bytes: the later content time counts, with a conflict."""
    old = ct("ab", "20", "1.1", "2026-03-02T10:01:00")
    new = ct("ab", "25", "1.1", "2026-03-02T10:05:00")
    exam = only(old, new)
    assert exam.dlp_mgy_cm == 25
    assert codes(exam) == ["instance-changed"]
    assert {str(one.value) for one in exam.summary.conflicts[0].values} == {"20", "25"}
    assert len(exam.summary.evidences) == 2


def test_p06_p21_same_object_under_another_patient_counts_once_and_says_so():
    """P6, P21: a PACS that corrected the patient is no second dose, and no silent move."""
    events = [event("e1", dlp=10, ctdi_vol=5, phantom="32cm")]
    sent = reading(uid="1.1", events=events, totals=[total("dlp", 10)])
    for other, expected in (
        (Patient(id="9999", issuer="CHU"), ["instance-of-two-patients"]),
        (Patient(id=sent.patient.id, issuer="OTHER"), ["instance-of-two-patients"]),
        (Patient(id=sent.patient.id, name="Other^Name"), []),
        (Patient(), []),
    ):
        coerced = replace(sent, patient=other)
        exam = only(evidence(sent), evidence(coerced))
        assert exam == only(evidence(coerced), evidence(sent))
        assert exam.dlp_mgy_cm == 10
        assert codes(exam) == expected


def rf_report(dap: str = "2"):
    """A fluoroscopy report."""
    return evidence(
        reading(
            "rdsr-projection",
            uid="1.1",
            events=[event("e1", XR, dose_area_product=dap, dose_rp=20)],
            totals=[
                total("dose_area_product", dap),
                total("dose_rp", 20),
                total("fluoro_time", 60),
            ],
        )
    )


def rf_mpps(dap: str = "2", status: str = "COMPLETED"):
    """An MPPS of the same study."""
    return evidence(
        reading(
            "mpps",
            uid="1.7",
            totals=[total("dose_area_product", dap), total("fluoro_time", 61)],
            step=step(status),
            modality="RF",
        ),
        "dicom-mpps",
    )


def rf_header():
    """An image header of the same exposure."""
    image = event("i1", XR, dose_area_product="2", uid_is_synthesised=True)
    return evidence(reading("image-header", uid="1.5", events=[image], modality="RF"))


def rf_screen():
    """A dose screen of the same study."""
    totals = [total("dose_area_product", "2")]
    return evidence(reading("dose-sc-header", uid="1.6", totals=totals, modality="RF"))


def test_p07_report_mpps_header_and_screen_are_one_dose():
    """P7: the same exam four ways is one dose with four evidences, the strongest counted."""
    exam = only(rf_screen(), rf_header(), rf_mpps(), rf_report())
    assert exam.dose_area_product_gy_cm2 == 2
    assert len(exam.events) == 1
    assert roles(exam) == {
        "rdsr-projection": Role.COUNTED,
        "mpps": Role.CORROBORATES,
        "image-header": Role.CORROBORATES,
        "dose-sc-header": Role.CORROBORATES,
    }
    assert exam.evidence_kind == "rdsr-projection"
    assert exam.state == "completed"
    assert not exam.summary.conflicts


def test_p07_disagreement_over_five_percent_is_shown_with_both_numbers():
    """P7: 5 % apart is silent, more is a conflict with both values; the stronger still counts."""
    assert not only(rf_report("100"), rf_mpps("95")).summary.conflicts
    exam = only(rf_report("100"), rf_mpps("94.9"))
    assert exam.dose_area_product_gy_cm2 == 100
    (conflict,) = exam.summary.conflicts
    assert conflict.code == "total-differs"
    assert [str(one.value) for one in conflict.values] == ["100", "94.9"]


@pytest.mark.parametrize(
    ("present", "counted"),
    [
        (["mpps", "header", "screen"], "mpps"),
        (["header", "screen"], "image-header"),
        (["screen"], "dose-sc-header"),
    ],
)
def test_p07_the_next_strongest_counts_where_the_strongest_is_missing(present, counted):
    """P7, R54: without a report the MPPS counts, without it the header, then the screen."""
    made = {"mpps": rf_mpps, "header": rf_header, "screen": rf_screen}
    exam = only(*(made[name]() for name in present))
    assert exam.evidence_kind == counted
    assert exam.dose_area_product_gy_cm2 == 2
    assert list(roles(exam).values()).count(Role.COUNTED) == 1


@pytest.mark.parametrize(
    ("stated", "kind"),
    [
        ({"number_of_events": 3}, "screen"),
        ({"number_of_events": 3, "dlp": 300}, "mpps"),
        ({}, "screen"),
    ],
    ids=["exposures only", "a dose as well", "nothing"],
)
def test_r54_an_exam_names_the_evidence_that_its_doses_come_from(stated, kind):
    """R54: an MPPS that counts exposures has not stated the dose that stands on the screen."""
    totals = [total(name, number) for name, number in stated.items()]
    performed = reading("mpps", uid="1.7", totals=totals, step=step("COMPLETED"), modality="CT")
    shown = reading("screen", uid="1.6", totals=[total("dlp", 300)], modality="CT")
    exam = only(evidence(performed, "dicom-mpps"), evidence(shown, "screen"))
    assert exam.dlp_mgy_cm == 300
    assert exam.evidence_kind == kind
    assert [part.evidence_kind for part in exam.summary.parts] == [kind]


def test_p08_synthesised_twins_of_two_images_are_one_event():
    """P8: images that give the same synthesised UID show one exposure."""
    twin = event("s1", MG, average_glandular_dose="1.2", side="left", uid_is_synthesised=True)
    other = event("s2", MG, average_glandular_dose="1.0", side="left", uid_is_synthesised=True)
    exam = only(
        evidence(reading("image-header", uid="1.1", events=[twin])),
        evidence(reading("image-header", uid="1.2", events=[twin])),
        evidence(reading("image-header", uid="1.3", events=[other])),
    )
    assert len(exam.events) == 2
    assert exam.agd_left_mgy == Decimal("2.2")
    assert exam.agd_right_mgy is None


def test_p09_one_acquisition_under_two_studies_counts_once():
    """P9: the same events under two study UIDs and two orders are one exam with both orders."""
    events = [event("ea", dlp=10), event("eb", dlp=10)]
    chest = reading(uid="1.1", study="1.91", accession="A1", events=events)
    abdomen = reading(uid="1.2", study="1.92", accession="A2", events=events)
    exam = only(evidence(chest), evidence(abdomen))
    assert exam.dlp_mgy_cm == 20
    assert exam.summary.accession_numbers == ("A1", "A2")
    assert exam.summary.study_uids == ("1.91", "1.92")


def test_p12_dlp_stands_per_phantom():
    """P12: two phantoms are two DLPs; the stated total that mixes them is kept beside them."""
    events = [
        event("e1", dlp=100, ctdi_vol=40, phantom="16cm"),
        event("e2", dlp=300, ctdi_vol=9, phantom="32cm"),
    ]
    exam = only(evidence(reading(events=events, totals=[total("dlp", 400)])))
    shown = {one.phantom: one.value for one in exam.summary.headline if one.quantity == "dlp"}
    assert shown == {"16cm": 100, "32cm": 300, None: 400}
    unstated = only(evidence(reading(events=events)))
    assert unstated.dlp_mgy_cm is None


def test_p11_phantom_of_a_total_is_named_only_where_it_is_known():
    """P11: one stated phantom names the total's, a silent event leaves it open."""
    known = only(ct("ab", "20", "1.1"))
    assert {one.phantom for one in known.summary.headline} == {"32cm"}
    events = [event("e1", dlp=10, phantom="32cm"), event("e2", dlp=10)]
    mixed = only(evidence(reading(events=events, totals=[total("dlp", 20)])))
    assert None in {one.phantom for one in mixed.summary.headline}


def test_p13_ctdivol_is_the_largest_never_a_sum():
    """P13: CTDIvol of a study is the maximum of its events."""
    events = [event("e1", ctdi_vol=40, dlp=1), event("e2", ctdi_vol="9.5", dlp=1)]
    exam = only(evidence(reading(events=events)))
    assert exam.ctdi_vol_max_mgy == 40
    (shown,) = (one for one in exam.summary.headline if one.quantity == "ctdi_vol")
    assert shown.basis is Basis.MAX


def test_p16_biplane_kap_adds_and_kar_does_not():
    """P16, R20: KAP of two planes adds to the study's, air kerma stays one for each plane."""
    totals = [
        total("dose_area_product", 30, plane=Plane.A),
        total("dose_area_product", 20, plane=Plane.B),
        total("dose_rp", 300, plane=Plane.A),
        total("dose_rp", 200, plane=Plane.B),
    ]
    events = [
        event("e1", XR, dose_area_product=30, plane=Plane.A),
        event("e2", XR, dose_area_product=20, plane=Plane.B),
    ]
    exam = only(evidence(reading("rdsr-projection", events=events, totals=totals)))
    assert exam.dose_area_product_gy_cm2 == 50
    assert exam.dose_rp_mgy is None
    planes = {one.plane: one.value for one in exam.summary.headline if one.quantity == "dose_rp"}
    assert planes == {Plane.A: 300, Plane.B: 200}
    assert exam.modality == "XA"


def test_p21_identity_is_identifier_and_issuer():
    """P21: one identifier from two issuers is two patients, even in one study."""
    other = Patient(id=PATIENT.id, issuer="Clinic", name="Someone^Else")
    exams = reconcile(
        [
            evidence(reading(uid="1.1", events=[event("e1", dlp=1)])),
            evidence(reading(uid="1.2", events=[event("e2", dlp=2)], patient=other)),
        ]
    )
    assert {(one.patient.issuer, one.dlp_mgy_cm) for one in exams} == {("CHU", 1), ("Clinic", 2)}
    assert len({one.id for one in exams}) == 2


def test_p21_missing_issuer_or_identifier_joins_the_only_patient_of_the_group():
    """P21: within one study a bare or missing identifier is the patient that the others name."""
    bare = Patient(id=PATIENT.id, name="Muster^Anna")
    exam = only(
        evidence(reading(uid="1.1", events=[event("e1", dlp=1)])),
        evidence(reading(uid="1.2", events=[event("e2", dlp=2)], patient=bare)),
        evidence(reading(uid="1.3", events=[event("e3", dlp=3)], patient=Patient())),
    )
    assert exam.dlp_mgy_cm == 6
    assert (exam.patient.identifier, exam.patient.issuer) == ("4711", "CHU")


def test_p20_nobody_named_is_an_unidentified_patient_with_the_name_kept():
    """P20: without identifier the exam stands under an unidentified patient of its own."""
    unknown = Patient(name="Unknown male")
    first = only(evidence(reading(study="1.91", events=[event("e1", dlp=1)], patient=unknown)))
    second = only(evidence(reading(study="1.92", events=[event("e2", dlp=1)], patient=unknown)))
    assert first.patient.issuer == "unidentified"
    assert first.patient.name == "Unknown male"
    assert first.patient.identifier != second.patient.identifier


def test_p09_p21_one_event_under_two_patients_counts_once_and_shows_at_both():
    """P9, P21: an event that two patients claim counts with the strongest, a conflict at both."""
    other = Patient(id="9999", issuer="CHU")
    event_ = event("e1", XR, dose_area_product=5)
    report = reading("rdsr-projection", uid="1.1", events=[event_])
    image = reading("image-header", uid="1.2", events=[event_], patient=other)
    first, second = sorted(
        reconcile([evidence(image), evidence(report)]), key=lambda one: one.patient.identifier
    )
    assert (first.dose_area_product_gy_cm2, second.dose_area_product_gy_cm2) == (5, None)
    assert codes(first) == codes(second) == ["event-of-two-patients"]


def test_p29_stated_zero_is_zero_and_missing_is_missing():
    """P29: a stated 0 stays 0, what nobody states is None and is told as a note in a sum."""
    zero = only(evidence(reading(events=[event("e1", dlp=0)], totals=[total("dlp", 0)])))
    assert zero.dlp_mgy_cm == 0
    silent = only(evidence(reading(events=[event("e1"), event("e2", dlp=3)])))
    assert silent.dlp_mgy_cm == 3
    assert silent.ctdi_vol_max_mgy is None
    assert silent.summary.notes == ("1 of 2 irradiation events state no DLP",)


def test_p53_the_end_of_a_step_finds_its_patient_in_the_beginning_another_box_took():
    """P53: what a box keeps of a step that it did not see begin counts with the step's patient."""
    began = evidence(reading("mpps", uid="1.7", step=step("IN PROGRESS", ended="")), "dicom-mpps")
    last = replace(rf_mpps("3").reading, patient=Patient(), study=Study())
    exam = only(evidence(last, "dicom-mpps"), began)
    assert exam == only(began, evidence(last, "dicom-mpps"))
    assert (exam.patient.identifier, exam.study_uid) == (PATIENT.id, began.reading.study.uid)
    assert (exam.dose_area_product_gy_cm2, exam.state) == (3, "completed")


def test_p53_discontinued_step_keeps_its_dose_and_its_state():
    """P53: DISCONTINUED is the state of the exam, and the dose is counted."""
    exam = only(rf_mpps("0.4", "DISCONTINUED"))
    assert exam.state == "discontinued"
    assert exam.dose_area_product_gy_cm2 == Decimal("0.4")


def test_p53_final_state_of_a_step_holds_whatever_came_last():
    """P53: IN PROGRESS that arrives after COMPLETED does not open the exam again."""
    running = evidence(
        reading("mpps", uid="1.7", step=step("IN PROGRESS"), created="2026-03-02T11:00:00")
    )
    exam = only(rf_mpps(), running)
    assert exam.state == "completed"
    assert only(running).state == "in progress"
    assert only(running, rf_report()).dose_area_product_gy_cm2 == 2


def test_p60_pet_ct_is_one_exam_of_two_parts():
    """P60, R68: report of the injection and report of the CT are two parts, both counted."""
    injection = event("n1", NM, "2026-03-02T08:55:00", administered_activity=300)
    exam = only(
        ct("ab", "20", "1.1"),
        evidence(reading("rrdsr", uid="1.2", events=[injection], modality="PT")),
    )
    assert (exam.dlp_mgy_cm, exam.administered_activity_mbq) == (20, 300)
    assert [part.modality for part in exam.summary.parts] == ["CT", "PT"]
    assert exam.modality == "PT"
    assert exam.started == "2026-03-02T10:00:00"


def test_p60_pet_header_with_another_uid_is_the_same_injection():
    """P60: header and report of one injection differ in UID and clock, and count once."""
    report = event("n1", NM, "2026-03-02T08:55:00", administered_activity=300)
    header = event("n2", NM, "2026-03-02T09:02:00", administered_activity=300)
    exam = only(
        evidence(reading("rrdsr", uid="1.1", events=[report])),
        evidence(reading("image-header", uid="1.2", events=[header], modality="PT")),
    )
    assert exam.administered_activity_mbq == 300
    assert not exam.summary.conflicts


def test_header_event_that_no_report_has_is_shown_and_not_counted():
    """P7, P27: an image with a real event UID that the report lacks is named, not dropped."""
    image = event("e9", XR, dose_area_product="1")
    exam = only(
        rf_report(), evidence(reading("image-header", uid="1.5", events=[image], modality="RF"))
    )
    assert exam.dose_area_product_gy_cm2 == 2
    assert "event-missing" in codes(exam)


def test_weaker_evidence_of_another_machine_is_a_part_of_its_own():
    """P7: a report covers what its own machine did, not the images of another room."""
    from dosebook_protocol.reading import Equipment

    c_arm = Equipment(model="C", serial_number="1", station_name="OR1")
    table = Equipment(model="D", serial_number="2", station_name="XR3")
    report = reading(
        "rdsr-projection",
        uid="1.1",
        events=[event("e1", XR, dose_area_product=5)],
        equipment=c_arm,
    )
    image = event("s1", XR, dose_area_product=1, uid_is_synthesised=True)
    exam = only(
        evidence(report),
        evidence(reading("image-header", uid="1.2", events=[image], equipment=table)),
    )
    assert exam.dose_area_product_gy_cm2 == 6
    assert len(exam.summary.parts) == 2


def test_difference_between_stated_and_summed_is_kept():
    """The stated total counts; the sum of its events stands beside it where it differs."""
    exam = only(ct("ab", "20.5", "1.1"))
    (difference,) = exam.summary.differences
    assert (difference.stated, difference.summed) == (Decimal("20.5"), 20)
    assert exam.dlp_mgy_cm == Decimal("20.5")


def test_p46_exam_known_from_files_only_is_imported():
    """P46: origin tells apart what a box captured here and what only files say."""
    report = ct("ab", "20", "1.1").reading
    assert only(evidence(report, "import")).origin == "imported"
    assert only(evidence(report, "import"), rf_report()).origin == "captured"


def test_p26_started_is_the_senders_local_time_without_zone():
    """P26: the local text of the sender is kept as it is, never re-zoned."""
    late = event("e1", at="2026-10-25T02:30:00", dlp=1)
    assert only(evidence(reading(events=[late]))).started == "2026-10-25T02:30:00"


def test_summary_survives_json():
    """What `exam.summary` stores reads back as it was."""
    summary = only(rf_report("100"), rf_mpps("1")).summary
    assert from_json(to_json(summary)) == summary


def test_p22_name_is_found_in_any_spelling():
    """P22: names are folded for search: case, accents, separators, width; kana keep their voice."""
    from dosebook_central.domain.patient_identity import fold_name

    assert fold_name("DUPONT^Élise") == fold_name("Dupont^ELISE ") == "dupont elise"
    assert fold_name("ﾔﾏﾀﾞ^ﾀﾛｳ") == fold_name("ヤマダ^タロウ")
    assert fold_name("ヤマダ") != fold_name("ヤマタ")
