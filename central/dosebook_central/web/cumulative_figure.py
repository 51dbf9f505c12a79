"""The body figure's shades and the table beside it: the same numbers, from one list (R13)."""

from dataclasses import dataclass
from typing import Final

from dosebook_central.web.cumulative_choices import Choice
from dosebook_central.web.cumulative_sums import Contribution, Cumulative, RegionSum, Sum
from dosebook_central.web.derived_text import derived_number, interval_text
from dosebook_central.web.numbers import MISSING
from dosebook_central.web.regions import region_text
from dosebook_protocol.language import ngettext
from dosebook_protocol.printed import full_text, unit_text

# One hue, from pale to full, linear in the value: it reads the same in grey.
_PALEST: Final = 0.08
_FULLEST: Final = 0.94


@dataclass(frozen=True, slots=True)
class Shaded:
    """One region for figure and table; `strength` is None where it has exams but no value."""

    region: str
    label: str
    data: str  # with all digits; empty where there is no value
    text: str
    interval: str
    exam_count: int
    event_count: int
    lacking_count: int
    has_split: bool
    strength: float | None
    sentence: str


def shaded(found: Cumulative) -> tuple[Shaded, ...]:
    """The regions that exams reached, in the order of the body."""
    most = max((one.sum.value for one in found.regions if one.sum), default=None)
    column = [one.sum.value for one in found.regions if one.sum]

    def text(one: RegionSum) -> str:
        return derived_number(one.sum.value, found.choice.quantity, column) if one.sum else MISSING

    def strength(one: RegionSum) -> float | None:
        if one.sum is None:
            return None
        share = float(one.sum.value / most) if most else 0.0
        return round(_PALEST + (_FULLEST - _PALEST) * share, 6)

    return tuple(_shaded(one, found.choice, text(one), strength(one)) for one in found.regions)


def interval_of(one: Sum | Contribution | None, quantity: str) -> str:
    """The interval of a sum or of a part of one: `12.1 to 41.0`; empty where it has none."""
    return interval_text(one.low, one.high, quantity) if one else ""


def _shaded(one: RegionSum, choice: Choice, text: str, strength: float | None) -> Shaded:
    interval = interval_of(one.sum, choice.quantity)
    label = region_text(one.region)
    return Shaded(
        region=one.region,
        label=label,
        data=full_text(one.sum.value) if one.sum else "",
        text=text,
        interval=interval,
        exam_count=one.exam_count,
        event_count=one.sum.event_count if one.sum else 0,
        lacking_count=len(one.without),
        has_split=bool(one.sum and one.sum.has_split),
        strength=strength,
        sentence=_sentence(one, choice, label, text, interval),
    )


def _sentence(one: RegionSum, choice: Choice, label: str, text: str, interval: str) -> str:
    lacking = f"{_exams(len(one.without))} without {choice.noun}" if one.without else ""
    if one.sum is None:
        return f"{label}: {lacking}"
    if choice.is_count:
        return f"{label}: {_exams(one.exam_count)}"
    range_ = f", {interval}" if interval else ""
    value = f"{text} {unit_text(choice.unit)}{range_}"
    return f"{label}: {'; '.join(filter(None, (f'{value}, {_exams(one.exam_count)}', lacking)))}"


def _exams(count: int) -> str:
    return ngettext("%(num)d exam", "%(num)d exams", count)
