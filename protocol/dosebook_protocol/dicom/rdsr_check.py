"""Stated totals against the sum of the events: a difference stays visible, nothing is corrected."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.reading import DoseValue, IrradiationEvent, Plane, Total

_SUMMED: Final = ("dlp", "dose_area_product", "dose_rp", "average_glandular_dose")
_TOLERANCE: Final = Decimal("0.001")
"""Vendors round events and totals apart; beyond one in a thousand it is no rounding."""


def compare(totals: Sequence[Total], events: Sequence[IrradiationEvent], notes: Deviations) -> None:
    """Note each stated total that is not the sum of the events which it covers."""
    for total in totals:
        quantity = total.value.quantity
        if quantity == "number_of_events" and total.value.value != len(events):
            detail = f"{total.value.value} events stated, {len(events)} in the report"
            notes.add("events-differ", total.value.path, detail)
        if quantity not in _SUMMED:
            continue
        values = [
            v for e in events if _covers(total, e) for v in e.values if v.quantity == quantity
        ]
        if not values:
            continue
        summed = sum((value.value for value in values), Decimal(0))
        if abs(summed - total.value.value) > _allowed(total.value, values):
            unit = total.value.unit
            detail = f"{total.value.value} {unit} stated, the events sum to {summed} {unit}"
            notes.add("totals-differ", total.value.path, detail)


def sum_of_events(total: Total, events: Sequence[IrradiationEvent]) -> Decimal | None:
    """Return what the events which a total covers sum to, None where none states its quantity."""
    covered = [event for event in events if _covers(total, event)]
    if total.value.quantity == "number_of_events":
        return Decimal(len(covered))
    quantity = total.value.quantity if total.value.quantity in _SUMMED else ""
    values = [v.value for event in covered for v in event.values if v.quantity == quantity]
    return sum(values, Decimal(0)) if values else None


def _covers(total: Total, event: IrradiationEvent) -> bool:
    if total.phantom is not None and event.phantom != total.phantom:
        return False
    if total.side is not None and event.side != total.side:
        return False
    return total.plane in (None, Plane.ALL) or event.plane in (None, total.plane)


def _allowed(total: DoseValue, values: Iterable[DoseValue]) -> Decimal:
    """Return what rounding explains: half a last digit of each number, or a thousandth."""
    rounding = sum((_half_digit(value) for value in (total, *values)), Decimal(0))
    return max(rounding, abs(total.value) * _TOLERANCE)


def _half_digit(value: DoseValue) -> Decimal:
    exponent = value.value.as_tuple().exponent
    return Decimal(5).scaleb(exponent - 1) if isinstance(exponent, int) else Decimal(0)
