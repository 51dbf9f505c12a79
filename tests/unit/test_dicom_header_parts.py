"""Doses that enhanced mammograms state frame by frame or acquisition by acquisition."""

from decimal import Decimal
from typing import Any

import pytest

from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import DoseValue, Reading
from tests.support.dicom_bytes import Elements, file_bytes

TOMOSYNTHESIS, PROJECTIONS = "13.1.3", "13.1.5"
FRAMES, SHARED, ACQUISITIONS, DOSE_MACRO = 0x52009230, 0x52009229, 0x00189507, 0x00189542
ORGAN_DOSE, ENTRANCE_DOSE, NUMBER_OF_FRAMES = 0x00400316, 0x00408302, 0x00280008


def _mammogram(sop_class: str, elements: Elements) -> Reading:
    return read_object(
        file_bytes(
            {
                0x00080016: ("UI", f"1.2.840.10008.5.1.4.1.1.{sop_class}"),
                0x00080018: ("UI", "1.2.3.9.1"),
                0x0008002A: ("DT", "20260103080100"),
                0x00080060: ("CS", "MG"),
                0x0020000D: ("UI", "1.2.3"),
                0x00180060: ("DS", "29"),
                **elements,
            }
        )
    )


def _doses(organ: str = "", entrance: str = "") -> dict[int, tuple[str, Any]]:
    found: dict[int, tuple[str, Any]] = {}
    if organ:
        found[ORGAN_DOSE] = ("DS", organ)
    if entrance:
        found[ENTRANCE_DOSE] = ("DS", entrance)
    return found


def _frame(organ: str = "", entrance: str = "") -> dict[int, tuple[str, Any]]:
    return {DOSE_MACRO: ("SQ", [_doses(organ, entrance)])}


def _value(reading: Reading, quantity: str) -> DoseValue | None:
    found = [v for v in reading.events[0].values if v.quantity == quantity]
    assert len(found) <= 1
    return found[0] if found else None


def _amount(reading: Reading, quantity: str) -> Decimal | None:
    value = _value(reading, quantity)
    return value.value if value else None


def _items(reading: Reading) -> dict[str, str]:
    return {item.name: item.text for item in reading.events[0].items}


def test_p03_the_dose_of_a_tomosynthesis_is_that_of_all_its_projections() -> None:
    """Each of 15 frames states its own AGD of 0.1 mGy: the breast got 1.5 mGy, not 0.1 (P3)."""
    frames = [_frame("0.001", "0.2") for _ in range(15)]
    reading = _mammogram(PROJECTIONS, {NUMBER_OF_FRAMES: ("IS", "15"), FRAMES: ("SQ", frames)})
    dose = _value(reading, "average_glandular_dose")
    assert dose is not None
    assert dose.value == Decimal("1.5")
    assert (dose.original, dose.original_unit) == ("0.015", "dGy")
    assert dose.path == "(5200,9230)[1-15]/(0018,9542)[1]/(0040,0316)"
    assert _amount(reading, "entrance_dose") == 3
    assert "dose-in-parts" in {deviation.code for deviation in reading.deviations}


def test_p03_the_dose_of_several_acquisitions_is_their_sum() -> None:
    """Every X-Ray 3D acquisition states the total of its own frames (PS3.3 C.8.21.3.4)."""
    parts = [_doses("0.015", "5.5"), _doses("0.016", "6.5")]
    reading = _mammogram(TOMOSYNTHESIS, {ACQUISITIONS: ("SQ", parts)})
    assert _amount(reading, "average_glandular_dose") == Decimal("3.1")
    assert _amount(reading, "entrance_dose") == 12


def test_p03_one_acquisition_is_the_whole() -> None:
    """The one acquisition of a usual tomosynthesis is read as it stands, without a deviation."""
    elements = {NUMBER_OF_FRAMES: ("IS", "60"), ACQUISITIONS: ("SQ", [_doses("0.015")])}
    reading = _mammogram(TOMOSYNTHESIS, elements)
    dose = _value(reading, "average_glandular_dose")
    assert dose is not None
    assert (dose.value, dose.path) == (Decimal("1.5"), "(0018,9507)[1]/(0040,0316)")
    assert not reading.deviations


def test_p03_a_dose_of_the_whole_object_goes_before_that_of_its_frames() -> None:
    """What the object states for itself is the dose; its frames are not added to it."""
    frames = [_frame("0.001") for _ in range(15)]
    reading = _mammogram(PROJECTIONS, _doses("0.0145") | {FRAMES: ("SQ", frames)})
    assert _amount(reading, "average_glandular_dose") == Decimal("1.45")


@pytest.mark.parametrize(
    "elements",
    [
        {FRAMES: ("SQ", [_frame("0.001"), _frame(), _frame("0.001")])},
        {NUMBER_OF_FRAMES: ("IS", "3"), SHARED: ("SQ", [_frame("0.001")])},
    ],
)
def test_p02_a_dose_of_some_frames_or_of_who_knows_which_is_text(elements: Elements) -> None:
    """A sum that lacks a part is no dose, nor is one that may be of each frame or of all (P2)."""
    reading = _mammogram(PROJECTIONS, elements)
    assert _amount(reading, "average_glandular_dose") is None
    assert _items(reading)["average_glandular_dose_as_sent"] == "0.001 dGy"
    assert "dose-in-parts" in {deviation.code for deviation in reading.deviations}


@pytest.mark.parametrize("number", [1, 2, 7, 8])
def test_p14_a_protocol_is_no_exposure(number: int) -> None:
    """The CT and XA protocol classes state settings: no event, whatever attribute they hold."""
    modality = "CT" if number < 3 else "XA"
    elements = {
        0x00080060: ("CS", modality),
        0x00189345: ("FD", 10.0),
        0x0018115E: ("DS", "12"),
    }
    reading = _mammogram(f"200.{number}", elements)
    assert (reading.outcome, reading.events) == ("no_dose", ())
    assert "protocol" in reading.reason
