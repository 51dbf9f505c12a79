"""The meter behind a stated KAP or Ka,r: its calibration factor and uncertainty (P18).

A stated value times the calibration factor is the real-world value (DICOM PS3.16, 122322 DCM in
TID 10002); the uncertainty (113763 DCM) is a percentage of it.
"""

from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.inputs import Calibration, ExamInputs
from dosebook_central.dosimetry.intervals import within
from dosebook_central.dosimetry.values import Flag, Input, Interval, Method
from dosebook_protocol.quantities import plain
from dosebook_protocol.reading import Plane

METER: Final = "calibration of the KAP meter"
CORRECTED: Final = "corrected by the calibration factor of the meter"
NO_UNCERTAINTY: Final = "no interval: the object states no uncertainty of its meter"
CALIBRATION: Final = Method(
    "meter-calibration",
    "stated value x calibration factor of the plane's meter",
    "1",
    "DICOM PS3.16 TID 10002, Calibration Factor (122322, DCM)",
)
BIPLANE: Final = (Plane.A, Plane.B)
# Meters in use needed factors of 0.94 to 1.18 (P18); what is far from that is a slip, not a meter.
_PLAUSIBLE: Final = (Decimal("0.5"), Decimal(2))


def calibration_of(exam: ExamInputs, plane: Plane | None) -> Calibration | None:
    """Return the one calibration of a plane's meter; None where none or several are stated."""
    is_any = plane in {None, Plane.ALL}
    fitting = {
        (one.factor, one.uncertainty_percent)
        for one in exam.calibrations
        if is_any or one.plane in {plane, None}
    }
    return Calibration(plane, *fitting.pop()) if len(fitting) == 1 else None


def real_value(value: Decimal, calibration: Calibration | None) -> tuple[Decimal, Interval | None]:
    """Return the real-world value and its interval; the value itself where no factor is usable."""
    if calibration is None:
        return value, None
    factor = calibration.factor
    real = value if factor is None or not _is_plausible(factor) else plain(value * factor)
    percent = calibration.uncertainty_percent
    return real, within(real, percent, METER) if percent is not None else None


def _is_plausible(factor: Decimal) -> bool:
    return _PLAUSIBLE[0] <= factor <= _PLAUSIBLE[1]


def calibration_flags(exam: ExamInputs) -> tuple[Flag, ...]:
    """Flag the factors that are none of a meter."""
    return tuple(
        Flag(
            "calibration-factor",
            f"the object states a calibration factor of {one.factor} for its meter: no correction "
            f"is made outside {_PLAUSIBLE[0]} to {_PLAUSIBLE[1]}; check the setting of the machine",
        )
        for one in exam.calibrations
        if one.factor is not None and not _is_plausible(one.factor)
    )


def calibration_inputs(exam: ExamInputs) -> tuple[Input, ...]:
    """Return what is stated of all meters of an exam."""
    return tuple(found for one in exam.calibrations for found in inputs_of(one, one.plane))


def inputs_of(calibration: Calibration, plane: Plane | None) -> tuple[Input, ...]:
    """Return factor and uncertainty of one meter, as far as they are stated."""
    source = f"meter of plane {plane}" if plane in BIPLANE else "meter"
    found = []
    if calibration.factor is not None:
        found.append(Input("calibration factor", str(calibration.factor), "", source))
    if calibration.uncertainty_percent is not None:
        percent = str(calibration.uncertainty_percent)
        found.append(Input("calibration uncertainty", percent, "%", source))
    return tuple(found)
