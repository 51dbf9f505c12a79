"""The orders of an exam that answers several: the part of each, and how events are assigned."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection

from dosebook_central.domain.exam import Order
from dosebook_central.domain.orders import (
    SHARED,
    Additive,
    Assignment,
    OrderPart,
    Split,
    assign,
    split,
)
from dosebook_central.dosimetry.anatomy_tables import UNMAPPED, Atlas, atlas
from dosebook_central.dosimetry.sets import view
from dosebook_central.dosimetry.values import Derived
from dosebook_central.store.orders import Decided, decisions, in_force
from dosebook_central.store.queries.exams import ExamEvent, ExamPage
from dosebook_central.store.queries.packages import load_library
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import EventKind

_DOSES: Final = (
    ("dlp", "dlp_mgy_cm"),
    ("dose_area_product", "dose_area_product_gy_cm2"),
    ("average_glandular_dose", "average_glandular_dose_mgy"),
    ("administered_activity", "administered_activity_mbq"),
)
_WHY: Final = {
    "object": "an object of this order alone states the event",
    "region": "the only order that asks for this region",
    "none": "nothing tells whose it is",
}


@dataclass(frozen=True, slots=True)
class EventOrder:
    """One event with its order, why, and the decision that holds, if a person made one."""

    event: ExamEvent
    number: str
    why: str
    decided: Decided | None


@dataclass(frozen=True, slots=True)
class OrdersPanel:
    """The parts of an exam by order, its events with their order, and all decisions on them."""

    orders: tuple[Order, ...]
    doses: tuple[Additive, ...]
    split: Split
    events: tuple[EventOrder, ...]
    history: tuple[tuple[int, Decided], ...]  # ordinal of the event, and the decision

    @property
    def shown(self) -> tuple[OrderPart, ...]:
        """The parts to list: every order, and what is shown with all if there is any."""
        return tuple(one for one in self.split.parts if one.number != SHARED or one.uids)

    def requested(self, number: str) -> str:
        """Say what an order asks for, in its own words."""
        return "; ".join(text for one in self.orders if one.number == number for text in one.texts)

    def unit(self, dose: Additive) -> str:
        """Return the storage unit of a dose."""
        return QUANTITIES[dose.quantity].unit

    def text(self, dose: Additive, value: Decimal) -> str:
        """Write a value with as many decimals as any of its column: rounded parts add to no sum."""
        column = [self.split.totals[dose], *(one.values.get(dose) for one in self.split.parts)]
        exponents = (one.as_tuple().exponent for one in column if one is not None)
        decimals = max((-one for one in exponents if isinstance(one, int)), default=0)
        return f"{value:.{max(0, decimals)}f}"


def orders_panel(
    connection: Connection, page: ExamPage, derived: Derived | None
) -> OrdersPanel | None:
    """Return what an exam with several accession numbers shows of them; None for all others."""
    orders = page.summary.orders
    if len(orders) < 2:
        return None
    decided = decisions(connection, page.head.id)
    held = in_force(decided)
    fits = _fits(view(load_library(connection), atlas), orders, page, derived)
    uids = [event.uid for event in page.events]
    assigned = assign(orders, uids, fits, {uid: one.accession_number for uid, one in held.items()})
    doses = {event.uid: _doses(event) for event in page.events}
    parts = split(orders, assigned, doses, [part.values for part in page.summary.parts])
    ordinals = {event.uid: event.ordinal for event in page.events}
    return OrdersPanel(
        orders=orders,
        doses=tuple(parts.totals),
        split=parts,
        events=tuple(
            _event_order(event, one, held.get(event.uid))
            for event, one in zip(page.events, assigned, strict=True)
        ),
        history=tuple((ordinals[one.event_uid], one) for one in decided),
    )


def _event_order(event: ExamEvent, assigned: Assignment, decided: Decided | None) -> EventOrder:
    why = _WHY.get(assigned.rule, "")
    if decided is not None:
        who = f"{decided.actor} on {decided.at.date().isoformat()}"
        is_passed_over = assigned.rule != "decision"
        why = f"{why}; {who} named an order that this exam no longer has" if is_passed_over else who
    return EventOrder(event, assigned.number, why, decided)


def _doses(event: ExamEvent) -> dict[Additive, Decimal]:
    found: dict[Additive, Decimal] = {}
    for quantity, column in _DOSES:
        value: Decimal | None = getattr(event, column)
        if value is not None:
            phantom = event.phantom if quantity == "dlp" else ""
            side = event.side if quantity == "average_glandular_dose" else ""
            found[Additive(quantity, phantom, side)] = value
    return found


def _fits(
    tables: Atlas, orders: Sequence[Order], page: ExamPage, derived: Derived | None
) -> Mapping[str, Collection[str] | None]:
    """Say for each order which events lie in a region that its words ask for; None without words.

    Composite regions count with each of their base parts.
    """
    modality = "CT" if any(one.kind == EventKind.CT for one in page.events) else page.head.modality
    uids = {event.ordinal: event.uid for event in page.events}
    irradiated = {
        uids[finding.event]: _parts(tables, finding.region)
        for finding in (derived.regions if derived else ())
        if finding.event in uids and finding.region != UNMAPPED
    }
    fits: dict[str, Collection[str] | None] = {}
    for order in orders:
        regions = {region for text in order.texts for region in tables.words(text, modality)}
        asked = {part for region in regions for part in _parts(tables, region)}
        fits[order.number] = _within(tables, irradiated, asked) if asked else None
    return fits


def _parts(tables: Atlas, region: str) -> tuple[str, ...]:
    return tables.parts.get(region, (region,))


def _within(
    tables: Atlas, irradiated: Mapping[str, Sequence[str]], asked: Collection[str]
) -> frozenset[str]:
    return frozenset(
        uid
        for uid, places in irradiated.items()
        if any(tables.agree(place, part) for place in places for part in asked)
    )
