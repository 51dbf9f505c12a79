"""Patient, study, equipment and moments: the part of an object that every reader shares.

Readers see attributes through `Attributes`, so that the same code serves pydicom data sets and the
light nodes of the fast SR tree.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.moments import date_and_time
from dosebook_protocol.quantities import convert, parse_decimal, plain
from dosebook_protocol.reading import (
    Code,
    Equipment,
    Moment,
    Outcome,
    Patient,
    Reading,
    Study,
)


class Attributes(Protocol):
    """A data set seen as text: what readers need, whoever parsed it."""

    def text(self, tag: int) -> str:
        r"""Return the decoded value without padding, several joined by a backslash; "" if none."""
        ...

    def sequence(self, tag: int) -> "Sequence[Attributes]":
        """Return the items of a sequence; absent or empty is no item."""
        ...


_WITH_UNIT = re.compile(r"([\d.,]+)\s*([A-Za-z]{1,3})")
_TO_GB_2312 = "\x1b$)A"
_CENTIMETRE_SIZE_FROM = Decimal(3)
_CENTIMETRE_SIZE_TO = Decimal(280)
_MILLIMETRE_SIZE_TO = Decimal(2800)
# Above any living person: 70 beside 80 kg is no height of 70 cm, but one of 70 inches or so.
_HEAVIEST_BMI = Decimal(150)
_HEAVIEST_KG = Decimal(700)


def number(attributes: Attributes, tag: int, notes: Deviations) -> Decimal | None:
    """Read one decimal string; None where it is absent or no number, the latter noted."""
    text = attributes.text(tag)
    if not text:
        return None
    try:
        return parse_decimal(text)
    except ValueError:
        notes.add("not-a-number", tag_path(tag), f"{text!r} is not a number and was left out")
        return None


def measure(attributes: Attributes, tag: int, unit: str, notes: Deviations) -> Decimal | None:
    """Read a number of an attribute that is due in `unit`, another unit written behind it (P28)."""
    written = _WITH_UNIT.fullmatch(attributes.text(tag))
    if written is not None:
        try:
            value = convert(parse_decimal(written[1]), written[2].lower(), unit)
        except ValueError:  # no number, or in a unit that is none of this dimension
            return number(attributes, tag, notes)
        notes.add("unit-in-number", tag_path(tag), f"{written[0]!r} read as {value} {unit}")
        return value
    return number(attributes, tag, notes)


def tag_path(tag: int) -> str:
    """Write a tag as a path: `(0010,1020)`."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def code(item: Attributes) -> Code | None:
    """Read one coded entry (code value, long code value or URN, scheme, meaning)."""
    value = item.text(0x00080100) or item.text(0x00080119) or item.text(0x00080120)
    if not value:
        return None
    return Code(value, item.text(0x00080102), item.text(0x00080104))


def first_code(attributes: Attributes, tag: int) -> Code | None:
    """Read the first coded entry of a code sequence."""
    for item in attributes.sequence(tag):
        return code(item)
    return None


def patient(attributes: Attributes, notes: Deviations) -> Patient:
    """Read who was exposed; a size that is not in metres becomes so and is noted (P28)."""
    weight = _weight(attributes, notes)
    others = tuple(
        (item.text(0x00100020), _issuer(item))
        for item in attributes.sequence(0x00101002)
        if item.text(0x00100020)
    )
    return Patient(
        id=attributes.text(0x00100020),
        issuer=_issuer(attributes),
        name=_decoded(attributes, 0x00100010, notes),
        sex=attributes.text(0x00100040),
        birth_date=attributes.text(0x00100030),
        age=attributes.text(0x00101010),
        size_m=_size(attributes, weight, notes),
        weight_kg=weight,
        other_ids=others,
    )


def _decoded(attributes: Attributes, tag: int, notes: Deviations) -> str:
    """Return a text for people, mended where its encoding is not the one that is declared.

    The escape to GB 2312 (ISO 2022 IR 58) is dropped, which Python's codec leaves in its text.
    UTF-8 under a declared Latin set shows by its form: no name in Latin is also valid UTF-8.
    """
    text = attributes.text(tag).replace(_TO_GB_2312, "")
    if text.isascii():
        return text
    try:
        meant = text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
    notes.add("undeclared-utf-8", tag_path(tag), "UTF-8 where a Latin character set is declared")
    return meant


def _issuer(attributes: Attributes) -> str:
    """Return the issuer of the identifier, else its universal entity id (PS3.3 10.15)."""
    issuer = attributes.text(0x00100021)
    if issuer:
        return issuer
    for qualifier in attributes.sequence(0x00100024):
        return qualifier.text(0x00400032)
    return ""


def _size(attributes: Attributes, weight: Decimal | None, notes: Deviations) -> Decimal | None:
    size = measure(attributes, 0x00101020, "m", notes)
    if size is None:
        return None
    path = "(0010,1020)"
    if size == 0:
        notes.add("zero-size", path, "patient's size is stated as 0: kept, not usable")
    elif _CENTIMETRE_SIZE_FROM < size <= _CENTIMETRE_SIZE_TO:
        if weight is not None and weight > _HEAVIEST_BMI * (size / 100) ** 2:
            detail = f"{size} fits {weight} kg neither in metres nor in centimetres: left out"
            notes.add("implausible-size", path, detail)
            return None
        notes.add("size-in-centimetres", path, f"{size} taken as centimetres, not metres")
        return plain(size / 100)
    elif _CENTIMETRE_SIZE_TO < size <= _MILLIMETRE_SIZE_TO:
        notes.add("size-in-millimetres", path, f"{size} taken as millimetres, not metres")
        return plain(size / 1000)
    elif size < 0 or size > _MILLIMETRE_SIZE_TO:
        notes.add("implausible-size", path, f"patient's size {size} m kept as stated")
    return size


def _weight(attributes: Attributes, notes: Deviations) -> Decimal | None:
    weight, path = measure(attributes, 0x00101030, "kg", notes), "(0010,1030)"
    if weight is not None and weight > _HEAVIEST_KG:
        notes.add("weight-in-grams", path, f"{weight} taken as grams, not kilograms")
        return plain(weight / 1000)
    if weight is not None and weight <= 0:
        detail = f"patient's weight is stated as {weight}: kept, not usable"
        notes.add("zero-weight" if weight == 0 else "implausible-weight", path, detail)
    return weight


def study(attributes: Attributes, notes: Deviations) -> Study:
    """Read the study as the object names it."""
    requested = attributes.text(0x00321060)
    requests = [r for tag in (0x00400275, 0x0040A370) for r in attributes.sequence(tag)]
    for request in requests:
        requested = requested or request.text(0x00321060) or request.text(0x00400007)
    # P9: several accession numbers are several orders, of which none is that of the whole study.
    accessions = {number for request in requests if (number := request.text(0x00080050))}
    of_requests = accessions.pop() if len(accessions) == 1 else ""
    codes = tuple(entry for item in attributes.sequence(0x00081032) if (entry := code(item)))
    return Study(
        uid=attributes.text(0x0020000D),
        date=attributes.text(0x00080020),
        time=attributes.text(0x00080030),
        accession_number=attributes.text(0x00080050) or of_requests,
        id=attributes.text(0x00200010),
        description=_decoded(attributes, 0x00081030, notes),
        referring_physician=attributes.text(0x00080090),
        requested_procedure=requested,
        procedure_codes=codes,
    )


def equipment(attributes: Attributes) -> Equipment:
    """Read the modality as the object names it."""
    return Equipment(
        manufacturer=attributes.text(0x00080070),
        model=attributes.text(0x00081090),
        serial_number=attributes.text(0x00181000),
        software_versions=attributes.text(0x00181020),
        station_name=attributes.text(0x00081010),
        institution=attributes.text(0x00080080),
        department=attributes.text(0x00081040),
        device_uid=attributes.text(0x00181002),
    )


def object_offset(attributes: Attributes) -> str:
    """Return the object's Timezone Offset From UTC as sent, "" where it states none."""
    return attributes.text(0x00080201)


def created(attributes: Attributes) -> Moment | None:
    """Return when the object was made: content, else instance creation, else series date."""
    offset = object_offset(attributes)
    for date, time in (
        (0x00080023, 0x00080033),
        (0x00080012, 0x00080013),
        (0x00080021, 0x00080031),
    ):
        made = date_and_time(attributes.text(date), attributes.text(time), offset)
        if made is not None:
            return made
    return None


def _template(attributes: Attributes) -> str:
    """Return the template identifier that a structured report names for its root."""
    for template in attributes.sequence(0x0040A504):
        return template.text(0x0040DB00)
    return ""


def base_reading(attributes: Attributes, *, kind: str, reader: str, notes: Deviations) -> Reading:
    """Read all that objects of every kind share; readers add to it with `dataclasses.replace`.

    The outcome is `no_dose` until a reader finds a dose.
    """
    step = ""
    for reference in attributes.sequence(0x00081111):
        step = step or reference.text(0x00081155)
    return Reading(
        outcome=Outcome.NO_DOSE,
        kind=kind,
        reader=reader,
        modality=attributes.text(0x00080060),
        sop_class_uid=attributes.text(0x00080016),
        sop_instance_uid=attributes.text(0x00080018),
        series_uid=attributes.text(0x0020000E),
        series_description=attributes.text(0x0008103E),
        series_number=attributes.text(0x00200011),
        character_set=attributes.text(0x00080005),
        content_date=attributes.text(0x00080023),
        content_time=attributes.text(0x00080033),
        root_concept=first_code(attributes, 0x0040A043),
        template=_template(attributes),
        created=created(attributes),
        patient=patient(attributes, notes),
        study=study(attributes, notes),
        equipment=equipment(attributes),
        protocol=attributes.text(0x00181030),
        performed_step_uid=step,
    )
