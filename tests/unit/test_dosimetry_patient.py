"""Age at the exam, and size and weight that can be true (P28, P29, P30, R100)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.dosimetry.inputs import Concept
from dosebook_central.dosimetry.patient import age_at, body_of, is_therapeutic, patient_findings
from dosebook_protocol.reading import EventKind
from tests.support.exams import context_of, event, exam

THERAPEUTIC = Concept("SCT", "262202000", "Therapeutic Intent")
LUTETIUM = Concept("SCT", "447553000", "177Lu")
FLUORINE = Concept("SCT", "77004003", "18F")


def _flags(**patient):
    one = exam(**patient)
    return {flag.code: flag.sentence for flag in patient_findings(one, context_of(one)).flags}


@pytest.mark.parametrize(
    ("birth_date", "started", "years"),
    [
        ("20080302", "2026-03-02T10:00:00", "18"),  # the birthday itself
        ("20080303", "2026-03-02T10:00:00", "17.997"),  # one day before: a child
        ("20250831", "2026-03-02T10:00:00", "0.501"),
        ("20260302", "2026-03-02T10:00:00", "0"),
        ("20080229", "2026-02-28T10:00:00", "17.997"),  # turns 18 on 1 March
        ("20080229", "2026-03-01T10:00:00", "18"),
    ],
)
def test_age_follows_from_birth_date_and_exam_date(birth_date, started, years):
    """Whole years are exact to the day: 18 is an adult, the day before is a child (P30)."""
    age = age_at(exam(birth_date=birth_date, started=started))

    assert age is not None
    assert age.years == Decimal(years)
    assert age.source == "birth date and exam date"


@given(
    st.dates(date(1930, 1, 1), date(2026, 1, 1)),
    st.integers(0, 36000),
)
def test_age_has_as_many_whole_years_as_birthdays_passed(born, days):
    """The whole part of an age never disagrees with a count of birthdays."""
    then = min(born + timedelta(days), date(2045, 1, 1))
    age = age_at(exam(birth_date=born.strftime("%Y%m%d"), started=then.isoformat()))
    birthdays = then.year - born.year - ((then.month, then.day) < (born.month, born.day))

    assert age is not None
    assert int(age.years) == birthdays


@pytest.mark.parametrize(
    ("stated", "years"), [("045Y", "45"), ("006M", "0.5"), ("010W", "0.192"), ("020D", "0.055")]
)
def test_stated_age_counts_without_a_birth_date(stated, years):
    """A DICOM age string in years, months, weeks or days gives the age where no date does."""
    age = age_at(exam(birth_date="", age=stated))

    assert age is not None
    assert age.years == Decimal(years)
    assert stated in age.source


def test_p30_zero_age_is_a_newborn_only_with_a_birth_date():
    """000D is what many consoles send for nothing: without a birth date the age is unknown."""
    assert age_at(exam(birth_date="", age="000D")) is None
    assert "age-zero" in _flags(birth_date="", age="000D")

    newborn = age_at(exam(birth_date="20260301", age="000D"))
    assert newborn is not None
    assert newborn.years < 1
    assert _flags(birth_date="20260301", age="000D") == {}

    adult = age_at(exam(birth_date="19700101", age="000D"))
    assert adult is not None
    assert adult.years == Decimal("56.164")
    assert "age-disagrees" in _flags(birth_date="19700101", age="000D")


@pytest.mark.parametrize("birth_date", ["99990101", "20270101", "18000101", "19000101", "1970"])
def test_birth_date_that_cannot_be_true_is_set_aside_with_a_flag(birth_date):
    """A future, far too old or placeholder birth date is not used; the stated age is."""
    age = age_at(exam(birth_date=birth_date, age="063Y"))

    assert age is not None
    assert age.years == 63
    assert "birth-date-implausible" in _flags(birth_date=birth_date, age="063Y")
    assert age_at(exam(birth_date=birth_date)) is None


def test_exam_at_the_end_of_the_calendar_has_no_computed_age():
    """An anonymiser's 31 December 9999 as exam date raises nothing; the stated age holds."""
    age = age_at(exam(birth_date="99500101", started="9999-12-31", age="049Y"))

    assert age is not None
    assert age.years == 49


def test_nothing_stated_is_no_age():
    """Without birth date and age there is no age, and never an adult by default (P30)."""
    assert age_at(exam(birth_date="")) is None
    assert age_at(exam(birth_date="", age="old")) is None
    assert "age-unreadable" in _flags(birth_date="", age="old")


@pytest.mark.parametrize(
    ("size", "metres", "flag"),
    [
        ("1.78", "1.78", None),
        ("178", "1.78", "height-unit"),
        ("1780", "1.78", "height-unit"),
        ("5", None, "height-implausible"),
        ("0", None, None),
        (None, None, None),
    ],
)
def test_p28_height_in_another_unit_is_converted_with_a_flag(size, metres, flag):
    """Centimetres and millimetres are told from metres; zero and nothing stay missing (P29)."""
    size = Decimal(size) if size else None
    body = body_of(exam(size_m=size))

    assert body.size_m == (Decimal(metres) if metres else None)
    assert set(_flags(size_m=size)) == ({flag} if flag else set())


@pytest.mark.parametrize(
    ("weight", "kilograms", "flag"),
    [
        ("78.2", "78.2", None),
        ("0.7", "0.7", None),
        ("78200", "78.2", "weight-unit"),
        ("0.1", None, "weight-implausible"),
        ("0", None, None),
    ],
)
def test_p28_weight_in_grams_is_converted_with_a_flag(weight, kilograms, flag):
    """Grams are told from kilograms; a weight of zero is a missing one (P17, P29)."""
    body = body_of(exam(weight_kg=Decimal(weight)))

    assert body.weight_kg == (Decimal(kilograms) if kilograms else None)
    assert set(_flags(weight_kg=Decimal(weight))) == ({flag} if flag else set())


def test_p28_height_and_weight_of_two_persons_are_set_aside():
    """A body mass index that nobody has is a mix-up: neither number is used."""
    body = body_of(exam(size_m=Decimal("1.9"), weight_kg=Decimal(3)))

    assert (body.size_m, body.weight_kg) == (None, None)
    assert "size-weight" in _flags(size_m=Decimal("1.9"), weight_kg=Decimal(3))


def test_r100_only_radiation_that_treats_is_therapeutic():
    """X-rays that guide a treatment are imaging; a radionuclide given as treatment is therapy."""
    x_rays = event(kind=EventKind.PROJECTION)
    given_dose = event(kind=EventKind.RADIOPHARMACEUTICAL)
    lutetium = event(kind=EventKind.RADIOPHARMACEUTICAL, coded={"radionuclide": LUTETIUM})
    fluorine = event(kind=EventKind.RADIOPHARMACEUTICAL, coded={"radionuclide": FLUORINE})

    assert not is_therapeutic(exam(x_rays, modality="XA", coded={"intent": THERAPEUTIC}))
    assert is_therapeutic(exam(given_dose, modality="NM", coded={"intent": THERAPEUTIC}))
    assert is_therapeutic(exam(lutetium, modality="NM"))
    assert not is_therapeutic(exam(fluorine, modality="PT"))
    assert is_therapeutic(exam(modality="RTRECORD"))
