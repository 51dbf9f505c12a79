"""One irradiation event to one beam in PySkinDose's coordinates, or the reason why not.

The conventions are those of PySkinDose's `rdsr_normalizer`; what it takes silently as zero, or
passes over, is a reason here (P17, P19).
"""

import math
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.skin_dose.event_values import (
    NoGeometryError,
    code_of,
    filters_mm,
    item_of,
    needed,
    optional,
    vendor_length_mm,
)
from dosebook_central.dosimetry.skin_dose.model import Beam
from dosebook_central.dosimetry.skin_dose.safelist import Geometry
from dosebook_protocol.codes import canonical
from dosebook_protocol.quantities import convert
from dosebook_protocol.reading import IrradiationEvent

# Backscatter and medium factors are tabulated for 50 to 150 kV (Benmakhlouf 2011, 2013).
KVP_RANGE: Final = (Decimal(50), Decimal(150))
REFERENCE_POINT_CM: Final = Decimal(15)  # from the isocentre towards the source, IEC 60601-2-43
MOVED_MM: Final = Decimal(20)  # a table that moves farther within one event has no one position
TURNED_DEG: Final = Decimal(5)  # the same for the positioner: rotational acquisitions
TILTED_DEG: Final = Decimal(1)  # PySkinDose models no table angles
TABLE_HEIGHT_CM: Final = (Decimal(-15), Decimal(50))  # below the isocentre; farther is no table

_REFERENCE_POINT: Final = ("113860", "DCM")  # 15cm from Isocenter toward Source
_REFERENCE_WORDS: Final = frozenset(
    {"15cm below BeamIsocenter", "15cm from Isocenter toward Source"}
)
_HEAD_FIRST: Final = frozenset({("F-10470", "SRT"), ("102540001", "SCT")})
_SUPINE: Final = frozenset({("F-10340", "SRT"), ("40199007", "SCT")})
_POSITIONS: Final = (
    ("patient_table_relationship", _HEAD_FIRST),
    ("patient_orientation_modifier", _SUPINE),
)
_MOVING: Final = frozenset({("113612", "DCM"), ("113613", "DCM")})  # stepping, rotational
_PHILIPS: Final = "99PHI-IXR-XPER"
_FINAL_DETECTOR: Final = ("018", _PHILIPS)  # Final Distance Source to Detector
_SHUTTERS: Final = tuple((code, _PHILIPS) for code in ("006", "009", "007", "008"))
_SHUTTER_PLANE_CM: Final = Decimal(100)
_TABLE_ANGLES: Final = (
    "table_head_tilt_angle",
    "table_horizontal_rotation_angle",
    "table_cradle_tilt_angle",
)


def beam(number: int, event: IrradiationEvent, geometry: Geometry) -> Beam:
    """Return the beam of event `number`; raises `NoGeometryError` with the reason."""
    _check_reference_point(event)
    _check_patient(event)
    _check_steady(event)
    kvp = needed(event, "kvp")
    low, high = KVP_RANGE
    if not low <= round(kvp) <= high:
        raise NoGeometryError(f"tube voltage {kvp} kV is outside {low} to {high} kV")
    filters = filters_mm(event)
    if filters not in geometry.filters:
        copper, aluminium = filters
        raise NoGeometryError(
            f"no half-value layer for {copper} mm copper and {aluminium} mm aluminium"
        )
    isocentre = _cm(needed(event, "distance_source_to_isocenter"))
    detector = _detector_cm(event)
    if not REFERENCE_POINT_CM < isocentre < detector:
        raise NoGeometryError("source, isocentre and detector are not in this order")
    lateral, longitudinal = _field_cm(event, geometry, detector)
    primary, secondary = geometry.angles
    return Beam(
        event=number,
        kerma_mgy=float(needed(event, "dose_rp")),
        kvp=float(kvp),
        copper_mm=float(filters[0]),
        aluminium_mm=float(filters[1]),
        source_to_detector_cm=float(detector),
        source_to_isocentre_cm=float(isocentre),
        table_cm=_table_cm(event, geometry),
        primary_deg=primary * float(needed(event, "positioner_primary_angle")),
        secondary_deg=secondary * float(needed(event, "positioner_secondary_angle")),
        field_lateral_cm=lateral,
        field_longitudinal_cm=longitudinal,
    )


def _check_reference_point(event: IrradiationEvent) -> None:
    """Ka,r must be stated where the inverse square law takes it from."""
    stated = item_of(event, "reference_point_definition")
    if stated is None:
        raise NoGeometryError("no definition of the reference point")
    if code_of(stated) != _REFERENCE_POINT and stated.text.strip() not in _REFERENCE_WORDS:
        named = (stated.code.meaning if stated.code else stated.text).strip()
        raise NoGeometryError(f"reference point {named!r} is not 15 cm from the isocentre")


def _check_patient(event: IrradiationEvent) -> None:
    """Only head first and supine is proven; where nothing is stated it is assumed, and said so."""
    for name, proven in _POSITIONS:
        stated = item_of(event, name)
        if stated is not None and code_of(stated) not in proven:
            named = (stated.code.meaning if stated.code else stated.text).strip()
            raise NoGeometryError(f"patient lies {named}: only head first, supine is validated")


def _check_steady(event: IrradiationEvent) -> None:
    """One event is one position: what moves spreads its dose, which is not modelled."""
    if event.event_type and canonical(event.event_type.value, event.event_type.scheme) in _MOVING:
        raise NoGeometryError(f"{event.event_type.meaning or 'the acquisition'}: not modelled")
    for axis in ("primary", "secondary"):
        end = optional(event, f"positioner_{axis}_end_angle")
        start = optional(event, f"positioner_{axis}_angle")
        if end is not None and start is not None and abs(end - start) > TURNED_DEG:
            raise NoGeometryError("the C-arm turned during the event")
    for axis in ("longitudinal", "lateral", "height"):
        end = optional(event, f"table_{axis}_end_position")
        start = optional(event, f"table_{axis}_position")
        if end is not None and start is not None and abs(end - start) > MOVED_MM:
            raise NoGeometryError("the table moved during the event")
    for name in _TABLE_ANGLES:
        angle = optional(event, name)
        if angle is not None and abs(angle) > TILTED_DEG:
            raise NoGeometryError(f"{name.replace('_', ' ')} is {angle}°: not modelled")


def _detector_cm(event: IrradiationEvent) -> Decimal:
    stated = optional(event, "distance_source_to_detector")
    if stated is None:
        stated = vendor_length_mm(event, _FINAL_DETECTOR)
    if stated is None:
        raise NoGeometryError("no distance from source to detector")
    return _cm(stated)


def _table_cm(event: IrradiationEvent, geometry: Geometry) -> tuple[float, float, float]:
    x, y, z = (
        offset + direction * _cm(needed(event, quantity))
        for quantity, offset, direction in zip(
            geometry.axes, geometry.offset_cm, geometry.direction, strict=True
        )
    )
    lowest, highest = TABLE_HEIGHT_CM
    if not lowest <= y <= highest:
        raise NoGeometryError(f"table {y} cm below the isocentre is not where a table can be")
    return float(x), float(y), float(z)


def _field_cm(
    event: IrradiationEvent, geometry: Geometry, detector: Decimal
) -> tuple[float, float]:
    """Return the sides of the field at the detector, across and along the table."""
    if geometry.field == "area":
        area = needed(event, "collimated_field_area")
        if area <= 0:
            raise NoGeometryError("collimated field area is zero")
        side = round(math.sqrt(area), 3)
        return side, side
    found = [vendor_length_mm(event, concept) for concept in _SHUTTERS]
    stated = [length for length in found if length is not None]
    if len(stated) < len(_SHUTTERS):
        raise NoGeometryError("no shutter distances")
    scale = detector / _SHUTTER_PLANE_CM
    sides = _cm(stated[0] + stated[1]) * scale, _cm(stated[2] + stated[3]) * scale
    if min(sides) <= 0:
        raise NoGeometryError("the shutters are closed")
    return float(sides[0]), float(sides[1])


def _cm(length_mm: Decimal) -> Decimal:
    return convert(length_mm, "mm", "cm")
