"""Where a derived value comes from: method, set, inputs, doubt, and what earlier versions said."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dosebook_central.dosimetry.values import Derived, DerivedValue, Input
from dosebook_central.store.queries.derived import DerivedVersion
from dosebook_central.web.derived_text import interval_text, place_words
from dosebook_central.web.exam_events import STATED
from dosebook_protocol.printed import unit_text

EARLIER: Final = 12
"""How many earlier versions stand beside a value; each of them is read for it."""

_BY_LABEL: Final = {"DLP": "dlp", "CTDIvol": "ctdi_vol"}
_IN_TABLE: Final = frozenset(quantity for quantity, _ in STATED)


@dataclass(frozen=True, slots=True)
class ShownInput:
    """One number that went into a value, and the way to its own source.

    That of an event's stated value is `event` and `quantity`; `index` is a derived value's place.
    """

    name: str
    value: str
    unit: str
    source: str
    event: int = 0
    quantity: str = ""
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """The same value in another version of the derivation, and what is different there."""

    version: DerivedVersion
    value: DerivedValue | None
    interval: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DerivedSource:
    """All that is known of one derived value."""

    value: DerivedValue
    place: str
    interval: str
    version: DerivedVersion
    is_in_force: bool
    inputs: tuple[ShownInput, ...]
    earlier: tuple[Earlier, ...]


def derived_source(
    derived: Derived,
    index: int,
    version: DerivedVersion,
    versions: Iterable[DerivedVersion],
    in_force: int,
    read: Callable[[int], Derived | None],
) -> DerivedSource:
    """Describe a value of one version; `read` gives what another version says."""
    value = derived.values[index]
    others = [one for one in versions if one.version != version.version and not one.is_trial]
    return DerivedSource(
        value=value,
        place=place_words(value.place, value.quantity),
        interval=_interval(value),
        version=version,
        is_in_force=version.version == in_force,
        inputs=tuple(_input(one, derived) for one in value.inputs),
        earlier=tuple(_earlier(value, version, one, read) for one in others[:EARLIER]),
    )


def _earlier(
    value: DerivedValue,
    version: DerivedVersion,
    other: DerivedVersion,
    read: Callable[[int], Derived | None],
) -> Earlier:
    derived = read(other.version)
    found = _same(value, derived) if derived else None
    if found is None:
        reason = _absence(value, derived) if derived else "this version is not at hand"
        return Earlier(other, None, "", (reason,))
    differences = tuple(_differences(found, value))
    if not differences and other.software != version.software:
        differences = (f"formulas of version {other.software}",)
    return Earlier(other, found, _interval(found), differences)


def _same(value: DerivedValue, derived: Derived) -> DerivedValue | None:
    """The value of the same quantity, place and label; the region of a place may have changed."""

    def key(one: DerivedValue) -> tuple[object, ...]:
        place = one.place
        return (one.quantity, one.label, place.event, place.part, place.plane, place.side,
                place.organ, place.agent)  # fmt: skip

    return next((one for one in derived.values if key(one) == key(value)), None)


def _absence(value: DerivedValue, derived: Derived) -> str:
    for one in derived.absences:
        if one.quantity == value.quantity and one.place.event == value.place.event:
            return f"not computable then: {one.reason}"
    return "not derived then"


def _differences(then: DerivedValue, now: DerivedValue) -> Iterator[str]:
    """What another version computed otherwise, seen from the one that is shown."""
    if then.place.region != now.place.region:
        yield f"region {place_words(then.place, then.quantity)}"
    sets = [f"{one.method.coefficient_set} {one.method.set_version}".strip() for one in (then, now)]
    if sets[0] != sets[1]:
        yield f"set {sets[0] or 'none'}"
    if (then.method.id, then.method.version) != (now.method.id, now.method.version):
        yield f"method: {then.method.text}"
    before = {(one.name, one.source): one for one in then.inputs}
    after = {(one.name, one.source): one for one in now.inputs}
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        if old is None:
            yield f"without {key[0]}"
        elif new is None or (old.value, old.unit) != (new.value, new.unit):
            yield f"{key[0]} {old.value} {unit_text(old.unit)}".rstrip()


def _input(one: Input, derived: Derived) -> ShownInput:
    name, unit = one.name.replace("_", " "), unit_text(one.unit)
    event = one.source.removeprefix("event ")
    if event == one.source or not event.isdigit():
        return ShownInput(name, one.value, unit, one.source)
    quantity = _BY_LABEL.get(one.name, one.name.replace(" ", "_").casefold())
    if quantity in _IN_TABLE:
        return ShownInput(name, one.value, unit, one.source, int(event), quantity)
    return ShownInput(
        name, one.value, unit, one.source, index=_place(derived, quantity, int(event), one.value)
    )


def _place(derived: Derived, quantity: str, event: int, text: str) -> int | None:
    """The derived value of an event that went into a sum."""
    return next(
        (
            index
            for index, value in enumerate(derived.values)
            if (value.quantity, value.place.event) == (quantity, event) and str(value.value) == text
        ),
        None,
    )


def _interval(value: DerivedValue) -> str:
    if value.interval is None:
        return ""
    return interval_text(value.interval.low, value.interval.high, value.quantity)
