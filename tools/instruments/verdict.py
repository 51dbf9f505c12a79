"""True events beside found ones: exact, incomplete with the reason, or wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from dosebook_edge.capture.instrument.exposures.exposure import Exposure
from dosebook_edge.simulate.instrument.truth import ExposureTruth
from tools.instruments.day import Day

_SLACK_S: Final = 8.0  # a change is seen at the next question, or at one after a try failed
_SAMPLED_S: Final = 5.0  # of a rate that the box adds up: what its first and last interval may lack
_NOISE: Final = Decimal("0.15")


@dataclass(slots=True)
class Verdict:
    """How one day went: numbers of true events, and a sentence for each that is not exact."""

    profile: str
    true: int
    found: int = 0
    exact: int = 0
    incomplete: int = 0
    unseen: int = 0
    wrong: list[str] = field(default_factory=list)
    explained: list[str] = field(default_factory=list)


def judge(day: Day) -> Verdict:
    """Compare what a box found with what truly happened.

    Every found event has to overlap a true one. Without a flag it is the true amount to the last
    digit; with one it says why it may be less, and is never more. A true event that was not found
    has to lie in a time in which the box knew that it heard nothing.
    """
    told = [one for one in day.true if Decimal(one.stored) > 0]
    verdict = Verdict(day.played.id, len(told), found=len(day.found))
    for true, found in _groups(told, day.found):
        _judge_group(day, verdict, true, found)
    return verdict


def _groups(
    true: Sequence[ExposureTruth], found: Sequence[Exposure]
) -> Iterator[tuple[list[ExposureTruth], list[Exposure]]]:
    """True and found events that overlap, directly or over others."""
    spans: list[tuple[float, float, ExposureTruth | Exposure]] = [
        (one.started_s, one.ended_s, one) for one in true
    ]
    spans += [(_began(one), one.segment.ended.monotonic, one) for one in found]
    group: list[ExposureTruth | Exposure] = []
    until = float("-inf")
    for begin, end, one in sorted(spans, key=lambda span: span[0]):
        if begin > until + _SLACK_S and group:
            yield _parted(group)
            group = []
        group.append(one)
        until = max(until, end) if len(group) > 1 else end
    if group:
        yield _parted(group)


def _began(found: Exposure) -> float:
    """Where something was not heard, it may have begun right after the last reading before."""
    segment = found.segment
    return (segment.after if found.is_incomplete else segment.started).monotonic


def _parted(
    group: list[ExposureTruth | Exposure],
) -> tuple[list[ExposureTruth], list[Exposure]]:
    return (
        [one for one in group if isinstance(one, ExposureTruth)],
        [one for one in group if isinstance(one, Exposure)],
    )


def _judge_group(
    day: Day, verdict: Verdict, true: list[ExposureTruth], found: list[Exposure]
) -> None:
    expected = sum((Decimal(one.stored) for one in true), Decimal(0))
    got = sum((one.raw for one in found), Decimal(0))
    flags = sorted({flag for one in found for flag in one.flags})
    told = (
        f"true {[f'{one.number}: {one.stored}' for one in true]} at "
        f"{[one.started_s for one in true]}, found {[str(one.raw) for one in found]} at "
        f"{[round(one.segment.started.monotonic, 1) for one in found]} "
        f"{[one.reason for one in found]} {flags}"
    )
    if not true:
        verdict.wrong.append(f"nothing happened: {told}")
    elif not found:
        if all(_was_silent(day, one) for one in true):
            verdict.unseen += len(true)
            verdict.explained.append(f"not heard: {told}")
        else:
            verdict.wrong.append(f"not found: {told}")
    elif "integrated-by-host" in flags or "highest-value" in flags:
        _judge_rate(verdict, true, found, told)
    elif got > expected:
        verdict.wrong.append(f"too much: {told}")
    elif got == expected and len(true) == len(found) and not _is_incomplete(found):
        verdict.exact += len(true)
    elif _is_incomplete(found):
        verdict.incomplete += len(true)
        verdict.explained.append(told)
    else:
        verdict.wrong.append(f"different: {told}")


def _judge_rate(
    verdict: Verdict, true: list[ExposureTruth], found: list[Exposure], told: str
) -> None:
    """What a box adds up itself is right to within one interval and the noise of the rate."""
    expected, margin, got = Decimal(0), Decimal(0), sum((one.raw for one in found), Decimal(0))
    for one in true:
        height = Decimal(one.rate.split()[0])
        if "highest-value" in found[0].flags:
            expected = max(expected, height)
            margin = expected * _NOISE
            got = max(one.raw for one in found)
        else:
            dose = Decimal(one.stored)
            part = Decimal(str(_SAMPLED_S / (one.ended_s - one.started_s)))
            expected += dose
            margin += dose * (part + _NOISE)
    if got > expected + margin:
        verdict.wrong.append(f"too much: {told}")
    elif _is_incomplete(found):
        verdict.incomplete += len(true)
        verdict.explained.append(told)
    elif got < expected - margin or len(true) != len(found):
        verdict.wrong.append(f"different: {told}")
    else:
        verdict.exact += len(true)


def _is_incomplete(found: list[Exposure]) -> bool:
    return any(one.is_incomplete for one in found)


def _was_silent(day: Day, true: ExposureTruth) -> bool:
    return any(begin <= true.ended_s and end >= true.started_s for begin, end in day.silences)


def table(verdicts: Sequence[Verdict]) -> str:
    """One line a profile, and the sum."""
    head = ("profile", "true", "found", "exact", "incomplete", "not heard", "wrong")
    numbers = [
        (one.true, one.found, one.exact, one.incomplete, one.unseen, len(one.wrong))
        for one in verdicts
    ]
    sums = tuple(map(sum, zip(*numbers, strict=True)))
    names = [one.profile for one in verdicts]
    rows = zip([*names, "all"], [*numbers, sums], strict=True)
    texts = [head, *((name, *map(str, row)) for name, row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not index else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in texts
    )
