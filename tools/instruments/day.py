"""One instrument through a day: played with faults, heard and counted as a box does it."""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from dosebook_edge.capture.instrument.catalogue.loader import find
from dosebook_edge.capture.instrument.dialogue.session import Heard, Session
from dosebook_edge.capture.instrument.exposures.exposure import Exposure
from dosebook_edge.capture.instrument.exposures.following import Exposures
from dosebook_edge.capture.instrument.exposures.rules import rules_of
from dosebook_edge.simulate.instrument.plan import FAULTS, Fault, Pace, Plan, make_plan
from dosebook_edge.simulate.instrument.player import Player
from dosebook_edge.simulate.instrument.profile import Behaviour, Playable, load
from dosebook_edge.simulate.instrument.truth import ExposureTruth, exposures
from tools.instruments.simulated import Clock, SimulatedLine

# What has no memory has to be there for longer than any fault lasts, or nobody could see it.
PACES: Final[dict[Behaviour, Pace]] = {
    "counter": Pace(4.0, 30.0, 60.0),
    "held": Pace(4.0, 30.0, 60.0),
    "rate": Pace(15.0, 45.0, 60.0),
    "sample": Pace(25.0, 60.0, 60.0),
}


@dataclass(frozen=True, slots=True)
class Day:
    """What truly happened, and what the box found; times in seconds of the day.

    `silences` are the times in which the box knew that it did not hear the instrument.
    """

    played: Playable
    plan: Plan
    true: tuple[ExposureTruth, ...]
    found: tuple[Exposure, ...]
    silences: tuple[tuple[float, float], ...]
    misheard: int


def run_day(name: str, seed: str, *, count: int = 50, faults: Collection[Fault] = FAULTS) -> Day:
    """Play a day in simulated time.

    Args:
        name: id of a shipped profile.
        seed: the same seed gives the same day.
        count: how many exposures.
        faults: of which kinds.
    """
    played = load(name)
    plan = make_plan(played, f"{name}:{seed}", count, faults, PACES[played.measure.behaviour])
    player = Player(played, plan, seed)
    stopping = threading.Event()
    clock = Clock(plan.ended_s, stopping)
    profile = find(name)
    counted = Exposures(profile, rules_of(profile), serial="simulated")
    found: list[Exposure] = []
    heard_at: list[float] = [0.0]
    silences: list[tuple[float, float]] = []

    def hear(heard: Heard) -> None:
        found.extend(counted.take(heard))
        if heard.outcomes and not all(hasattr(one, "kind") for one in heard.outcomes):
            if heard.monotonic - heard_at[0] > 2 * _longest_pause(played):
                silences.append((heard_at[0], heard.monotonic))
            heard_at[0] = heard.monotonic

    Session(
        profile, SimulatedLine(player, clock), is_active=lambda: counted.is_active, clock=clock
    ).run(stopping, hear)
    found += counted.tick(clock.now + 86_400)
    return Day(
        played,
        plan,
        tuple(exposures(played, plan)),
        tuple(found),
        tuple(silences),
        player.misheard,
    )


def _longest_pause(played: Playable) -> float:
    """Seconds between two telegrams of an instrument that works."""
    return float(played.every_s) + 0.5
