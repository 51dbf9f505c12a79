"""Derived doses in words: intervals, places, and what tells a value apart from its like."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final

from dosebook_central.dosimetry.values import WHOLE_EXAM, Place
from dosebook_central.web.numbers import (
    decimals_of,
    number_text,
    phantom_text,
    plane_text,
    side_text,
)
from dosebook_central.web.regions import region_text

_ESTIMATES: Final = frozenset({"effective_dose", "organ_dose"})
_WITH_PHANTOM: Final = frozenset({"ctdi_vol", "ctdi_w", "dlp", "ssde"})


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


def derived_number(
    value: Decimal | None, quantity: str, column: Iterable[Decimal | None] = ()
) -> str:
    """A value as `number_text` shows it, an estimate at three digits: more would be pretence."""
    if value is None or quantity not in _ESTIMATES:
        return number_text(value, quantity, column)
    exponent = value.normalize().as_tuple().exponent
    own = max(0, -exponent) if isinstance(exponent, int) else 0
    decimals = max(0, min(2 - value.adjusted(), max(2, own))) if value else 0
    return f"{value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN):f}"


def place_words(place: Place, quantity: str) -> str:
    """What a derived value is of: `event 3, Chest, 32 cm`; for CT never without phantom (P11)."""
    is_whole = place.event == WHOLE_EXAM
    words = [] if is_whole else [f"event {place.event}"]
    words += [f"part {place.part}"] if is_whole and place.part else []
    words += [region_text(place.region)] if place.region else []
    if quantity in _WITH_PHANTOM or place.phantom:
        words.append(phantom_text(place.phantom))
    words += [plane_text(place.plane), side_text(place.side)]
    words += [place.organ.replace("_", " "), place.agent.replace("_", " ")]
    return ", ".join(filter(None, words)) or "exam"
