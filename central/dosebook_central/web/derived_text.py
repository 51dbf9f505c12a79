"""Derived doses in words: intervals, places, and what a value stands for."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from dosebook_central.web.numbers import decimals_of


def interval_text(low: Decimal | None, high: Decimal | None, quantity: str) -> str:
    """An interval at three digits of its upper end, widened to them: `16.4 to 38.4`, or nothing.

    Rounding never makes an interval narrower than it is.
    """
    if low is None or high is None:
        return ""
    decimals = max(0, min(decimals_of(high, quantity), 2 - high.adjusted()))
    step = Decimal(1).scaleb(-decimals)
    ends = (low.quantize(step, rounding=ROUND_FLOOR), high.quantize(step, rounding=ROUND_CEILING))
    return f"{ends[0]:f} to {ends[1]:f}"
