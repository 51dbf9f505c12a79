"""The stored form of a `Derived`: JSON that says each long text and each method once.

A million exams are kept with every version, so records are arrays in the order of their fields,
without the defaults at their end, and texts are numbers of a table. Every default is empty, zero or
None; so what is left out is told by its place. `form` counts what has to be read differently.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from dosebook_central.dosimetry.values import (
    Derived,
    DerivedValue,
    Exemption,
    Flag,
    Input,
    Interval,
    Method,
    NotComputable,
    Place,
    RegionFinding,
    RegionShare,
)
from dosebook_protocol.reading import Plane

FORM: Final = 1
_SHORT: Final = 8  # a text up to this length stands where it is said


class StoredFormError(ValueError):
    """A stored derivation that this program does not understand."""


def to_text(derived: Derived) -> str:
    """Write derived values as they are stored."""
    tables = _Tables()
    body: dict[str, Any] = {
        "values": [_value(one, tables) for one in derived.values],
        "absences": [
            _trimmed(
                one.quantity, one.code, tables.text(one.reason), _place(one.place),
                tables.text(one.label),
            )
            for one in derived.absences
        ],
        "flags": [
            _trimmed(one.code, tables.text(one.sentence), one.event) for one in derived.flags
        ],
        "regions": [
            _trimmed(
                one.event, tables.text(one.region), one.confidence, tables.text(one.said_by),
                [tables.text(other) for other in one.others],
            )
            for one in derived.regions
        ],
        "shares": [_share(one) for one in derived.shares],
        "procedure": _trimmed(derived.procedure_id, derived.procedure_source),
        "age": _trimmed(_number(derived.age_years), derived.age_source),
        "is_therapeutic": derived.is_therapeutic,
        "exemptions": [
            _trimmed(one.rule, one.place, one.compared, tables.text(one.reason), one.events)
            for one in derived.exemptions
        ],
        "methods": tables.methods(),
        "texts": tables.texts(),
    }  # fmt: skip
    said = {"form": FORM} | {name: part for name, part in body.items() if part}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> Derived:
    """Read what `to_text` wrote; raises `StoredFormError`."""
    try:
        body = json.loads(text)
        if body["form"] != FORM:
            raise ValueError(body["form"])
        return _Reader(body).derived()
    except (ValueError, KeyError, IndexError, TypeError, ArithmeticError) as error:
        what = type(error).__name__
        raise StoredFormError(f"a stored derivation cannot be read: {what}") from error


class _Tables:
    """The texts and methods of one derivation, each once."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._methods: dict[Method, int] = {}

    def text(self, said: str) -> str | int:
        if len(said) <= _SHORT:
            return said
        return self._texts.setdefault(said, len(self._texts) + 1)

    def method(self, one: Method) -> int:
        return self._methods.setdefault(one, len(self._methods) + 1)

    def texts(self) -> list[str]:
        return list(self._texts)

    def methods(self) -> list[list[Any]]:
        return [
            _trimmed(
                one.id, one.text, one.version, one.source, one.coefficient_set, one.set_version
            )
            for one in self._methods
        ]


def _value(one: DerivedValue, tables: _Tables) -> list[Any]:
    interval = one.interval
    return _trimmed(
        one.quantity,
        str(one.value),
        one.unit,
        tables.method(one.method),
        _place(one.place),
        interval
        and _trimmed(
            str(interval.low),
            str(interval.high),
            tables.text(interval.dominant),
            tables.text(interval.coverage),
        ),
        tables.text(one.label),
        [
            _trimmed(tables.text(said.name), said.value, said.unit, tables.text(said.source))
            for said in one.inputs
        ],
        [tables.text(note) for note in one.notes],
        int(one.is_estimate),
        int(one.is_headline),
    )


def _share(one: RegionShare) -> list[Any]:
    return _trimmed(
        one.region,
        one.quantity,
        str(one.value),
        one.unit,
        _number(one.low),
        _number(one.high),
        one.phantom,
        one.side,
        one.events,
        int(one.is_split),
    )


def _place(one: Place) -> list[Any]:
    return _trimmed(
        one.event, one.part, one.region, one.phantom, one.plane, one.side, one.organ, one.agent
    )


def _number(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _trimmed(*fields: Any) -> list[Any]:
    """Fields without the empty ones at their end; numbers of texts and methods begin at 1."""
    end = len(fields)
    while end and not fields[end - 1]:
        end -= 1
    return list(fields[:end])


def _filled(row: Sequence[Any], *defaults: Any) -> list[Any]:
    """Fields with the defaults that were left out at their end."""
    return [*row, *defaults[len(row) :]]


class _Reader:
    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body
        self._texts: list[str] = body.get("texts", [])
        self._methods = [Method(*_filled(row, *[""] * 6)) for row in body.get("methods", ())]

    def derived(self) -> Derived:
        procedure_id, procedure_source = _filled(self._of("procedure"), "", "")
        years, age_source = _filled(self._of("age"), None, "")
        return Derived(
            values=tuple(self._value(*_filled(row, *_VALUE)) for row in self._of("values")),
            absences=tuple(self._absence(*_filled(row, *_ABSENCE)) for row in self._of("absences")),
            flags=tuple(self._flag(*_filled(row, "", "", 0)) for row in self._of("flags")),
            regions=tuple(self._region(*_filled(row, *_REGION)) for row in self._of("regions")),
            shares=tuple(_read_share(*_filled(row, *_SHARE)) for row in self._of("shares")),
            procedure_id=procedure_id,
            procedure_source=procedure_source,
            age_years=_decimal(years),
            age_source=age_source,
            is_therapeutic=self._body.get("is_therapeutic", False),
            exemptions=tuple(
                self._exemption(*_filled(row, *_EXEMPTION)) for row in self._of("exemptions")
            ),
        )

    def _of(self, name: str) -> list[Any]:
        found: list[Any] = self._body.get(name, [])
        return found

    def _text(self, said: str | int) -> str:
        return self._texts[said - 1] if isinstance(said, int) else said

    def _value(self, *row: Any) -> DerivedValue:
        quantity, value, unit, method, place, interval, label, inputs, notes, estimate, head = row
        return DerivedValue(
            quantity,
            Decimal(value),
            unit,
            self._methods[method - 1],
            _read_place(place),
            self._interval(*_filled(interval, "", "", "", "")) if interval else None,
            self._text(label),
            tuple(self._input(*_filled(one, "", "", "", "")) for one in inputs),
            tuple(map(self._text, notes)),
            bool(estimate),
            bool(head),
        )

    def _interval(self, low: str, high: str, dominant: Any, coverage: Any) -> Interval:
        return Interval(Decimal(low), Decimal(high), self._text(dominant), self._text(coverage))

    def _input(self, name: Any, value: str, unit: str, source: Any) -> Input:
        return Input(self._text(name), value, unit, self._text(source))

    def _absence(self, *row: Any) -> NotComputable:
        quantity, code, reason, place, label = row
        return NotComputable(
            quantity, code, self._text(reason), _read_place(place), self._text(label)
        )

    def _flag(self, code: str, sentence: Any, event: int) -> Flag:
        return Flag(code, self._text(sentence), event)

    def _exemption(self, *row: Any) -> Exemption:
        rule, place, compared, reason, events = row
        return Exemption(rule, place, compared, self._text(reason), tuple(events))

    def _region(self, *row: Any) -> RegionFinding:
        event, region, confidence, said_by, others = row
        return RegionFinding(
            event,
            self._text(region),
            confidence,
            self._text(said_by),
            tuple(map(self._text, others)),
        )


# Defaults of each kind of record, in the order of its fields.
_VALUE: Final = ("", "", "", 0, (), None, "", (), (), 0, 0)
_ABSENCE: Final = ("", "", "", (), "")
_EXEMPTION: Final = ("", "", "", "", ())
_REGION: Final = (0, "", "", "", ())
_SHARE: Final = ("", "", "", "", None, None, None, None, (), 0)
_PLACE: Final = (0, 0, "", None, None, None, "", "")


def _read_place(row: Sequence[Any]) -> Place:
    event, part, region, phantom, plane, side, organ, agent = _filled(row, *_PLACE)
    return Place(event, part, region, phantom, plane and Plane(plane), side, organ, agent)


def _read_share(*row: Any) -> RegionShare:
    region, quantity, value, unit, low, high, phantom, side, events, is_split = row
    return RegionShare(
        region,
        quantity,
        Decimal(value),
        unit,
        _decimal(low),
        _decimal(high),
        phantom,
        side,
        tuple(events),
        bool(is_split),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
