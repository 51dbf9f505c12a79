"""A site's sample against a reference level: the median decides, never one exam (2013/59 art. 56).

Quartiles by linear interpolation between order statistics (the inclusive method, Hyndman and Fan's
type 7), on exact decimals.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from dosebook_protocol.quantities import plain

ENOUGH: Final = 20

Position = Literal["too few", "above", "at or below"]


@dataclass(frozen=True, slots=True)
class Quartiles:
    """The five numbers of a box plot, in the unit of the values."""

    n: int
    smallest: Decimal
    p25: Decimal
    median: Decimal
    p75: Decimal
    largest: Decimal


@dataclass(frozen=True, slots=True)
class Sampled:
    """One exam of a sample: its value, or why it is left out."""

    exam_id: str
    value: Decimal | None
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample and what it says: exams with values in rising order, and those left out with why.

    `excluded` counts the latter by reason.
    """

    quartiles: Quartiles | None
    excluded: Mapping[str, int]
    values: tuple[tuple[str, Decimal], ...]
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def n(self) -> int:
        """How many exams count."""
        return len(self.values)

    def against(self, level: Decimal) -> Position:
        """Hold the median against a level; fewer than 20 exams say nothing."""
        if self.quartiles is None or self.n < ENOUGH:
            return "too few"
        return "above" if self.quartiles.median > level else "at or below"

    @property
    def unusually_low(self) -> tuple[tuple[str, Decimal], ...]:
        """The exams below half of P25, whose image quality is worth a look; of 20 exams or more."""
        if self.quartiles is None or self.n < ENOUGH:
            return ()
        bound = self.quartiles.p25 / 2
        return tuple(one for one in self.values if one[1] < bound)


def sample_of(exams: Iterable[Sampled]) -> Sample:
    """Make a sample; an exam without a value is left out and counted, never taken as 0 (P29)."""
    values: list[tuple[str, Decimal]] = []
    left_out: list[tuple[str, str]] = []
    for exam in exams:
        if exam.excluded or exam.value is None:
            left_out.append((exam.exam_id, exam.excluded or "the exam states no such value"))
        else:
            values.append((exam.exam_id, exam.value))
    values.sort(key=lambda one: (one[1], one[0]))
    excluded = Counter(reason for _, reason in left_out)
    return Sample(
        quartiles_of([value for _, value in values]),
        dict(sorted(excluded.items())),
        tuple(values),
        tuple(left_out),
    )


def quartiles_of(ordered: Sequence[Decimal]) -> Quartiles | None:
    """Return the quartiles of values in rising order; None for none."""
    if not ordered:
        return None
    return Quartiles(
        len(ordered),
        ordered[0],
        _at(ordered, Decimal("0.25")),
        _at(ordered, Decimal("0.5")),
        _at(ordered, Decimal("0.75")),
        ordered[-1],
    )


def _at(ordered: Sequence[Decimal], share: Decimal) -> Decimal:
    position = share * (len(ordered) - 1)
    below = int(position)
    if below + 1 >= len(ordered):
        return ordered[-1]
    part = position - below
    return plain(ordered[below] + (ordered[below + 1] - ordered[below]) * part)
