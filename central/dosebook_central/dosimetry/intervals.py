"""Intervals that formulas share: a stated percentage, and factors that lie apart."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Final

from dosebook_central.dosimetry.factors import Factor
from dosebook_central.dosimetry.values import Interval
from dosebook_protocol.quantities import plain

FOUR_DIGITS: Final = Context(prec=4)
_LOWER: Final = Context(prec=4, rounding=ROUND_FLOOR)
_UPPER: Final = Context(prec=4, rounding=ROUND_CEILING)
REFERENCE_PERSON: Final = "estimate for a reference person"
"""What an effective dose is, wherever it is shown (P31)."""


def rounded(value: Decimal) -> Decimal:
    """Round to 4 significant digits, for numbers that no finite decimal gives exactly."""
    return plain(FOUR_DIGITS.plus(value))


def outwards(low: Decimal, high: Decimal, dominant: str, coverage: str) -> Interval:
    """Return an interval of published values, its bounds rounded outwards to 4 digits."""
    return Interval(plain(_LOWER.plus(low)), plain(_UPPER.plus(high)), dominant, coverage)


def within(value: Decimal, percent: Decimal, dominant: str) -> Interval:
    """Return value ± percent of it, as the object states its uncertainty."""
    part = value * percent / 100
    return Interval(plain(value - part), plain(value + part), dominant, f"± {percent} % as stated")


def factor_range(used: Factor, candidates: Sequence[Factor]) -> tuple[Decimal, Decimal]:
    """Return the lowest and highest published factor, each with the ± that its source states.

    The factor used is among them, whether or not it is among the candidates.
    """
    everything = (used, *candidates)
    return (
        min(one.factor - (one.spread or 0) for one in everything),
        max(one.factor + (one.spread or 0) for one in everything),
    )
