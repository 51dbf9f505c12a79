"""Dose calibrators: an activity counts once it is steady, and once for each sample."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from dosebook_edge.capture.instrument.exposures.counting import Ended
from dosebook_edge.capture.instrument.exposures.exposure import Ending, Flag, Point, Segment
from dosebook_edge.capture.instrument.exposures.rules import Rules

_ZERO: Final = Decimal(0)
_SURELY_OTHER: Final = 2


class Sample:
    """Follows the activity in one chamber.

    Args:
        rules: what an exposure is.
        known: the activity that was recorded last, and may still be inside.
    """

    def __init__(self, rules: Rules, known: Point | None = None) -> None:
        self._rules = rules.exposing
        self._readings: deque[Point] = deque(maxlen=self._rules.steady_for)
        self._before: Point | None = None
        # As it decays, until it is taken out or another is put in.
        self._recorded = known if known is not None and known.value > 0 else None
        self._told = self._recorded  # nearly the same: what is durable need not follow each digit
        self._nothing: Point | None = None
        self._others = 0  # readings in a row that are not of the recorded sample
        self.open: Segment | None = None

    @property
    def accounted(self) -> Point | None:
        """The activity that is in a record while it is inside, otherwise none."""
        return self._nothing if self._recorded is None else self._told

    @property
    def is_active(self) -> bool:
        """Whether something is inside that is in no record yet."""
        return bool(self._readings) and self._recorded is None

    def signal(self) -> None:
        """A sample is the same whatever procedure step is going on."""

    def read(self, point: Point) -> Iterator[Ended]:
        """Take a reading; the sample, where it has just become steady."""
        self._nothing = replace(point, value=_ZERO)
        if self._recorded is not None and self._is_still_inside(self._recorded, point):
            return
        if point.value <= self._rules.above:
            self._readings.clear()
            self._before = point
            return
        if self._readings and not self._is_equal(self._readings[-1], point):
            self._before = self._readings[-1]
            self._readings.clear()
        self._readings.append(point)
        if len(self._readings) == self._rules.steady_for:
            self._recorded = self._told = point
            yield self._segment(point), "settled"

    def tick(self, monotonic: float, troubles: frozenset[Flag]) -> Iterator[Ended]:
        """Nothing goes on by itself."""
        yield from ()

    def close(self, reason: Ending, *flags: Flag) -> Iterator[Ended]:
        """What is not steady yet is no measurement."""
        self._readings.clear()
        yield from ()

    def _is_still_inside(self, recorded: Point, point: Point) -> bool:
        """Decay is slow: what jumps is another sample, if it was not altered on the way."""
        if self._is_equal(recorded, point):
            self._recorded, self._others = point, 0
            if self._told is None or not self._is_equal(self._told, point, half=True):
                self._told = point
            return True
        self._others += 1
        if self._others < _SURELY_OTHER:
            return True
        self._recorded, self._others, self._before = None, 0, recorded
        self._readings.clear()
        return False

    def _is_equal(self, one: Point, other: Point, *, half: bool = False) -> bool:
        largest = max(one.value, other.value)
        within = self._rules.steady_within / 2 if half else self._rules.steady_within
        return one.text_unit == other.text_unit and (
            abs(one.value - other.value) <= largest * within
        )

    def _segment(self, point: Point) -> Segment:
        first = self._readings[0]
        flags = frozenset(flag for one in self._readings for flag in one.flags)
        return measured(point, self._before or first, first, flags)


class Single:
    """Takes each telegram for one exposure; one that bears the number of the last is the same."""

    def __init__(self, rules: Rules, number: str = "") -> None:
        self._rules = rules.exposing
        self._last: Point | None = None
        self.number = number
        self.open: Segment | None = None

    @property
    def accounted(self) -> Point | None:
        """The last telegram."""
        return self._last

    @property
    def is_active(self) -> bool:
        """Whether something is measured: not to be known before it is told."""
        return False

    def signal(self) -> None:
        """An exposure is over when it is told."""

    def read(self, point: Point) -> Iterator[Ended]:
        """The exposure that a telegram tells of."""
        self._last = point
        number = (point.facts or {}).get(self._rules.number or "", "")
        if point.value <= self._rules.above or (number and number == self.number):
            return
        self.number = number
        yield measured(point, point, point, point.flags), "telegram"

    def tick(self, monotonic: float, troubles: frozenset[Flag]) -> Iterator[Ended]:
        """Nothing goes on by itself."""
        yield from ()

    def close(self, reason: Ending, *flags: Flag) -> Iterator[Ended]:
        """Nothing is ever open."""
        yield from ()


def measured(point: Point, before: Point, started: Point, flags: frozenset[Flag]) -> Segment:
    """A segment whose value is that of one reading."""
    return Segment(
        quantity=point.quantity,
        unit=point.unit,
        total=point.value,
        base=_ZERO,
        upto=point.value,
        after=before.when,
        started=started.when,
        ended=point.when,
        first=started.text,
        last=point.text,
        text_unit=point.text_unit,
        telegram=point.telegram,
        seconds=point.seconds,
        flags=flags,
        facts=point.facts,
    )
