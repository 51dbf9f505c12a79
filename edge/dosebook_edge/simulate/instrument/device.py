"""What a simulated instrument shows at a time: a function of its plan, without memory."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate, pairwise
from random import Random
from typing import Final

from dosebook_edge.simulate.instrument.numbers import between
from dosebook_edge.simulate.instrument.plan import FAULTS, Exposure, Fault, Incident, Plan
from dosebook_edge.simulate.instrument.profile import Playable, Shown

_HOLD_S: Final = 20.0  # a held dose stays so long before the next measurement
_RISE_S: Final = 1.0  # an activity settles so long after a sample came
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Display:
    """What is shown: the number in the unit that is set, how long, and in which state."""

    number: Decimal
    unit: str
    seconds: Decimal
    state: Shown


class Device:
    """One instrument through its day."""

    def __init__(self, profile: Playable, plan: Plan) -> None:
        self._profile = profile
        self._measure = profile.measure
        self._plan = plan
        pulses = sorted(pulse for one in plan.exposures for pulse in one.pulses)
        self._times = [time for time, _ in pulses]
        self._sums = [Decimal(0), *accumulate(amount for _, amount in pulses)]
        self._starts = [one.started_s for one in plan.exposures]
        self._incidents = {
            kind: [one for one in plan.incidents if one.kind == kind] for kind in FAULTS
        }
        self._resets = [one.started_s for one in self._incidents["reset"]]
        self._switches = [one.started_s for one in self._incidents["unit-switch"]]

    def display(self, now: float) -> Display:
        """What is shown at a time."""
        seen = next((one.started_s for one in self._at("frozen", now)), now)
        exposure = self._last(seen)
        state: Shown = "idle"
        if exposure is not None and seen < exposure.ended_s + _HOLD_S:
            state = "measuring" if seen < exposure.ended_s else "hold"
        number = {
            "counter": self._counter, "held": self._held, "rate": self._rate,
            "sample": self._sample,
        }[self._measure.behaviour](seen)  # fmt: skip
        seconds = self._seconds(seen, exposure if state != "idle" else None)
        if self.has("overload", now):
            state = "overload"
        return Display(number, self._unit(seen), seconds, state)

    def has(self, kind: Fault, now: float) -> bool:
        """Whether a fault of this kind lasts at a time."""
        return next(self._at(kind, now), None) is not None

    def had(self, kind: Fault, since: float, now: float) -> bool:
        """Whether a fault of this kind began in a time."""
        return any(since <= one.started_s < now for one in self._incidents[kind])

    def is_switched(self, now: float) -> bool:
        """Whether the instrument is set to its other unit."""
        return bisect_right(self._switches, now) % 2 == 1

    def true_amount(self, exposure: Exposure) -> Decimal:
        """What an exposure adds to what is shown, in the unit that is set then; a rate's height."""
        if self._measure.behaviour == "sample":
            return self._rounded(exposure.amount, exposure.ended_s)
        if self._measure.behaviour != "counter":
            return exposure.amount
        cuts = [one for one in self._resets if exposure.started_s < one <= exposure.ended_s]
        edges = [exposure.started_s - 1e-6, *cuts, exposure.ended_s]
        total = Decimal(0)
        for begin, end in pairwise(edges):
            total += self._shown(end, begin) - self._shown(begin, begin)
        return total

    def unit(self, exposure: Exposure) -> str:
        """The unit of its true amount."""
        return self._unit(exposure.ended_s)

    def _seconds(self, now: float, exposure: Exposure | None) -> Decimal:
        """The time that goes with a counter since its reset, or with one measurement."""
        if self._measure.behaviour != "counter":
            return Decimal(int(min(now, exposure.ended_s) - exposure.started_s) if exposure else 0)
        since = max((one for one in self._resets if one <= now), default=0.0)
        spans = ((max(one.started_s, since), min(one.ended_s, now)) for one in self._plan.exposures)
        return Decimal(int(sum(max(0.0, end - begin) for begin, end in spans)))

    def _counter(self, now: float) -> Decimal:
        number = self._shown(now, now)
        return number if self._measure.wraps_at is None else number % self._measure.wraps_at

    def _shown(self, now: float, since: float) -> Decimal:
        """The counter, counted on from the last reset before `since`."""
        reset = bisect_right(self._resets, since)
        base = self._sum(self._resets[reset - 1]) if reset else -self._measure.start
        return self._rounded(self._sum(now) - base, now)

    def _sum(self, now: float) -> Decimal:
        return self._sums[bisect_right(self._times, now)]

    def _held(self, now: float) -> Decimal:
        exposure = self._last(now)
        if exposure is None or now >= exposure.ended_s + _HOLD_S:
            return Decimal(0)
        return sum((part for time, part in exposure.pulses if time <= now), Decimal(0))

    def _rate(self, now: float) -> Decimal:
        exposure = self._last(now)
        is_on = exposure is not None and now < exposure.ended_s
        level = exposure.amount if is_on and exposure is not None else self._measure.start
        spread = 0.15 if self.has("noise", now) else 0.02
        dice = Random(f"{self._profile.id}:{int(now * 4)}")
        return self._rounded(level * Decimal(dice.uniform(1 - spread, 1 + spread)), now)

    def _sample(self, now: float) -> Decimal:
        exposure = self._last(now)
        if exposure is None or now >= exposure.ended_s:
            return Decimal(0)
        part = min(_ONE, Decimal((now - exposure.started_s) / _RISE_S))
        return self._rounded(exposure.amount * part, now)

    def _rounded(self, number: Decimal, now: float) -> Decimal:
        if self.is_switched(now):
            number = between(number, self._unit(0), self._unit(now))
        return (number / self._measure.resolution).quantize(
            _ONE, ROUND_HALF_UP
        ) * self._measure.resolution

    def _unit(self, now: float) -> str:
        extra = self._profile.switched if self.is_switched(now) else {}
        return self._profile.unit({**self._profile.facts, **extra})

    def _last(self, now: float) -> Exposure | None:
        index = bisect_right(self._starts, now)
        return self._plan.exposures[index - 1] if index else None

    def _at(self, kind: Fault, now: float) -> Iterator[Incident]:
        return (one for one in self._incidents[kind] if one.started_s <= now < one.ended_s)
