"""Vendor quirks are data: every row is well formed, fits what it says, and no other equipment."""

import pytest

from dosebook_protocol.codes import CONCEPTS
from dosebook_protocol.dicom.quirks import QUIRKS, Quirk, load, quirks_of
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.quantities import QUANTITIES, measures
from dosebook_protocol.reading import Equipment
from tests.support.dicom_bytes import file_bytes
from tests.support.sr import coded, document, encoded, num, x_ray_event


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
def test_every_quirk_row_is_complete_and_specific(quirk: Quirk):
    """Each row has name, reason, effect, known concepts and quantities, and a fingerprint."""
    assert quirk.name
    assert quirk.why
    assert (
        quirk.concepts
        or quirk.carry_forward
        or quirk.header_units
        or (quirk.header_protocol or quirk.note)
    )
    assert set(quirk.concepts.values()) <= set(CONCEPTS)
    assert not set(quirk.concepts) & set(CONCEPTS)
    assert quirk.carry_forward <= set(QUANTITIES)
    assert set(quirk.header_units) <= set(QUANTITIES)
    for quantity, unit in quirk.header_units.items():
        assert measures(unit) == measures(QUANTITIES[quantity].unit)
    assert not any(QUANTITIES[quantity].is_dose for quantity in quirk.carry_forward)
    assert not quirk.fits(Equipment())
    assert not quirk.fits(Equipment(manufacturer="Another Maker", model="Model"))


def test_quirk_names_are_unique():
    """A quirk is spoken of by its name."""
    assert len({quirk.name for quirk in QUIRKS}) == len(QUIRKS)


def test_a_private_concept_is_read_as_the_standard_one_on_that_maker_only():
    """A private frame count becomes a number on the maker that uses it, and text on any other."""
    event = x_ray_event("2.25.1", num(("003", "99PHI-IXR-XPER"), "15", "1"))

    def quantities(maker):
        reading = read_object(encoded(document(event, Manufacturer=maker)))
        return [value.quantity for value in reading.events[0].values]

    assert quantities("Philips Medical Systems") == ["number_of_frames"]
    assert quantities("Another Maker") == []


def test_a_value_stated_only_when_it_changes_is_carried_forward_and_marked():
    """The last source to detector distance holds for the next event, and the reading says so."""
    events = (
        x_ray_event("2.25.1", num("113750", "1000", "mm")),
        x_ray_event("2.25.2"),
        x_ray_event("2.25.3", coded("113721", ("113611", "DCM")), num("113750", "1100", "mm")),
    )
    report = document(*events, Manufacturer="Philips", ManufacturerModelName="Allura Xper")
    reading = read_object(encoded(report))
    distances = [[v.value for v in event.values] for event in reading.events]
    assert distances == [[1000], [1000], [1100]]
    assert "carried-forward" in {deviation.code for deviation in reading.deviations}
    assert reading.events[1].values[0].path == "113706[1]/113750"


def test_a_note_of_a_quirk_is_shown_with_the_object():
    """A remark on a model is a deviation of each of its objects."""
    report = document(Manufacturer="Philips", ManufacturerModelName="Azurion 7")
    reading = read_object(encoded(report))
    assert "known-quirk" in {deviation.code for deviation in reading.deviations}


def test_a_malformed_row_is_refused():
    """A row whose concepts are no table stops the program, not the first patient."""
    with pytest.raises(TypeError, match="bad"):
        load('[[quirk]]\nname = "bad"\nwhy = "x"\nconcepts = ["a"]\n')


def test_p28_a_distance_in_decimetres_is_read_so_on_that_model_only():
    """DR 7500 states 11.5 for 1150 mm; on any other device 11.5 mm is impossible and text."""

    def reading(maker, model):
        header = {
            0x00080016: ("UI", "1.2.840.10008.5.1.4.1.1.1.1"), 0x00080060: ("CS", "DX"),
            0x00080070: ("LO", maker), 0x00081090: ("LO", model), 0x0020000D: ("UI", "1.2.3"),
            0x00181110: ("DS", "11.5"), 0x0018115E: ("DS", "1"),
        }  # fmt: skip
        return read_object(file_bytes(header))

    known, other = reading("KODAK", "DR 7500"), reading("Another Maker", "DR 7500")
    (distance,) = [v for v in known.events[0].values if v.unit == "mm"]
    assert (distance.value, distance.original, distance.original_unit) == (1150, "11.5", "dm")
    assert not [v for v in other.events[0].values if v.unit == "mm"]
    assert "11.5 mm" in {item.text for item in other.events[0].items}


def test_p35_a_protocol_in_the_comments_is_read_on_that_software_only():
    """Toshiba's flat panel names the protocol in Image Comments; elsewhere these are remarks."""

    def protocol(software):
        header = {
            0x00080016: ("UI", "1.2.840.10008.5.1.4.1.1.1.1"), 0x00080060: ("CS", "DX"),
            0x00080070: ("LO", "TOSHIBA_MEC"), 0x00181020: ("LO", software),
            0x0020000D: ("UI", "1.2.3"), 0x00204000: ("LT", "CHEST PA"), 0x0018115E: ("DS", "1"),
        }  # fmt: skip
        return read_object(file_bytes(header)).events[0].protocol

    assert protocol("TM_TFD_1.0") == "CHEST PA"
    assert protocol("V1.0") == ""


def test_equipment_without_quirks_has_none():
    """Most equipment needs nothing."""
    assert not quirks_of(Equipment(manufacturer="Another Maker")).concepts
