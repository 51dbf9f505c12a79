"""Who was exposed and by what, where a report says so in its content and not in its header.

TID 1004 has device observers default to the attributes of General Equipment, so a header that lacks
these is completed from them. TID 10024 states patient characteristics of an administration.
A header that says something is never contradicted, and statements that differ complete nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from dosebook_protocol import codes
from dosebook_protocol.codes import Key
from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.node import Node
from dosebook_protocol.dicom.sr_content import Item, texts_of
from dosebook_protocol.dicom.sr_numbers import stated
from dosebook_protocol.quantities import UnitError, convert, parse_decimal
from dosebook_protocol.reading import Equipment, Patient

# TID 1004: the observer's attribute and the one of General Equipment that it stands for.
_OBSERVER: Final[Mapping[Key, str]] = {
    ("121012", "DCM"): "device_uid",
    ("121013", "DCM"): "station_name",
    ("121014", "DCM"): "manufacturer",
    ("121015", "DCM"): "model",
    ("121016", "DCM"): "serial_number",
}
_HEIGHT: Final[Key] = ("8302-2", "LN")
_WEIGHT: Final[Key] = ("29463-7", "LN")


def completed_equipment(equipment: Equipment, root: Node) -> Equipment:
    """Return the equipment with what only the device observer of the report names."""
    missing = {concept: name for concept, name in _OBSERVER.items() if not getattr(equipment, name)}
    if not missing:
        return equipment
    observed = texts_of(root, missing)
    found = {missing[key]: texts.pop() for key, texts in observed.items() if len(texts) == 1}
    return replace(equipment, **found) if found else equipment


def completed_patient(patient: Patient, document: Item, notes: Deviations) -> Patient:
    """Return the patient with a size and weight that only the report's content states."""
    stated_by = [c for c in document.children if c.concept == codes.PATIENT_CHARACTERISTICS]
    for container in stated_by:
        patient = replace(
            patient,
            size_m=_first(patient.size_m, container.child(_HEIGHT), "m", notes),
            weight_kg=_first(patient.weight_kg, container.child(_WEIGHT), "kg", notes),
        )
    return patient


def _first(
    known: Decimal | None, item: Item | None, unit: str, notes: Deviations
) -> Decimal | None:
    if known is not None or item is None:
        return known
    for number in stated(item, notes):
        try:
            return convert(parse_decimal(number.text), number.unit, unit)
        except (UnitError, ValueError) as reason:
            notes.add("unknown-unit", item.path, f"{reason}; kept as text")
    return None
