"""One acquisition, several orders: which order each irradiation event answers (P9, P10).

The rule, the first that says something: a person's decision; the order of the smallest object that
states the event, where the objects name different orders; the only order whose requested region
the event irradiated; else the event is shown with all orders. Parts add up to the exam exactly,
and the exam counts each event once whatever is decided here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from dosebook_central.domain.evidence import Evidence
from dosebook_central.domain.exam import Measure, Order
from dosebook_central.domain.totals import whole
from dosebook_protocol.reading import Reading

SHARED: Final = ""  # stands for no order: shown with all
Rule = Literal["decision", "object", "region", "none"]
_SCHEDULED: Final = "scheduled_accession_number"
_WORDS: Final = ("requested_procedure", "scheduled_procedure_step")
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Assignment:
    """The order that an event answers, `SHARED` for none in particular, and which rule said so."""

    uid: str
    number: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Additive:
    """A dose that may be added over events: DLP within a phantom, AGD within a breast, KAP, MBq."""

    quantity: str
    phantom: str = ""
    side: str = ""


@dataclass(frozen=True, slots=True)
class OrderPart:
    """What the events of one order, or those shown with all (`SHARED`), gave together."""

    number: str
    uids: tuple[str, ...]
    values: Mapping[Additive, Decimal]


@dataclass(frozen=True, slots=True)
class Split:
    """An exam in parts: parts and rest add up to the totals exactly.

    `rest` is what a stated total has above or below the sum of its events.
    """

    parts: tuple[OrderPart, ...]
    rest: Mapping[Additive, Decimal]
    totals: Mapping[Additive, Decimal]


def numbers_of(reading: Reading) -> tuple[str, ...]:
    """Return the accession numbers that an object names; of an MPPS those of all its steps."""
    scheduled = (item.text for item in reading.items if item.name == _SCHEDULED)
    named = (reading.study.accession_number, *scheduled)
    return tuple(dict.fromkeys(text.strip() for text in named if text.strip()))


def orders_of(evidences: Sequence[Evidence], uids: Collection[str]) -> tuple[Order, ...]:
    """Return the orders of an exam with their words and counted events; none where it has one.

    Where only one order is named by objects with events, these say nothing of which events are
    whose: a report of everything names the order that happened to be open.
    """
    readings = [evidence.reading for evidence in evidences]
    numbers = sorted({number for reading in readings for number in numbers_of(reading)})
    if len(numbers) < 2:
        return ()
    stated = _stated(readings)
    if len(set(stated.values()) - {SHARED}) < 2:
        stated = {}
    return tuple(
        Order(
            number,
            tuple(dict.fromkeys(text for reading in readings for text in _texts(reading, number))),
            tuple(sorted(uid for uid in uids if stated.get(uid) == number)),
        )
        for number in numbers
    )


def assign(
    orders: Sequence[Order],
    uids: Sequence[str],
    fits: Mapping[str, Collection[str] | None],
    decisions: Mapping[str, str],
) -> tuple[Assignment, ...]:
    """Assign events, given as UIDs, to orders.

    Args:
        orders: of the exam, at least two.
        uids: its events, in their order.
        fits: by accession number, the UIDs of events in a region that was asked for; None where
            the order does not say a region, which leaves the rule of regions without effect.
        decisions: what people decided, by UID; a number that is no order here is passed over.
    """
    numbers = {order.number for order in orders}
    objects = {uid: order.number for order in orders for uid in order.event_uids}
    known = [places for number in sorted(numbers) if (places := fits.get(number)) is not None]
    is_told = len(known) == len(numbers)
    assigned: list[Assignment] = []
    for uid in uids:
        asked = [number for number in sorted(numbers) if is_told and uid in (fits[number] or ())]
        if uid in decisions and decisions[uid] in numbers | {SHARED}:
            assigned.append(Assignment(uid, decisions[uid], "decision"))
        elif uid in objects:
            assigned.append(Assignment(uid, objects[uid], "object"))
        elif len(asked) == 1:
            assigned.append(Assignment(uid, asked[0], "region"))
        else:
            assigned.append(Assignment(uid, SHARED, "none"))
    return tuple(assigned)


def split(
    orders: Sequence[Order],
    assigned: Iterable[Assignment],
    doses: Mapping[str, Mapping[Additive, Decimal]],
    measures: Sequence[Sequence[Measure]],
) -> Split:
    """Split an exam's doses over its orders.

    Args:
        orders: of the exam.
        assigned: every event of it.
        doses: what each event states, by UID; a missing dose has no entry and is not 0 (P29).
        measures: the totals of each part of the exam, as reconciled.
    """
    uids: dict[str, list[str]] = {
        number: [] for number in (*(one.number for one in orders), SHARED)
    }
    for one in assigned:
        uids[one.number].append(one.uid)
    parts = tuple(
        OrderPart(number, tuple(members), _sums(doses[uid] for uid in members if uid in doses))
        for number, members in uids.items()
    )
    of_events = _sums(doses.values())
    totals = {key: _total(key, of_events, measures) for key in of_events}
    rest = {key: total - of_events[key] for key, total in totals.items()}
    return Split(parts, {key: value for key, value in rest.items() if value}, totals)


def _stated(readings: Iterable[Reading]) -> dict[str, str]:
    """Say for each event the order of the smallest object that states it; `SHARED` if several."""
    smallest: dict[str, tuple[int, set[str]]] = {}
    for reading in readings:
        numbers = numbers_of(reading)
        if len(numbers) != 1:
            continue
        size = len(reading.events)
        for event in reading.events:
            known, named = smallest.get(event.uid, (size, set()))
            if size < known:
                known, named = size, set()
            if size == known:
                smallest[event.uid] = (known, named | set(numbers))
    return {
        uid: next(iter(named)) if len(named) == 1 else SHARED
        for uid, (_, named) in smallest.items()
    }


def _texts(reading: Reading, number: str) -> list[str]:
    """What an object says was requested under a number; the study's description stands in."""
    places = [
        item.path.partition("/")[0]
        for item in reading.items
        if item.name == _SCHEDULED and item.text.strip() == number
    ]
    found = [
        item.text.strip()
        for item in reading.items
        if item.name in _WORDS and item.path.partition("/")[0] in places
    ]
    if not found and numbers_of(reading) == (number,):
        study = reading.study
        found = [study.requested_procedure.strip() or study.description.strip()]
    return [text for text in found if text]


def _sums(doses: Iterable[Mapping[Additive, Decimal]]) -> dict[Additive, Decimal]:
    sums: dict[Additive, Decimal] = {}
    for one in doses:
        for key, value in one.items():
            sums[key] = sums.get(key, _ZERO) + value
    return sums


def _total(
    key: Additive, of_events: Mapping[Additive, Decimal], measures: Sequence[Sequence[Measure]]
) -> Decimal:
    """Return the exam's own total of a dose, over its parts; that of the events if none is told."""
    several = sum(one.quantity == key.quantity and not one.side for one in of_events) > 1
    if several and not key.phantom:
        return of_events[key]  # a total without phantom would be that of all phantoms (P12)
    found = [
        measure.value
        for part in measures
        if (
            measure := whole(
                [
                    one
                    for one in part
                    if (one.phantom or "", one.side or "") == (key.phantom, key.side)
                ],
                key.quantity,
            )
        )
    ]
    return sum(found, _ZERO) if found else of_events[key]
