"""Numbers, codes and vendors' items of one irradiation event, as a skin dose map needs them."""

import re
from decimal import Decimal
from typing import Final

from dosebook_protocol.codes import Key, canonical
from dosebook_protocol.quantities import UnitError, convert, parse_decimal
from dosebook_protocol.reading import CodedItem, IrradiationEvent

COPPER: Final = frozenset({("C-127F9", "SRT"), ("66925006", "SCT")})  # CID 10006
ALUMINIUM: Final = frozenset({("C-120F9", "SRT"), ("12503006", "SCT")})
_NUMBER_AND_UNIT: Final = re.compile(r"\s*([-+0-9.eE,]+)\s+(\S+)\s*")


class NoGeometryError(ValueError):
    """An event cannot stand on a skin dose map; the text says why."""


def optional(event: IrradiationEvent, quantity: str) -> Decimal | None:
    """Return a value, None where it is absent; raises `NoGeometryError` for several."""
    found = {value.value for value in event.values if value.quantity == quantity}
    if len(found) > 1:
        raise NoGeometryError(f"several values of {_words(quantity)}")
    return found.pop() if found else None


def needed(event: IrradiationEvent, quantity: str) -> Decimal:
    """Return a value; raises `NoGeometryError` where it is absent or there are several."""
    found = optional(event, quantity)
    if found is None:
        raise NoGeometryError(f"no {_words(quantity)}")
    return found


def code_of(item: CodedItem) -> Key | None:
    """Return the identity of an item's code."""
    return canonical(item.code.value, item.code.scheme) if item.code else None


def item_of(event: IrradiationEvent, name: str) -> CodedItem | None:
    """Return the first item of a name."""
    return next((item for item in event.items if item.name == name), None)


def vendor_length_mm(event: IrradiationEvent, concept: Key) -> Decimal | None:
    """Return a length that stands under a vendor's own concept, in mm."""
    for item in event.items:
        if item.name == "other" and code_of(item) == concept:
            match = _NUMBER_AND_UNIT.fullmatch(item.text)
            if match:
                try:
                    return convert(parse_decimal(match[1]), match[2], "mm")
                except (UnitError, ValueError):
                    return None
    return None


def filters_mm(event: IrradiationEvent) -> tuple[Decimal, Decimal]:
    """Return added copper and aluminium, each the mean of minimum and maximum thickness (P19).

    Raises:
        NoGeometryError: another material, a material without thickness, or one material twice.
    """
    thickness = {True: Decimal(0), False: Decimal(0)}
    seen: set[bool] = set()
    for item in event.items:
        if item.name != "x_ray_filter_material":
            continue
        code = code_of(item)
        is_copper = code in COPPER
        if not is_copper and code not in ALUMINIUM:
            named = (item.code.meaning if item.code else item.text) or "unnamed"
            raise NoGeometryError(f"filter material {named} is not covered (copper, aluminium)")
        if is_copper in seen:
            raise NoGeometryError("one filter material twice")
        seen.add(is_copper)
        thickness[is_copper] = _thickness(event, item.path.rpartition("/")[0])
    return thickness[True], thickness[False]


def _thickness(event: IrradiationEvent, container: str) -> Decimal:
    found = [
        value.value
        for value in event.values
        if value.quantity in {"filter_thickness_minimum", "filter_thickness_maximum"}
        and value.path.rpartition("/")[0] == container
    ]
    if not found:
        raise NoGeometryError("a filter without its thickness")
    return sum(found, Decimal(0)) / len(found)


def _words(quantity: str) -> str:
    known = {
        "distance_source_to_detector": "distance from source to detector",
        "distance_source_to_isocenter": "distance from source to isocentre",
        "dose_rp": "Ka,r",
        "kvp": "tube voltage",
    }
    return known.get(quantity, quantity.replace("_", " "))
