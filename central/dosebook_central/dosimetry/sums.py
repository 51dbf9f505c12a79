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
    value, low, high = _ZERO, _ZERO, _ZERO
    has_bounds = False
    for one, least, most in parts:
        value += one
        low += one if least is None else least
        high += one if most is None else most
        has_bounds = has_bounds or least is not None or most is not None
    return Added(value, low, high) if has_bounds else Added(value, None, None)
