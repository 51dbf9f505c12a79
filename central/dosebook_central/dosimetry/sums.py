"""How doses with bounds add up, over events, parts and exams (docs/understand/uncertainty.md)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_ZERO: Final = Decimal(0)
Bounded = tuple[Decimal, Decimal | None, Decimal | None]
"""A value with its low and high bound; None for both where it has no interval."""


@dataclass(frozen=True, slots=True)
class Added:
    """A sum; its bounds are None where none of its parts has any."""

    value: Decimal
    low: Decimal | None
    high: Decimal | None


def add_up(parts: Iterable[Bounded]) -> Added:
    """Add values, lows and highs, each by itself, exactly: as if all erred together.

    A part without bounds counts with its value in both.
    """
    listed = list(parts)
    value = sum((one for one, _, _ in listed), _ZERO)
    if all(low is None and high is None for _, low, high in listed):
        return Added(value, None, None)
    return Added(
        value,
        sum((one if low is None else low for one, low, _ in listed), _ZERO),
        sum((one if high is None else high for one, _, high in listed), _ZERO),
    )
