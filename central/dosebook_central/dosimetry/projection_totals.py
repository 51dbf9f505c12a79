"""KAP over the planes and of each, raw and corrected; Ka,r of each plane, never one sum (P16, P18).

The raw number stays the headline, the one corrected by the meter's calibration stands beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.findings import Findings
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs, TotalInput
from dosebook_central.dosimetry.meter_calibration import (
    BIPLANE,
    CALIBRATION,
    CORRECTED,
    METER,
    NO_UNCERTAINTY,
    calibration_flags,
    calibration_inputs,
    calibration_of,
    inputs_of,
    real_value,
)
from dosebook_central.dosimetry.stated import SUMMED, method_of, silent_note, unit_of
from dosebook_central.dosimetry.values import (
    DerivedValue,
    Input,
    Interval,
    Method,
    NotComputable,
    Place,
)
from dosebook_protocol.quantities import plain
from dosebook_protocol.reading import Plane

KAP: Final = "dose_area_product"
KA_R: Final = "dose_rp"
TWO_POINTS: Final = "sum at two different reference points"


@dataclass(frozen=True, slots=True)
class Kap:
    """KAP over all planes, Gy.cm2: as stated, as corrected, and the interval of the latter."""

    stated: Decimal
    corrected: Decimal
    interval: Interval | None
    method: Method
    inputs: tuple[Input, ...]


def kap_of(exam: ExamInputs) -> Kap | None:
    """Return the KAP of an exam; it adds over planes and machines (P16). None if none is stated."""
    totals = [total for total in exam.totals if total.quantity == KAP]
    if not totals:
        return None
    by_plane = [total for total in totals if total.plane in BIPLANE]
    whole = [total for total in totals if total.plane not in BIPLANE]
    spoken_for = any(total.plane in {None, Plane.ALL} for total in whole)
    shown = whole if spoken_for else totals
    # Each plane has its own meter, so their totals are what is corrected where they are known.
    single = [total for total in whole if total.plane is Plane.SINGLE]
    terms = [*by_plane, *single] if by_plane else whole
    corrected, low, high = Decimal(0), Decimal(0), Decimal(0)
    is_bounded = True
    for total in terms:
        value, interval = real_value(total.value, calibration_of(exam, total.plane))
        corrected += value
        if interval is None:
            is_bounded = False
        else:
            low += interval.low
            high += interval.high
    coverage = "± the stated uncertainty of each meter"
    return Kap(
        plain(sum((total.value for total in shown), Decimal(0))),
        plain(corrected),
        Interval(plain(low), plain(high), METER, coverage) if is_bounded else None,
        method_of(shown[0].basis) if len(shown) == 1 else SUMMED,
        tuple(_input(total) for total in terms) if len(terms) > 1 else (),
    )


def total_findings(
    exam: ExamInputs, events: Sequence[EventInputs], kap: Kap | None, part: int
) -> Findings:
    """Return KAP in all and per plane, Ka,r per plane and entrance dose, or why they are not."""
    return (
        _kap_findings(exam, events, kap, part)
        + _ka_r_findings(exam, events, part)
        + _entrance_findings(exam, part)
        + Findings(flags=calibration_flags(exam))
    )


def _kap_findings(
    exam: ExamInputs, events: Sequence[EventInputs], kap: Kap | None, part: int
) -> Findings:
    if kap is None:
        reason = (
            "no evidence states the kerma-area product; have the machine send its dose report "
            "(RDSR), or image headers with Image and Fluoroscopy Area Dose Product (0018,115E)"
        )
        return Findings(absences=(NotComputable(KAP, "not-stated", reason, Place(part=part)),))
    unit = unit_of(KAP)
    notes: tuple[str, ...] = () if kap.interval else (NO_UNCERTAINTY,)
    if kap.method.id != "stated":
        notes += silent_note(events, KAP)
    inputs = kap.inputs + calibration_inputs(exam)
    place = Place(part=part)
    values = [
        DerivedValue(
            KAP, kap.stated, unit, kap.method, place, kap.interval, "", inputs, notes,
            is_headline=True,
        )
    ]  # fmt: skip
    if kap.corrected != kap.stated and inputs:
        values.append(
            DerivedValue(
                KAP, kap.corrected, unit, CALIBRATION, place, kap.interval, CORRECTED, inputs
            )
        )
    for total in exam.totals:
        if total.quantity == KAP and total.plane in BIPLANE:
            values += _of_plane(exam, total, part, is_headline=False)
    return Findings(tuple(values))


def _ka_r_findings(exam: ExamInputs, events: Sequence[EventInputs], part: int) -> Findings:
    totals = [total for total in exam.totals if total.quantity == KA_R]
    if not totals:
        reason = (
            "no evidence states the air kerma at the reference point; plain radiography seldom "
            "does, fluoroscopy states it in its dose report (RDSR)"
        )
        return Findings(absences=(NotComputable(KA_R, "not-stated", reason, Place(part=part)),))
    values: list[DerivedValue] = []
    biplane = [total for total in totals if total.plane in BIPLANE]
    single = [total for total in totals if total.plane in {None, Plane.SINGLE}]
    for total in biplane:
        values += _of_plane(exam, total, part, is_headline=True)
    for position, total in enumerate(single, 1):
        label = f"machine {position} of {len(single)}" if len(single) > 1 else ""
        values += _of_plane(exam, total, part, is_headline=True, label=label, events=events)
    for total in totals:
        if total.plane is Plane.ALL:
            values.append(_of_two_points(total.value, "stated", (), part))
    if len(biplane) == len(BIPLANE) == len(totals) and all(total.value for total in biplane):
        both = plain(biplane[0].value + biplane[1].value)
        values.append(_of_two_points(both, "summed", tuple(map(_input, biplane)), part))
    return Findings(tuple(values))


def _of_plane(
    exam: ExamInputs,
    total: TotalInput,
    part: int,
    *,
    is_headline: bool,
    label: str = "",
    events: Sequence[EventInputs] = (),
) -> list[DerivedValue]:
    """Return a total of one plane as stated and, where its meter is off, corrected (P18)."""
    calibration = calibration_of(exam, total.plane)
    real, interval = real_value(total.value, calibration)
    place = Place(part=part, plane=total.plane if total.plane in BIPLANE else None)
    unit = unit_of(total.quantity)
    inputs = inputs_of(calibration, total.plane) if calibration else ()
    notes: tuple[str, ...] = () if interval else (NO_UNCERTAINTY,)
    if total.basis != "stated":
        notes += silent_note(events, total.quantity)
    values = [
        DerivedValue(
            total.quantity, total.value, unit, method_of(total.basis), place, interval, label,
            inputs, notes, is_headline=is_headline,
        )
    ]  # fmt: skip
    if real != total.value:
        stated = Input("stated value", str(total.value), unit, "exam")
        values.append(
            DerivedValue(
                total.quantity, real, unit, CALIBRATION, place, interval,
                ", ".join(filter(None, (label, CORRECTED))), (stated, *inputs),
            )
        )  # fmt: skip
    return values


def _of_two_points(
    value: Decimal, basis: str, inputs: tuple[Input, ...], part: int
) -> DerivedValue:
    return DerivedValue(
        KA_R,
        value,
        unit_of(KA_R),
        method_of(basis),
        Place(part=part, plane=Plane.ALL),
        label=TWO_POINTS,
        inputs=inputs,
        notes=("no point of the skin receives this sum; the skin dose map adds where fields meet",),
    )


def _entrance_findings(exam: ExamInputs, part: int) -> Findings:
    return Findings(
        tuple(
            DerivedValue(
                total.quantity, total.value, unit_of(total.quantity), method_of(total.basis),
                Place(part=part), notes=(NO_UNCERTAINTY,),
            )
            for total in exam.totals
            if total.quantity == "entrance_dose" and total.side is None
        )
    )  # fmt: skip


def _input(total: TotalInput) -> Input:
    source = f"plane {total.plane}" if total.plane in BIPLANE else "exam"
    return Input(
        total.quantity.replace("_", " "), str(total.value), unit_of(total.quantity), source
    )
