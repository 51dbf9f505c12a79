"""Box plots as SVG made on the server: the same on screen and on paper, readable without colour."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Final

from markupsafe import Markup

from dosebook_central.domain.drl.sample import Sample

WIDTH: Final = 420
HEIGHT: Final = 34
_PAD: Final = 8
_MIDDLE: Final = HEIGHT / 2
_POINTS_BELOW: Final = 30


@dataclass(frozen=True, slots=True)
class Scale:
    """A common axis from zero to a little above the largest number shown."""

    largest: Decimal

    @classmethod
    def of(cls, samples: Sequence[Sample], level: Decimal) -> "Scale":
        """Make the axis of some samples and their level; dose axes begin at zero."""
        tops = [one.quartiles.p75 for one in samples if one.quartiles]
        ends = [_whisker(one)[1] for one in samples if one.quartiles]
        return cls(max([level * Decimal("1.25"), *tops, *ends]) or Decimal(1))

    def x(self, value: Decimal) -> float:
        """Where a value stands, px; what lies beyond the axis stands at its end."""
        share = min(float(value / self.largest), 1.0)
        return round(_PAD + share * (WIDTH - 2 * _PAD), 1)


def box_plot(sample: Sample, level: Decimal, scale: Scale, label: str) -> Markup:
    """Draw one sample with its level as a dashed line; single points where n is below 30.

    Whiskers reach the furthest value within 1.5 times the interquartile range (Tukey); points
    beyond the axis are drawn at its end.
    """
    parts = [
        f'<line class="axis" x1="{_PAD}" x2="{WIDTH - _PAD}" y1="{HEIGHT - 1}" y2="{HEIGHT - 1}"/>'
    ]
    if sample.quartiles is not None:
        five = sample.quartiles
        low, high = _whisker(sample)
        parts += [
            _line("whisker", scale.x(low), scale.x(high), _MIDDLE, _MIDDLE),
            *(_line("whisker", scale.x(end), scale.x(end), 11, HEIGHT - 11) for end in (low, high)),
            _box(scale.x(five.p25), scale.x(five.p75)),
            _line("median", scale.x(five.median), scale.x(five.median), 8, HEIGHT - 8),
        ]
        shown = [
            value
            for _, value in sample.values
            if sample.n < _POINTS_BELOW or not low <= value <= high
        ]
        parts += [
            f'<circle cx="{scale.x(value)}" cy="{_MIDDLE}" r="2.2"/>' for value in shown[:200]
        ]
    parts.append(_line("level", scale.x(level), scale.x(level), 1, HEIGHT - 1))
    return Markup(  # noqa: S704 - numbers of our own and an escaped label
        f'<svg class="boxplot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _whisker(sample: Sample) -> tuple[Decimal, Decimal]:
    five = sample.quartiles
    if five is None:
        return Decimal(0), Decimal(0)
    reach = (five.p75 - five.p25) * Decimal("1.5")
    inside = [value for _, value in sample.values if five.p25 - reach <= value <= five.p75 + reach]
    return min(inside), max(inside)


def _line(name: str, x1: float, x2: float, y1: float, y2: float) -> str:
    return f'<line class="{name}" x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"/>'


def _box(low: float, high: float) -> str:
    width = max(high - low, 1)
    return f'<rect class="box" x="{low}" y="8" width="{width:.1f}" height="{HEIGHT - 16}"/>'
