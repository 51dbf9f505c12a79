"""Effective dose from KAP: factors only where the exam is proved to be in their domain."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dosebook_central.dosimetry.inputs import Calibration, Concept
from dosebook_central.dosimetry.intervals import REFERENCE_PERSON
from dosebook_central.dosimetry.projection import projection_findings
from dosebook_central.dosimetry.sets import Choices
from dosebook_central.dosimetry.values import RegionFinding
from dosebook_protocol.reading import EventKind, Plane
from tests.support.exams import context_of, event, exam, library, reasons_of, total, values_of

XR = EventKind.PROJECTION
HEART = {"target_region": Concept("SCT", "80891009", "Heart")}
LATERAL = {"view": Concept("SCT", "399067008", "lateral")}


def found(*events, procedure="", sets=None, **fields):
    """Projection findings of an angiography."""
    one = exam(*events, **({"modality": "XA"} | fields))
    return projection_findings(one, context_of(one, sets, procedure))


def dose(findings):
    """The one effective dose."""
    (value,) = values_of(findings, "effective_dose")
    return value


def kap(number, **fields):
    """The total of an exam."""
    return {"totals": (total("dose_area_product", number, plane=Plane.SINGLE),)} | fields


def test_coronary_angiography_with_the_factor_without_copper():
    """Vano 2019: 0.21 mSv/(Gy.cm2) for cine without copper: 50 Gy.cm2 give 10.5 mSv."""
    value = dose(found(event(kind=XR, dose_area_product=50), procedure="xa_coronary", **kap(50)))
    assert (value.value, value.unit) == (Decimal("10.5"), "mSv")
    assert (value.method.coefficient_set, value.method.id) == ("vano2019", "kap-factor")
    assert value.place.region == "heart"
    assert (value.interval.low, value.interval.high) == (Decimal(8), Decimal(20))
    assert any("not every event states its added copper" in note for note in value.notes)


@pytest.mark.parametrize(
    ("copper", "factor"),
    [
        ("0", "0.16"),
        ("0.1", "0.27"),
        ("0.25", "0.305"),
        ("0.4", "0.34"),
        ("0.9", "0.4"),
        ("1.5", "0.4"),
    ],
)
def test_coronary_events_have_the_factor_of_their_copper(copper, factor):
    """Vano 2019, factors per event for 0, 0.1, 0.4 and 0.9 mm Cu; between them linear."""
    one = event(kind=XR, dose_area_product=10, copper_mm=Decimal(copper))
    value = dose(found(one, procedure="xa_pci", **kap(10)))
    assert value.value == Decimal(factor) * 10


def test_factors_of_events_are_weighted_with_their_kap():
    """30 Gy.cm2 at 0.27 and 10 Gy.cm2 at 0.40 give 12.1 mSv (Vano 2019, per event)."""
    events = (
        event(1, kind=XR, dose_area_product=30, copper_mm=Decimal("0.1")),
        event(2, kind=XR, dose_area_product=10, copper_mm=Decimal("0.9")),
    )
    assert dose(found(*events, procedure="xa_coronary", **kap(40))).value == Decimal("12.1")


def test_p18_effective_dose_uses_the_corrected_kap():
    """P18: a calibration factor of 1.1 raises the dose by as much; its doubt is in the interval."""
    calibration = Calibration(Plane.SINGLE, Decimal("1.1"), Decimal(10))
    value = dose(
        found(event(kind=XR), procedure="xa_coronary", **kap(50), calibrations=(calibration,))
    )
    assert value.value == Decimal("11.55")
    assert value.interval.low == Decimal("7.92")  # 55 x 0.9 x 0.16
    assert value.interval.high == Decimal("24.2")  # 55 x 1.1 x 0.40


@pytest.mark.parametrize(
    ("born", "factor", "words"),
    [
        ("20260302", "3.7", "reference age newborn"),
        ("20250302", "1.9", "reference age 1 y"),
        ("20230302", "1.45", "between 1 y and 5 y"),
        ("20210302", "1", "reference age 5 y"),
        ("20160302", "0.6", "reference age 10 y"),
        ("20090302", "0.4", "held from 15 y"),
    ],
)
def test_p30_children_have_the_factor_of_their_age(born, factor, words):
    """P30: Karambatsakidou 2009 at newborn, 1, 5, 10 and 15 years, linear between, held to 18."""
    one = event(kind=XR, coded=HEART, dose_area_product=2)
    value = dose(found(one, birth_date=born, **kap(2)))
    assert value.value == Decimal(factor) * 2
    assert value.method.coefficient_set == "karambatsakidou2009"
    assert words in value.method.text
    assert value.interval.low < value.value < value.interval.high


def test_p30_no_adult_factor_for_a_child_nor_without_an_age():
    """P30: a child's barium swallow has no verified factor; an unknown age is no adult."""
    child = found(event(kind=XR), procedure="rf_swallow", birth_date="20180302", **kap(5))
    assert "no-coefficient" in reasons_of(child, "effective_dose")
    assert "a child" in reasons_of(child, "effective_dose")["no-coefficient"]
    ageless = found(event(kind=XR), procedure="xa_coronary", birth_date="", **kap(5))
    assert "no-age" in reasons_of(ageless, "effective_dose")
    for findings in (child, ageless):
        assert not values_of(findings, "effective_dose")


def test_a_coronary_factor_is_not_used_for_other_work_on_the_heart():
    """A pacemaker is no coronary angiography: no factor, and no typical value either."""
    findings = found(event(kind=XR, coded=HEART), procedure="xa_pacemaker_dual", **kap(5))
    assert not values_of(findings, "effective_dose")
    assert "no-coefficient" in reasons_of(findings, "effective_dose")


def test_swallow_study_needs_region_and_view_of_every_event():
    """MBSS 2017: 0.19 mSv/(Gy.cm2) for lateral fields of the neck; without the view, nothing."""
    one = exam(event(kind=XR, coded=LATERAL, dose_area_product=4), modality="RF", **kap(4))
    regions = {1: RegionFinding(1, "neck", "high", "target region")}
    context = replace(context_of(one, procedure="rf_swallow"), regions=regions)
    value = dose(projection_findings(one, context))
    assert (value.value, value.method.coefficient_set) == (Decimal("0.76"), "mbss2017")
    assert (value.interval.low, value.interval.high) == (Decimal("0.6"), Decimal("0.92"))
    unseen = found(event(kind=XR, dose_area_product=4), procedure="rf_swallow", **kap(4))
    assert not values_of(unseen, "effective_dose")


@pytest.mark.parametrize(
    ("area", "factor"), [(80, "0.129"), (150, "0.111"), (300, "0.074"), (None, "0.129")]
)
def test_dental_cone_beam_by_field_of_view(area, factor):
    """Mah 2021: slopes for small, medium and large fields, the mean where no field is stated."""
    one = event(kind=XR, collimated_field_area=area)
    value = dose(found(one, procedure="cbct_dental_large", modality="CBCT", **kap(2)))
    assert value.value == Decimal(factor) * 2
    assert value.method.coefficient_set == "mah2021"


def test_a_set_that_a_physicist_puts_in_force_goes_first():
    """Brambilla 2017 (radial access) is off by default; switched on, it is the one used: 0.30."""
    sets = library(brambilla2017=Choices(is_enabled=True))
    value = dose(found(event(kind=XR), procedure="xa_coronary", sets=sets, **kap(10)))
    assert (value.value, value.method.coefficient_set) == (3, "brambilla2017")


def test_a_set_that_a_physicist_switches_off_is_not_used():
    """Without Vano 2019 there is no factor; the labelled typical value takes its place."""
    sets = library(vano2019=Choices(is_enabled=False))
    value = dose(found(event(kind=XR), procedure="xa_coronary", sets=sets, **kap(10)))
    assert (value.value, value.is_estimate) == (Decimal("7.6"), True)


def test_p31_effective_dose_says_whose_it_is():
    """P31: every effective dose is called an estimate for a reference person."""
    value = dose(found(event(kind=XR), procedure="xa_coronary", **kap(10)))
    assert REFERENCE_PERSON in value.notes
    assert "limit" not in " ".join(value.notes)
