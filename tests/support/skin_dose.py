"""Exams for tests of skin doses: read from real reports, or written in a line."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from dosebook_central.dosimetry.skin_dose.model import (
    PatientSize,
    RecordedEvent,
    Refusal,
    Request,
)
from dosebook_central.dosimetry.skin_dose.request import prepare
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import (
    Code,
    CodedItem,
    DoseValue,
    Equipment,
    EventKind,
    IrradiationEvent,
)
from tests.support.readings import event as written

ENGINE = "pyskindose test"
SIEMENS = Equipment(manufacturer="Siemens", model="AXIOM-Artis", software_versions="VC21C 161026")
PHILIPS = Equipment(manufacturer="Philips", model="Allura Clarity", software_versions="8.1.30.5")
COPPER = Code("C-127F9", "SRT", "Copper or Copper compound")
ALUMINIUM = Code("C-120F9", "SRT", "Aluminum or Aluminum compound")
REFERENCE_POINT = CodedItem(
    "reference_point_definition", Code("113860", "DCM", "15cm from Isocenter toward Source")
)
AP = {
    "dose_rp": 10,
    "kvp": 80,
    "positioner_primary_angle": 0,
    "positioner_secondary_angle": 0,
    "distance_source_to_detector": 1100,
    "distance_source_to_isocenter": 785,
    "table_longitudinal_position": 0,
    "table_lateral_position": 900,
    "table_height_position": 150,
    "collimated_field_area": 400,
}
"""A beam from below, 20 cm wide at the detector, through the middle of the phantom."""


def recorded(path: Path) -> list[RecordedEvent]:
    """The events of a report as the registry has them."""
    reading = read_object(path.read_bytes())
    comments = tuple(item.text for item in reading.items if item.name == "comment")
    return [
        RecordedEvent(number, event, reading.equipment, comments)
        for number, event in enumerate(reading.events, 1)
    ]


def prepared(path: Path) -> Request | Refusal:
    """What is computed of a report whose patient's size is not stated."""
    return prepare(recorded(path), PatientSize(), ENGINE)


def filters(*layers: tuple[Code, str]) -> tuple[list[DoseValue], list[CodedItem]]:
    """Filters as a report states them: material and thickness in a container each."""
    values, items = [], []
    for number, (material, thickness) in enumerate(layers, 1):
        place = f"113706[1]/113771[{number}]"
        items.append(CodedItem("x_ray_filter_material", material, path=f"{place}/113757"))
        values += [
            DoseValue(f"filter_thickness_{end}", Decimal(thickness), "mm", thickness, "mm", path)
            for end, path in (("minimum", f"{place}/113758"), ("maximum", f"{place}/113773"))
        ]
    return values, items


def beam_event(
    number: int = 1,
    layers: Sequence[tuple[Code, str]] = ((COPPER, "0.1"),),
    items: Sequence[CodedItem] = (),
    equipment: Equipment = SIEMENS,
    comments: tuple[str, ...] = (),
    **changes: Any,
) -> RecordedEvent:
    """An event of `AP` with changes; a quantity of None is left out."""
    fields = {name: number for name, number in (AP | changes).items() if number is not None}
    event: IrradiationEvent = written(f"1.2.{number}", EventKind.PROJECTION, **fields)
    values, filter_items = filters(*layers)
    event = replace(
        event,
        values=(*event.values, *values),
        items=(REFERENCE_POINT, *filter_items, *items),
    )
    return RecordedEvent(number, event, equipment, comments)


def ask(*events: RecordedEvent, size: PatientSize | None = None) -> Request | Refusal:
    """What is computed of some events."""
    return prepare(events, size or PatientSize(), ENGINE)
