"""Which bars of a display were seen to work.

A dead bar makes an 8 a 0, a 6 or a 9, and no reader can see that. A bar counts as working while it
was seen lit, and seen dark, within the last day. A place that shows what is no digit has a broken
bar, or is changing: it has to prove itself anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from dosebook_edge.capture.screen.segment_digits import ALL, DARK, DIGITS, Bars, hidden

_FRESH: Final = timedelta(hours=24)
_OFF: Final = 0.3
"""Of the pitch: what ends farther than that from a place is not that place."""


@dataclass(slots=True)
class _Place:
    """When each bar was last seen lit, and last seen dark."""

    lit: dict[str, datetime] = field(default_factory=dict)
    dark: dict[str, datetime] = field(default_factory=dict)

    def note(self, shown: Bars, when: datetime) -> None:
        self.lit |= dict.fromkeys(shown, when)
        self.dark |= dict.fromkeys(ALL - shown, when)

    def may_be(self, shown: Bars, when: datetime) -> str:
        """Digits that it may truly show."""
        return hidden(shown, ALL - _fresh(self.lit, when), ALL - _fresh(self.dark, when))


def _fresh(seen: dict[str, datetime], when: datetime) -> Bars:
    return frozenset(bar for bar, at in seen.items() if abs(when - at) <= _FRESH)


class DisplayMemory:
    """What was seen of the bars of one number on a display, place by place from the right."""

    def __init__(self, places: int) -> None:
        """`places` is how many digits the display can show, dark ones included."""
        self._places = [_Place() for _ in range(places)]
        self._points: dict[int, datetime] = {}
        self._end: float | None = None

    def see(self, shown: Sequence[Bars], end: float, pitch: float, when: datetime) -> str:
        """Note the bars of a number; why it may be another one, "" where it may not.

        Args:
            shown: lit bars of each place, from left to right; dark places left of them are left
                out.
            end: right edge of the last place, always counted from the same spot.
            pitch: from place to place, in the unit of `end`.
            when: the picture was taken.
        """
        if len(shown) > len(self._places):
            return f"it has {len(shown)} digits, and the profile says {len(self._places)} places"
        behind = 0.0 if self._end is None else (self._end - end) / pitch
        if round(behind) > 0 and abs(behind - round(behind)) <= _OFF:
            return "its last place is dark"
        if self._end is None or abs(behind) > _OFF:
            self._start_anew(end)
        filled = [*reversed(shown), *[DARK] * (len(self._places) - len(shown))]
        for place, bars in zip(self._places, filled, strict=True):
            if bars and bars not in DIGITS:
                place.lit, place.dark = {}, {}
            else:
                place.note(bars, when)
        return next(self._doubts(filled, when), "")

    def see_points(self, points: Sequence[bool], when: datetime) -> str:
        """Note which places, from left to right, have a point behind them; what none may mean.

        A number without a point may have lost it, unless each place but the last showed one.
        """
        self._points |= {n: when for n, lit in enumerate(reversed(points), start=1) if lit}
        seen = {n for n, at in self._points.items() if abs(when - at) <= _FRESH}
        if any(points) or set(range(2, len(points) + 1)) <= seen:
            return ""
        return "it has no point, and not all of its points were seen lit today"

    def _start_anew(self, end: float) -> None:
        """Forget all: what was taken for the last place was none, or is elsewhere now."""
        self._end = end
        self._places = [_Place() for _ in self._places]

    def _doubts(self, filled: Sequence[Bars], when: datetime) -> Iterator[str]:
        for number, (place, bars) in enumerate(zip(self._places, filled, strict=True), start=1):
            digit = DIGITS.get(bars, "")
            others = place.may_be(bars, when)
            if bars and not digit:
                yield f"place {number} from the right shows no digit: a bar is broken, or changing"
            elif others and not digit:
                yield f"place {number} from the right is dark, and was not seen lit today"
            elif others:
                yield (
                    f"the {digit} at place {number} from the right may be {others[0]}: not all of "
                    "its bars were seen to go on and off today"
                )
