"""Sums of a quantity over a patient's exams, in all and by base region.

Every number is exact: the sum over regions is the sum over exams. Intervals add low to low and
high to high, the wide side, because the errors of two exams of one method go together
(docs/understand/uncertainty.md). An exam without a value is named and not counted (P29).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.sums import add_up
from dosebook_central.store.queries.cumulative import ExamLine
from dosebook_central.store.queries.derived import RegionRow
from dosebook_central.web.cumulative_choices import Choice
from dosebook_central.web.modalities import family
from dosebook_central.web.regions import UNMAPPED, region_order

Shares = Mapping[str, Sequence[RegionRow]]
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one exam adds to one region."""

    exam: ExamLine
    region: str
    value: Decimal
    low: Decimal | None
    high: Decimal | None
    event_count: int
    is_split: bool


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of contributions; the interval is None unless one of them has one."""

    value: Decimal
    low: Decimal | None
    high: Decimal | None
    exam_count: int
    event_count: int
    has_split: bool


@dataclass(frozen=True, slots=True)
class RegionSum:
    """One base region: its sum, or None where its exams have no value of the quantity."""

    region: str
    sum: Sum | None
    contributions: tuple[Contribution, ...]
    without: tuple[ExamLine, ...]

    @property
    def exam_count(self) -> int:
        """Exams that add to this region."""
        return self.sum.exam_count if self.sum else 0


@dataclass(frozen=True, slots=True)
class Cumulative:
    """A quantity over the chosen exams.

    `without` have no value of it, `apart` have it for another phantom or side, `partial` of some
    events or parts only, `waiting` are not derived yet; `sets` counts exams by the coefficient set
    of their effective dose.
    """

    choice: Choice
    exams: tuple[ExamLine, ...]
    total: Sum | None
    regions: tuple[RegionSum, ...]
    contributions: tuple[Contribution, ...]
    without: tuple[ExamLine, ...]
    apart: tuple[ExamLine, ...]
    partial: tuple[ExamLine, ...]
    waiting: tuple[ExamLine, ...]
    exact_count: int
    typical: tuple[ExamLine, ...]
    sets: tuple[tuple[str, int], ...]


def cumulate(exams: Iterable[ExamLine], shares: Shares, choice: Choice) -> Cumulative:
    """Add up one quantity over exams, oldest first; nothing is converted and nothing assumed."""
    chosen = tuple(exams)
    added: list[Contribution] = []
    without, apart = [], []
    for exam in chosen:
        found = _contributions(exam, shares.get(exam.id, ()), choice)
        added += found or ()
        if found is None and _has_other(shares.get(exam.id, ()), choice):
            apart.append(exam)
        elif found is None and _is_expected(exam, choice) and exam.dose:
            without.append(exam)
    counted = {one.exam.id: one.exam for one in added}
    return Cumulative(
        choice=choice,
        exams=chosen,
        total=_whole(added, choice),
        regions=tuple(_by_region(added, without)),
        contributions=tuple(added),
        without=tuple(without),
        apart=tuple(apart),
        partial=tuple(exam for exam in counted.values() if _is_partial(exam, choice)),
        waiting=tuple(exam for exam in chosen if exam.dose is None),
        exact_count=len({one.exam.id for one in added if one.low is None}),
        typical=tuple(
            exam
            for exam in counted.values()
            if choice.has_interval and exam.dose and exam.dose.is_typical
        ),
        sets=_sets(counted.values()) if choice.has_interval else (),
    )


def add(contributions: Iterable[Contribution]) -> Sum | None:
    """Sum contributions; None of nothing. One without an interval counts as exact in the bounds."""
    listed = list(contributions)
    if not listed:
        return None
    added = add_up((one.value, one.low, one.high) for one in listed)
    return Sum(
        value=added.value,
        low=added.low,
        high=added.high,
        exam_count=len({one.exam.id for one in listed}),
        event_count=sum(one.event_count for one in listed),
        has_split=any(one.is_split for one in listed),
    )


def _whole(added: list[Contribution], choice: Choice) -> Sum | None:
    if choice.is_count:  # an exam of several regions counts in each of them, and once in all
        added = list({one.exam.id: one for one in added}.values())
    return add(added)


def _contributions(
    exam: ExamLine, shares: Sequence[RegionRow], choice: Choice
) -> list[Contribution] | None:
    """What an exam adds by region; None where it has no value."""
    if choice.is_count:
        return [
            Contribution(exam, region, _ONE, None, None, 0, False)
            for region in exam.regions or (UNMAPPED,)
        ]
    found = [
        Contribution(
            exam,
            share.region,
            share.value,
            share.low,
            share.high,
            share.event_count,
            share.is_split,
        )
        for share in shares
        if _belongs(share, choice)
    ]
    if found or _has_other(shares, choice):
        return found or None
    return _without_place(exam, choice)


def _without_place(exam: ExamLine, choice: Choice) -> list[Contribution] | None:
    """An exam's total of which no share is known: it counts, in no region that we know."""
    dose = exam.dose
    value: Decimal | None = getattr(dose, choice.column, None)
    if dose is None or value is None or choice.phantom not in (None, dose.phantom):
        return None
    low, high = (
        (dose.effective_dose_low_msv, dose.effective_dose_high_msv)
        if choice.has_interval
        else (None, None)
    )
    return [Contribution(exam, UNMAPPED, value, low, high, 0, False)]


def _by_region(added: list[Contribution], without: list[ExamLine]) -> Iterable[RegionSum]:
    parts: dict[str, list[Contribution]] = {}
    for one in added:
        parts.setdefault(one.region, []).append(one)
    lacking: dict[str, list[ExamLine]] = {}
    for exam in without:
        for region in exam.regions or (UNMAPPED,):
            lacking.setdefault(region, []).append(exam)
    order = region_order()
    for region in sorted({*parts, *lacking}, key=lambda key: (order.get(key, len(order)), key)):
        found = tuple(parts.get(region, ()))
        yield RegionSum(region, add(found), found, tuple(lacking.get(region, ())))


def _belongs(share: RegionRow, choice: Choice) -> bool:
    return (
        share.quantity == choice.quantity
        and choice.phantom in (None, share.phantom)
        and choice.side in (None, share.side)
    )


def _has_other(shares: Sequence[RegionRow], choice: Choice) -> bool:
    return any(share.quantity == choice.quantity for share in shares)


def _is_expected(exam: ExamLine, choice: Choice) -> bool:
    return family(exam.modality) in choice.families


def _is_partial(exam: ExamLine, choice: Choice) -> bool:
    """Whether some parts of an exam have an effective dose and the exam as a whole has none."""
    dose = exam.dose
    return choice.has_interval and dose is not None and dose.effective_dose_msv is None


def _sets(exams: Iterable[ExamLine]) -> tuple[tuple[str, int], ...]:
    named = (one.dose.effective_dose_set for one in exams if one.dose)
    return tuple(Counter(name.replace(";", " + ") for name in named if name).most_common())
