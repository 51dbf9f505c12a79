"""The ground truth says what the bytes say, read here with nothing but pydicom."""

from decimal import Decimal
from io import BytesIO
from random import Random

import pytest
from pydicom import dcmread

from dosebook_edge.simulate import carm, ct, dx, hospital, mammo, petct
from dosebook_edge.simulate.scene import to_bytes
from dosebook_edge.simulate.truth import stated
from dosebook_edge.simulate.values import Measured
from dosebook_edge.simulate.vendors import VENDORS

UNDOTTED = {"Gym2": "Gy.m2", "mGycm": "mGy.cm", "dGycm2": "dGy.cm2"}
EVENT_QUANTITIES = {
    "113830": "ctdi_vol",
    "113838": "dlp",
    "122130": "dose_area_product",
    "113738": "dose_rp",
    "111631": "average_glandular_dose",
    "113507": "administered_activity",
}
TOTAL_QUANTITIES = {
    "113813": "dlp",
    "113722": "dose_area_product",
    "113725": "dose_rp",
    "113726": "fluoro_dose_area_product",
    "113728": "fluoro_dose_rp",
    "113730": "fluoro_time",
    "113727": "acquisition_dose_area_product",
    "113729": "acquisition_dose_rp",
    "113855": "acquisition_time",
    "111637": "average_glandular_dose",
}
SUMMED = {"dlp", "dose_area_product", "dose_rp", "average_glandular_dose"}


def reports(key, seed):
    """Dose reports of one exam in a maker's manner, read back from their bytes."""
    makers = {"CT": ct.ct_rdsr, "XA": carm.carm_rdsr, "DX": dx.dx_rdsr, "MG": mammo.mammo_rdsr}
    vendor = VENDORS[key]
    if vendor.modality == "PT":
        made = petct.petct_rdsr(Random(seed), key)
    else:
        made = [makers[vendor.modality](Random(seed), key)]
    return [(dcmread(BytesIO(to_bytes(dataset))), truth) for dataset, truth in made]


def concept(item):
    """Code value of an item's concept name."""
    return item.ConceptNameCodeSequence[0].CodeValue


def numbers(item, quantities):
    """(quantity, Decimal, unit) of every number below an item."""
    found = []
    for child in item.get("ContentSequence", []):
        if (
            child.ValueType == "NUM"
            and concept(child) in quantities
            and child.MeasuredValueSequence
        ):
            measured = child.MeasuredValueSequence[0]
            unit = measured.MeasurementUnitsCodeSequence[0].CodeValue
            value = Decimal(str(measured.NumericValue.original_string))
            found.append((quantities[concept(child)], value, UNDOTTED.get(unit, unit)))
        found += numbers(child, quantities)
    return found


def told(values):
    """The same of a truth."""
    return [(v.quantity, Decimal(v.original), v.original_unit) for v in values]


@pytest.mark.parametrize("key", VENDORS)
@pytest.mark.parametrize("seed", [1, 2])
def test_truth_lists_events_and_totals_of_the_bytes(key, seed):
    """Event UIDs, event values and stated totals of the truth are those of the object, in order."""
    for dataset, truth in reports(key, seed):
        events = [
            item
            for item in dataset.ContentSequence
            if concept(item) in {"113819", "113706", "113502"}
        ]
        uids = [
            child.UID
            for item in events
            for child in item.ContentSequence
            if concept(child) in {"113769", "113503"}
        ]
        assert uids == [event.uid for event in truth.events]
        for item, event in zip(events, truth.events, strict=True):
            assert numbers(item, EVENT_QUANTITIES) == told(event.values)
        totals = [
            number
            for item in dataset.ContentSequence
            if concept(item) in {"113811", "113702"}
            for number in numbers(item, TOTAL_QUANTITIES)
        ]
        assert totals == told(truth.totals)


@pytest.mark.parametrize("key", VENDORS)
def test_totals_are_sums_of_events_within_the_makers_rounding(key):
    """A stated total strays from the sum of its events by half of its last digit at most."""
    vendor = VENDORS[key]
    half = Decimal(5).scaleb(-vendor.total_places - 1)
    for _, truth in reports(key, 4):
        for total in truth.totals:
            if total.quantity not in SUMMED:
                continue
            parts = [
                Decimal(value.original)
                for event in truth.events
                for value in event.values
                if value.quantity == total.quantity
                and (value.plane, value.side) == (total.plane, total.side)
            ]
            assert abs(sum(parts) - Decimal(total.original)) <= half


def test_stored_value_is_the_original_in_storage_units():
    """A truth carries the number as sent and the exact number in Dosebook's unit."""
    value = stated("dose_area_product", Measured(Decimal("12.66"), "dGy.cm2"), plane="single")
    assert (value.value, value.original, value.original_unit) == ("1.266", "12.66", "dGy.cm2")


def test_exam_counts_each_event_once():
    """P4 to P7: an exam's distinct events are those of all its objects, each once."""
    for exam in hospital.morning(2, 16):
        seen = [event.uid for item in exam.truth.objects for event in item.events]
        assert exam.truth.event_uids == tuple(dict.fromkeys(seen))
        if exam.truth.distinct_events is None:
            assert exam.truth.scenario == "mpps-only"
        else:
            assert exam.truth.distinct_events == len(set(seen))


def test_truth_is_plain_json_without_loss():
    """The truth of an exam is plain lists, dicts and strings."""
    truth = next(hospital.morning(1, 1)).truth.as_json()
    assert truth["patient"]["issuer"]
    assert all(isinstance(total["value"], str) for total in truth["totals"])
