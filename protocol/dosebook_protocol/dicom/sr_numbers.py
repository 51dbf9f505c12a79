"""Numbers of a report: NUM items to dose values in storage units, exactly or not (P1, P2)."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.errors import UnreadableError
from dosebook_protocol.dicom.node import Node
from dosebook_protocol.dicom.sr_content import Item, coded
from dosebook_protocol.quantities import (
    QUANTITIES,
    UnitError,
    canonical_unit,
    measures,
    parse_decimal,
    to_storage,
)
from dosebook_protocol.reading import DoseValue

_MEASURED_VALUE: Final = 0x0040A300
_NUMERIC_VALUE: Final = 0x0040A30A
_UNITS: Final = 0x004008EA
_CODE_VALUE: Final = 0x00080100
_SCHEME: Final = 0x00080102
_QUALIFIER: Final = 0x0040A301

# UCUM annotations carry no dimension (UCUM §6): `{events}`, `{X-ray sources}` all count something.
_ANNOTATION: Final = re.compile(r"\{[^{}]*\}\Z|1\Z|\Z")
_UNITLESS: Final = frozenset({"{n}", "1"})


class Stated(NamedTuple):
    """One number as the object states it; a tuple, because a report has hundreds."""

    text: str
    unit: str


def stated(item: Item, notes: Deviations) -> list[Stated]:
    """Return the numbers of a NUM item as sent: none where it is empty, which is noted (P29)."""
    measured = item.node.sequence(_MEASURED_VALUE)
    if not measured:
        notes.add("empty-value", item.path, _empty(item))
        return []
    found: list[Stated] = []
    for value in measured:
        text = value.text(_NUMERIC_VALUE)
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
    for qualifier in item.node.sequence(_QUALIFIER):
        code = coded(qualifier)
        if code is not None:
            return f"no value is stated: {code.meaning or code.value}"
    return "no value is stated, and not why"


def _unit(value: Node, item: Item, notes: Deviations) -> str:
    for unit in value.sequence(_UNITS):
        scheme = unit.text(_SCHEME)
        if scheme != "UCUM":
            detail = f"the unit's scheme is {scheme!r}, not 'UCUM'"
            notes.add("unit-scheme", item.path, f"{detail}; read as UCUM")
        return unit.text(_CODE_VALUE)
    notes.add("no-unit", item.path, "the number has no unit")
    return ""


def dose_values(
    item: Item, quantity: str, notes: Deviations
) -> tuple[list[DoseValue], list[Stated]]:
    """Read a NUM item as values of `quantity`, and what could not be converted, as stated.

    Raises:
        UnreadableError: it is a dose whose unit is unknown or measures something else (P2).
    """
    found: list[DoseValue] = []
    left_over: list[Stated] = []
    known = QUANTITIES[quantity]
    for number in stated(item, notes):
        try:
            stored = _stored(parse_decimal(number.text), number.unit, quantity)
        except UnitError as reason:
            if known.is_dose and not _is_air_exposure(number.unit, quantity):
                raise UnreadableError(
                    f"{known.label} {number.text} {number.unit!r} at {item.path}: {reason}"
                ) from None
            notes.add("unknown-unit", item.path, f"{reason}; kept as text")
            left_over.append(number)
        except ValueError as reason:
            notes.add("not-a-number", item.path, f"{reason}; kept as text")
            left_over.append(number)
        else:
            found.append(
                DoseValue(quantity, stored, known.unit, number.text, number.unit, item.path)
            )
    return found, left_over


def _is_air_exposure(unit: str, quantity: str) -> bool:
    """Say whether an entrance exposure is stated as charge in air, as before it was a kerma.

    Roentgen to gray has no exact factor, so such a number stays text and stops nothing.
    """
    try:
        return quantity == "entrance_exposure_rp" and measures(unit) == "exposure"
    except UnitError:
        return False


def _stored(value: Decimal, unit: str, quantity: str) -> Decimal:
    if not unit and not value:
        return value  # nothing is nothing in every unit
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
