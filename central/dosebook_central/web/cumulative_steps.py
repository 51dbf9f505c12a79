"""The sum of a quantity over time: one step an exam, drawn as SVG for screen and print."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil, floor, log10
from typing import Final

from dosebook_central.domain.day import day_of
from dosebook_central.store.queries.cumulative import ExamLine
from dosebook_central.web.cumulative_sums import Contribution

WIDTH: Final = 960
HEIGHT: Final = 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 12, 26
_TICKS: Final = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Step:
    """One exam of the chart: what it adds, the sum with it, and where the mark stands."""

    exam: ExamLine
    value: Decimal
    running: Decimal
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Tick:
    """One label of an axis."""

    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Steps:
    """A drawn chart; exams without a date are in the sum and not in it."""

    steps: tuple[Step, ...]
    path: str
    years: tuple[Tick, ...]
    values: tuple[Tick, ...]
    undated: int


def steps(contributions: Iterable[Contribution], *, is_count: bool) -> Steps | None:
    """Draw the sum over time; None unless there are two dated exams."""
    added: dict[str, Decimal] = {}
    exams: dict[str, ExamLine] = {}
    for one in contributions:
        exams[one.exam.id] = one.exam
        added[one.exam.id] = one.value if is_count else added.get(one.exam.id, 0) + one.value
    dated = sorted(
        (exam for exam in exams.values() if day_of(exam.started)), key=lambda one: one.started
    )
    if len(dated) < 2:
        return None
    first, last = _ordinal(dated[0]), _ordinal(dated[-1])
    span = max(last - first, 1)
    running, sums = Decimal(0), []
    for exam in dated:
        running += added[exam.id]
        sums.append(running)
    top, values = _scale(float(running))
    drawn = tuple(
        Step(
            exam,
            added[exam.id],
            total,
            round(_LEFT + (WIDTH - _LEFT - _RIGHT) * (_ordinal(exam) - first) / span, 1),
            _height(float(total), top),
        )
        for exam, total in zip(dated, sums, strict=True)
    )
    return Steps(drawn, _path(drawn), _years(first, last), values, len(exams) - len(dated))


def _path(drawn: tuple[Step, ...]) -> str:
    parts = [f"M{_LEFT},{HEIGHT - _BOTTOM}"]
    parts += [f"H{one.x}V{one.y}" for one in drawn]
    return "".join(parts)


def _scale(most: float) -> tuple[float, tuple[Tick, ...]]:
    """The end of the value axis, which begins at zero, and its labels: four or five steps."""
    size = 10.0 ** floor(log10(most / 4)) if most > 0 else 0.25
    step = next(size * tick for tick in _TICKS if size * tick * 4 >= most)
    count = max(1, ceil(most / step - 1e-9))
    top = step * count
    return top, tuple(
        Tick(f"{step * number:g}", _height(step * number, top)) for number in range(count + 1)
    )


def _height(value: float, top: float) -> float:
    share = value / top if top else 0
    return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * share, 1)


def _years(first: int, last: int) -> tuple[Tick, ...]:
    """January 1st of each year within the span, or its first and last day where there is none."""
    span = max(last - first, 1)
    width = WIDTH - _LEFT - _RIGHT

    def at(day: int) -> float:
        return round(_LEFT + width * (day - first) / span, 1)

    start, end = date.fromordinal(first), date.fromordinal(last)
    marks = [date(year, 1, 1) for year in range(start.year + 1, end.year + 1)]
    if len(marks) < 2:
        return tuple(Tick(day.isoformat(), at(day.toordinal())) for day in (start, end))
    every = 1 + len(marks) // 12
    return tuple(Tick(str(day.year), at(day.toordinal())) for day in marks[::every])


def _ordinal(exam: ExamLine) -> int:
    day = day_of(exam.started)
    return day.toordinal() if day else 0
