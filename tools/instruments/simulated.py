"""A line and a clock in simulated time, so that a day of an instrument takes seconds."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from dosebook_edge.capture.instrument.links.link import LinkError
from dosebook_edge.simulate.instrument.player import Player

START: Final = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


class Clock:
    """Time that passes only where somebody waits; `stopping` is set when the day is over."""

    def __init__(self, ended_s: float, stopping: threading.Event) -> None:
        self.now = 0.0
        self._ended_s = ended_s
        self._stopping = stopping

    def utc(self) -> datetime:
        """Now, in UTC."""
        return START + timedelta(seconds=self.now)

    def monotonic(self) -> float:
        """Seconds since the day began."""
        return self.now

    def wait(self, stopping: threading.Event, seconds: float) -> None:
        """Let some seconds pass."""
        self.pass_to(self.now + seconds)

    def pass_to(self, moment: float) -> None:
        """Let time pass up to a moment."""
        self.now = max(self.now, moment)
        if self.now >= self._ended_s:
            self._stopping.set()


class SimulatedLine:
    """Opens the line of a played instrument.

    Every second time that it is unplugged, an open line tells of it; otherwise it falls silent for
    ever, as a pseudo-terminal does whose other end is gone.
    """

    def __init__(self, player: Player, clock: Clock) -> None:
        self.player = player
        self.clock = clock
        self.breaks = 0

    def __call__(self) -> "SimulatedLink":
        """Open it; raises `LinkError` while it is unplugged."""
        if not self.player.is_plugged(self.clock.now):
            raise LinkError("the simulated instrument is unplugged")
        return SimulatedLink(self)

    def close(self) -> None:
        """Nothing stays open."""


class SimulatedLink:
    """One connection to a played instrument."""

    def __init__(self, line: SimulatedLine) -> None:
        self._line = line
        self._clock = line.clock
        self._player = line.player
        self._waiting: list[tuple[float, bytes]] = []
        self._is_dead = False
        self._send(self._player.opened(self._clock.now))

    def read(self, timeout_s: float) -> bytes:
        """What comes within some seconds of simulated time."""
        end = self._clock.now + timeout_s
        while True:
            self._look()
            if self._is_dead:
                self._clock.pass_to(end)
                return b""
            now = self._clock.now
            self._send(self._player.due(now))
            due = [data for at, data in self._waiting if at <= now]
            if due or now >= end:
                self._waiting = [one for one in self._waiting if one[0] > now]
                return b"".join(due)
            self._clock.pass_to(self._next(end))

    def write(self, data: bytes) -> None:
        """Let the instrument hear something."""
        self._look()
        if not self._is_dead:
            self._send(self._player.received(data, self._clock.now))

    def close(self) -> None:
        """Nothing more comes."""
        self._waiting.clear()

    def _next(self, end: float) -> float:
        moments = [end, self._clock.now + 0.5, *(at for at, _ in self._waiting)]
        if self._player.next_s is not None:
            moments.append(self._player.next_s)
        return max(self._clock.now, min(moments))

    def _send(self, pieces: list) -> None:
        now = self._clock.now
        self._waiting += [(now + one.after_s, one.data) for one in pieces]

    def _look(self) -> None:
        if self._is_dead or self._player.is_plugged(self._clock.now):
            return
        self._is_dead = True
        self._line.breaks += 1
        if self._line.breaks % 2:
            raise LinkError("the simulated instrument was unplugged")
