"""Plays an instrument on a real line, in real time."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from dosebook_edge.simulate.instrument.lines import Line
from dosebook_edge.simulate.instrument.modbus_server import ModbusServer
from dosebook_edge.simulate.instrument.plan import Plan
from dosebook_edge.simulate.instrument.player import Piece, Player
from dosebook_edge.simulate.instrument.profile import Playable, Registers
from dosebook_edge.simulate.instrument.writer import Fact

_LOOK_S: Final = 0.02
_STOP_S: Final = 10.0

Clock = Callable[[], float]


class ModbusPlayer(Player):
    """A Modbus instrument whose answers pymodbus makes."""

    def __init__(self, profile: Playable, plan: Plan, seed: str, server: ModbusServer) -> None:
        super().__init__(profile, plan, seed)
        self._server = server

    def _registers(self, question: bytes, block: Registers, facts: dict[str, Fact]) -> bytes:
        return self._server.answer(question, block, self._writer.registers(block, facts))


def play(player: Player, line: Line, clock: Clock, stopping: threading.Event) -> None:
    """Answer and send until `stopping`; `clock` gives the seconds of the plan."""
    waiting: list[tuple[float, bytes]] = []
    is_open = False
    try:
        while not stopping.is_set():
            now = clock()
            if not player.is_plugged(now):
                line.unplug()
                is_open = False
                stopping.wait(_LOOK_S)
                continue
            line.plug()
            was_open, is_open = is_open, line.is_open()
            if not is_open:
                waiting.clear()
                stopping.wait(_LOOK_S)
                continue
            if not was_open:
                waiting += _timed(player.opened(now))
            waiting += _timed(player.due(now))
            waiting = list(_sent(line, waiting))
            wait_s = min((at - time.monotonic() for at, _ in waiting), default=_LOOK_S)
            data = line.read(min(_LOOK_S, max(0.0, wait_s)))
            if data:
                waiting += _timed(player.received(data, clock()))
    finally:
        line.unplug()


@contextlib.contextmanager
def playing(
    profile: Playable, plan: Plan, line: Line, *, seed: str = "", clock: Clock | None = None
) -> Iterator[Player]:
    """An instrument on a line for the length of the block, in a thread; the line is plugged in."""
    stopping = threading.Event()
    start = time.monotonic()
    line.plug()
    with player_of(profile, plan, seed) as player:
        thread = threading.Thread(
            target=play,
            args=(player, line, clock or (lambda: time.monotonic() - start), stopping),
            name=f"play-{profile.id}",
            daemon=True,
        )
        thread.start()
        try:
            yield player
        finally:
            stopping.set()
            thread.join(_STOP_S)


@contextlib.contextmanager
def player_of(profile: Playable, plan: Plan, seed: str) -> Iterator[Player]:
    """The player of a profile; that of a Modbus instrument with a server of pymodbus."""
    if profile.engine != "modbus":
        yield Player(profile, plan, seed)
        return
    with ModbusServer(profile) as server:
        yield ModbusPlayer(profile, plan, seed, server)


def _timed(pieces: list[Piece]) -> Iterator[tuple[float, bytes]]:
    """Pieces with the time of the machine when they leave, whatever the clock of the plan says."""
    now = time.monotonic()
    return ((now + one.after_s, one.data) for one in pieces)


def _sent(line: Line, waiting: list[tuple[float, bytes]]) -> Iterator[tuple[float, bytes]]:
    """Send what is due, in order; what is not."""
    for at, data in waiting:
        if at <= time.monotonic():
            line.write(data)
        else:
            yield at, data
