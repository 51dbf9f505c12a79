"""What a text may be: grammar, limits, units, labels and identities."""

from decimal import Decimal

import pytest

from dosebook_edge.capture.screen.grammar import allowed, beyond, means
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.spelling import differing, similarity, unit_letters

GE = find("ge-ct-dose-report").profile
CARM = find("carm-panel").profile
SIEMENS = find("siemens-ct-patient-protocol").profile


def cell(profile, name):
    """A cell of a profile by its name."""
    return next(one for one in profile.cells if one.name == name)


@pytest.mark.parametrize(
    ("profile", "name", "text", "value"),
    [
        (GE, "dlp", "1234.56", "1234.56"),
        (GE, "dlp", "0,50", "0.50"),
        (CARM, "number_of_events", "17", "17"),
        (CARM, "fluoro_time", "12:07", "727"),
        (CARM, "fluoro_time", "1:02:07", "3727"),
        (GE, "scan_range", "S57.500-I102.250", "159.750"),
        (GE, "scan_range", "I8,000-I583,000", "575.000"),
    ],
)
def test_a_text_in_its_form_is_its_number(profile, name, text, value):
    """Point or comma, a time in seconds, a range as the length between its two positions."""
    found = means(text, cell(profile, name), profile)
    assert (found.value, found.fault) == (Decimal(value), "")


@pytest.mark.parametrize(
    ("profile", "name", "text"),
    [
        (GE, "dlp", "893."), (GE, "dlp", ".93"), (GE, "dlp", "893.1"), (GE, "dlp", "8.93.10"),
        (GE, "dlp", "1,234.56"), (GE, "dlp", "089.10"), (GE, "dlp", "-12.00"), (GE, "dlp", ""),
        (GE, "dlp", "12.34 "), (GE, "dlp", "1２.34"), (CARM, "number_of_events", "1.0"),
        (CARM, "fluoro_time", "12:60"), (CARM, "fluoro_time", "1:61:00"),
        (CARM, "fluoro_time", "1207"), (GE, "scan_range", "S57.500-102.250"),
        (GE, "scan_range", "S57.500-L102.250"), (GE, "scan_range", "S57.500-I102,250"),
        (SIEMENS, "kvp", "128"), (GE, "phantom", "Body 22"), (GE, "type", "Total"),
    ],
)  # fmt: skip
def test_a_text_out_of_form_is_no_number(profile, name, text):
    """P51: a lost point or digit, a strange decimal, an impossible time or voltage is no value."""
    found = means(text, cell(profile, name), profile)
    assert found.value is None
    assert found.fault


def test_a_choice_has_one_meaning():
    """A phantom is what its words end with, in any language; a misread word still is one word."""
    assert means("Körper 32", cell(GE, "phantom"), GE).meaning == "32cm"
    assert means("He1ical", cell(GE, "type"), GE).meaning == "helical"


def test_a_cell_is_read_with_the_characters_it_can_hold():
    """Digits cannot become letters in a numeric cell."""
    assert allowed(cell(GE, "dlp"), GE) == "0123456789.,-"
    assert allowed(cell(CARM, "fluoro_time"), CARM) == "0123456789:"
    assert allowed(cell(SIEMENS, "phantom"), SIEMENS) == "LS"
    assert allowed(cell(GE, "series"), GE) is None


def test_limits_are_told_in_words():
    """A value beyond its limits says which one."""
    assert beyond(Decimal(301), cell(GE, "ctdi_vol")).startswith("it is above 300")
    assert beyond(Decimal(30), cell(CARM, "kvp")).startswith("it is below 35")
    assert beyond(Decimal(300), cell(GE, "ctdi_vol")) == ""


def test_units_differ_by_every_letter():
    """P1: mGy is not uGy, cGy·cm² not mGy·cm²; joints and superscripts do not matter."""
    assert unit_letters("cGy·cm²") == unit_letters("cGy*cm2") == unit_letters("(cGy-cm2)")
    assert len({unit_letters(one) for one in ("mGy", "µGy", "MGy", "mGy·cm", "mGy·m")}) == 5


def test_labels_may_be_misread_and_identities_only_confused():
    """A label is known with a wrong letter; another patient's number never is the same."""
    assert similarity("Patlentenprotokol1", "Patientenprotokoll") > 0.85
    assert similarity("Dose Report", "Examination ended") < 0.4
    assert differing("PID-O01l", "pid 0011") == 0
    assert differing("PID0011", "PID0012") == 1
