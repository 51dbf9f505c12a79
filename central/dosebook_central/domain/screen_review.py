"""What persons decide on values read from a screen, and the reading that follows from it.

A value that the reader did not release counts only when a person confirmed it; one that it did
release counts until a person says that it is wrong. Decisions are a series that only grows: an undo
takes back the one before it, so that the reading is then the very one of before.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from dosebook_central.domain.procedures.decisions import standing
from dosebook_protocol.reading import (
    BreastSide,
    CodedItem,
    DoseValue,
    IrradiationEvent,
    Phantom,
    Plane,
    Reading,
    Total,
)
from dosebook_protocol.screen import PATH, Pending, item_of, pending_of

Act = Literal["accept", "correct", "reject", "void", "disown", "undo"]
WHOLE: Final = ""
"""The path of decisions on a screen as a whole: `disown` says that it is of another exam (P51)."""


class State(StrEnum):
    """Where a value from a screen stands."""

    RELEASED = "released"  # by the reader, no person said anything against it
    WAITING = "waiting"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    REJECTED = "rejected"


_AFTER: Final = {
    "accept": State.ACCEPTED,
    "correct": State.CORRECTED,
    "reject": State.REJECTED,
    "void": State.WAITING,
}
_ALLOWED: Final = {
    "accept": {State.WAITING},
    "correct": {State.WAITING},
    "reject": {State.WAITING},
    "void": {State.RELEASED, State.ACCEPTED, State.CORRECTED},
}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A number that a person read from the crop, and where it belongs: an event, or a total."""

    value: DoseValue
    event_uid: str = ""
    plane: Plane | None = None
    side: BreastSide | None = None
    phantom: Phantom | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on the value at `path`; only those that confirm bring a number."""

    path: str
    act: Act
    by: str
    at: datetime
    note: str = ""
    confirmed: Confirmed | None = None


_CONFIRMED: Final = TypeAdapter(Confirmed)


def to_json(confirmed: Confirmed) -> dict[str, Any]:
    """Return as plain JSON values, the number as decimal text."""
    data: dict[str, Any] = _CONFIRMED.dump_python(confirmed, mode="json")
    return data


def from_json(data: Mapping[str, Any]) -> Confirmed:
    """Return what `to_json` wrote; raises `pydantic.ValidationError`."""
    return _CONFIRMED.validate_python(data)


def state_of(
    decisions: Iterable[Decision], *, was_released: bool, is_disowned: bool = False
) -> State:
    """Where a value stands after the decisions on it, oldest first, or on its whole screen."""
    if is_disowned:
        return State.REJECTED
    held = standing(decisions)
    if held is None:
        return State.RELEASED if was_released else State.WAITING
    return _AFTER[held.act]


def may_follow(state: State, act: Act, *, has_decisions: bool) -> bool:
    """Whether a decision makes sense for a value in this state."""
    return has_decisions if act == "undo" else state in _ALLOWED[act]


def held_by_path(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """The decision that holds for each path, from the decisions on one record, oldest first."""
    series: dict[str, list[Decision]] = {}
    for one in decisions:
        series.setdefault(one.path, []).append(one)
    held = {path: standing(listed) for path, listed in series.items()}
    return {path: one for path, one in held.items() if one is not None}


def complete(reading: Reading, decisions: Iterable[Decision]) -> Reading:
    """Return the reading as persons left it; the very same one where no decision holds.

    Raises:
        ValueError: a confirmed value belongs to an event that the reading does not have.
    """
    held = held_by_path(decisions)
    if not held:
        return reading
    if whole := held.get(WHOLE):
        disowned = CodedItem("screen_disowned", text=whole.note)
        return replace(reading, events=(), totals=(), items=(*reading.items, disowned))
    confirmed = [held[path].confirmed for path in sorted(held)]
    numbers = [one for one in confirmed if one is not None]
    if missing := {one.event_uid for one in numbers if one.event_uid} - {
        event.uid for event in reading.events
    }:
        raise ValueError(f"the reading has no event {min(missing)}")
    settled = {one.value.path for one in numbers}
    open_values = {path: one for path, one in held.items() if path not in settled}
    stated = [total.value for total in reading.totals]
    return replace(
        reading,
        events=tuple(_event(event, settled, open_values, numbers) for event in reading.events),
        totals=(
            *(total for total in reading.totals if total.value.path not in held),
            *(
                Total(one.value, one.plane, one.side, one.phantom)
                for one in numbers
                if not one.event_uid
            ),
        ),
        items=(*_without(reading.items, settled), *_taken_out(stated, open_values)),
    )


def screen_values(reading: Reading) -> dict[str, tuple[str, bool]]:
    """By path, the quantity of each value of a screen, and whether the reader released it."""
    found: dict[str, tuple[str, bool]] = {}
    for items in (reading.items, *(event.items for event in reading.events)):
        for item in items:
            if (pending := pending_of(item)) is not None:
                found[pending.path] = (pending.quantity, False)
    values = [total.value for total in reading.totals]
    for value in (*values, *(value for event in reading.events for value in event.values)):
        if value.path.startswith(PATH):
            found[value.path] = (value.quantity, True)
    return found


def _event(
    event: IrradiationEvent,
    settled: Collection[str],
    open_values: Mapping[str, Decision],
    numbers: Iterable[Confirmed],
) -> IrradiationEvent:
    own = tuple(one.value for one in numbers if one.event_uid == event.uid)
    kept = tuple(
        value
        for value in event.values
        if value.path not in settled and value.path not in open_values
    )
    items = (*_without(event.items, settled), *_taken_out(event.values, open_values))
    return replace(event, values=(*kept, *own), items=items)


def _taken_out(
    values: Iterable[DoseValue], open_values: Mapping[str, Decision]
) -> tuple[CodedItem, ...]:
    """Items in the place of released values that a person calls wrong."""
    return tuple(
        item_of(
            Pending(
                value.path,
                value.quantity,
                f"{value.original} {value.original_unit}".strip(),
                open_values[value.path].note,
            )
        )
        for value in values
        if value.path in open_values
    )


def _without(items: tuple[CodedItem, ...], settled: Collection[str]) -> tuple[CodedItem, ...]:
    """Items without those that stand in the place of a value that is now confirmed."""
    return tuple(
        item
        for item in items
        if (pending := pending_of(item)) is None or pending.path not in settled
    )
