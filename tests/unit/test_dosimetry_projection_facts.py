"""What formulas learn of a projection exam: calibration of its meters, added copper, organ."""

from dataclasses import asdict, replace
from decimal import Decimal

from dosebook_central.domain.reconcile import reconcile
from dosebook_central.dosimetry.inputs import Calibration, ExamInputs, exam_inputs
from dosebook_protocol.reading import Code, CodedItem, DoseValue, EventKind, Plane
from tests.support.readings import event, evidence, reading

COPPER = Code("C-127F9", "SRT", "Copper or Copper compound")
ALUMINIUM = Code("12503006", "SCT", "Aluminum")


def inputs(report_items=(), **fields) -> ExamInputs:
    """The inputs of an exam of one projection event; keywords are fields of the event."""
    one = replace(event("e1", EventKind.PROJECTION, dose_area_product=1), **fields)
    report = reading("rdsr-projection", events=[one], items=tuple(report_items))
    (exam,) = reconcile([evidence(report)])
    return exam_inputs(asdict(exam), [asdict(counted) | {"ordinal": 1} for counted in exam.events])


def plane_items(place, plane, factor, uncertainty):
    """The items of one accumulated dose container that say its plane and calibration."""
    return (
        CodedItem("acquisition_plane", Code(plane, "DCM"), path=f"{place}/113764"),
        CodedItem("calibration_factor", text=factor, path=f"{place}/122505/122322"),
        CodedItem("calibration_uncertainty", text=uncertainty, path=f"{place}/122505/113763"),
    )


def filters(*stated):
    """Items and values of X-ray filters: material and thickness in mm, None where not stated."""
    items, values = [], []
    for position, (material, thickness) in enumerate(stated, 1):
        place = f"113706/113771[{position}]"
        items.append(CodedItem("x_ray_filter_material", material, path=f"{place}/113757"))
        if thickness is not None:
            number = Decimal(thickness)
            values.append(
                DoseValue("filter_thickness_maximum", number, "mm", thickness, "mm", f"{place}/x")
            )
    return {"items": tuple(items), "values": tuple(values)}


def test_p18_calibration_of_each_plane_is_known_to_the_formulas():
    """P18: factor and uncertainty of the dose report, by plane, as numbers."""
    a = plane_items("113702[1]", "113620", "1.08 1", "5 %")
    b = plane_items("113702[2]", "113621", "0.95 1", "10 %")
    assert inputs((*a, *b)).calibrations == (
        Calibration(Plane.A, Decimal("1.08"), Decimal(5)),
        Calibration(Plane.B, Decimal("0.95"), Decimal(10)),
    )


def test_p29_a_calibration_that_is_no_number_is_none():
    """P29: a text in place of the factor gives no calibration of 0 or 1."""
    assert inputs(plane_items("113702", "113622", "unknown", "")).calibrations == ()


def test_added_copper_is_the_sum_of_copper_filters():
    """0.1 and 0.3 mm of copper beside 1 mm of aluminium are 0.4 mm of copper."""
    stated = filters((COPPER, "0.1"), (ALUMINIUM, "1"), (COPPER, "0.3"))
    assert inputs(**stated).events[0].copper_mm == Decimal("0.4")


def test_p29_copper_is_zero_where_filters_are_stated_and_unknown_where_not():
    """P29: aluminium alone is 0 mm of copper; no filter stated, or no thickness, is unknown."""
    assert inputs(**filters((ALUMINIUM, "1"))).events[0].copper_mm == 0
    assert inputs().events[0].copper_mm is None
    assert inputs(**filters((COPPER, None))).events[0].copper_mm is None
    assert inputs(**filters((None, "0.3"))).events[0].copper_mm is None


def test_organ_of_a_header_dose_is_the_exposed_organ():
    """Organ Dose (0040,0316) of an image header is that of Organ Exposed (0040,0318)."""
    value = DoseValue("organ_dose", Decimal(3), "mGy", "0.03", "dGy", "(0040,0316)")
    item = CodedItem("organ_exposed", text="OVARIES", path="(0040,0318)")
    for items, organ in (((), ""), ((item,), "OVARIES")):
        (stated,) = inputs(values=(value,), items=items).events[0].organs
        assert (stated.organ.text, stated.value) == (organ, 3)


def test_p33_what_an_object_says_of_the_method_stays_with_its_organ_dose():
    """P33: measurement method and reference authority of TID 10023 go with the dose beside them."""
    values = tuple(
        DoseValue("organ_dose", Decimal(n), "mGy", str(n), "mGy", f"a/113517[{n}]/113518")
        for n in (1, 2)
    )
    items = (
        CodedItem("measurement_method", text="MIRD", path="a/113517[1]/370129005"),
        CodedItem("reference_authority", text="ICRP 128", path="a/113517[1]/113518/121406"),
        CodedItem("reference_authority", text="of another value", path="a/113839/121406"),
    )
    stated = inputs(values=values, items=items).events[0].organs
    assert [one.method for one in stated] == ["MIRD, ICRP 128", ""]
