"""KAP, Ka,r and their split: planes, calibration of the meter, what is stated and missing."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.dosimetry.inputs import Calibration, Concept
from dosebook_central.dosimetry.meter_calibration import CORRECTED
from dosebook_central.dosimetry.projection import projection_findings
from dosebook_central.dosimetry.projection_totals import TWO_POINTS, kap_of
from dosebook_protocol.quantities import to_storage
from dosebook_protocol.reading import EventKind, Plane
from tests.support.exams import context_of, event, exam, reasons_of, total, values_of

XR = EventKind.PROJECTION
FLUOROSCOPY = {"event_type": Concept("SRT", "P5-06000", "Fluoroscopy")}
FLUOROSCOPY_SCT = {"event_type": Concept("SCT", "44491008", "Fluoroscopy")}
ACQUISITION = {"event_type": Concept("DCM", "113611", "Stationary Acquisition")}


def found(*events, **fields):
    """Projection findings of an exam of an adult."""
    one = exam(*events, **({"modality": "XA"} | fields))
    return projection_findings(one, context_of(one))


def only(findings, quantity, **place):
    """The single value of a quantity."""
    (value,) = values_of(findings, quantity, **place)
    return value


@pytest.mark.parametrize(
    ("sent", "unit"),
    [
        ("0.0001", "Gy.m2"), ("10", "dGy.cm2"), ("100", "cGy.cm2"), ("100", "uGy.m2"),
        ("1000", "mGy.cm2"), ("1", "Gy.cm2"), ("1000000", "uGy.cm2"),
    ],
)  # fmt: skip
def test_p01_kap_of_any_unit_is_one_derived_value(sent, unit):
    """P1: 1 Gy.cm2 in every unit that machines send gives the same KAP on the exam."""
    kap = to_storage(Decimal(sent), unit, "dose_area_product")
    value = only(
        found(event(kind=XR), totals=(total("dose_area_product", kap),)), "dose_area_product"
    )
    assert (value.value, value.unit) == (1, "Gy.cm2")


def test_p02_ka_r_in_gray_or_milligray_is_one_derived_value():
    """P2: the reference air kerma of 0.0125 Gy and of 12.5 mGy is the same number on the exam."""
    for sent, unit in (("0.0125", "Gy"), ("12.5", "mGy")):
        number = to_storage(Decimal(sent), unit, "dose_rp")
        value = only(found(event(kind=XR), totals=(total("dose_rp", number),)), "dose_rp")
        assert (value.value, value.unit) == (Decimal("12.5"), "mGy")


def biplane(**fields):
    """A biplane exam: A with 20 Gy.cm2 and 300 mGy, B with 5 Gy.cm2 and 100 mGy."""
    totals = (
        total("dose_area_product", 25, "summed", plane=Plane.ALL),
        total("dose_area_product", 20, plane=Plane.A),
        total("dose_area_product", 5, plane=Plane.B),
        total("dose_rp", 300, plane=Plane.A),
        total("dose_rp", 100, plane=Plane.B),
    )
    return found(event(kind=XR), totals=totals, **fields)


def test_p16_kap_adds_over_planes_and_ka_r_does_not():
    """P16: KAP has a total and its planes; Ka,r two headline values, its sum only labelled."""
    findings = biplane()
    assert only(findings, "dose_area_product", plane=None).value == 25
    assert only(findings, "dose_area_product", plane=Plane.A).value == 20
    assert only(findings, "dose_area_product", plane=Plane.B).value == 5
    by_plane = {one.place.plane: one for one in values_of(findings, "dose_rp")}
    assert by_plane[Plane.A].value == 300
    assert by_plane[Plane.B].value == 100
    assert by_plane[Plane.ALL].value == 400
    assert by_plane[Plane.ALL].label == TWO_POINTS
    assert [plane for plane, one in by_plane.items() if one.is_headline] == [Plane.A, Plane.B]


def test_p16_an_idle_plane_makes_no_sum_of_two_points():
    """P16: a stated zero of plane B stays a zero of plane B, and nothing is added to it."""
    totals = (total("dose_rp", 300, plane=Plane.A), total("dose_rp", 0, plane=Plane.B))
    values = values_of(found(event(kind=XR), totals=totals), "dose_rp")
    assert [(one.place.plane, one.value) for one in values] == [(Plane.A, 300), (Plane.B, 0)]


def test_p16_two_machines_of_one_exam_keep_their_reference_points_apart():
    """P16: KAP of two single-plane machines adds, their Ka,r stands side by side."""
    totals = (
        total("dose_area_product", 3, plane=Plane.SINGLE),
        total("dose_area_product", 4, plane=Plane.SINGLE),
        total("dose_rp", 30, plane=Plane.SINGLE),
        total("dose_rp", 40, plane=Plane.SINGLE),
    )
    findings = found(event(kind=XR), totals=totals)
    assert only(findings, "dose_area_product").value == 7
    values = values_of(findings, "dose_rp")
    assert [(one.label, one.value) for one in values] == [
        ("machine 1 of 2", 30),
        ("machine 2 of 2", 40),
    ]


def test_p18_raw_and_corrected_kap_stand_side_by_side():
    """P18: a meter that reads 10 % low: 50 stated, 55 corrected, the stated one the headline."""
    calibration = Calibration(Plane.SINGLE, Decimal("1.1"), Decimal(5))
    totals = (
        total("dose_area_product", 50, plane=Plane.SINGLE),
        total("dose_rp", 200, plane=Plane.SINGLE),
    )
    findings = found(event(kind=XR), totals=totals, calibrations=(calibration,))
    for quantity, stated, corrected in (("dose_area_product", 50, 55), ("dose_rp", 200, 220)):
        raw, real = values_of(findings, quantity)
        assert (raw.value, raw.label, raw.is_headline) == (stated, "", True)
        assert (real.value, real.label, real.is_headline) == (corrected, CORRECTED, False)
        assert real.method.id == "meter-calibration"
        assert raw.interval == real.interval
        assert (raw.interval.low, raw.interval.high) == (
            corrected * Decimal("0.95"),
            corrected * Decimal("1.05"),
        )


def test_p18_each_plane_has_the_factor_of_its_own_meter():
    """P18: A at 1.1 and B at 0.9: 20 x 1.1 + 5 x 0.9 = 26.5 Gy.cm2; lows and highs add up."""
    findings = biplane(
        calibrations=(
            Calibration(Plane.A, Decimal("1.1"), Decimal(10)),
            Calibration(Plane.B, Decimal("0.9"), Decimal(20)),
        )
    )
    raw, real = values_of(findings, "dose_area_product", plane=None)
    assert (raw.value, real.value) == (25, Decimal("26.5"))
    assert raw.interval.low == Decimal("19.8") + Decimal("3.6")
    assert raw.interval.high == Decimal("24.2") + Decimal("5.4")


def test_p18_an_absurd_factor_corrects_nothing_and_is_flagged():
    """P18: a calibration factor of 100 is a percentage in the wrong place, not a meter."""
    findings = found(
        event(kind=XR),
        totals=(total("dose_area_product", 50),),
        calibrations=(Calibration(Plane.SINGLE, Decimal(100), None),),
    )
    assert [one.value for one in values_of(findings, "dose_area_product")] == [50]
    assert [flag.code for flag in findings.flags] == ["calibration-factor"]


def test_without_a_stated_uncertainty_there_is_no_interval_and_a_note_says_so():
    """No interval is made up for a meter whose uncertainty nobody states."""
    value = only(
        found(event(kind=XR), totals=(total("dose_area_product", 50),)), "dose_area_product"
    )
    assert value.interval is None
    assert any("states no uncertainty" in note for note in value.notes)


def test_p29_missing_kap_is_not_computable_and_a_stated_zero_is_zero():
    """P29: nothing stated gives a reason with its cure, a stated 0 gives the value 0."""
    missing = found(event(kind=XR, kvp=80))
    assert not values_of(missing, "dose_area_product")
    assert "not-stated" in reasons_of(missing, "dose_area_product")
    assert "not-stated" in reasons_of(missing, "dose_rp")
    zero = found(event(kind=XR, dose_area_product=0), totals=(total("dose_area_product", 0),))
    assert only(zero, "dose_area_product").value == 0


def test_p29_a_sum_says_how_many_events_it_leaves_out():
    """P29: of three events two state a KAP; the sum stands with a note, not with a silent zero."""
    events = (
        event(1, kind=XR, dose_area_product=1),
        event(2, kind=XR),
        event(3, kind=XR, dose_area_product=2),
    )
    value = only(
        found(*events, totals=(total("dose_area_product", 3, "summed"),)), "dose_area_product"
    )
    assert value.value == 3
    assert "1 of 3 irradiation events state no KAP" in value.notes


def test_stated_split_is_shown_as_stated():
    """Fluoroscopy and acquisition of a dose report are shown with its own totals."""
    totals = (
        total("dose_area_product", 10),
        total("fluoro_dose_area_product", 4),
        total("acquisition_dose_area_product", 6),
        total("fluoro_time", 90),
    )
    findings = found(event(kind=XR, coded=FLUOROSCOPY, dose_area_product=9), totals=totals)
    assert only(findings, "fluoro_dose_area_product").value == 4
    assert only(findings, "acquisition_dose_area_product").value == 6
    time = only(findings, "fluoro_time")
    assert (time.value, time.method.id, time.is_headline) == (90, "stated", True)


def test_split_follows_from_the_types_of_events_where_no_total_is_stated():
    """Legacy and present codes of fluoroscopy are one type; Ka,r is added within a plane only."""
    events = (
        event(1, kind=XR, coded=FLUOROSCOPY, dose_area_product=1, dose_rp=10, plane=Plane.A),
        event(2, kind=XR, coded=FLUOROSCOPY_SCT, dose_area_product=2, dose_rp=20, plane=Plane.B),
        event(3, kind=XR, coded=ACQUISITION, dose_area_product=4, dose_rp=40, plane=Plane.A),
    )
    findings = found(*events)
    assert only(findings, "fluoro_dose_area_product").value == 3
    assert only(findings, "acquisition_dose_area_product").value == 4
    fluoro = {one.place.plane: one.value for one in values_of(findings, "fluoro_dose_rp")}
    assert fluoro == {Plane.A: 10, Plane.B: 20}
    assert "no-event-value" in reasons_of(findings, "fluoro_time")


def test_split_needs_the_type_of_every_event():
    """One event of unknown type may be either: the split is not computable."""
    events = (
        event(1, kind=XR, coded=FLUOROSCOPY, dose_area_product=1),
        event(2, kind=XR, dose_area_product=2),
    )
    findings = found(*events)
    assert not values_of(findings, "fluoro_dose_area_product")
    assert "no-event-type" in reasons_of(findings, "fluoro_dose_area_product")


def test_entrance_dose_is_the_largest_of_the_events():
    """Entrance doses of several exposures are never added."""
    findings = found(event(kind=XR), totals=(total("entrance_dose", 3, "max"),))
    value = only(findings, "entrance_dose")
    assert (value.value, value.method.id) == (3, "largest")


def test_an_exam_without_projection_has_no_projection_findings():
    """A CT exam is asked for no KAP."""
    findings = found(event(region="head"), modality="CT")
    assert findings.values == findings.absences == ()


IN_PLANES = st.tuples(
    st.sampled_from([Plane.A, Plane.B, Plane.SINGLE]), st.decimals("0.01", "500", places=3)
)


@given(st.lists(IN_PLANES, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_kap_does_not_depend_on_the_order_of_planes_and_machines(stated, random):
    """The sum over planes is exact and the same in every order; nothing missing becomes a zero."""
    totals = [total("dose_area_product", value, plane=plane) for plane, value in stated]
    shuffled = random.sample(totals, len(totals))
    first, second = (kap_of(exam(totals=tuple(one))) for one in (totals, shuffled))
    assert first.stated == second.stated == first.corrected == sum(value for _, value in stated)
    findings = found(event(kind=XR), totals=tuple(totals))
    assert all(one.value > 0 for one in findings.values)
