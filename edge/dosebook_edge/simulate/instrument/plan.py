"""What happens to a simulated instrument: exposures and faults, seeded, in seconds from its start.

Each exposure is followed by a pause long enough to end it; most come with one fault, in turn of
every kind that the instrument can have, inside the exposure or in the pause after it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Final, Literal, get_args

from dosebook_edge.simulate.instrument.profile import Playable

Fault = Literal[
    "noise", "reset", "unit-switch", "overload", "frozen", "chunks", "byte-loss", "wrong-check",
    "silence", "two-answers", "unasked", "garbage", "unplug",
]  # fmt: skip
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)

_SETTLE_S: Final = 5.0  # before the first exposure, so that a box can have heard the instrument
_CLEAN: Final = 4  # every so many exposures one without a fault


@dataclass(frozen=True, slots=True)
class Exposure:
    """One true exposure; `amount` as the instrument shows it in its first unit.

    Of a counter and of a held dose, `pulses` say when how much is added; of a rate and of a sample
    the amount is what is shown while it lasts.
    """

    number: int
    started_s: float
    ended_s: float
    amount: Decimal
    pulses: tuple[tuple[float, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """One fault and how long it lasts."""

    kind: Fault
    started_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A day of one instrument."""

    exposures: tuple[Exposure, ...]
    incidents: tuple[Incident, ...]
    ended_s: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How long exposures and pauses last, in seconds."""

    shortest_s: float = 4.0
    longest_s: float = 30.0
    pause_s: float = 60.0


def faults_of(profile: Playable) -> tuple[Fault, ...]:
    """The faults that an instrument of this kind can have."""
    measure = profile.measure
    impossible = {
        "noise": measure.behaviour != "rate",
        "reset": measure.behaviour != "counter",
        "unit-switch": not profile.switched,
        "overload": not profile.can_overload,
        "frozen": measure.behaviour in ("held", "sample"),
        "wrong-check": not profile.has_check,
        "byte-loss": profile.transport["kind"] != "serial",  # TCP loses none, or the connection
    }
    return tuple(kind for kind in FAULTS if not impossible.get(kind, False))


def make_plan(
    profile: Playable, seed: str, count: int, faults: Collection[Fault], pace: Pace
) -> Plan:
    """Plan some exposures, with these faults as far as the instrument can have them."""
    dice = Random(seed)
    kinds = _in_turn(dice, [kind for kind in faults_of(profile) if kind in faults])
    exposures: list[Exposure] = []
    incidents: list[Incident] = []
    now = _SETTLE_S
    for number in range(1, count + 1):
        ended = round(now + dice.uniform(pace.shortest_s, pace.longest_s), 1)
        exposures.append(_exposure(dice, profile, number, now, ended))
        pause = pace.pause_s * dice.uniform(1.0, 1.5)
        kind = next(kinds, None) if number % _CLEAN else None
        if kind is not None and not (kind == "reset" and _will_wrap(profile, exposures)):
            incidents.append(_incident(dice, profile, kind, exposures[-1], pause))
        now = round(ended + pause, 1)
    return Plan(tuple(exposures), tuple(incidents), now)


def exposures_of(profile: Playable, amounts: Collection[Decimal], pace: Pace) -> Plan:
    """Plan exposures of given amounts, one after the other, without a fault."""
    dice = Random("")
    exposures: list[Exposure] = []
    now = 0.0
    for number, amount in enumerate(amounts, start=1):
        ended = now + pace.shortest_s
        pulses = _pulses(dice, profile, amount, now, ended)
        exposures.append(Exposure(number, now, ended, amount, pulses))
        now = ended + pace.pause_s
    return Plan(tuple(exposures), (), now)


def _will_wrap(profile: Playable, exposures: list[Exposure]) -> bool:
    """Whether the counter stands near its end: what it shows after a reset could be a wrap too."""
    measure = profile.measure
    shown = measure.start + sum(one.amount for one in exposures)
    return measure.wraps_at is not None and measure.wraps_at / 2 < shown < measure.wraps_at


def _in_turn(dice: Random, kinds: list[Fault]) -> Iterator[Fault]:
    while kinds:
        yield from dice.sample(kinds, len(kinds))


def _exposure(
    dice: Random, profile: Playable, number: int, started: float, ended: float
) -> Exposure:
    measure = profile.measure
    steps = dice.randint(
        int(measure.least / measure.resolution), int(measure.most / measure.resolution)
    )
    amount = steps * measure.resolution
    return Exposure(number, started, ended, amount, _pulses(dice, profile, amount, started, ended))


def _pulses(
    dice: Random, profile: Playable, amount: Decimal, started: float, ended: float
) -> tuple[tuple[float, Decimal], ...]:
    """Cut an amount in irregular steps, the first at the start and the last at the end."""
    resolution = profile.measure.resolution
    steps = int(amount / resolution)
    count = max(1, min(steps, int((ended - started) / 0.7)))
    cuts = sorted(dice.sample(range(1, steps), count - 1)) if steps > count else range(1, count)
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, steps], strict=True)]
    gap = (ended - started) / max(1, count - 1)
    return tuple(
        (min(started + index * gap, ended) if count > 1 else ended, part * resolution)
        for index, part in enumerate(parts)
    )


def _incident(
    dice: Random, profile: Playable, kind: Fault, exposure: Exposure, pause: float
) -> Incident:
    idle_only = kind == "unit-switch" or (kind == "frozen" and profile.measure.behaviour == "rate")
    if not idle_only and dice.random() < 0.6:
        start = dice.uniform(exposure.started_s, exposure.ended_s)
    else:
        start = exposure.ended_s + pause * dice.uniform(0.5, 0.7)
    length = {"reset": 0.0, "garbage": 0.5, "unplug": dice.uniform(2, 15)}.get(
        kind, dice.uniform(3, 12)
    )
    return Incident(kind, round(start, 2), round(start + min(length, pause / 4), 2))
