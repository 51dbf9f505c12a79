"""Typical effective doses: labelled, for adults, and only where one value stands for the exam."""

from decimal import Decimal

import pytest

from dosebook_central.dosimetry.projection import projection_findings
from dosebook_central.dosimetry.typical import LABEL, typical_effective_dose
from dosebook_protocol.reading import EventKind
from tests.support.exams import context_of, event, exam, reasons_of, total, values_of

XR = EventKind.PROJECTION


def found(*events, procedure="", **fields):
    """Projection findings of a radiograph."""
    fields = {"modality": "DX", "totals": (total("dose_area_product", "0.1"),)} | fields
    one = exam(*events, **fields)
    return projection_findings(one, context_of(one, procedure=procedure))


@pytest.mark.parametrize(
    ("procedure", "modality", "typical"),
    [
        ("dx_chest_pa", "DX", "0.04"),
        ("dx_lspine_lateral", "DX", "1.8"),
        ("dx_knee", "DX", "0.005"),
        ("px_panoramic", "PX", "0.02"),
        ("rf_upper_gi", "RF", "4.7"),
        ("io_bitewing", "IO", "0.005"),
    ],
)
def test_a_mapped_procedure_has_the_typical_value_of_its_set(procedure, modality, typical):
    """Values of the typical set (DOPOES 2017, EC RP 180, Mettler 2008), all labelled as such."""
    (value,) = values_of(
        found(event(kind=XR), procedure=procedure, modality=modality), "effective_dose"
    )
    assert value.value == Decimal(typical)
    assert value.is_estimate
    assert value.label == LABEL
    assert value.interval is None
    assert value.method.coefficient_set == "typical-effective-doses"


def test_an_unambiguous_region_is_enough_for_a_radiograph():
    """A computed radiograph of the chest without a mapped procedure has the chest's value."""
    (value,) = values_of(found(event(region="chest", kind=XR), modality="CR"), "effective_dose")
    assert (value.value, value.place.region) == (Decimal("0.04"), "chest")


def test_radiographs_of_two_regions_add_up():
    """Chest 0.04 and abdomen 0.8 mSv in one exam are 0.84 mSv, each input shown."""
    findings = found(event(1, "chest", kind=XR), event(2, "abdomen", kind=XR))
    (value,) = values_of(findings, "effective_dose")
    assert value.value == Decimal("0.84")
    assert [one.value for one in value.inputs] == ["0.04", "0.8"]


def test_a_region_with_several_examinations_has_no_typical_value():
    """Fluoroscopy of the abdomen may be a swallow or a small-bowel study: no value is picked."""
    findings = found(event(region="abdomen", kind=XR), modality="RF")
    assert not values_of(findings, "effective_dose")
    assert "no-coefficient" in reasons_of(findings, "effective_dose")


def test_an_unknown_region_has_no_typical_value():
    """One event of unknown region makes the whole exam's value unknown."""
    findings = found(event(1, "chest", kind=XR), event(2, kind=XR))
    assert not values_of(findings, "effective_dose")


def test_p30_children_have_no_typical_value():
    """P30: typical values are those of adults; a child and an unknown age get none."""
    for born in ("20200101", ""):
        one = exam(event(region="chest", kind=XR), modality="DX", birth_date=born)
        assert typical_effective_dose(XR, "DX", one.events, context_of(one), 0) == ()


def test_the_typical_value_of_another_part_is_not_taken():
    """Fluoroscopy beside a CT of the head has no CT's value, beside a bone scan not the scan's."""
    beside_ct = found(event(1, "head"), event(2, "head", kind=XR), modality="CT")
    beside_scan = found(event(kind=XR), modality="NM", procedure="nm_bone")
    for findings in (beside_ct, beside_scan):
        assert not values_of(findings, "effective_dose")
        assert "no-coefficient" in reasons_of(findings, "effective_dose")
