"""Readings without a patient beside the exams they may belong to, ready for the page."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Connection

from dosebook_central.domain.disagreement import differ
from dosebook_central.domain.totals import whole
from dosebook_central.store.matching import Decided, history
from dosebook_central.store.queries.candidates import Nearby, nearby
from dosebook_central.store.queries.unassigned import (
    GivenExam,
    LooseReading,
    get_loose,
    given_exams,
)
from dosebook_central.web.instrument_words import InstrumentReading, describe
from dosebook_central.web.numbers import THIN
from dosebook_protocol.reading import DoseValue, Moment, Reading

MOST_CANDIDATES: Final = 9  # one key each
_IN_MINUTES: Final = 180
_READING: Final = TypeAdapter(Reading)


@dataclass(frozen=True)
class Shown:
    """One reading that names no patient, with what it says."""

    loose: LooseReading

    @cached_property
    def reading(self) -> Reading:
        """What the box read."""
        return _READING.validate_json(self.loose.body)

    @cached_property
    def words(self) -> InstrumentReading:
        """The same in words."""
        return describe(self.reading)

    @cached_property
    def at(self) -> datetime:
        """Its time in the registry's zone, without a zone, as exams have theirs."""
        moments = [event.started for event in self.reading.events] + [self.reading.created]
        found = [one for one in map(_local, moments) if one is not None]
        return min(found) if found else _naive(self.loose.captured_at)


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a reading fits an exam, by the quantity it is about, in its storage unit.

    `stated` is what stronger evidence of the exam says, if any; `so_far` what instruments of this
    exam measured, `together` the same with this reading.
    """

    quantity: str
    unit: str
    stated: Decimal | None
    so_far: Decimal | None
    together: Decimal

    @property
    def level(self) -> str:
        """`ok` within 5 % of what is stated, `warn` above it, `info` below it or without it."""
        if self.stated is None:
            return "info"
        if not differ(self.stated, self.together):
            return "ok"
        return "warn" if self.together > self.stated else "info"

    @property
    def word(self) -> str:
        """The same for people."""
        if self.stated is None:
            return "nothing to compare with"
        words = {"ok": "agrees within 5 %", "warn": "more than is stated"}
        return words.get(self.level, "less than is stated")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One exam that a reading may belong to: how far away, and whether the dose fits."""

    exam: Nearby
    apart: str
    fit: Fit | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The reading that is looked at: with the exams it may belong to, or with what was decided."""

    shown: Shown
    decisions: tuple[Decided, ...]
    candidates: tuple[Candidate, ...]
    given: GivenExam | None

    @property
    def last(self) -> Decided | None:
        """The decision that holds; None where it waits."""
        last = self.decisions[-1] if self.decisions else None
        return last if last is not None and last.act != "undo" else None


def chosen(connection: Connection, record_id: str) -> Chosen | None:
    """Return one reading that waits or was decided on; None for every other record."""
    loose = get_loose(connection, record_id)
    if loose is None:
        return None
    shown = Shown(loose)
    decisions = tuple(history(connection, record_id))
    waits = Chosen(shown, decisions, (), None)
    if waits.last is None:
        return replace(waits, candidates=tuple(candidates(connection, shown)))
    given = given_exams(connection, [(loose, waits.last)])
    return replace(waits, given=given.get(record_id))


def candidates(connection: Connection, shown: Shown) -> list[Candidate]:
    """The exams near a reading, the nearest first, with what each would count with it."""
    loose = shown.loose
    station = shown.reading.equipment.station_name
    found = nearby(connection, loose.box_id, loose.room, station, shown.at, MOST_CANDIDATES)
    return [Candidate(one, _apart(one, shown), _fit(one, shown.words.main)) for one in found]


def _fit(exam: Nearby, value: DoseValue | None) -> Fit | None:
    if value is None:
        return None
    own = {one.record_id for one in exam.readings}
    stated = [
        measure
        for part in exam.summary.parts
        for measure in part.values
        if not own & {source.record_id for source in measure.sources}
    ]
    measured = whole(stated, value.quantity)
    parts = [_READING.validate_json(one.body) for one in exam.readings]
    numbers = list(_numbers(parts, value.quantity))
    so_far = sum(numbers, Decimal(0)) if numbers else None
    return Fit(
        value.quantity,
        value.unit,
        measured.value if measured else None,
        so_far,
        (so_far or Decimal(0)) + value.value,
    )


def _numbers(readings: Iterable[Reading], quantity: str) -> Iterable[Decimal]:
    for reading in readings:
        values: list[Any] = [value for event in reading.events for value in event.values]
        values = values or [total.value for total in reading.totals]
        yield from (one.value for one in values if one.quantity == quantity)


def _apart(exam: Nearby, shown: Shown) -> str:
    """`12 min after it began`, or that the exam states a day only."""
    if "T" not in exam.started:
        return "on the same day; the exam states no time"
    away = shown.at - datetime.fromisoformat(exam.started).replace(tzinfo=None)
    if abs(away) < timedelta(minutes=1):
        return "as it began"
    minutes = round(abs(away).total_seconds() / 60)
    span = f"{minutes}{THIN}min" if minutes < _IN_MINUTES else f"{minutes // 60}{THIN}h"
    return f"{span} {'after' if away > timedelta() else 'before'} it began"


def _local(moment: Moment | None) -> datetime | None:
    """A sender's moment in the registry's zone where it states its own, else as written."""
    if moment is None:
        return None
    try:
        stated = datetime.fromisoformat(f"{moment.local}{moment.offset}")
    except ValueError:
        return None
    return _naive(stated) if stated.tzinfo else stated


def _naive(moment: datetime) -> datetime:
    return moment.astimezone().replace(tzinfo=None)
