"""Whether the exposures of two exams are the same ones, by moment and dose (P5, P9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from dosebook_protocol.reading import EventKind

SECOND: Final = timedelta(seconds=1)
"""Two objects of one machine give one exposure the same second, or round it to the next."""

MINUTE: Final = timedelta(minutes=1)
"""A report times an exposure, the header of its image the end of its acquisition."""

_INJECTION: Final = timedelta(hours=1)  # as `disagreement.is_same_administration`
_ALIKE: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Exposure:
    """One counted irradiation event: when it began, where it belongs, and its doses by quantity."""

    kind: EventKind
    started: str
    plane: str = ""
    side: str = ""
    doses: Mapping[str, Decimal] = field(default_factory=dict)


def moment(text: str) -> datetime | None:
    """A sender's local time of day on its day; None where it states a day only, or nothing."""
    if "T" not in text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def is_timed(exposures: Sequence[Exposure]) -> bool:
    """Whether there are exposures and every one states its moment."""
    return bool(exposures) and all(moment(one.started) for one in exposures)


def is_one_number(one: Decimal, other: Decimal) -> bool:
    """Whether two values are the same in the digits of the coarser one, and within 1 %.

    A display rounds what a report states; 15 and 15.4 are still two numbers.
    """
    apart, larger = abs(one - other), max(abs(one), abs(other))
    step = Decimal(1).scaleb(max(_exponent(one), _exponent(other)))
    return 2 * apart <= step and apart <= _ALIKE * larger


def are_the_same(
    first: Sequence[Exposure], second: Sequence[Exposure], within: timedelta = SECOND
) -> bool:
    """Whether each exposure of the exam that has fewer is one of the other's.

    Both are timed. A report that was sent before the end has fewer, so one exam may hold all of
    the other's.
    """
    fewer, more = sorted((list(first), list(second)), key=len)
    left = sorted(more, key=_order)
    for exposure in sorted(fewer, key=_order):
        partner = next((one for one in left if _is_same(exposure, one, within)), None)
        if partner is None:
            return False
        left.remove(partner)
    return True


def _is_same(one: Exposure, other: Exposure, within: timedelta) -> bool:
    if one.kind != other.kind or _differ(one.plane, other.plane) or _differ(one.side, other.side):
        return False
    is_injection = one.kind is EventKind.RADIOPHARMACEUTICAL
    first, second = moment(one.started), moment(other.started)
    if first is None or second is None:
        return False
    if abs(first - second) > (_INJECTION if is_injection else within):
        return False
    common = [(one.doses[name], other.doses[name]) for name in one.doses.keys() & other.doses]
    return any(mine > 0 for mine, _ in common) and all(
        abs(mine - theirs) <= _ALIKE * max(mine, theirs)
        if is_injection
        else is_one_number(mine, theirs)
        for mine, theirs in common
    )


def _differ(one: str, other: str) -> bool:
    return bool(one and other and one != other)


def _order(one: Exposure) -> tuple[str, str, str, str]:
    return (one.started, one.plane, one.side, repr(sorted(one.doses.items())))


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
