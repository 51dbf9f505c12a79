"""What every skin dose map takes for granted, in words for its panel (P16 to P18)."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.skin_dose.event_values import item_of
from dosebook_central.dosimetry.skin_dose.model import (
    Assumption,
    Beam,
    Cylinder,
    PatientSize,
    RecordedEvent,
)
from dosebook_central.dosimetry.skin_dose.position import stated_position, table_doubt
from dosebook_central.dosimetry.skin_dose.safelist import Geometry

TABLE_TRANSMISSION: Final = 0.8  # PySkinDose's estimate of table and pad together
TUBE_FILTRATION_MM_AL: Final = 3.1  # PySkinDose's default
REFERENCE_SIZE_M: Final = Decimal("1.786")
REFERENCE_WEIGHT_KG: Final = Decimal("73.2")
_PLAUSIBLE_M: Final = (Decimal("0.3"), Decimal("2.5"))
_PLAUSIBLE_KG: Final = (Decimal(1), Decimal(400))


def cylinder(size: PatientSize) -> Cylinder:
    """Return the cylinder of a patient: radii go with the square root of mass over height.

    Source: openSkin, `Phantom3` (radius = 10 cm · √(mass / 73.2 kg) / √(height / 178.6 cm)), on
    PySkinDose's cylinder of 40 × 20 cm. Without a usable size it stays as PySkinDose has it (P17).
    """
    found = _usable(size)
    if found is None:
        return Cylinder()
    height, weight = found
    scale = math.sqrt(weight / REFERENCE_WEIGHT_KG) / math.sqrt(height / REFERENCE_SIZE_M)
    return Cylinder(half_width_cm=round(20 * scale, 2), half_thickness_cm=round(10 * scale, 2))


def assumptions(
    events: Sequence[RecordedEvent],
    beams: Sequence[Beam],
    size: PatientSize,
    body: Cylinder,
    geometry: Geometry,
) -> tuple[Assumption, ...]:
    """Return everything that the map takes for granted, what is doubtful first."""
    doubt = table_doubt(events)
    found = [
        *([Assumption("Table height", doubt)] if doubt else []),
        _size(size),
        _phantom(body),
        _position(events),
        Assumption(
            "Table and pad",
            f"they let {100 * TABLE_TRANSMISSION:.0f} % of a beam from below through, an estimate; "
            "45 × 281.5 cm, pad 4 cm; not measured in this room",
        ),
        Assumption(
            "Ka,r",
            "as sent, taken as free in air and in front of table and pad, 15 cm from the "
            "isocentre; no calibration factor of this room's meter applied",
        ),
        _field(geometry),
        Assumption(
            "Beam quality",
            "half-value layers by SpekCalc for the stated voltage and filters, tube filtration "
            f"{TUBE_FILTRATION_MM_AL} mm aluminium, as tabulated by PySkinDose",
        ),
        Assumption(
            "Backscatter and medium",
            "by voltage, half-value layer and field size, Benmakhlouf et al. 2011 and 2013",
        ),
        _planes(events, beams),
        Assumption("Geometry", f"{geometry.title}: {geometry.validated}", is_default=False),
    ]
    return tuple(found)


def _usable(size: PatientSize) -> tuple[Decimal, Decimal] | None:
    height, weight = size.size_m, size.weight_kg
    if height is None or weight is None:
        return None
    is_plausible = (
        _PLAUSIBLE_M[0] <= height <= _PLAUSIBLE_M[1]
        and _PLAUSIBLE_KG[0] <= weight <= _PLAUSIBLE_KG[1]
    )
    return (height, weight) if is_plausible else None


def _size(size: PatientSize) -> Assumption:
    if _usable(size):
        return Assumption(
            "Patient's size", f"{size.size_m} m and {size.weight_kg} kg as stated", is_default=False
        )
    stated = [
        f"{name} was sent as {value} {unit}, which is no {name}"
        for name, value, unit, (low, high) in (
            ("height", size.size_m, "m", _PLAUSIBLE_M),
            ("weight", size.weight_kg, "kg", _PLAUSIBLE_KG),
        )
        if value is not None and not low <= value <= high
    ]
    why = "; ".join(stated) or "height or weight is not stated"
    return Assumption(
        "Patient's size", f"assumed {REFERENCE_SIZE_M} m and {REFERENCE_WEIGHT_KG} kg: {why}"
    )


def _phantom(body: Cylinder) -> Assumption:
    return Assumption(
        "Phantom",
        f"an elliptic cylinder, {2 * body.half_width_cm:.1f} cm wide, "
        f"{2 * body.half_thickness_cm:.1f} cm thick and {body.length_cm} cm long, without head and "
        "arms; cells of 1 cm along and 1 to 2 cm around",
    )


def _position(events: Sequence[RecordedEvent]) -> Assumption:
    is_stated = bool(stated_position(events)) or any(
        item_of(one.event, "patient_table_relationship") for one in events
    )
    said = "head first and supine as stated" if is_stated else "head first and supine, not stated"
    return Assumption(
        "Patient's position",
        f"{said}; in the middle of the table, with the head end at the head end of the table",
        is_default=not is_stated,
    )


def _field(geometry: Geometry) -> Assumption:
    if geometry.field == "area":
        text = "a square of the stated collimated field area at the detector"
    else:
        text = "a rectangle by the stated shutter distances at 1 m from the source"
    return Assumption("X-ray field", f"{text}; wedge filters are left out of account")


def _planes(events: Sequence[RecordedEvent], beams: Sequence[Beam]) -> Assumption:
    used = {beam.event for beam in beams}
    planes = {one.event.plane for one in events if one.number in used}
    if len(planes) > 1:
        text = "both planes are on one map, each event where it hit, around one isocentre"
    else:
        text = "one plane"
    return Assumption("Planes", f"{text}; Ka,r is never added up to a skin dose", is_default=False)
