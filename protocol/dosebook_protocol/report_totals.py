"""The totals of one object: what it states, and beside that what its events sum to.

Never summed: CTDIvol (P13), AGD over two breasts (P3), DLP over different phantoms (P12). Ka,r of
two planes is given per plane, and its sum is labelled (P16).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import EventKind, IrradiationEvent, Phantom, Plane, Reading, Total

TWO_REFERENCE_POINTS: Final = "sum at two reference points"
SEVERAL_PHANTOMS: Final = "stated over several phantoms"
SEVERAL_UNSTATED_BREASTS: Final = "several doses without a breast: see the stated ones"

_AT_A_POINT: Final = frozenset(
    {"dose_rp", "fluoro_dose_rp", "acquisition_dose_rp", "entrance_exposure_rp", "entrance_dose"}
)
_LARGEST: Final = frozenset({"ctdi_vol", "ctdi_w", "ssde"})
_EVENT_SUMS: Final = ("dose_area_product", "dose_rp", "number_of_frames", "number_of_pulses")
_UNSTATED: Final = "unstated"

Totals = dict[str, Any]


def totals(reading: Reading) -> Totals:
    """Return the totals of a reading, keyed by quantity with the unit in the name."""
    by_quantity: dict[str, list[Total]] = defaultdict(list)
    for total in reading.totals:
        by_quantity[total.value.quantity].append(total)
    found: Totals = {}
    notes: dict[str, str] = {}
    for quantity, stated in by_quantity.items():
        _add_stated(quantity, stated, found, notes)
    planes = _by_plane(reading.totals)
    if planes:
        found["planes"] = planes
    _add_activity(reading.events, found)
    found["events_in_file"] = len(reading.events)
    found["events_with_dose"] = sum(_has_dose(event) for event in reading.events)
    highest = _values(reading.events, "ctdi_vol")
    if highest:
        found["max_ctdi_vol_mgy"] = max(highest)
    found["sum_of_events"] = _event_sums(reading.events)
    if "dlp_mgy_cm" in found and len(_dlp_phantoms(reading.events)) > 1:
        notes["dlp_mgy_cm"] = SEVERAL_PHANTOMS
    if _is_at_two_points(reading.events):
        notes["sum_of_events.dose_rp_mgy"] = TWO_REFERENCE_POINTS
    found["notes"] = notes
    return found


def _add_stated(quantity: str, stated: list[Total], found: Totals, notes: dict[str, str]) -> None:
    name = QUANTITIES[quantity].field
    if quantity == "average_glandular_dose" or any(total.side for total in stated):
        found[name] = _by_side(stated, notes)
    elif quantity == "dlp":
        _add_dlp(name, stated, found, notes)
    elif quantity in _LARGEST:
        found[name] = max(total.value.value for total in stated)
    else:
        chosen = [total for total in stated if total.plane is Plane.ALL] or stated
        found[name] = sum((total.value.value for total in chosen), Decimal(0))
        if quantity in _AT_A_POINT and len({total.plane for total in chosen}) > 1:
            notes[name] = TWO_REFERENCE_POINTS


def _by_side(stated: list[Total], notes: dict[str, str]) -> dict[str, Decimal]:
    """Return the dose of each breast; several of unstated breasts may be of both: none taken."""
    sides: dict[str, Decimal] = {}
    unstated = [total for total in stated if total.side is None]
    for total in stated:
        side = total.side or _UNSTATED
        sides[side] = sides.get(side, Decimal(0)) + total.value.value
    if len(unstated) > 1:
        del sides[_UNSTATED]
        notes[QUANTITIES[unstated[0].value.quantity].field] = SEVERAL_UNSTATED_BREASTS
    return sides


def _add_dlp(name: str, stated: list[Total], found: Totals, notes: dict[str, str]) -> None:
    whole = [total.value.value for total in stated if total.phantom is None]
    phantoms: dict[str, Decimal] = {}
    for total in stated:
        if total.phantom is not None:
            before = phantoms.get(total.phantom, Decimal(0))
            phantoms[total.phantom] = before + total.value.value
    if phantoms:
        found["dlp_by_phantom_mgy_cm"] = phantoms
    if whole:
        found[name] = sum(whole, Decimal(0))
        if len(phantoms) > 1:
            notes[name] = SEVERAL_PHANTOMS
    elif len(phantoms) == 1:
        found[name] = next(iter(phantoms.values()))


def _by_plane(stated: Iterable[Total]) -> dict[str, dict[str, Decimal]]:
    planes: dict[str, dict[str, Decimal]] = {}
    for total in stated:
        if total.plane is not None and total.side is None:
            fields = planes.setdefault(total.plane.value, {})
            name = QUANTITIES[total.value.quantity].field
            fields[name] = fields.get(name, Decimal(0)) + total.value.value
    return planes


def _add_activity(events: tuple[IrradiationEvent, ...], found: Totals) -> None:
    """Activities add only where they are of one radionuclide."""
    given = [event for event in events if event.kind is EventKind.RADIOPHARMACEUTICAL]
    if not given:
        return
    found["administrations"] = len(given)
    activities = _values(given, "administered_activity")
    nuclides = {_radionuclide(event) for event in given}
    if activities and len(nuclides) == 1:
        found["administered_activity_mbq"] = sum(activities, Decimal(0))


def _radionuclide(event: IrradiationEvent) -> str:
    for item in event.items:
        if item.name == "radionuclide":
            return item.code.value if item.code else item.text
    return ""


def _event_sums(events: tuple[IrradiationEvent, ...]) -> Totals:
    sums: Totals = {}
    for quantity in _EVENT_SUMS:
        values = _values(events, quantity)
        if values:
            sums[QUANTITIES[quantity].field] = sum(values, Decimal(0))
    sides = _grouped(events, "average_glandular_dose", lambda event: event.side or _UNSTATED)
    if sides:
        sums["average_glandular_dose_mgy"] = sides
    phantoms = _grouped(events, "dlp", lambda event: event.phantom or _UNSTATED)
    if phantoms:
        sums["dlp_by_phantom_mgy_cm"] = phantoms
    if len(phantoms) == 1:
        sums["dlp_mgy_cm"] = next(iter(phantoms.values()))
    return sums


def _is_at_two_points(events: tuple[IrradiationEvent, ...]) -> bool:
    planes = {e.plane for e in events if any(v.quantity == "dose_rp" for v in e.values)}
    return len(planes) > 1


def _dlp_phantoms(events: tuple[IrradiationEvent, ...]) -> set[Phantom | None]:
    return {e.phantom for e in events if any(v.quantity == "dlp" for v in e.values)}


def _grouped(
    events: tuple[IrradiationEvent, ...], quantity: str, group: Callable[[IrradiationEvent], str]
) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for event in events:
        for value in event.values:
            if value.quantity == quantity:
                name = group(event)
                found[name] = found.get(name, Decimal(0)) + value.value
    return found


def _values(events: Iterable[IrradiationEvent], quantity: str) -> list[Decimal]:
    return [v.value for event in events for v in event.values if v.quantity == quantity]


def _has_dose(event: IrradiationEvent) -> bool:
    return any(QUANTITIES[value.quantity].is_dose for value in event.values)
