"""Vendor quirks are data: every row is well formed, fits what it says, and no other equipment."""

import pytest

from dosebook_protocol.codes import CONCEPTS
from dosebook_protocol.dicom.quirks import QUIRKS, Quirk, load, quirks_of
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import Equipment
from tests.support.sr import coded, document, encoded, num, x_ray_event


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
def test_every_quirk_row_is_complete_and_specific(quirk: Quirk):
    """Each row has name, reason, effect, known concepts and quantities, and a fingerprint."""
    assert quirk.name
    assert quirk.why
    assert quirk.concepts or quirk.carry_forward or quirk.note
    assert set(quirk.concepts.values()) <= set(CONCEPTS)
    assert not set(quirk.concepts) & set(CONCEPTS)
    assert quirk.carry_forward <= set(QUANTITIES)
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


def test_equipment_without_quirks_has_none():
    """Most equipment needs nothing."""
    assert not quirks_of(Equipment(manufacturer="Another Maker")).concepts
