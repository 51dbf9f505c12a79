"""Patient, study, equipment and moments: the part of an object that every reader shares.

Readers see attributes through `Attributes`, so that the same code serves pydicom data sets and the
light nodes of the fast SR tree.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.quantities import parse_decimal, plain
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


_DATETIME = re.compile(
    r"(?P<date>\d{4}(?:\d{2}(?:\d{2})?)?)"
    r"(?:(?P<time>\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?))?"
    r"(?P<offset>[+-]\d{4})?\Z"
)
_TIME = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?\Z")
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})\Z")

_TO_GB_2312 = "\x1b$)A"
_CENTIMETRE_SIZE_FROM = Decimal(3)
_CENTIMETRE_SIZE_TO = Decimal(280)


def moment(text: str, offset: str = "") -> Moment | None:
    """Read a DT value, its offset its own or else the object's; None if unreadable."""
    cleaned = text.strip().replace(" ", "")
    match = _DATETIME.match(cleaned)
    if match is None:
        return None
    date, time = match["date"], match["time"]
    if not _is_calendar(date, time or ""):
        return None
    local = "-".join(part for part in (date[:4], date[4:6], date[6:8]) if part)
    if time:
        clock = ":".join(part for part in (time[:2], time[2:4], time[4:]) if part)
        local = f"{local}T{clock}"
    return Moment(text, local, utc_offset(match["offset"] or offset))


def date_and_time(date: str, time: str, offset: str = "") -> Moment | None:
    """Join a DA and a TM value to one moment; the old 1999.12.31 and 10:11:12 are accepted."""
    day = date.strip().replace(".", "") if len(date.strip()) == 10 else date.strip()
    clock = time.strip().replace(":", "")
    joined = moment(day + clock if _TIME.match(clock) else day, offset)
    if joined is None:
        return None
    return Moment(f"{date.strip()}{time.strip()}", joined.local, joined.offset)


def utc_offset(text: str) -> str:
    """Turn `+0100`, or the wrong `UTC+01:00`, into `+01:00`; anything else is ""."""
    match = _OFFSET.match(text.strip())
    return f"{match[1]}{match[2]}:{match[3]}" if match else ""


def _is_calendar(date: str, time: str) -> bool:
    month, day = date[4:6] or "01", date[6:8] or "01"
    hour, minute, second = time[:2] or "00", time[2:4] or "00", time[4:6] or "00"
    return (
        1 <= int(month) <= 12
        and 1 <= int(day) <= 31
        and int(hour) <= 23
        and int(minute) <= 59
        and int(second) <= 60
    )


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
    """Read who was exposed; a size in centimetres becomes metres and is noted (P28)."""
    others = tuple(
        (item.text(0x00100020), _issuer(item))
        for item in attributes.sequence(0x00101002)
        if item.text(0x00100020)
    )
    return Patient(
        id=attributes.text(0x00100020),
        issuer=_issuer(attributes),
        name=_without_escapes(attributes.text(0x00100010)),
        sex=attributes.text(0x00100040),
        birth_date=attributes.text(0x00100030),
        age=attributes.text(0x00101010),
        size_m=_size(attributes, notes),
        weight_kg=_weight(attributes, notes),
        other_ids=others,
    )


def _without_escapes(text: str) -> str:
    """Drop the escape to GB 2312 (ISO 2022 IR 58), which Python's codec leaves in its text."""
    return text.replace(_TO_GB_2312, "")


def _issuer(attributes: Attributes) -> str:
    """Return the issuer of the identifier, else its universal entity id (PS3.3 10.15)."""
    issuer = attributes.text(0x00100021)
    if issuer:
        return issuer
    for qualifier in attributes.sequence(0x00100024):
        return qualifier.text(0x00400032)
    return ""


def _size(attributes: Attributes, notes: Deviations) -> Decimal | None:
    size = number(attributes, 0x00101020, notes)
    if size is None:
        return None
    if size == 0:
        notes.add("zero-size", "(0010,1020)", "patient's size is stated as 0: kept, not usable")
    elif _CENTIMETRE_SIZE_FROM < size <= _CENTIMETRE_SIZE_TO:
        notes.add("size-in-centimetres", "(0010,1020)", f"{size} taken as centimetres, not metres")
        return plain(size / 100)
    elif size < 0 or size > _CENTIMETRE_SIZE_TO:
        notes.add("implausible-size", "(0010,1020)", f"patient's size {size} m kept as stated")
    return size


def _weight(attributes: Attributes, notes: Deviations) -> Decimal | None:
    weight = number(attributes, 0x00101030, notes)
    if weight is not None and weight <= 0:
        notes.add(
            "zero-weight" if weight == 0 else "implausible-weight",
            "(0010,1030)",
            f"patient's weight is stated as {weight}: kept, not usable",
        )
    return weight


def study(attributes: Attributes) -> Study:
    """Read the study as the object names it."""
    requested = attributes.text(0x00321060)
    for request in attributes.sequence(0x00400275):
        requested = requested or request.text(0x00321060) or request.text(0x00400007)
    codes = tuple(entry for item in attributes.sequence(0x00081032) if (entry := code(item)))
    return Study(
        uid=attributes.text(0x0020000D),
        date=attributes.text(0x00080020),
        time=attributes.text(0x00080030),
        accession_number=attributes.text(0x00080050),
        id=attributes.text(0x00200010),
        description=_without_escapes(attributes.text(0x00081030)),
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
        study=study(attributes),
        equipment=equipment(attributes),
        protocol=attributes.text(0x00181030),
        performed_step_uid=step,
    )
