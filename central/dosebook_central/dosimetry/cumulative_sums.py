"""Sums of regional doses over many exams: diagnostic and therapeutic apart, phantoms apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_protocol.quantities import plain

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class ExamShare:
    """What one exam gave one base region: a row of `region_dose`. "" is no phantom, no side."""

    region: str
    quantity: str
    value: Decimal
    low: Decimal | None = None
    high: Decimal | None = None
    phantom: str = ""
    side: str = ""
    is_therapeutic: bool = False
    event_count: int = 0
    is_split: bool = False


@dataclass(frozen=True, slots=True)
class RegionSum:
    """What one region received over many exams, of one quantity, phantom, side and purpose.

    `low` and `high` are None where no exam has an interval; an exam without one counts with its
    value in both. `is_split` says that a part of it was divided over several regions (ADR 0017).
    """

    region: str
    quantity: str
    phantom: str
    side: str
    is_therapeutic: bool
    value: Decimal
    low: Decimal | None
    high: Decimal | None
    exam_count: int
    event_count: int
    is_split: bool


_Key = tuple[str, str, str, str, bool]


def sum_shares(shares: Iterable[ExamShare]) -> tuple[RegionSum, ...]:
    """Add shares of exams; lows add to lows and highs to highs, as if all erred together.

    Never adds over quantities, phantoms or breasts, nor a treatment to a diagnosis (R100).
    """
    groups: dict[_Key, list[ExamShare]] = {}
    for share in shares:
        key = (share.region, share.quantity, share.phantom, share.side, share.is_therapeutic)
        groups.setdefault(key, []).append(share)
    return tuple(_sum(*key, groups[key]) for key in sorted(groups))


def _sum(
    region: str,
    quantity: str,
    phantom: str,
    side: str,
    is_therapeutic: bool,  # noqa: FBT001  # the last part of a key
    shares: list[ExamShare],
) -> RegionSum:
    has_interval = any(share.low is not None for share in shares)
    lows = (share.value if share.low is None else share.low for share in shares)
    highs = (share.value if share.high is None else share.high for share in shares)
    return RegionSum(
        region,
        quantity,
        phantom,
        side,
        is_therapeutic,
        plain(sum((share.value for share in shares), _ZERO)),
        plain(sum(lows, _ZERO)) if has_interval else None,
        plain(sum(highs, _ZERO)) if has_interval else None,
        len(shares),
        sum(share.event_count for share in shares),
        any(share.is_split for share in shares),
    )
