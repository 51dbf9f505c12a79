"""The derived doses of an exam as its page groups them: by quantity, the exam first, then events.

Two breasts and two planes stand in two columns, because they are never one number (P16).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from dosebook_central.dosimetry.ct_totals import LABEL_IMAGING
from dosebook_central.dosimetry.organ_ct import QUANTITY as ORGAN_DOSE
from dosebook_central.dosimetry.organ_dose import by_method
from dosebook_central.dosimetry.values import (
    WHOLE_EXAM,
    Derived,
    DerivedValue,
    Method,
    Place,
)
from dosebook_central.web.derived_text import derived_number, interval_text, place_words

# What a physicist looks at first; other quantities follow in the order of the derivation.
_ORDER: Final = (
    "effective_dose",
    "ssde",
    "ctdi_vol",
    "ctdi_w",
    "dlp",
    "dose_area_product",
    "dose_rp",
    "peak_skin_dose",
    "average_glandular_dose",
    "administered_activity",
    ORGAN_DOSE,
)
Member = tuple[int, DerivedValue]
"""A value with its place in the derivation."""

_SIDES: Final = ("left", "right")
_PLANES: Final = ("a", "b")


@dataclass(frozen=True, slots=True)
class Shown:
    """One derived value, ready for a page; `index` is its place in the derivation."""

    index: int
    value: DerivedValue
    text: str
    interval: str
    place: str
    column: str  # side or plane

    @property
    def set_text(self) -> str:
        """The coefficient set with its version, empty where none is needed."""
        method = self.value.method
        return f"{method.coefficient_set} {method.set_version}".strip()


@dataclass(frozen=True, slots=True)
class Group:
    """Values of one quantity; organ doses of one method only, which `method` names (P33)."""

    quantity: str
    unit: str
    values: tuple[Shown, ...]
    method: str = ""


@dataclass(frozen=True, slots=True)
class PlaneLine:
    """One quantity of a biplane exam: of plane A, of plane B, and what holds for both (P16)."""

    quantity: str
    unit: str
    cells: tuple[tuple[Shown, ...], ...]


@dataclass(frozen=True, slots=True)
class SideLine:
    """One view of both breasts, or what each accumulated."""

    label: str
    cells: tuple[tuple[Shown, ...], ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """One quantity of two breasts, which are never one number."""

    quantity: str
    unit: str
    lines: tuple[SideLine, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """All derived values of an exam, as the page lays them out."""

    whole: tuple[Group, ...] = ()
    planes: tuple[PlaneLine, ...] = ()
    sides: tuple[Sides, ...] = ()
    by_event: tuple[Group, ...] = ()

    @property
    def has_intervals(self) -> bool:
        """Whether any value of the whole exam has an interval."""
        return any(one.interval for group in self.whole for one in group.values)

    @property
    def has_sets(self) -> bool:
        """Whether any value of the whole exam needs a coefficient set."""
        return any(one.set_text for group in self.whole for one in group.values)


@dataclass(frozen=True, slots=True)
class Absence:
    """A quantity without a value, why, and where: one reason for several events stands once."""

    quantity: str
    label: str
    reason: str
    places: str


def panel(derived: Derived, views: Mapping[int, str]) -> Panel:
    """Lay out the values of a derivation; `views` names the view of an event."""
    found: dict[str, list[Member]] = {}
    for index, value in enumerate(derived.values):
        found.setdefault(value.quantity, []).append((index, value))
    order = {quantity: place for place, quantity in enumerate(_ORDER)}
    whole, planes, sides, by_event = [], [], [], []
    for quantity in sorted(found, key=lambda one: order.get(one, len(order))):
        members = found[quantity]
        unit = members[0][1].unit
        if any(value.place.side in _SIDES for _, value in members):
            split = [one for one in members if one[1].place.side in _SIDES]
            members = [one for one in members if one not in split]
            sides.append(Sides(quantity, unit, tuple(_side_lines(split, views))))
        elif any(value.place.plane in _PLANES for _, value in members):
            placed = [one for one in members if one[1].place.event == WHOLE_EXAM]
            members = [one for one in members if one not in placed]
            planes.append(PlaneLine(quantity, unit, _plane_cells(placed)))
        exam = [one for one in members if one[1].place.event == WHOLE_EXAM]
        events = [one for one in members if one[1].place.event != WHOLE_EXAM]
        whole += _group(quantity, exam)
        by_event += _by_method(events) if quantity == ORGAN_DOSE else _group(quantity, events)
    return Panel(tuple(whole), tuple(planes), tuple(sides), tuple(by_event))


def _group(quantity: str, members: list[Member]) -> list[Group]:
    return [Group(quantity, members[0][1].unit, _shown(members))] if members else []


def _by_method(members: list[Member]) -> list[Group]:
    """One group a method: organ doses of two tools differ by more than what is to be seen."""
    places = {id(value): index for index, value in members}
    return [
        Group(
            ORGAN_DOSE, own[0].unit, _shown([(places[id(one)], one) for one in own]), _named(method)
        )
        for method, own in by_method(value for _, value in members).items()
    ]


def _named(method: Method) -> str:
    used = f"{method.coefficient_set} {method.set_version}".strip()
    return f"{method.text} ({', '.join(filter(None, (f'{method.id} {method.version}', used)))})"


def headlines(derived: Derived, stated: Iterable[str]) -> list[Group]:
    """What stands above the exam beside its stated values, by quantity.

    Of a quantity that is stated there already only the imaging total comes (P14).
    """
    known = set(stated)
    found: dict[str, list[Member]] = {}
    for index, value in enumerate(derived.values):
        if value.is_headline and (value.quantity not in known or value.label == LABEL_IMAGING):
            found.setdefault(value.quantity, []).append((index, value))
    return [
        Group(quantity, members[0][1].unit, _shown(members)) for quantity, members in found.items()
    ]


def absences(derived: Derived) -> list[Absence]:
    """What is not computable, each reason once with the places that it holds for."""
    found: dict[tuple[str, str, str], list[Place]] = {}
    for one in derived.absences:
        found.setdefault((one.quantity, one.label, one.reason), []).append(one.place)
    return [Absence(*key, places=_places(places)) for key, places in found.items()]


def _plane_cells(members: list[Member]) -> tuple[tuple[Shown, ...], ...]:
    shown = _shown(members)
    return (
        *(tuple(one for one in shown if one.column == plane) for plane in _PLANES),
        tuple(one for one in shown if one.column not in _PLANES),
    )


def _side_lines(members: list[Member], views: Mapping[int, str]) -> Iterable[SideLine]:
    """One line a view; what each breast accumulated stands below."""
    found: dict[tuple[bool, str], list[Shown]] = {}
    for one in _shown(members):
        event = one.value.place.event
        is_whole = event == WHOLE_EXAM
        name = one.value.label or "accumulated" if is_whole else views.get(event, f"event {event}")
        found.setdefault((is_whole, name), []).append(one)
    for (_, name), values in sorted(found.items(), key=lambda item: item[0][0]):
        yield SideLine(name, tuple(tuple(o for o in values if o.column == side) for side in _SIDES))


def _shown(members: list[Member]) -> tuple[Shown, ...]:
    column = [value.value for _, value in members]
    return tuple(
        Shown(
            index,
            value,
            derived_number(value.value, value.quantity, column),
            interval_text(value.interval.low, value.interval.high, value.quantity)
            if value.interval
            else "",
            place_words(value.place, value.quantity),
            value.place.side or (value.place.plane.value if value.place.plane else ""),
        )
        for index, value in members
    )


def _places(places: list[Place]) -> str:
    events = sorted({place.event for place in places if place.event != WHOLE_EXAM})
    if not events:
        return place_words(places[0], "")
    if len(events) == 1:
        return f"event {events[0]}"
    return f"events {', '.join(_ranges(events))}"


def _ranges(numbers: list[int]) -> Iterable[str]:
    """`1, 2, 3, 7` → `1–3`, `7`."""
    first = last = numbers[0]
    for number in [*numbers[1:], 0]:
        if number == last + 1:
            last = number
            continue
        yield str(first) if first == last else f"{first}\N{EN DASH}{last}"
        first = last = number
