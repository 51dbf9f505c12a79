"""The line on which a stand-in is found: a pseudo-terminal under a name, or a TCP port."""

import contextlib
import heapq
import os
import socket
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from dosebook_edge.capture.instrument.links.ready import is_readable
from dosebook_edge.capture.instrument.stand_in import StandIn

_SLICE_S = 0.2


class FarEnd(Protocol):
    """Where a box finds the stand-in."""

    address: str

    def descriptor(self) -> int | None:
        """The open line; None where nobody came for a moment."""
        ...

    def hang_up(self) -> None:
        """The box has gone."""
        ...


@contextlib.contextmanager
def pty_end(name: Path) -> Iterator[FarEnd]:
    """A pseudo-terminal that a box opens by a name; raises `OSError` where the name is taken."""
    master, slave = os.openpty()
    try:
        tty.setraw(slave)
        os.set_blocking(master, False)
        name.symlink_to(os.ttyname(slave))
        try:
            yield _PtyEnd(str(name), master)
        finally:
            name.unlink()
    finally:
        os.close(master)
        os.close(slave)


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
        return self._master

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
            if not is_readable(self._listening.fileno(), _SLICE_S):
                return None
            self._connection, _ = self._listening.accept()
            self._connection.setblocking(False)
        return self._connection.fileno()

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def play(stand_in: StandIn, end: FarEnd, stopping: threading.Event) -> None:
    """Say what the transcript says, to one box after the other, until stopping."""
    while not stopping.is_set():
        descriptor = end.descriptor()
        if descriptor is not None:
            with contextlib.suppress(ConnectionError):
                _converse(stand_in, descriptor, stopping)
            end.hang_up()


def _converse(stand_in: StandIn, descriptor: int, stopping: threading.Event) -> None:
    started = time.monotonic() if stand_in.unasked else None
    due = [(one.at / stand_in.speed, data) for one in stand_in.unasked for _, data in one.pieces]
    heapq.heapify(due)
    while not stopping.is_set():
        now = 0.0 if started is None else time.monotonic() - started
        while due and due[0][0] <= now:
            _write(descriptor, heapq.heappop(due)[1])
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
            heapq.heappush(due, (now + delay, piece))


def _write(descriptor: int, data: bytes) -> None:
    """Send; a box that does not read loses it, as on a line without handshake."""
    with contextlib.suppress(BlockingIOError):
        os.write(descriptor, data)
