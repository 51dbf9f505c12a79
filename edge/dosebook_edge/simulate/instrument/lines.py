"""The lines that a simulated instrument hangs on: a pseudo-terminal, a TCP port, a connection."""

import contextlib
import os
import select
import socket
import tty
from pathlib import Path
from typing import Final, Protocol

_MOST: Final = 4096
_CONNECT_S: Final = 1.0


class Line(Protocol):
    """One end of a line; everything that happens at the other end is quiet here."""

    @property
    def address(self) -> str:
        """What a box is told to open, or where it listens."""
        ...

    def plug(self) -> None:
        """Be there, so that a box can open it; nothing where it is already."""
        ...

    def unplug(self) -> None:
        """Be gone, as when a cable is pulled."""
        ...

    def is_open(self) -> bool:
        """Whether a box is at the other end now."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """What came within a time; empty where nothing came or the box left."""
        ...

    def write(self, data: bytes) -> None:
        """Send; bytes for nobody are lost, as on a wire."""
        ...


class PtyLine:
    """A pseudo-terminal behind a name of its own, as a USB adapter is behind `by-id`."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self._own = -1

    @property
    def address(self) -> str:
        """The name of the serial port."""
        return str(self._link)

    def plug(self) -> None:
        """Make a new pseudo-terminal and let the name mean it."""
        if self._own >= 0:
            return
        self._own, other = os.openpty()
        tty.setraw(other)
        name = os.ttyname(other)
        os.close(other)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(name)

    def unplug(self) -> None:
        """Take name and terminal away."""
        if self._own >= 0:
            self._link.unlink(missing_ok=True)
            os.close(self._own)
            self._own = -1

    def is_open(self) -> bool:
        """Whether somebody has opened the terminal: one that nobody holds is hung up."""
        poll = select.poll()
        poll.register(self._own, select.POLLIN)
        return not any(event & select.POLLHUP for _, event in poll.poll(0))

    def read(self, timeout_s: float) -> bytes:
        """What came."""
        ready, _, _ = select.select([self._own], [], [], timeout_s)
        with contextlib.suppress(OSError):  # the other end was closed
            return os.read(self._own, _MOST) if ready else b""
        return b""

    def write(self, data: bytes) -> None:
        """Send."""
        with contextlib.suppress(OSError):
            os.write(self._own, data)


class _SocketLine:
    """What lines over TCP share."""

    def __init__(self) -> None:
        self._peer: socket.socket | None = None

    def _hang_up(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    def read(self, timeout_s: float) -> bytes:
        """What came."""
        if self._peer is None:
            return b""
        with contextlib.suppress(OSError):
            self._peer.settimeout(max(timeout_s, 0.001))
            try:
                data = self._peer.recv(_MOST)
            except TimeoutError:
                return b""
            if data:
                return data
        self._hang_up()
        return b""

    def write(self, data: bytes) -> None:
        """Send."""
        if self._peer is not None:
            try:
                self._peer.sendall(data)
            except OSError:
                self._hang_up()


class TcpLine(_SocketLine):
    """A TCP port that one box at a time connects to; port 0 takes a free one."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self._host, self._port = host, port
        self._listener: socket.socket | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"tcp://{self._host}:{self._port}"

    def plug(self) -> None:
        """Listen."""
        if self._listener is None:
            self._listener = socket.create_server((self._host, self._port))
            self._listener.setblocking(False)
            self._port = self._listener.getsockname()[1]

    def unplug(self) -> None:
        """Refuse connections, and end the one that is."""
        self._hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def is_open(self) -> bool:
        """Whether a box is connected; one that waits is let in."""
        if self._peer is None and self._listener is not None:
            with contextlib.suppress(OSError):
                self._peer, _ = self._listener.accept()
        return self._peer is not None


class PushLine(_SocketLine):
    """A connection that the instrument makes to a box that listens."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self._to = (host, port)
        self._is_plugged = False

    @property
    def address(self) -> str:
        """Where the box listens."""
        return f"listen://{self._to[0]}:{self._to[1]}"

    def plug(self) -> None:
        """Try to connect from now on."""
        self._is_plugged = True

    def unplug(self) -> None:
        """End the connection, and make none."""
        self._is_plugged = False
        self._hang_up()

    def is_open(self) -> bool:
        """Whether it is connected; tries once where it is not."""
        if self._peer is None and self._is_plugged:
            with contextlib.suppress(OSError):
                self._peer = socket.create_connection(self._to, _CONNECT_S)
        return self._peer is not None
