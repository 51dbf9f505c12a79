"""Image headers, dose captures and MPPS from synthetic objects: units, identity, deviations."""

from decimal import Decimal
from typing import Any

import pytest

from dosebook_protocol.dicom.header import read_header
from dosebook_protocol.dicom.read import _parse, read_dataset
from dosebook_protocol.quantities import convert, to_storage
from dosebook_protocol.reading import EventKind, IrradiationEvent, Outcome, Reading
from tests.support.dicom_bytes import Elements, file_bytes

DX = "1.2.840.10008.5.1.4.1.1.1.1"
MG = "1.2.840.10008.5.1.4.1.1.1.2"
CT = "1.2.840.10008.5.1.4.1.1.2"
NM = "1.2.840.10008.5.1.4.1.1.20"
PET = "1.2.840.10008.5.1.4.1.1.128"
ENHANCED_PET = "1.2.840.10008.5.1.4.1.1.130"
SC = "1.2.840.10008.5.1.4.1.1.7"


def image(modality: str, sop_class: str = DX) -> dict[int, tuple[str, Any]]:
    """Build a header of study 1.2.3 that was acquired at one minute past eight."""
    return {
        0x00080008: ("CS", "ORIGINAL\\PRIMARY"),
        0x00080016: ("UI", sop_class),
        0x00080018: ("UI", "1.2.3.9.1"),
        0x00080022: ("DA", "20260103"),
        0x00080032: ("TM", "080100"),
        0x00080060: ("CS", modality),
        0x0020000D: ("UI", "1.2.3"),
        0x0020000E: ("UI", "1.2.3.9"),
        0x00180060: ("DS", "70"),
    }


def read(elements: Elements) -> Reading:
    """Read an object from its bytes, as a box would."""
    return read_dataset(_parse(file_bytes(elements)))


def event(elements: Elements) -> IrradiationEvent:
    """Read an object that shows one event."""
    reading = read(elements)
    assert reading.outcome is Outcome.READ, reading.reason
    assert len(reading.events) == 1
    return reading.events[0]


def value(of: IrradiationEvent, quantity: str) -> Decimal | None:
    """Return the one value of a quantity, None where it is absent."""
    found = [v.value for v in of.values if v.quantity == quantity]
    assert len(found) <= 1
    return found[0] if found else None


def deviations(reading: Reading) -> list[str]:
    """Return the codes of the deviations."""
    return [deviation.code for deviation in reading.deviations]


@pytest.mark.parametrize(
    ("number", "unit"),
    [
        ("0.0001", "Gy.m2"),
        ("10", "dGy.cm2"),
        ("100", "cGy.cm2"),
        ("100", "uGy.m2"),
        ("1000", "mGy.cm2"),
        ("1", "Gy.cm2"),
        ("1000000", "uGy.cm2"),
    ],
)
def test_p01_one_area_dose_in_seven_units_is_one_value(number: str, unit: str) -> None:
    """Seven units of KAP store the same number, and each converts back exactly."""
    stored = to_storage(Decimal(number), unit, "dose_area_product")
    assert stored == 1
    assert convert(stored, "Gy.cm2", unit) == Decimal(number)


def test_p01_area_dose_of_a_header_is_dgy_cm2() -> None:
    """(0018,115E) holds dGy.cm2 by its definition, and keeps what was sent beside it."""
    found = event(image("DX") | {0x0018115E: ("DS", "4.72")})
    kap = found.values[0]
    assert (kap.quantity, kap.value, kap.unit) == ("dose_area_product", Decimal("0.472"), "Gy.cm2")
    assert (kap.original, kap.original_unit, kap.path) == ("4.72", "dGy.cm2", "(0018,115E)")


def test_p01_implausible_area_dose_is_kept_and_flagged() -> None:
    """A KAP that no single exposure has is kept as stated, with a deviation."""
    reading = read(image("DX") | {0x0018115E: ("DS", "135.18")})
    assert value(reading.events[0], "dose_area_product") == Decimal("13.518")
    assert "implausible-dose" in deviations(reading)


def test_p03_organ_dose_of_a_mammogram_is_agd_in_dgy() -> None:
    """(0040,0316) x 100 is the AGD in mGy, on the side that the image shows."""
    found = event(image("MG", MG) | {0x00400316: ("DS", "0.0126"), 0x00200062: ("CS", "L")})
    assert value(found, "average_glandular_dose") == Decimal("1.26")
    assert (found.kind, found.side) == (EventKind.MAMMOGRAPHY, "left")


def test_p29_zero_stays_zero_and_absent_stays_absent() -> None:
    """A stated zero is a value; an attribute that is absent or empty is none."""
    zero = event(image("DX") | {0x0018115E: ("DS", "0"), 0x00181152: ("IS", "")})
    assert value(zero, "dose_area_product") == 0
    assert value(zero, "exposure") is None
    assert value(event(image("DX")), "dose_area_product") is None


def test_event_without_a_dose_is_still_an_event() -> None:
    """Technique alone is an irradiation event; neither dose nor technique is none."""
    assert value(event(image("DX")), "kvp") == 70
    bare = image("DX")
    del bare[0x00180060]
    assert read(bare).outcome is Outcome.NO_DOSE


def test_p39_disagreeing_attributes_keep_both() -> None:
    """Entrance dose in mGy beats the whole dGy beside it, which stays visible with a deviation."""
    reading = read(image("MG", MG) | {0x00400302: ("US", 0), 0x00408302: ("DS", "1.694")})
    found = reading.events[0]
    assert value(found, "entrance_dose") == Decimal("1.694")
    assert [i.text for i in found.items if i.name == "entrance_dose_as_sent"] == ["0 dGy"]
    assert "attributes-disagree" in deviations(reading)


def test_rounded_duplicates_are_no_disagreement() -> None:
    """mAs beside its own uAs is one number rounded: the exact one counts, without a deviation."""
    reading = read(image("DX") | {0x00181152: ("IS", "1"), 0x00181153: ("IS", "1700")})
    assert value(reading.events[0], "exposure") == Decimal("1.7")
    assert deviations(reading) == []


def test_p39_decimal_comma_is_read_and_noted() -> None:
    """A decimal comma is read as a point, and said so."""
    reading = read(image("DX") | {0x0018115E: ("DS", "1,5")})
    assert value(reading.events[0], "dose_area_product") == Decimal("0.15")
    assert deviations(reading) == ["decimal-comma"]


def test_p39_comma_separated_filters_are_two_values() -> None:
    """`1.06,0.206` beside two materials is two thicknesses, not a decimal comma."""
    reading = read(
        image("CR") | {0x00187050: ("CS", "ALUMINUM,COPPER"), 0x00187052: ("DS", "1.06,0.206")}
    )
    found = reading.events[0]
    thickness = [v.value for v in found.values if v.quantity == "filter_thickness_minimum"]
    assert thickness == [Decimal("1.06"), Decimal("0.206")]
    materials = [i.code.value for i in found.items if i.name == "filter_material" and i.code]
    assert materials == ["12503006", "66925006"]


@pytest.mark.parametrize("sent", ["AUTO", "-3", "1E+999999", "NaN", "Infinity"])
def test_p39_impossible_doses_are_kept_as_text(sent: str) -> None:
    """What is no possible dose becomes an item and a deviation, never a value."""
    reading = read(image("DX") | {0x0018115E: ("DS", sent)})
    found = reading.events[0]
    assert value(found, "dose_area_product") is None
    assert [i.text for i in found.items if i.name == "dose_area_product_as_sent"] == [sent]
    assert deviations(reading)


def test_p08_stated_event_uid_is_the_identity() -> None:
    """Irradiation Event UID is used as it is, and not marked as synthesised."""
    found = event(image("DX") | {0x00083010: ("UI", "1.2.840.7")})
    assert (found.uid, found.uid_is_synthesised) == ("1.2.840.7", False)


def test_p08_images_of_one_exposure_synthesise_one_uid() -> None:
    """Another image of the exposure has the same UID; another time, view or technique has not."""
    first = image("MG", MG) | {0x00181150: ("IS", "206")}
    same = first | {
        0x00080008: ("CS", "DERIVED\\PRIMARY"),
        0x00080018: ("UI", "1.2.3.9.2"),
        0x0020000E: ("UI", "1.2.3.10"),
        0x00080032: ("TM", "080100.000"),
        0x00180060: ("DS", "70.0"),
    }
    uid = event(first).uid
    assert uid.startswith("2.25.")
    assert len(uid) <= 64
    assert event(first).uid_is_synthesised
    assert event(same).uid == uid
    for change in (
        {0x00080032: ("TM", "080130")},
        {0x00185101: ("CS", "MLO")},
        {0x00181150: ("IS", "207")},
        {0x00200062: ("CS", "R")},
        {0x0020000D: ("UI", "1.2.4")},
    ):
        assert event(same | change).uid != uid


def test_p08_without_a_time_each_image_is_its_own_exposure() -> None:
    """Without an acquisition time only the source of a derived image ties two images together."""
    first = image("CR")
    del first[0x00080022], first[0x00080032]
    second = first | {0x00080018: ("UI", "1.2.3.9.2")}
    derived = first | {
        0x00080008: ("CS", "DERIVED\\PRIMARY"),
        0x00080018: ("UI", "1.2.3.9.3"),
        0x00082112: ("SQ", [{0x00081155: ("UI", "1.2.3.9.1")}]),
    }
    assert event(first).uid != event(second).uid
    assert event(derived).uid == event(first).uid
    assert event(first).started is None


def test_ct_slices_and_reformats_are_one_event() -> None:
    """Slices of one acquisition share an event whatever their current; the next one does not."""
    first = image("CT", CT) | {0x00200012: ("IS", "3"), 0x00181151: ("IS", "170")}
    uid = event(first).uid
    other_slice = {0x00080032: ("TM", "080105"), 0x00181151: ("IS", "201")}
    reformat = {0x00080008: ("CS", "DERIVED\\PRIMARY\\AXIAL"), 0x0020000E: ("UI", "1.2.3.77")}
    assert event(first | other_slice).uid == uid
    assert event(first | reformat).uid == uid
    assert event(first | {0x00200012: ("IS", "4")}).uid != uid


def test_derived_secondary_images_are_no_new_event() -> None:
    """A reformat made afterwards counts only under the event that it names."""
    reformat = image("CT", CT) | {0x00080008: ("CS", "DERIVED\\SECONDARY\\MPR")}
    assert read(reformat).outcome is Outcome.NO_DOSE
    assert event(reformat | {0x00083010: ("UI", "1.2.840.7")}).uid == "1.2.840.7"


def test_p14_localizers_are_typed() -> None:
    """A CT localizer is an event of its own type, so that it can be left out of comparisons."""
    slice_ = image("CT", CT) | {0x00200012: ("IS", "1")}
    localizer = event(slice_ | {0x00080008: ("CS", "ORIGINAL\\PRIMARY\\LOCALIZER")})
    assert localizer.event_type is not None
    assert localizer.event_type.value == "113805"
    assert localizer.uid != event(slice_).uid


@pytest.mark.parametrize(
    ("code", "phantom"), [("113690", "16cm"), ("113691", "32cm"), ("130541", None)]
)
def test_p11_phantom_is_the_stated_one(code: str, phantom: str | None) -> None:
    """CTDIvol carries the phantom that the header states, and none where it states no known one."""
    coded = {0x00080100: ("SH", code), 0x00080102: ("SH", "DCM"), 0x00080104: ("LO", "Phantom")}
    found = event(image("CT", CT) | {0x00189345: ("FD", 9.5), 0x00189346: ("SQ", [coded])})
    assert (value(found, "ctdi_vol"), found.phantom) == (Decimal("9.5"), phantom)


def test_toshiba_private_doses_are_read_even_as_unknown_bytes() -> None:
    """CTDIvol and DLP in Toshiba's private block are doubles, whatever the VR on the wire."""
    private = {
        0x00080070: ("LO", "TOSHIBA"),
        0x70050010: ("LO", "TOSHIBA_MEC_CT3"),
        0x70051063: ("UN", bytes.fromhex("0000000000002540")),
        0x70051040: ("FD", 349.7),
    }
    found = event(image("CT", CT) | private)
    assert value(found, "ctdi_vol") == Decimal("10.5")
    assert value(found, "dlp") == Decimal("349.7")


def test_enhanced_ct_is_read_from_its_shared_functional_groups() -> None:
    """Enhanced CT keeps kV, CTDIvol and the event UID in macros: the path says where."""
    groups = {
        0x00189325: ("SQ", [{0x00180060: ("DS", "120")}]),
        0x00189321: ("SQ", [{0x00189345: ("FD", 4.25), 0x00189328: ("FD", 500.0)}]),
        0x00189477: ("SQ", [{0x00083010: ("UI", "1.2.840.8")}]),
    }
    elements = image("CT", f"{CT}.1") | {0x52009229: ("SQ", [groups])}
    del elements[0x00180060]
    found = event(elements)
    assert found.uid == "1.2.840.8"
    assert value(found, "kvp") == 120
    paths = {v.quantity: v.path for v in found.values}
    assert paths["ctdi_vol"] == "(5200,9229)[1]/(0018,9321)[1]/(0018,9345)"


def test_image_of_several_exposures_keeps_their_total() -> None:
    """A stitched image names all its events; its KAP belongs to all of them together."""
    reading = read(image("DX") | {0x00083010: ("UI", "1.2.1\\1.2.2"), 0x0018115E: ("DS", "10")})
    assert [e.uid for e in reading.events] == ["1.2.1", "1.2.2"]
    assert [value(e, "dose_area_product") for e in reading.events] == [None, None]
    assert [t.value.value for t in reading.totals] == [1]


@pytest.mark.parametrize(
    ("sop_class", "modality", "sent", "activity", "is_odd"),
    [
        (PET, "PT", "394000000", "394", False),
        (PET, "PT", "394", "394", True),
        (NM, "NM", "320", "320", False),
        (NM, "NM", "320000000", "320", True),
        (ENHANCED_PET, "PT", "250.5", "250.5", False),
        (PET, "PT", "0", "0", False),
    ],
)
def test_p60_activity_unit_follows_the_magnitude(
    sop_class: str, modality: str, sent: str, activity: str, is_odd: bool
) -> None:
    """Radionuclide Total Dose is Bq or MBq by its size; against the standard it is a deviation."""
    item = {0x00180031: ("LO", "FDG"), 0x00181074: ("DS", sent)}
    reading = read(image(modality, sop_class) | {0x00540016: ("SQ", [item])})
    assert value(reading.events[0], "administered_activity") == Decimal(activity)
    assert ("activity-unit" in deviations(reading)) is is_odd


def test_p60_one_administration_is_one_event_in_all_its_images() -> None:
    """Agent, nuclide, start and activity name the administration, not the image or its series."""
    item = {
        0x00180031: ("LO", "Sestamibi"),
        0x00181078: ("DT", "20260103073000"),
        0x00181074: ("DS", "320"),
    }
    rest = image("NM", NM) | {0x00540016: ("SQ", [item])}
    gated = rest | {0x00080018: ("UI", "1.2.3.9.2"), 0x00080032: ("TM", "091500")}
    stress = rest | {0x00540016: ("SQ", [item | {0x00181074: ("DS", "740")}])}
    stated = rest | {0x00540016: ("SQ", [item | {0x00083012: ("UI", "1.2.840.9")}])}
    assert event(rest).uid == event(gated).uid != event(stress).uid
    assert event(stated).uid == "1.2.840.9"
    started = event(rest).started
    assert started is not None
    assert started.local == "2026-01-03T07:30:00"


@pytest.mark.parametrize("modality", ["MR", "US", "OT", "RTIMAGE", "SR", ""])
def test_other_modalities_state_no_dose(modality: str) -> None:
    """What exposes nobody gives no dose, with the reason in words."""
    reading = read(image(modality, "1.2.840.10008.5.1.4.1.1.4"))
    assert reading.outcome is Outcome.NO_DOSE
    assert reading.reason
    assert reading.events == ()


def test_modality_is_known_by_its_storage_class_where_it_is_empty() -> None:
    """An empty Modality does not hide the dose of a DX image."""
    found = read(image("") | {0x0018115E: ("DS", "1")})
    assert (found.outcome, found.modality) == (Outcome.READ, "DX")


def test_p40_markup_in_the_dose_comment_stays_text() -> None:
    """An entity bomb and a script in a comment are data: nothing expands, nothing is a dose."""
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
        '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x><script>alert(1)</script>'
    )
    found = event(image("DX") | {0x00400310: ("ST", bomb)})
    assert [i.text for i in found.items if i.name == "comments_on_radiation_dose"] == [bomb]
    assert [v.quantity for v in found.values] == ["kvp"]


def test_p40_long_comments_are_matched_in_linear_time() -> None:
    """A comment made to defeat the patterns costs no more than its length."""
    hostile = ("Series #1 " + " " * 20_000 + "Average CTDIvol=") * 3
    reading = read(image("CT", SC) | {0x00400310: ("ST", hostile)})
    assert reading.totals == ()


def test_secondary_capture_without_dose_says_so() -> None:
    """A capture without a dose in its header is left to the screen reader."""
    capture = image("OT", SC)
    reading = read(capture)
    assert reading.outcome is Outcome.NO_DOSE
    assert "picture" in reading.reason


def test_dose_capture_with_only_a_comment_gives_its_series() -> None:
    """Series lines and the total of a comment are read where nothing else lists the exposures."""
    comment = "Series #2 CHEST Average CTDIvol=7,2 DLP=196,0\r\nTotal DLP=196.0"
    reading = read(image("CT", SC) | {0x00400310: ("ST", comment)})
    assert [value(e, "dlp") for e in reading.events] == [Decimal("196.0")]
    assert [t.value.value for t in reading.totals] == [Decimal("196.0")]
    assert reading.events[0].protocol == "CHEST"


def test_dose_capture_with_only_the_private_total_uses_it() -> None:
    """Philips' private DLP is the total where no comment states one, with its phantom."""
    private = {
        0x00E10010: ("LO", "ELSCINT1"),
        0x00E11021: ("DS", "1102.44609"),
        0x01E10010: ("LO", "ELSCINT1"),
        0x01E11026: ("UN", b"32 CM "),
    }
    reading = read(image("CT", SC) | private)
    assert [(t.value.value, t.phantom) for t in reading.totals] == [(Decimal("1102.44609"), "32cm")]


def test_read_header_never_changes_what_it_is_given() -> None:
    """Reading twice gives the same reading: readers are pure."""
    dataset = _parse(file_bytes(image("DX") | {0x0018115E: ("DS", "1,5")}))
    assert read_header(dataset) == read_header(dataset)


def test_p39_a_fragment_is_quarantined_with_what_it_names() -> None:
    """Elements that are no DICOM object are quarantined, the patient they name still shown."""
    reading = read({0x00100010: ("PN", "Doe^Jane"), 0x00100020: ("LO", "4711")})
    assert (reading.outcome, reading.patient.id) == (Outcome.QUARANTINED, "4711")
    assert reading.reason
