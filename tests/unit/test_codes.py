"""Coded concepts are matched by (value, scheme); legacy schemes are aliases of SNOMED CT."""

import pytest

from dosebook_protocol.codes import CONCEPTS, SRT_TO_SCT, canonical
from dosebook_protocol.quantities import QUANTITIES


@pytest.mark.parametrize("scheme", ["SRT", "SNM3", "99SDM", "srt"])
def test_legacy_codes_become_snomed_ct(scheme):
    """SRT, SNM3 and 99SDM codes are the SCT codes that replaced them."""
    assert canonical("P5-08000", scheme) == ("77477000", "SCT")


def test_a_code_is_not_its_value_alone():
    """The same value in another scheme is another concept."""
    assert canonical("113769", "99ACME") != canonical("113769", "DCM")


def test_padding_and_case_of_a_standard_scheme_do_not_matter():
    """Vendors pad values and write schemes in lower case."""
    assert canonical(" 113769 ", "dcm ") == ("113769", "DCM")


def test_an_unknown_legacy_code_stays_itself():
    """A legacy code without successor is kept, not guessed."""
    assert canonical("X-99999", "SNM3") == ("X-99999", "SRT")


def test_every_concept_with_a_quantity_names_a_known_one():
    """The table of concepts and the table of quantities agree."""
    used = {concept.quantity for concept in CONCEPTS.values() if concept.quantity}
    assert used <= set(QUANTITIES)
    assert {("113830", "DCM"), ("122130", "DCM"), ("113507", "DCM")} <= set(CONCEPTS)


def test_the_packaged_mapping_is_large_and_well_formed():
    """Each row maps one legacy code to one numeric SNOMED CT identifier."""
    assert len(SRT_TO_SCT) > 400
    assert all(sct.isdigit() for sct in SRT_TO_SCT.values())
