"""Rates: an exposure lasts while the rate is high, and its dose is added up by the box.

What is added is each rate times the time until the next reading; what lies in a gap is not. Of an
indication, whose meaning is not known, the highest is kept.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from dosebook_edge.capture.instrument.exposures.counting import Ended
from dosebook_edge.capture.instrument.exposures.exposure import Ending, Flag, Point, Segment
from dosebook_edge.capture.instrument.exposures.rules import INTEGRALS, Rules
from dosebook_protocol.quantities import plain

_ZERO: Final = Decimal(0)
_GARBLED: Final[frozenset[Flag]] = frozenset({"incomplete:garbage", "integrated-by-host"})
_DIGITS: Final = Context(prec=12, rounding=ROUND_HALF_EVEN)


class Level:
    """Follows one rate of one instrument."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._last: Point | None = None
        self._rate_seconds = _ZERO
        self._is_signalled = False
        self.open: Segment | None = None

    @property
    def accounted(self) -> Point | None:
        """None: a rate that was not heard leaves nothing behind that could be told later."""
        return None

    @property
    def is_active(self) -> bool:
        """Whether something is measured."""
        return self.open is not None

    def signal(self) -> None:
        """A procedure step began or ended: what is open ends as soon as the rate is low."""
        self._is_signalled = self.is_active

    def read(self, point: Point) -> Iterator[Ended]:
        """Take a reading; what ended with it."""
        last, self._last = self._last, point
        is_high = point.value > self._rules.exposing.above
        if self.open is None:
            if is_high:
                self.open = _begun(last or point, point)
                self._rate_seconds = _ZERO
        else:
            assert last is not None  # noqa: S101 - it opened with a reading
            self._add(self.open, last, point, is_high=is_high)
            if self._is_signalled and not is_high:
                yield from self.close("signal")

    def tick(self, monotonic: float, troubles: frozenset[Flag]) -> Iterator[Ended]:
        """Time passes; `troubles` is what went wrong since the last reading."""
        if self.open is None:
            return
        if monotonic - self.open.ended.monotonic >= self._rules.exposing.idle_s:
            yield from self.close("inactivity", *troubles)
        elif monotonic - self.open.started.monotonic >= self._rules.exposing.longest_s:
            yield from self.close("longest")

    def close(self, reason: Ending, *flags: Flag) -> Iterator[Ended]:
        """End what is open with what was added up."""
        segment, self.open = self.open, None
        self._is_signalled = False
        # Where nothing could be added up for garbage alone, what seemed high was garbage too.
        if segment is not None and (segment.total > 0 or segment.flags - _GARBLED):
            yield replace(segment, flags=segment.flags.union(flags)), reason

    def _add(self, segment: Segment, last: Point, point: Point, *, is_high: bool) -> None:
        """Take the interval between two readings in, where the rate was high in it."""
        was_high = last.value > self._rules.exposing.above
        seconds = Decimal(f"{point.when.monotonic - last.when.monotonic:.3f}")
        flags = point.flags
        if seconds > Decimal(str(self._rules.gap_s)):
            flags |= {"incomplete:lost-poll"}
        if was_high and not flags:
            self._rate_seconds += last.value * seconds
        self.open = replace(
            segment,
            total=_total(segment, last, point, self._rate_seconds),
            upto=max(segment.upto, point.value),
            ended=point.when if was_high or is_high else segment.ended,
            last=point.text,
            flags=segment.flags | flags if was_high or is_high else segment.flags,
            facts=point.facts,
        )


def _begun(last: Point, point: Point) -> Segment:
    integral = INTEGRALS.get(point.quantity)
    quantity, unit, _ = integral or (point.quantity, point.unit, 1)
    return Segment(
        quantity=quantity,
        unit=unit,
        total=_ZERO if integral else point.value,
        base=_ZERO,
        upto=point.value,
        after=last.when,
        started=point.when,
        ended=point.when,
        first=point.text,
        last=point.text,
        text_unit=unit if integral else point.text_unit,
        telegram=point.telegram,
        flags=point.flags | {"integrated-by-host" if integral else "highest-value"},
        facts=point.facts,
    )


def _total(segment: Segment, last: Point, point: Point, rate_seconds: Decimal) -> Decimal:
    integral = INTEGRALS.get(point.quantity)
    if integral is None:
        return max(segment.total, last.value, point.value)
    return plain(_DIGITS.divide(rate_seconds, Decimal(integral[2])))
