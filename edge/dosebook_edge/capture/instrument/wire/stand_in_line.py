"""The line on which a stand-in is found: a pseudo-terminal under a name, or a TCP port."""

import contextlib
import heapq
import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final, Protocol

from dosebook_edge.capture.instrument.links.ready import is_readable
from dosebook_edge.capture.instrument.wire.stand_in import StandIn

_SLICE_S: Final = 0.2
_NOBODY_S: Final = 0.05


class FarEnd(Protocol):
    """Where a box finds the stand-in."""

    address: str

    def descriptor(self) -> int | None:
        """The line, if a box has it open; never blocks."""
        ...

    def hang_up(self) -> None:
        """The box has gone."""
        ...


@contextlib.contextmanager
def pty_end(name: Path) -> Iterator[FarEnd]:
    """A pseudo-terminal that a box opens by a name; raises `OSError` where the name is taken."""
    master, slave = os.openpty()
    try:
        os.set_blocking(master, False)
        name.symlink_to(os.ttyname(slave))
        os.close(slave)  # now the master's end shows whether a box has the line open
        try:
            yield _PtyEnd(str(name), master)
        finally:
            name.unlink()
    finally:
        os.close(master)


@contextlib.contextmanager
def tcp_end(host: str, port: int) -> Iterator[FarEnd]:
    """A TCP port; raises `OSError` where it is taken."""
    with socket.create_server((host, port)) as listening:
        end = _TcpEnd(listening)
        try:
            yield end
        finally:
            end.hang_up()


class _PtyEnd:
    def __init__(self, address: str, master: int) -> None:
        self.address = address
        self._master = master

    def descriptor(self) -> int | None:
        poll = select.poll()
        poll.register(self._master, select.POLLHUP)
        return None if poll.poll(0) else self._master

    def hang_up(self) -> None:
        """A pseudo-terminal stays."""


class _TcpEnd:
    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        host, port = listening.getsockname()[:2]
        self.address = f"tcp://{host}:{port}"
        self._connection: socket.socket | None = None

    def descriptor(self) -> int | None:
        if self._connection is None:
            if not is_readable(self._listening.fileno(), 0):
                return None
            self._connection, _ = self._listening.accept()
            self._connection.setblocking(False)
        return self._connection.fileno()

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def play(stand_in: StandIn, end: FarEnd, stopping: threading.Event) -> None:
    """Say what the transcript says, from its start to each box that comes, until stopping."""
    while not stopping.is_set():
        descriptor = end.descriptor()
        if descriptor is None:
            stopping.wait(_NOBODY_S)
            continue
        with contextlib.suppress(OSError):  # the box closed its end
            _converse(stand_in, descriptor, stopping)
        end.hang_up()


def _converse(stand_in: StandIn, descriptor: int, stopping: threading.Event) -> None:
    started = time.monotonic() if stand_in.unasked else None
    order = count()  # two pieces of one moment keep their order
    due = [
        (one.at / stand_in.speed, next(order), data)
        for one in stand_in.unasked
        for _, data in one.pieces
    ]
    while not stopping.is_set():
        now = 0.0 if started is None else time.monotonic() - started
        while due and due[0][0] <= now:
            _write(descriptor, heapq.heappop(due)[2])
        wait_s = min(_SLICE_S, due[0][0] - now) if due else _SLICE_S
        if not is_readable(descriptor, wait_s):
            continue
        data = os.read(descriptor, 4096)
        if not data:
            return
        if started is None:
            started = time.monotonic()
        now = time.monotonic() - started
        for delay, piece in stand_in.answers(data, now):
            heapq.heappush(due, (now + delay, next(order), piece))


def _write(descriptor: int, data: bytes) -> None:
    """Send; a box that does not read loses it, as on a line without handshake."""
    with contextlib.suppress(BlockingIOError):
        os.write(descriptor, data)
