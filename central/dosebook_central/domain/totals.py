"""Totals of one part of an exam: stated where stated, summed where they may be, never invented.

DAP adds over planes, air kerma at the reference point does not (P16); DLP adds within one phantom
(P12), CTDIvol never (P13), glandular dose per breast only; what nobody states is missing, not 0
(P29).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from dosebook_central.domain.claims import Claim
from dosebook_central.domain.exam import Basis, Difference, Measure, Source
from dosebook_central.domain.waiting import waiting, waiting_notes
from dosebook_protocol.quantities import QUANTITIES, plain
from dosebook_protocol.reading import (
    BreastSide,
    DoseValue,
    EventKind,
    IrradiationEvent,
    Phantom,
    Plane,
)

# What may be derived from the events where no total is stated, and how.
_FROM_EVENTS: Final[Mapping[EventKind, tuple[tuple[str, Basis], ...]]] = {
    EventKind.CT: (("dlp", Basis.SUMMED), ("ctdi_vol", Basis.MAX)),
    EventKind.PROJECTION: (
        ("dose_area_product", Basis.SUMMED),
        ("dose_rp", Basis.SUMMED),
        ("entrance_dose", Basis.MAX),
        ("fluoro_time", Basis.SUMMED),
    ),
    EventKind.MAMMOGRAPHY: (("average_glandular_dose", Basis.SUMMED),),
    EventKind.RADIOPHARMACEUTICAL: (("administered_activity", Basis.SUMMED),),
}
_NEVER_ADDED: Final = frozenset(
    {"ctdi_vol", "ctdi_w", "ssde", "entrance_dose", "entrance_exposure_rp", "organ_dose"}
)
_ADDS_OVER_PLANES: Final = frozenset(
    {
        "dose_area_product",
        "fluoro_dose_area_product",
        "acquisition_dose_area_product",
        "fluoro_time",
        "acquisition_time",
        "number_of_events",
    }
)

_Place = tuple[Plane | None, BreastSide | None, Phantom | None]
_Sourced = tuple[_Place, DoseValue, str]  # where it applies, the value, its record
IndexedEvent = tuple[str, int, IrradiationEvent]  # record, position in its reading, the event


@dataclass(frozen=True, slots=True)
class PartTotals:
    """The values of one part, and where stated and summed numbers differ."""

    values: tuple[Measure, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]


def part_totals(
    family: EventKind, claims: Sequence[Claim], events: Sequence[IndexedEvent]
) -> PartTotals:
    """Compute the totals of one part from its standing claims and the events counted from them."""
    open_values = waiting(event for _, _, event in events)
    from_events = _from_events(family, events, open_values)
    stated = _stated(claims, from_events)
    values = dict(stated)
    notes = waiting_notes(open_values, len(events), claims)
    for quantity, measures in from_events.items():
        if quantity not in values:
            values[quantity] = measures
            notes += _missing(quantity, events)
    phantoms = _phantoms(events)
    if len(phantoms) == 1:
        values = {
            quantity: _on_phantom(measures, phantoms[0]) for quantity, measures in values.items()
        }
    elif len(phantoms) > 1 and "dlp" in from_events:
        values["dlp"] = _beside(values["dlp"], from_events["dlp"])
    for quantity in _ADDS_OVER_PLANES & values.keys():
        values[quantity] = _with_sum_of_planes(values[quantity])
    return PartTotals(
        values=tuple(measure for name in QUANTITIES for measure in values.get(name, ())),
        differences=_differences(stated, from_events),
        notes=tuple(notes),
    )


def supplemented(totals: PartTotals, weaker: PartTotals) -> tuple[PartTotals, tuple[Measure, ...]]:
    """Add the quantities that only a weaker evidence states; returns also what was added."""
    stated = {measure.quantity for measure in totals.values}
    added = tuple(measure for measure in weaker.values if measure.quantity not in stated)
    rank = {name: place for place, name in enumerate(QUANTITIES)}
    values = sorted((*totals.values, *added), key=lambda one: rank[one.quantity])
    return replace(totals, values=tuple(values)), added


def whole(values: Iterable[Measure], quantity: str) -> Measure | None:
    """Return the one value that speaks for a whole part, None where there is no such number."""
    measures = [measure for measure in values if measure.quantity == quantity]
    if len(measures) == 1:
        return measures[0]
    for measure in measures:
        if measure.plane == Plane.ALL or _place(measure) == (None, None, None):
            return measure
    if quantity in _NEVER_ADDED and measures:
        return max(measures, key=lambda one: one.value)
    return None


def _stated(
    claims: Sequence[Claim], from_events: Mapping[str, tuple[Measure, ...]]
) -> dict[str, tuple[Measure, ...]]:
    """Take the totals that the claims state; those of disjoint reports add up (P5)."""
    whole_claims = all(claim.is_whole for claim in claims) and _are_disjoint(claims)
    by_quantity: dict[str, dict[_Place, list[_Sourced]]] = {}
    speakers: dict[str, set[str]] = {}
    for claim in claims:
        for total in claim.totals:
            place = (total.plane, total.side, total.phantom)
            record = claim.evidence.record_id
            places = by_quantity.setdefault(total.value.quantity, {})
            places.setdefault(place, []).append((place, total.value, record))
            speakers.setdefault(total.value.quantity, set()).add(record)
    found: dict[str, tuple[Measure, ...]] = {}
    for quantity, places in by_quantity.items():
        says_all = len(speakers[quantity]) == len(claims)
        if quantity in from_events and not (whole_claims and says_all):
            continue  # the events speak for what the stated totals leave out or overlap in
        basis = Basis.STATED if len(speakers[quantity]) == 1 else Basis.SUMMED
        found[quantity] = tuple(
            # Overlapping totals cannot be told apart: the largest is a safe floor.
            _combine(quantity, entries if whole_claims else [_largest(entries)], basis)
            for entries in places.values()
        )
    return found


def _largest(entries: Sequence[_Sourced]) -> _Sourced:
    return max(entries, key=lambda entry: entry[1].value)


def _are_disjoint(claims: Sequence[Claim]) -> bool:
    return sum(len(claim.uids) for claim in claims) == len(
        frozenset().union(*(claim.uids for claim in claims))
    )


def _from_events(
    family: EventKind, events: Sequence[IndexedEvent], open_values: Collection[str]
) -> dict[str, tuple[Measure, ...]]:
    """Derive totals from events; none of a quantity that is not known yet of one of them."""
    found: dict[str, tuple[Measure, ...]] = {}
    for quantity, basis in _FROM_EVENTS[family]:
        if quantity in open_values:
            continue
        places: dict[_Place, list[_Sourced]] = {}
        for record, _, event in events:
            for value in event.values:
                if value.quantity == quantity:
                    place = (event.plane, event.side, event.phantom)
                    places.setdefault(place, []).append((place, value, record))
        if places:
            found[quantity] = tuple(
                _combine(quantity, entries, Basis.SINGLE if len(events) == 1 else basis)
                for entries in places.values()
            )
    return found


def _combine(quantity: str, entries: Sequence[_Sourced], basis: Basis) -> Measure:
    numbers = [value.value for _, value, _ in entries]
    if quantity in _NEVER_ADDED:
        largest = max(numbers)
        entries = [entry for entry in entries if entry[1].value == largest][:1]
        number, basis = largest, Basis.MAX if basis is Basis.SUMMED else basis
    else:
        number = plain(sum(numbers, Decimal(0)))
    described = QUANTITIES[quantity]
    plane, side, phantom = entries[0][0]
    sources = tuple(
        Source(record, value.path, value.original, value.original_unit)
        for _, value, record in entries
    )
    return Measure(
        quantity, described.label, number, described.unit, basis, plane, side, phantom, sources
    )


def _missing(quantity: str, events: Sequence[IndexedEvent]) -> list[str]:
    """Say how many events a sum leaves out because they state no value (P29)."""
    silent = sum(
        all(value.quantity != quantity for value in event.values) for _, _, event in events
    )
    if not silent:
        return []
    label = QUANTITIES[quantity].label
    return [f"{silent} of {len(events)} irradiation events state no {label}"]


def _phantoms(events: Sequence[IndexedEvent]) -> list[Phantom | None]:
    """The phantoms of the events that state a dose; None stands for one that states none (P11)."""
    return sorted(
        {
            event.phantom
            for _, _, event in events
            if any(value.quantity in {"ctdi_vol", "dlp"} for value in event.values)
        },
        key=str,
    )


def _on_phantom(measures: Sequence[Measure], phantom: Phantom | None) -> tuple[Measure, ...]:
    """Name the only phantom on a total that states none, and drop the sub-total that repeats it."""
    placed: list[Measure] = []
    for measure in measures:
        named = (
            replace(measure, phantom=phantom)
            if measure.quantity in {"dlp", "ctdi_vol"} and measure.phantom is None
            else measure
        )
        if all(_key(named) != _key(one) for one in placed):
            placed.append(named)
    return tuple(placed)


def _key(measure: Measure) -> tuple[_Place, Decimal]:
    return (_place(measure), measure.value)


def _place(measure: Measure) -> _Place:
    return (measure.plane, measure.side, measure.phantom)


def _beside(shown: Sequence[Measure], per_phantom: Sequence[Measure]) -> tuple[Measure, ...]:
    """Show the DLP of each phantom before a total that mixes them (P12)."""
    known = {_place(measure) for measure in shown}
    added = [measure for measure in per_phantom if _place(measure) not in known]
    return (*added, *shown)


def _with_sum_of_planes(measures: tuple[Measure, ...]) -> tuple[Measure, ...]:
    by_plane = {measure.plane: measure for measure in measures}
    if set(by_plane) != {Plane.A, Plane.B} or len(measures) != 2:
        return measures
    first, second = by_plane[Plane.A], by_plane[Plane.B]
    both = replace(
        first,
        value=plain(first.value + second.value),
        basis=Basis.SUMMED,
        plane=Plane.ALL,
        sources=first.sources + second.sources,
    )
    return (both, *measures)


def _differences(
    stated: Mapping[str, tuple[Measure, ...]], from_events: Mapping[str, tuple[Measure, ...]]
) -> tuple[Difference, ...]:
    found: list[Difference] = []
    for quantity, summed in from_events.items():
        if quantity in _NEVER_ADDED:
            continue
        for total in stated.get(quantity, ()):
            number = _sum_at(total, summed)
            if number is not None and number != total.value:
                found.append(
                    Difference(
                        quantity,
                        total.label,
                        total.value,
                        number,
                        total.unit,
                        total.plane,
                        total.side,
                        total.phantom,
                    )
                )
    return tuple(found)


def _sum_at(total: Measure, summed: Sequence[Measure]) -> Decimal | None:
    """Sum the events at the place of a stated total; a place not stated means all of them."""
    plane = None if total.plane == Plane.ALL else total.plane
    wanted = (plane, total.side, total.phantom)
    numbers = [
        measure.value
        for measure in summed
        if all(
            want is None or want == have for want, have in zip(wanted, _place(measure), strict=True)
        )
    ]
    return plain(sum(numbers, Decimal(0))) if numbers else None
