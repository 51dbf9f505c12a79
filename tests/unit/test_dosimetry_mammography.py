"""Glandular dose: per view and breast, never one of the patient; what is left out and why."""

from decimal import Decimal

import pytest

from dosebook_central.dosimetry.inputs import Concept
from dosebook_central.dosimetry.mammography import FOR_AUDITS, mammography_findings
from dosebook_central.dosimetry.sets import Choices
from dosebook_protocol.quantities import to_storage
from dosebook_protocol.reading import EventKind
from tests.support.exams import context_of, event, exam, library, reasons_of, total, values_of

AGD = "average_glandular_dose"
CC = {"view": Concept("SNM3", "R-10242", "cranio-caudal")}


def view(ordinal, side, dose, **fields):
    """One exposure of a breast."""
    fields = {AGD: dose, "coded": CC, "compression_thickness": 52} | fields
    return event(ordinal, kind=EventKind.MAMMOGRAPHY, side=side, **fields)


def found(*events, sets=None, procedure="", **fields):
    """Mammography findings of an exam whose totals are the sums of its events by side."""
    totals = fields.pop("totals", None)
    if totals is None:
        doses = {}
        for one in events:
            if AGD in one.values:
                doses[one.side] = doses.get(one.side, 0) + one.values[AGD]
        totals = tuple(total(AGD, value, "summed", side=side) for side, value in doses.items())
    one = exam(*events, **({"modality": "MG", "totals": totals} | fields))
    return mammography_findings(one, context_of(one, sets, procedure))


def of_side(findings, side, label=""):
    """The accumulated dose of a breast."""
    (value,) = [v for v in values_of(findings, AGD, event=0, side=side) if v.label == label]
    return value


SCREENING = (
    view(1, "left", "1.30"),
    view(2, "left", "1.40"),
    view(3, "right", "1.28"),
    view(4, "right", "1.52"),
)


def test_p03_each_breast_has_its_dose_and_the_patient_has_none():
    """P3, R21: left 2.70, right 2.80 mGy; no value of AGD stands for the patient."""
    findings = found(*SCREENING)
    assert of_side(findings, "left").value == Decimal("2.70")
    assert of_side(findings, "right").value == Decimal("2.80")
    assert not values_of(findings, AGD, event=0, side=None)
    assert not [one for one in values_of(findings, AGD) if one.value == Decimal("5.5")]
    headlines = [one.place.side for one in values_of(findings, AGD) if one.is_headline]
    assert headlines == ["left", "right"]


@pytest.mark.parametrize(("sent", "unit"), [("0.013", "dGy"), ("1.3", "mGy"), ("0.0013", "Gy")])
def test_p03_header_decigray_and_report_milligray_are_one_dose(sent, unit):
    """P3, R21: 0.013 dGy of an image header and 1.3 mGy of a report are one dose of the view."""
    dose = to_storage(Decimal(sent), unit, AGD)
    assert of_side(found(view(1, "left", dose)), "left").value == Decimal("1.3")


def test_each_view_shows_what_its_dose_was_computed_from():
    """View, compression thickness and composition stand beside the dose of the exposure."""
    findings = found(view(1, "left", "1.30", percent_fibroglandular=20, kvp=28))
    (value,) = values_of(findings, AGD, event=1)
    assert (value.value, value.label, value.place.side) == (
        Decimal("1.30"),
        "cranio-caudal",
        "left",
    )
    inputs = {one.name: (one.value, one.unit) for one in value.inputs}
    assert inputs["Compression thickness"] == ("52", "mm")
    assert inputs["Fibroglandular tissue"] == ("20", "%")


def test_p37_tomosynthesis_and_2d_of_one_moment_are_two_exposures():
    """P37: two events of one time and breast with two UIDs both count."""
    moment = "2026-03-02T10:00:00"
    findings = found(
        view(1, "left", "1.3", started=moment, protocol="2D"),
        view(2, "left", "1.6", started=moment, protocol="TOMO"),
    )
    assert of_side(findings, "left").value == Decimal("2.9")
    assert len([v for v in values_of(findings, AGD) if v.place.event]) == 2


def test_p37_quality_control_and_specimens_are_in_no_sum():
    """P37: a flat field and a specimen are shown, named and left out of the breast's dose."""
    findings = found(
        view(1, "left", "1.3"),
        view(2, "left", "0.3", protocol="Flat Field Tomo"),
        view(3, "left", "0.5", protocol="SPECIMEN"),
    )
    value = of_side(findings, "left")
    assert value.value == Decimal("1.3")
    assert "2 of 3 views left out: not of the patient" in value.notes
    assert [(flag.code, flag.event) for flag in findings.flags] == [
        ("not-patient", 2),
        ("not-patient", 3),
    ]
    assert "FLATFIELD" in findings.flags[0].sentence or "FLAT FIELD" in findings.flags[0].sentence


def test_p37_biopsy_views_count_for_the_patient_and_not_for_audits():
    """P37: a stereotactic view is in the breast's dose; the dose for audits stands beside it."""
    findings = found(view(1, "left", "1.3"), view(2, "left", "2.0", protocol="STEREO"))
    assert of_side(findings, "left").value == Decimal("3.3")
    assert of_side(findings, "left", FOR_AUDITS).value == Decimal("1.3")
    assert [(flag.code, flag.event) for flag in findings.flags] == [("not-audit", 2)]


def test_p37_the_list_of_exclusions_can_be_edited():
    """P37: with the list switched off nothing is left out."""
    sets = library(exposure_exclusions=Choices(is_enabled=False))
    findings = found(view(1, "left", "1.3"), view(2, "left", "0.5", protocol="SPECIMEN"), sets=sets)
    assert of_side(findings, "left").value == Decimal("1.8")
    assert not findings.flags


def test_p37_short_words_match_as_words_only():
    """P37: QC leaves out "QC tomo" and not a protocol that holds the letters in a word."""
    findings = found(view(1, "left", "1", protocol="QC tomo"), view(2, "left", "2", protocol="QCX"))
    assert [flag.event for flag in findings.flags] == [1]


def test_p37_a_breast_without_a_code_is_not_guessed():
    """P37: a side that no code names is not read from the protocol's text."""
    findings = found(view(1, None, "1.3", protocol="L-CC"))
    assert "no-side" in reasons_of(findings, AGD)
    assert not values_of(findings, AGD, event=0, side="left")
    (value,) = values_of(findings, AGD, event=0)
    assert value.label == "breast not stated"


def test_p24_an_exam_with_quality_control_intent_is_of_no_patient():
    """The coded intent of quality control (113680, DCM) leaves out every exposure (P24)."""
    intent = {"intent": Concept("DCM", "113680", "Quality Control Intent")}
    findings = found(*SCREENING, coded=intent)
    assert not values_of(findings, AGD, event=0)
    assert "excluded" in reasons_of(findings, AGD)
    assert "excluded" in reasons_of(findings, "effective_dose")


def test_p29_a_view_without_dose_is_missing_and_a_stated_zero_stays():
    """P29: a breast with a stated zero has 0 mGy, a view without dose has a reason."""
    totals = (total(AGD, 0, side="left"), total(AGD, "9.68", side="right"))
    findings = found(view(1, "right", None), view(2, "right", "9.68"), totals=totals)
    assert of_side(findings, "left").value == 0
    assert "not-stated" in reasons_of(findings, AGD)


def test_effective_dose_is_the_tissue_weight_times_the_mean_of_the_breasts():
    """ICRP 103: 0.12 x (1.30 + 1.28) / 2 = 0.1548 mSv."""
    findings = found(view(1, "left", "1.30"), view(2, "right", "1.28"))
    (value,) = values_of(findings, "effective_dose")
    assert (value.value, value.unit) == (Decimal("0.1548"), "mSv")
    assert value.method.coefficient_set == "mammo-wt"
    assert value.interval is None
    assert any(note.startswith("no interval") for note in value.notes)


def test_one_breast_counts_half_where_every_view_names_it():
    """A unilateral exam by code: the other breast has 0, said in a note; 0.12 x 1.30 / 2."""
    (value,) = values_of(found(view(1, "left", "1.30")), "effective_dose")
    assert value.value == Decimal("0.078")
    assert "no view of the right breast: its dose is 0" in value.notes
    doubtful = found(view(1, "left", "1.30"), view(2, None, "1.30"))
    assert not values_of(doubtful, "effective_dose")
    assert "no-side" in reasons_of(doubtful, "effective_dose")


def test_p30_no_effective_dose_without_age_or_for_a_child():
    """P30: the weight is for adults; neither a child nor an unknown age gets it."""
    assert "no-age" in reasons_of(found(*SCREENING, birth_date=""), "effective_dose")
    child = found(*SCREENING, birth_date="20150101")
    assert "no-coefficient" in reasons_of(child, "effective_dose")
    assert not values_of(child, "effective_dose")
