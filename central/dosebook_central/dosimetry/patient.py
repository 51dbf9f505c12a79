"""Age at the exam, and whether what is stated about size can be true (P28, P30).

Nothing is assumed: what cannot be true is set aside with a flag, a plain slip of the unit is
converted with a flag, and what is missing stays missing.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from dosebook_central.dosimetry.findings import Age, Context, Findings
from dosebook_central.dosimetry.inputs import Concept, ExamInputs
from dosebook_central.dosimetry.values import Flag
from dosebook_protocol.codes import canonical
from dosebook_protocol.reading import EventKind

ADULT: Final = Decimal(18)
_OLDEST: Final = 120
_PLACEHOLDERS: Final = frozenset({"19000101"})  # what anonymisers and consoles write for "unknown"
_AGE_STRING: Final = re.compile(r"(\d{1,3})([DWMY])")
_DAYS: Final = {"D": Decimal(1), "W": Decimal(7)}
_DAYS_OF_YEAR: Final = Decimal("365.25")
_STEP: Final = Decimal("0.001")

_SHORTEST_M, _TALLEST_M = Decimal("0.2"), Decimal("2.5")
_LIGHTEST_KG, _HEAVIEST_KG = Decimal("0.3"), Decimal(650)
_BODY_MASS_INDEX: Final = (Decimal(7), Decimal(100))

# Intents of the exam that make the radiation itself a treatment where it is given for that
# (PS3.16 CID 3629, with legacy codes through `codes.canonical`).
_TREATING: Final = frozenset(
    (code, "SCT")
    for code in ("262202000", "373808002", "363676003", "421974008", "373847000", "373846009")
)
_RADIOTHERAPY: Final = frozenset({"RTRECORD", "RTPLAN", "RTDOSE"})
# Radionuclides of PS3.16 CID 18 that are given for their beta or alpha particles alone.
_THERAPEUTIC_NUCLIDES: Final = frozenset(
    {
        ("32505007", "SCT"),  # 32P
        ("7770004", "SCT"),  # 89Sr
        ("14691008", "SCT"),  # 90Y
        ("419804008", "SCT"),  # 153Sm
        ("447553000", "SCT"),  # 177Lu
        ("395865006", "SCT"),  # 186Re
        ("423578007", "SCT"),  # 188Re
        ("24853006", "SCT"),  # 223Ra
        ("C1943", "NCIt"),  # 166Ho
    }
)


@dataclass(frozen=True, slots=True)
class Body:
    """Height and weight that can be true, in metres and kilograms."""

    size_m: Decimal | None = None
    weight_kg: Decimal | None = None


def age_at(exam: ExamInputs) -> Age | None:
    """Return the age in years, from birth date and exam date, else as stated; None if neither.

    Whole years are exact, the rest is the part of the running year of life, to a thousandth.
    """
    patient = exam.patient
    return _age(patient.birth_date, patient.age, exam.started[:10])[0]


def body_of(exam: ExamInputs) -> Body:
    """Return height and weight as far as they can be true."""
    return _body(exam.patient.size_m, exam.patient.weight_kg)[0]


def patient_findings(exam: ExamInputs, context: Context) -> Findings:
    """Flag what is stated about the patient and cannot be true, or was read in another unit."""
    del context
    patient = exam.patient
    _, age_flags = _age(patient.birth_date, patient.age, exam.started[:10])
    _, body_flags = _body(patient.size_m, patient.weight_kg)
    return Findings(flags=age_flags + body_flags)


def is_therapeutic(exam: ExamInputs) -> bool:
    """Whether the radiation itself was the treatment (R100): radionuclide therapy, radiotherapy.

    A therapeutic intent alone does not make it so: X-rays that guide an intervention are imaging,
    whatever the intervention is for. A radionuclide that is given for its particles alone is a
    treatment even where no intent is stated.
    """
    if exam.modality in _RADIOTHERAPY:
        return True
    given = [event for event in exam.events if event.kind is EventKind.RADIOPHARMACEUTICAL]
    if not given:
        return False
    if _key(exam.coded.get("intent")) in _TREATING:
        return True
    return any(_key(event.coded.get("radionuclide")) in _THERAPEUTIC_NUCLIDES for event in given)


def _key(concept: Concept | None) -> tuple[str, str] | None:
    return canonical(concept.code, concept.scheme) if concept is not None else None


@lru_cache(maxsize=65536)
def _age(birth_date: str, stated: str, day: str) -> tuple[Age | None, tuple[Flag, ...]]:
    exam_day = _day(day.replace("-", ""))
    flags: list[Flag] = []
    from_birth = _from_birth(birth_date, exam_day, flags)
    from_words = _from_words(stated, flags)
    if from_birth is not None:
        if from_words is not None and abs(from_birth - from_words) > 1:
            flags.append(
                Flag(
                    "age-disagrees",
                    f"the stated age {stated} is not the age that follows from the birth date, "
                    f"{from_birth} years, which is used",
                )
            )
        return Age(from_birth, "birth date and exam date"), tuple(flags)
    if from_words is None:
        return None, tuple(flags)
    if from_words == 0:
        flags.append(
            Flag(
                "age-zero",
                f"the stated age {stated} may be a newborn or a field left at its default; without "
                "a birth date it is not used",
            )
        )
        return None, tuple(flags)
    return Age(from_words, f"stated age {stated}"), tuple(flags)


def _from_birth(birth_date: str, exam_day: date | None, flags: list[Flag]) -> Decimal | None:
    if not birth_date or exam_day is None:
        return None
    born = _day(birth_date)
    reason = ""
    if born is None:
        reason = "is not a date"
    elif birth_date in _PLACEHOLDERS:
        reason = "stands for an unknown one in many systems"
    elif born > exam_day:
        reason = "lies after the exam"
    elif exam_day.year - born.year > _OLDEST:
        reason = f"would make the patient older than {_OLDEST} years"
    if reason or born is None:
        flags.append(
            Flag(
                "birth-date-implausible", f"the birth date {reason}; the stated age is used if any"
            )
        )
        return None
    years = exam_day.year - born.year
    if _birthday(born, exam_day.year) > exam_day:
        years -= 1
    last, following = _birthday(born, born.year + years), _birthday(born, born.year + years + 1)
    part = Decimal((exam_day - last).days) / Decimal((following - last).days)
    return Decimal(years) + part.quantize(_STEP)


def _birthday(born: date, year: int) -> date:
    """Who is born on 29 February turns a year older on 1 March of other years."""
    if (born.month, born.day) == (2, 29) and not calendar.isleap(year):
        return date(year, 3, 1)
    return born.replace(year=year)


def _from_words(stated: str, flags: list[Flag]) -> Decimal | None:
    """Read a DICOM age string (PS3.5 AS): 045Y, 006M, 010W, 000D."""
    text = stated.strip().upper()
    if not text:
        return None
    match = _AGE_STRING.fullmatch(text)
    if match is None:
        flags.append(Flag("age-unreadable", f"the stated age {stated!r} is not an age"))
        return None
    number, unit = Decimal(match[1]), match[2]
    if unit == "Y":
        years = number
    elif unit == "M":
        years = (number / 12).quantize(_STEP)
    else:
        years = (number * _DAYS[unit] / _DAYS_OF_YEAR).quantize(_STEP)
    if years > _OLDEST:
        flags.append(Flag("age-implausible", f"the stated age {stated} cannot be true; not used"))
        return None
    return years


def _day(text: str) -> date | None:
    """Read a DICOM date; the last year of the calendar is no year of an exam or a birth."""
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None
    return day if day.year < date.max.year else None


@lru_cache(maxsize=65536)
def _body(size: Decimal | None, weight: Decimal | None) -> tuple[Body, tuple[Flag, ...]]:
    flags: list[Flag] = []
    height, mass = _height(size, flags), _mass(weight, flags)
    if height and mass:
        index = mass / (height * height)
        low, high = _BODY_MASS_INDEX
        if not low <= index <= high:
            flags.append(
                Flag(
                    "size-weight",
                    f"height {height} m and weight {mass} kg do not belong to one person; "
                    "both are set aside",
                )
            )
            return Body(), tuple(flags)
    return Body(height, mass), tuple(flags)


def _height(stated: Decimal | None, flags: list[Flag]) -> Decimal | None:
    if not stated:  # zero is what an empty field becomes, not a height
        return None
    for unit, divisor in (("m", 1), ("cm", 100), ("mm", 1000)):
        height = stated / divisor
        if _SHORTEST_M <= height <= _TALLEST_M:
            if divisor > 1:
                flags.append(
                    Flag(
                        "height-unit",
                        f"the height {stated} is read as {unit}: {height} m, "
                        "because DICOM's metres cannot be meant",
                    )
                )
            return height
    flags.append(Flag("height-implausible", f"the height {stated} m cannot be true; not used"))
    return None


def _mass(stated: Decimal | None, flags: list[Flag]) -> Decimal | None:
    if not stated:  # zero is what an empty field becomes, not a weight
        return None
    if _LIGHTEST_KG <= stated <= _HEAVIEST_KG:
        return stated
    grams = stated / 1000
    if _LIGHTEST_KG <= grams <= _HEAVIEST_KG:
        flags.append(
            Flag(
                "weight-unit",
                f"the weight {stated} is read as grams: {grams} kg, "
                "because DICOM's kilograms cannot be meant",
            )
        )
        return grams
    flags.append(Flag("weight-implausible", f"the weight {stated} kg cannot be true; not used"))
    return None
