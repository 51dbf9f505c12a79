"""Counters: an exposure is what the counter rose by, never what it stands at (P52, P55).

A reading counts once the next one agrees with it: a counter does not go back by itself, so one
number that was altered on the way contradicts the next and is left out.
"""

from collections.abc import Generator, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from dosebook_edge.capture.instrument.exposures.exposure import Ending, Flag, Point, Segment
from dosebook_edge.capture.instrument.exposures.rules import Rules
from dosebook_edge.capture.instrument.profile.numbers import has_wrapped

_ZERO: Final = Decimal(0)
_STOOD_S: Final = 5.0  # what stood still for so long before and after a reset, was not exposed then
Ended = tuple[Segment, Ending]


class Counter:
    """Follows one counter of one instrument.

    Args:
        rules: what an exposure is.
        known: the reading up to which all is in records; without, the first reading is taken so.
    """

    def __init__(self, rules: Rules, known: Point | None = None) -> None:
        self._rules = rules.exposing
        self._last = known
        self._base = known  # what lies above it is in no exposure that has ended
        self._risen = _ZERO  # above the base, and still too little to be an exposure
        self._pending: Point | None = None
        self._doubted: Point | None = None  # a reset that only the pending reading bears out
        self._is_steady = True
        self._is_signalled = False
        self._missed_until = 0.0  # a rise before that may have begun before a reset
        self.open: Segment | None = None

    @property
    def accounted(self) -> Point | None:
        """The reading up to which all is in exposures that have ended."""
        return self._base

    @property
    def is_active(self) -> bool:
        """Whether something is measured, or seems to be."""
        return self.open is not None or self._pending is not None

    def signal(self) -> None:
        """A procedure step began or ended: what is open ends as soon as it no longer rises."""
        self._is_signalled = self.is_active

    def read(self, point: Point) -> Iterator[Ended]:
        """Take a reading; what ended with it."""
        weighed = yield from self._weighed(point)
        if weighed is None:
            return
        if self._last is not None and _is_same(self._last, weighed):
            yield from self._stand(weighed)
        elif self._rules.repeated:
            self._pending = weighed
        else:
            yield from self._accept(weighed)

    def tick(self, monotonic: float, troubles: frozenset[Flag]) -> Iterator[Ended]:
        """Time passes; `troubles` is what went wrong since the last reading."""
        if self.open is None:
            return
        changed = self.open.ended if self._pending is None else self._pending.when
        if monotonic - changed.monotonic >= self._rules.idle_s:
            yield from self.close("inactivity", *(() if self._is_steady else troubles))
        elif monotonic - self.open.started.monotonic >= self._rules.longest_s:
            yield from self.close("longest")

    def close(self, reason: Ending, *flags: Flag) -> Iterator[Ended]:
        """End what is open with what is sure of it; it counts on from there."""
        segment, self.open = self.open, None
        self._is_signalled = False
        if segment is not None:
            self._base, self._risen = self._last, _ZERO
            if segment.total > 0:
                yield replace(segment, flags=segment.flags.union(flags)), reason

    def _weighed(self, point: Point) -> Generator[Ended, None, Point | None]:
        """Accept or leave out what waited for this reading; None: both wait for the next one."""
        doubted, self._doubted = self._doubted, None
        candidate, self._pending = self._pending, None
        if candidate is None:
            return point
        if doubted is not None:
            if not self._agrees(doubted, point):
                flags = doubted.flags | candidate.flags
                return point.with_flags(*flags, "incomplete:garbage")
            yield from self._accept(doubted)
        elif self._is_doubtful(candidate) and self._agrees(candidate, point):
            self._doubted, self._pending = candidate, point
            return None
        if self._agrees(candidate, point):
            yield from self._accept(candidate)
            return point
        return point.with_flags(*candidate.flags, "incomplete:garbage")

    def _is_doubtful(self, candidate: Point) -> bool:
        """A reset would make all that is shown a new dose: two readings have to bear it out."""
        last, wraps_at = self._last, candidate.wraps_at
        if last is None or candidate.value == 0:
            return False
        has_passed_end = wraps_at is not None and has_wrapped(last.value, candidate.value, wraps_at)
        return not has_passed_end and _went_back(last, candidate, self._rules.above)

    def _agrees(self, candidate: Point, following: Point) -> bool:
        """Whether the reading after it bears a candidate out."""
        last, noise = self._last, self._rules.above
        if last is None or not _went_back(last, candidate, noise):
            return not _went_back(candidate, following, noise)
        if candidate.value == 0:
            return not _is_same(last, following)
        return not _went_back(candidate, following, noise) and _went_back(last, following, noise)

    def _stand(self, point: Point) -> Iterator[Ended]:
        """The counter stands where it stood."""
        self._is_steady = True
        self._last = replace(point, flags=frozenset())
        if self.open is None:
            self._is_signalled = False
            if not self._risen:
                self._base = self._last
        elif point.states.intersection(self._rules.held_in):
            yield from self.close("state")
        elif self._is_signalled:
            yield from self.close("signal")

    def _accept(self, point: Point) -> Iterator[Ended]:
        """Take a reading for true that differs from the last one."""
        last, self._last = self._last, replace(point, flags=frozenset())
        if last is None:
            self._base = self._last
            return
        if (wraps_at := point.wraps_at) is not None and has_wrapped(
            last.value, point.value, wraps_at
        ):
            rise = point.value + wraps_at - last.value
            point = point.with_flags("wrapped")
        elif last.text_unit != point.text_unit:
            yield from self._close_at(last, "unit")
            rise = self._rise_across_units(last, point)
            point = point.with_flags("incomplete:unit-changed")
        elif _went_back(last, point, self._rules.above) or self._is_another(last, point):
            yield from self._begin_again(last, point)
            return
        else:
            rise = point.value - last.value
        self._rise(last, point, rise)

    def _begin_again(self, last: Point, point: Point) -> Iterator[Ended]:
        """The counter was set to zero after `last`; what it rose by before that, nobody saw."""
        missed: tuple[Flag, ...] = ()
        if self.open is not None:
            stood_s = last.when.monotonic - self.open.ended.monotonic
            is_over = bool(last.states.intersection(self._rules.held_in))
            missed = () if is_over or stood_s >= _STOOD_S else ("incomplete:reset",)
        had_open = self.open is not None
        yield from self._close_at(last, "reset", *point.flags, *missed)
        if not missed:
            self._missed_until = point.when.monotonic + self._hides_for_s(last, point)
        if had_open:
            point = replace(point, flags=frozenset())
        self._from_zero(last, point)
        self._rise(last, point, point.value)

    def _hides_for_s(self, last: Point, point: Point) -> float:
        """For how long after a reset a rise may have begun before it."""
        if last.states.intersection(self._rules.held_in):
            return 0.0
        return self._rules.idle_s if point.value > 0 or point.flags else _STOOD_S

    def _close_at(self, last: Point, reason: Ending, *flags: Flag) -> Iterator[Ended]:
        ended = list(self.close(reason, *flags))
        self._base, self._risen = last, _ZERO
        yield from ended

    def _from_zero(self, last: Point, point: Point) -> None:
        """The counter was set to zero after `last`."""
        seconds = None if point.seconds is None else _ZERO
        self._base = replace(point, value=_ZERO, text="", when=last.when, seconds=seconds)

    def _rise_across_units(self, last: Point, point: Point) -> Decimal:
        """The rise where the instrument was set to another unit: what rounding makes is none."""
        rise = point.value - last.value
        if abs(rise) <= last.step + point.step:
            self._base = self._last
            return _ZERO
        if rise < 0:
            self._from_zero(last, point)
            return point.value
        return rise

    def _is_another(self, last: Point, point: Point) -> bool:
        """A held value that is another one is of another measurement."""
        held = self._rules.held_in
        return bool(last.states.intersection(held)) and bool(point.states.intersection(held))

    def _rise(self, last: Point, point: Point, rise: Decimal) -> None:
        self._is_steady = rise <= 0
        if self.open is not None:
            self.open = _grown(self.open, last, point, rise)
            return
        assert self._base is not None  # noqa: S101 - there is one after the first reading
        self._risen += rise
        if self._risen > self._rules.above:
            if point.when.monotonic < self._missed_until:
                point = point.with_flags("incomplete:reset")
            self.open = _begun(self._base, point, self._risen)
        elif self._risen <= 0:
            self._base, self._risen = self._last, _ZERO


def _is_same(last: Point, point: Point) -> bool:
    return (
        last.value == point.value
        and last.text_unit == point.text_unit
        and not _went_back(last, point, _ZERO)
    )


def _went_back(last: Point, point: Point, noise: Decimal) -> bool:
    """Whether a counter, or its clock, shows less than before."""
    if point.value < last.value - noise:
        return True
    return last.seconds is not None and point.seconds is not None and point.seconds < last.seconds


def _begun(base: Point, point: Point, risen: Decimal) -> Segment:
    return Segment(
        quantity=point.quantity,
        unit=point.unit,
        total=risen,
        base=base.value,
        upto=point.value,
        after=base.when,
        started=point.when,
        ended=point.when,
        first=base.text,
        last=point.text,
        text_unit=point.text_unit,
        telegram=point.telegram,
        seconds=_seconds(base, point),
        flags=point.flags,
        facts=point.facts,
    )


def _grown(segment: Segment, last: Point, point: Point, rise: Decimal) -> Segment:
    seconds = _seconds(last, point)
    if seconds is not None and segment.seconds is not None:
        seconds += segment.seconds
    else:
        seconds = None
    return replace(
        segment,
        total=segment.total + rise,
        upto=point.value,
        ended=point.when if rise > 0 else segment.ended,
        last=point.text,
        seconds=seconds,
        flags=segment.flags | point.flags if rise > 0 else segment.flags,
        facts=point.facts,
    )


def _seconds(before: Point, after: Point) -> Decimal | None:
    """What the instrument's own clock counted between two readings, where it tells."""
    if before.seconds is None or after.seconds is None or after.seconds < before.seconds:
        return None
    return after.seconds - before.seconds
