"""Checks of the values of one screen against each other and against earlier ones; pure.

Only what any other digit at any place would break is a proof: a sum that holds to the last digit
over at least two parts. All else can fail, which sends a value to a person, but proves nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from dosebook_edge.capture.screen.profile import (
    OverRangeCheck,
    RatioCheck,
    ScreenProfile,
    SumCheck,
)
from dosebook_edge.capture.screen.reading import Check, ReadValue, ScreenReading
from dosebook_edge.capture.screen.seen import Seen
from dosebook_edge.capture.screen.sum_digits import is_told, weights
from dosebook_protocol.quantities import QUANTITIES, convert

Checks = Mapping[str, tuple[Check, ...]]
_MM_PER_CM: Final = 10


def arithmetic(profile: ScreenProfile, cells: Sequence[Seen]) -> Checks:
    """Name of a cell → the sums, ranges and ratios that it took part in."""
    by_field: dict[str, list[Seen]] = defaultdict(list)
    for one in cells:
        by_field[one.cell.name].append(one)
    found: dict[str, list[Check]] = defaultdict(list)
    for check in profile.check:
        if isinstance(check, SumCheck):
            outcomes = _sum(check, by_field)
        elif isinstance(check, OverRangeCheck):
            outcomes = _over_range(check, by_field)
        else:
            outcomes = _ratio(check, by_field)
        for name, outcome in outcomes:
            found[name].append(outcome)
    for name, outcome in _marks(cells):
        found[name].append(outcome)
    return {name: tuple(outcomes) for name, outcomes in found.items()}


def amount(one: Seen) -> Decimal | None:
    """The number of a cell in the storage unit of its quantity; exact."""
    if one.meant.value is None or not one.unit:
        return None
    quantity = one.cell.quantity
    return convert(one.meant.value, one.unit, QUANTITIES[quantity].unit if quantity else one.unit)


def _sum(check: SumCheck, by_field: Mapping[str, list[Seen]]) -> Iterator[tuple[str, Check]]:
    parts = [one for name in check.parts for one in by_field.get(name, ())]
    totals = by_field.get(check.total, [])
    numbers = [amount(one) for one in parts]
    total = amount(totals[0]) if len(totals) == 1 else None
    known = [number for number in numbers if number is not None]
    if total is None or not known or len(known) < len(numbers):
        outcome = Check("sum", "not applicable", "a part or the total could not be read")
    else:
        outcome = _compared(sum(known, Decimal(0)), total, check, totals[0], known)
    told = weights(parts, totals[0]) if outcome.proves else {}
    for one in (*parts, *totals):
        yield one.name, outcome if not outcome.proves or is_told(one, told) else _untold(outcome)


def _untold(outcome: Check) -> Check:
    said = "a digit weighs the same on both sides, so that it may be another everywhere"
    return Check(outcome.name, outcome.outcome, f"{outcome.detail}; {said}")


def _compared(
    added: Decimal, total: Decimal, check: SumCheck, cell: Seen, parts: list[Decimal]
) -> Check:
    unit = QUANTITIES[cell.cell.quantity].unit if cell.cell.quantity else cell.unit
    said = f"{len(parts)} parts add up to {added:f}, the total says {total:f} {unit}"
    if added == total:
        return Check("sum", "pass", said, proves=sum(part != 0 for part in parts) > 1)
    if abs(added - total) <= convert(check.rounding, cell.unit, unit):
        return Check("sum", "pass", f"{said}: as rounding may; it proves no digit")
    return Check("sum", "fail", said)


def _over_range(
    check: OverRangeCheck, by_field: Mapping[str, list[Seen]]
) -> Iterator[tuple[str, Check]]:
    rows = {one.row: {one.cell.name: one} for one in by_field.get(check.ctdi_vol, ())}
    for name in (check.length, check.dlp, *check.when):
        for one in by_field.get(name, ()):
            rows.setdefault(one.row, {})[name] = one
    for row in rows.values():
        outcome = _over_range_of(check, row)
        for name in (check.ctdi_vol, check.length, check.dlp):
            if name in row:
                yield row[name].name, outcome


def _over_range_of(check: OverRangeCheck, row: Mapping[str, Seen]) -> Check:
    for name, texts in check.when.items():
        if name not in row or (row[name].meant.meaning or row[name].text) not in texts:
            return Check(
                "over-range", "not applicable", f"only where {name} is {' or '.join(texts)}"
            )
    ctdi, length, dlp = (
        amount(row[name]) if name in row else None
        for name in (check.ctdi_vol, check.length, check.dlp)
    )
    if not ctdi or length is None or dlp is None:
        return Check("over-range", "not applicable", "a part could not be read or is zero")
    over_cm = dlp / ctdi - length / _MM_PER_CM
    holds = check.least_cm <= over_cm <= check.most_cm
    said = (
        f"DLP / CTDIvol - range is {over_cm:.1f} cm, between {check.least_cm} and {check.most_cm}"
    )
    return Check("over-range", "pass" if holds else "fail", said)


def _ratio(check: RatioCheck, by_field: Mapping[str, list[Seen]]) -> Iterator[tuple[str, Check]]:
    cells = [by_field.get(name, []) for name in (check.over, check.under)]
    if any(len(one) != 1 for one in cells):
        outcome = Check("ratio", "not applicable", "there is not one of each")
    else:
        over, under = (amount(one[0]) for one in cells)
        if over is None or not under:
            outcome = Check("ratio", "not applicable", "a part could not be read or is zero")
        else:
            holds = check.least <= over / under <= check.most
            said = (
                f"{check.over} / {check.under} is {over / under:.4g}, "
                f"between {check.least} and {check.most}"
            )
            outcome = Check("ratio", "pass" if holds else "fail", said)
    for one in (*cells[0], *cells[1]):
        yield one.name, outcome


def _marks(cells: Sequence[Seen]) -> Iterator[tuple[str, Check]]:
    """One screen has one decimal mark."""
    marks = Counter(one.meant.mark for one in cells if one.meant.mark)
    if len(marks) < 2:
        return
    (usual, _), *_ = marks.most_common()
    for one in cells:
        if one.meant.mark and one.meant.mark != usual:
            said = f"its decimal mark is {one.meant.mark!r}, elsewhere on the screen {usual!r}"
            yield one.name, Check("mark", "fail", said)


def frames(one: Seen, earlier: Sequence[ScreenReading], needed: int) -> Check:
    """Whether pictures taken one after the other say the same; equal pixels are no second look."""
    before = [_value(one.name, reading) for reading in reversed(earlier)]
    digests, count = {one.crop_digest}, 1
    for value in before:
        if value is None or value.text != one.text:
            break
        if value.crop_digest not in digests:
            digests.add(value.crop_digest)
            count += 1
    last = before[0] if before else None
    if last is not None and last.text != one.text and one.cell.counter == "":
        return Check("frames", "fail", "the picture before said something else")
    if count >= needed:
        return Check("frames", "pass", f"{count} different pictures say the same")
    return Check("frames", "not applicable", f"{count} of {needed} different pictures so far")


def counter(one: Seen, earlier: Sequence[ScreenReading]) -> Check | None:
    """A cumulative counter never falls within an exam; None for anything else."""
    if one.cell.counter != "cumulative":
        return None
    value = one.meant.value
    before = [_value(one.name, reading) for reading in reversed(earlier)]
    last = next((was for was in before if was is not None and was.value is not None), None)
    if value is None or last is None or last.value is None or last.unit != one.unit:
        return Check("counter", "not applicable", "no earlier number")
    if value < last.value:
        return Check("counter", "fail", f"it was {last.value:f}, and a counter never falls")
    return Check("counter", "pass", f"it was {last.value:f}")


def _value(name: str, reading: ScreenReading) -> ReadValue | None:
    return next((value for value in reading.values if value.name == name), None)
