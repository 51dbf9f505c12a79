"""Numbers of a report: NUM items to dose values in storage units, exactly or not (P1, P2)."""

import re
import struct
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.errors import UnreadableError
from dosebook_protocol.dicom.node import Node
from dosebook_protocol.dicom.sr_content import Item, coded, key_of
from dosebook_protocol.quantities import (
    QUANTITIES,
    UnitError,
    canonical_unit,
    measures,
    parse_decimal,
    to_storage,
)
from dosebook_protocol.reading import Code, DoseValue

_MEASURED_VALUE: Final = 0x0040A300
_NUMERIC_VALUE: Final = 0x0040A30A
_FLOATING_POINT_VALUE: Final = 0x0040A161
_UNITS: Final = 0x004008EA
_CODE_VALUE: Final = 0x00080100
_SCHEME: Final = 0x00080102
_MEANING: Final = 0x00080104
_QUALIFIER: Final = 0x0040A301

# CID 42: each of them says that what stands there was not measured (114000 to 114011, DCM).
_NOT_MEASURED: Final = frozenset((str(value), "DCM") for value in range(114000, 114012))

# Made from the doses of a report, or from more than it: one that cannot be read costs no other.
_ESTIMATES: Final = frozenset({"effective_dose", "ssde", "organ_dose"})

# UCUM annotations carry no dimension (UCUM §6): `{events}`, `{X-ray sources}` all count something.
_ANNOTATION: Final = re.compile(r"\{[^{}]*\}\Z|1\Z|\Z")
_UNITLESS: Final = frozenset({"{n}", "1"})


class Stated(NamedTuple):
    """One number as the object states it; a tuple, because a report has hundreds."""

    text: str
    unit: str


def has_number(item: Item) -> bool:
    """Say whether the item holds what a NUM holds, whatever its value type says."""
    return bool(item.node.sequence(_MEASURED_VALUE))


def stated(item: Item, notes: Deviations) -> list[Stated]:
    """Return the numbers of a NUM item as sent: none where it is empty, which is noted (P29)."""
    measured = item.node.sequence(_MEASURED_VALUE)
    if not measured and _NUMERIC_VALUE in item.node.elements:
        notes.add("misplaced-number", item.path, "the number stands outside of its measured value")
        measured = [item.node]
    if not measured:
        notes.add("empty-value", item.path, _empty(item))
        return []
    found: list[Stated] = []
    for value in measured:
        text = value.text(_NUMERIC_VALUE) or _floating_point(value)
        if not text:
            notes.add("empty-value", item.path, "the number is empty: treated as not stated")
            continue
        unit = _unit(value, item, notes)
        parts = text.split("\\")
        if len(parts) > 1:
            notes.add("several-numbers", item.path, f"{len(parts)} numbers in one value, all kept")
        found += [Stated(part, unit) for part in parts if part.strip()]
    return found


def _empty(item: Item) -> str:
    qualifier = _qualifier(item)
    if qualifier is None:
        return "no value is stated, and not why"
    return f"no value is stated: {qualifier.meaning or qualifier.value}"


def _qualifier(item: Item) -> Code | None:
    """Return what the item says of its number (CID 42), such as that its measurement failed."""
    qualifiers = (coded(entry) for entry in item.node.sequence(_QUALIFIER))
    return next((code for code in qualifiers if code is not None), None)


def _is_denied(item: Item, notes: Deviations) -> bool:
    """Say whether the item's qualifier takes its number back; any other one is noted only."""
    qualifier = _qualifier(item)
    if qualifier is None:
        return False
    is_denied = key_of(qualifier) in _NOT_MEASURED
    fate = "kept as text" if is_denied else "read"
    detail = f"stated with {(qualifier.meaning or qualifier.value)!r}: {fate}"
    notes.add("qualified-number", item.path, detail)
    return is_denied


def _floating_point(value: Node) -> str:
    """Return the binary double that may stand beside the decimal string, "" where none does."""
    content = value.raw(_FLOATING_POINT_VALUE)
    return repr(struct.unpack("<d", content)[0]) if len(content) == 8 else ""


def _unit(value: Node, item: Item, notes: Deviations) -> str:
    for unit in value.sequence(_UNITS):
        scheme = unit.text(_SCHEME)
        if scheme != "UCUM":
            detail = f"the unit's scheme is {scheme!r}, not 'UCUM'"
            notes.add("unit-scheme", item.path, f"{detail}; read as UCUM")
        sent, meaning = unit.text(_CODE_VALUE), unit.text(_MEANING)
        if sent and (sent == meaning or not _contradicts(sent, meaning)):
            return sent
        if not sent and meaning:
            notes.add("unit-without-code", item.path, f"the unit {meaning!r} is a meaning only")
            return meaning
        if sent:
            detail = f"the unit's code is {sent!r} and its meaning {meaning!r}; the code counts"
            notes.add("unit-contradiction", item.path, detail)
        return sent
    notes.add("no-unit", item.path, "the number has no unit")
    return ""


@lru_cache(maxsize=2048)
def _contradicts(code: str, meaning: str) -> bool:
    """Say whether both are units that Dosebook knows, and not the same one."""
    try:
        return bool(code and meaning) and canonical_unit(code) != canonical_unit(meaning)
    except UnitError:
        return False


def dose_values(
    item: Item, quantity: str, notes: Deviations
) -> tuple[list[DoseValue], list[Stated]]:
    """Read a NUM item as values of `quantity`, and what could not be converted, as stated.

    Raises:
        UnreadableError: it is a dose, and no estimate of one, whose unit is unknown or measures
            something else (P2).
    """
    numbers = stated(item, notes)
    if numbers and _QUALIFIER in item.node.elements and _is_denied(item, notes):
        return [], numbers
    found: list[DoseValue] = []
    left_over: list[Stated] = []
    for number in numbers:
        stored = _read(number, quantity, item, notes)
        if stored is None:
            left_over.append(number)
        else:
            unit = QUANTITIES[quantity].unit
            found.append(DoseValue(quantity, stored, unit, number.text, number.unit, item.path))
    return found, left_over


def _read(number: Stated, quantity: str, item: Item, notes: Deviations) -> Decimal | None:
    """Return one number in the storage unit; None, which is noted, where it stays a text."""
    try:
        value = parse_decimal(number.text)
    except ValueError as reason:
        notes.add("not-a-number", item.path, f"{reason}; kept as text")
        return None
    if "," in number.text:
        detail = f"{number.text!r} has a decimal comma; read as {value}"
        notes.add("decimal-comma", item.path, detail)
    if value < 0 and QUANTITIES[quantity].is_dose:
        notes.add("negative-dose", item.path, f"{number.text!r} is negative; kept as text")
        return None
    try:
        return _stored(value, number.unit, quantity)
    except UnitError as reason:
        why = str(reason) if number.unit else "it has no unit"
        return _in_other_unit(value, number, quantity, item, notes, why)
    except ArithmeticError:
        detail = f"{number.text!r} is beyond any real value; kept as text"
        notes.add("number-too-large", item.path, detail)
        return None


def _in_other_unit(
    value: Decimal, number: Stated, quantity: str, item: Item, notes: Deviations, why: str
) -> Decimal | None:
    """Judge a number whose unit does not measure its quantity: only 0 is 0 in every unit."""
    if not value:
        notes.add("zero-in-other-unit", item.path, f"{why}; 0 is 0 in every unit")
        return value
    known = QUANTITIES[quantity]
    is_text = quantity in _ESTIMATES or _is_air_exposure(number.unit, quantity)
    if known.is_dose and not is_text:
        raise UnreadableError(f"{known.label} {number.text} {number.unit!r} at {item.path}: {why}")
    notes.add("unknown-unit", item.path, f"{why}; kept as text")
    return None


def _is_air_exposure(unit: str, quantity: str) -> bool:
    """Say whether an entrance exposure is stated as charge in air, as before it was a kerma.

    Roentgen to gray has no exact factor, so such a number stays text and stops nothing.
    """
    try:
        return quantity == "entrance_exposure_rp" and measures(unit) == "exposure"
    except UnitError:
        return False


def _stored(value: Decimal, unit: str, quantity: str) -> Decimal:
    if _is_unitless(unit, quantity):
        return value
    return to_storage(value, unit, quantity)


@lru_cache(maxsize=2048)
def _is_unitless(unit: str, quantity: str) -> bool:
    """Say whether the unit is a bare count or ratio, as the quantity is."""
    if QUANTITIES[quantity].unit not in _UNITLESS:
        return False
    if _ANNOTATION.match(unit.strip()) is not None:
        return True
    try:
        return canonical_unit(unit) in _UNITLESS
    except UnitError:
        return False
