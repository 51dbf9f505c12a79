"""A console's screen over VNC, where its maker offers it: the box looks, and touches nothing.

vncdotool decodes the protocol; a box with such a console installs it with the extra `vnc`. Each
look asks for what changed since the last one, so that a screen that rests costs a few bytes.
"""

import os
import re
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from dosebook_edge.capture.screen.grabbing import ScreenLostError
from dosebook_edge.capture.screen.picture import Grey, Way

if TYPE_CHECKING:
    from dosebook_edge.capture.screen.vnc_viewer import Viewer

_ADDRESS: Final = re.compile(
    r"vnc:(?P<host>\[[0-9A-Fa-f:.%]+\]|[^:\[\]/\s]+)(:(?P<port>\d{1,5}))?\Z"
)
_PORT: Final = 5900
_PATIENCE_S: Final = 5.0
_CHUNK: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class VncAddress:
    """Where a VNC server listens."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Self:
        """Read `vnc:HOST` or `vnc:HOST:PORT`; raises `ScreenLostError`."""
        match = _ADDRESS.match(text)
        port = _PORT if match is None or match["port"] is None else int(match["port"])
        if match is None or not 0 < port < 65536:
            raise ScreenLostError(f"{text!r} is not vnc:HOST or vnc:HOST:PORT")
        return cls(match["host"].strip("[]"), port)


class VncScreen:
    """One screen of a VNC server. Every pixel is as the server holds it."""

    way: Way = "lossless"
    words = "VNC"
    signal = None

    def __init__(
        self, address: str, password_file: Path | None = None, patience_s: float = _PATIENCE_S
    ) -> None:
        """Connect and take the first picture; raises `ScreenLostError`.

        Nothing waits for longer than `patience_s`.
        """
        self._address = address
        self._patience_s = patience_s
        at = VncAddress.of(address)
        password = None if password_file is None else read_password(password_file)
        try:
            self._connection = socket.create_connection((at.host, at.port), patience_s)
        except OSError as error:
            raise ScreenLostError(
                f"{address} cannot be reached: {error}. Does the VNC server of the console run, "
                "and does the network let the box through?"
            ) from None
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with self._naming():
                self._viewer = _viewer_class()(self._connection.sendall, password)
                self._listen()
        except BaseException:
            self._connection.close()
            raise

    def grab(self) -> Grey:
        """The screen now; raises `ScreenLostError`."""
        with self._naming():
            self._viewer.ask()
            return self._listen()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _listen(self) -> Grey:
        """Take what the server sends until it has answered."""
        viewer, end, taken = self._viewer, time.monotonic() + self._patience_s, 0
        while viewer.grey is None or not viewer.is_answered:
            self._connection.settimeout(max(0.001, end - time.monotonic()))
            data = self._connection.recv(_CHUNK)
            if not data:
                raise ScreenLostError(
                    "it closed the connection. Does it allow another viewer, and this box?"
                )
            viewer.feed(data)
            taken += len(data)
            if taken > viewer.most_bytes:
                raise ScreenLostError("it sends more than its screen holds")
        return viewer.grey

    @contextmanager
    def _naming(self) -> Iterator[None]:
        """Say of which server it is that something goes wrong."""
        try:
            yield
        except ScreenLostError as error:
            raise ScreenLostError(f"{self._address}: {error}") from None
        except TimeoutError:
            raise ScreenLostError(
                f"{self._address}: no answer for {self._patience_s:g} s. Is the console on, and is "
                "the network there?"
            ) from None
        except OSError as error:
            raise ScreenLostError(f"{self._address}: the connection is lost: {error}") from None


def read_password(path: Path) -> str:
    """The first line of a file that only its owner reads; raises `ScreenLostError`."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            line = file.readline(1024).rstrip(b"\r\n")
    except OSError as error:
        raise ScreenLostError(f"password_file {path} cannot be read: {error.strerror}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise ScreenLostError(f"password_file {path} is open to others: chmod 600 {path}")
    if not line or not line.isascii():
        raise ScreenLostError(f"password_file {path} holds no password of ASCII characters")
    return line.decode("ascii")


def _viewer_class() -> "type[Viewer]":
    try:
        from dosebook_edge.capture.screen.vnc_viewer import Viewer
    except ImportError as error:
        raise ScreenLostError(
            f"VNC needs more software: pip install 'dosebook-edge[vnc]' ({error.name} is missing)"
        ) from None
    return Viewer
