"""`kill -9` of box, broker and registry at random points while modalities send."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Final, Literal, Protocol

from tools.faults import crash
from tools.faults.ledger import Ledger
from tools.faults.modality import Gate
from tools.faults.nursery import Mortal
from tools.faults.scenario import Morning, Size, exams_of, sending, settle
from tools.faults.stack import Kind, Stack
from tools.site.program import SiteError

Target = Literal["box", "broker", "registry"]
_IN_FLIGHT: Final = 4
_LATEST_S: Final = 0.12
_DEATH_WITHIN_S: Final = 8.0
_LATE_CALL: Final = 3
_POLL_S: Final = 0.05


class Victim(Protocol):
    """Something that can be killed and started again."""

    def start(self) -> object:
        """Start it and wait until it is ready."""

    def kill(self) -> None:
        """Kill it at once."""


@dataclass(frozen=True, slots=True)
class Kill:
    """When to kill: once so many objects are with the box, and then at a moment or a point."""

    after_objects: int
    delay_s: float
    point: str = ""
    call: int = 1


def plan(rng: Random, kills: int, objects: int, points: list[str]) -> list[Kill]:
    """Random kills, in order; half of them at named points of the program, if it has any."""
    moments = sorted(rng.choices(range(1, max(2, objects - 1)), k=kills))
    return [
        Kill(
            after,
            rng.uniform(0, _LATEST_S),
            rng.choice(points) if points and rng.random() < 0.5 else "",
            rng.randint(1, _LATE_CALL),
        )
        for after in moments
    ]


def kill_box(folder: Path, size: Size) -> Ledger:
    """Kill the box."""
    return _run(folder, size, "box", size.stack or "embedded")


def kill_broker(folder: Path, size: Size) -> Ledger:
    """Kill Mosquitto; the built-in broker dies with its registry."""
    return _run(folder, size, "broker", "servers")


def kill_registry(folder: Path, size: Size) -> Ledger:
    """Kill the registry on PostgreSQL and Mosquitto."""
    return _run(folder, size, "registry", size.stack or "servers")


def kill_embedded(folder: Path, size: Size) -> Ledger:
    """Kill the registry on SQLite, and its built-in broker with it."""
    return _run(folder, size, "registry", size.stack or "embedded")


def _run(folder: Path, size: Size, target: Target, kind: Kind) -> Ledger:
    ledger = Ledger()
    rng = size.rng(f"kill-{target}-{kind}")
    exams = exams_of(size)
    kills = plan(rng, size.kills, size.objects, crash.points_of(target))
    with Stack(folder, kind) as stack:
        box = stack.add_box()
        program: Mortal | None = {"box": box, "registry": stack.registry}.get(target)
        victim: Victim | None = program or stack.broker
        assert victim is not None, "an embedded broker has no process of its own"
        if program is not None:
            program.stop()
            program.armed = _armed(kills[0])
            _start(program)
        if program is not box:
            box.start()
        with sending(box, exams, Gate(0)) as morning:
            at_points = _kill_all(kills, morning, victim, program)
            ledger.say("stack", kind)
            ledger.say(
                "kills", f"{len(kills)} of the {target}, {at_points} of them at named points"
            )
            settle(ledger, stack, morning, size.patience_s)
    return ledger


def _kill_all(kills: list[Kill], morning: Morning, victim: Victim, program: Mortal | None) -> int:
    """Carry out the plan; returns how often the program died at a named point."""
    at_points = 0
    for kill, following in zip(kills, [*kills[1:], None], strict=True):
        morning.gate.open_to(kill.after_objects + _IN_FLIGHT)
        if program is not None and kill.point:
            at_points += _dies(program, morning, kill)
        else:
            morning.sent.wait_for(partial(_has, morning, kill.after_objects), _DEATH_WITHIN_S)
            time.sleep(kill.delay_s)
        victim.kill()
        if program is not None:
            program.armed = _armed(following)
        _start(victim)
    return at_points


def _armed(kill: Kill | None) -> tuple[str, int] | None:
    """Where a program will die of that kill by itself, if it does."""
    return (kill.point, kill.call) if kill is not None and kill.point else None


def _start(victim: Victim) -> None:
    """Start it; one that is armed may die before it is ready."""
    try:
        victim.start()
    except SiteError:
        if not isinstance(victim, Mortal) or victim.armed is None or victim.is_running:
            raise


def _has(morning: Morning, objects: int) -> bool:
    return morning.sent.with_box >= objects


def _dies(program: Mortal, morning: Morning, kill: Kill) -> bool:
    """Whether the program dies at its point; not if all is delivered and it still lives."""
    until = time.monotonic() + _DEATH_WITHIN_S
    while program.is_running and time.monotonic() < until:
        is_done = _has(morning, kill.after_objects + _IN_FLIGHT)
        if is_done and not morning.box.waiting():
            # What it does last comes after the last receipt.
            time.sleep(_LATEST_S)
            break
        time.sleep(_POLL_S)
    return not program.is_running
