"""From named texts to readings with unit and state; what is no sure number becomes a notice."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from dosebook_edge.capture.instrument.parsing.extract import Facts
from dosebook_edge.capture.instrument.profile.measures import UNCALIBRATED, quantity_of, stored
from dosebook_edge.capture.instrument.profile.model import StateMap, Telegram, Value
from dosebook_edge.capture.instrument.profile.numbers import has_wrapped, parse_number
from dosebook_edge.capture.instrument.reading import (
    INVALID,
    Answer,
    Frame,
    Kind,
    Notice,
    Outcome,
    Reading,
    State,
)
from dosebook_protocol.quantities import plain


class _NoReadingError(Exception):
    """Why a value is no reading."""

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__(text)
        self.kind: Kind = kind


class Interpreter:
    """Gives readings; knows what was said before on this connection.

    Args:
        factor: calibration factor of the instrument; `corrected` is the raw value times it.
    """

    def __init__(self, factor: Decimal) -> None:
        self._factor = factor
        self._remembered: Facts = {}
        self._last: dict[str, Decimal] = {}

    def forget(self) -> None:
        """The connection is a new one: units and settings are to be heard again."""
        self._remembered.clear()

    def outcomes(self, telegram: Telegram, facts: Facts, frame: Frame) -> Iterator[Outcome]:
        """The answer that a frame is, then a notice for each value that is none."""
        self._remembered |= {name: facts[name] for name in telegram.remember}
        notices: list[_NoReadingError] = []
        states: tuple[State, ...] = ()
        readings: list[Reading] = []
        try:
            states = (*telegram.states, *(s for one in telegram.state for s in _states(one, facts)))
        except _NoReadingError as reason:
            notices.append(reason)
        for value in () if notices else telegram.value:
            try:
                readings.append(self._reading(value, facts, states))
            except _NoReadingError as reason:
                notices.append(reason)
        yield Answer(telegram.name, tuple(readings), states, facts, frame.offset, frame.raw)
        for one in notices:
            yield Notice(one.kind, str(one), frame.offset, frame.raw)

    def _reading(self, value: Value, facts: Facts, states: tuple[State, ...]) -> Reading:
        text = facts[value.source]
        if INVALID.intersection(states):
            wrong = ", ".join(sorted(INVALID.intersection(states)))
            raise _NoReadingError("invalid-state", f"{value.name}: {text!r} stands beside: {wrong}")
        number = _number(value, facts)
        unit, unit_from = self._unit(value, facts)
        raw, stored_unit = stored(number, unit)
        quantity = quantity_of(unit)
        return Reading(
            name=value.name,
            quantity=quantity,
            text=text.strip(),
            value=number,
            unit=unit,
            unit_from=unit_from,
            raw=raw,
            corrected=raw if quantity in UNCALIBRATED else plain(raw * self._factor),
            stored_unit=stored_unit,
            counter=self._counter(value, number),
        )

    def _unit(self, value: Value, facts: Facts) -> tuple[str, Literal["instrument", "profile"]]:
        if value.unit_from is None:
            assert value.unit is not None  # noqa: S101 - one of the two, as the loader checks
            return value.unit, "profile"
        said = facts.get(value.unit_from, self._remembered.get(value.unit_from))
        if said is None:
            text = f"{value.name}: the instrument has not said {value.unit_from!r} since it opened"
            raise _NoReadingError("unknown-unit", text)
        unit = value.units.get(said.strip())
        if unit is None:
            raise _NoReadingError("unknown-unit", f"{value.name}: no unit is known for {said!r}")
        return unit, "instrument"

    def _counter(self, value: Value, number: Decimal) -> Literal["", "wrapped", "decreased"]:
        if value.counter != "cumulative":
            return ""
        last = self._last.get(value.name, number)
        self._last[value.name] = number
        if number >= last:
            return ""
        wraps_at = value.wraps_at
        wrapped = wraps_at is not None and has_wrapped(last, number, wraps_at)
        return "wrapped" if wrapped else "decreased"


def _number(value: Value, facts: Facts) -> Decimal:
    text = facts[value.source]
    if text.strip() in value.overload:
        raise _NoReadingError("overload", f"{value.name}: {text.strip()!r} means overload")
    exponent = facts[value.exponent].strip() if value.exponent else ""
    try:
        number = parse_number(text.strip(" ") + exponent)
        if value.minutes is not None:
            number += 60 * parse_number(facts[value.minutes])
    except ValueError as error:
        raise _NoReadingError("not-a-number", f"{value.name}: {error}") from None
    if any(number == parse_number(one) for one in value.no_value):
        raise _NoReadingError("no-value", f"{value.name}: {text.strip()!r} means no value")
    number = number if value.scale is None else number * value.scale
    if (value.minimum is not None and number < value.minimum) or (
        value.maximum is not None and number > value.maximum
    ):
        limits = f"{value.minimum} to {value.maximum}"
        raise _NoReadingError("out-of-range", f"{value.name}: {number} is outside {limits}")
    return number


def _states(one: StateMap, facts: Facts) -> Iterator[State]:
    text = facts[one.source].strip()
    if one.codes:
        if text not in one.codes:
            raise _NoReadingError("unknown-code", f"{one.source}: {text!r} is not known")
        state = one.codes[text]
        if state:
            yield state
    if one.bits:
        try:
            flags = int(text, one.base)
        except ValueError:
            raise _NoReadingError("unknown-code", f"{one.source}: {text!r} is no flags") from None
        yield from (state for bit, state in one.bits.items() if flags >> int(bit) & 1)
