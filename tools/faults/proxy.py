"""A TCP proxy that is a bad network: it passes, cuts, or swallows what goes through it."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from enum import Enum
from typing import Final, Self

_CHUNK: Final = 65536
_POLL_S: Final = 0.2
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close() sends RST


class Mode(Enum):
    """What the network does."""

    PASS = "pass"  # noqa: S105 - not a password
    CUT = "cut"  # connections end, new ones are refused
    SWALLOW = "swallow"  # connections stand, and nothing comes through: a half-open line


class Proxy:
    """Listens on a free loopback port and connects through to `target`."""

    def __init__(self, target: int, mode: Mode = Mode.PASS, *, keep: bool = False) -> None:
        """Listen at once; `close` ends everything. `keep` what clients say, in `heard`."""
        self._target = target
        self._mode = mode
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_POLL_S)
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self.heard = b""
        self._keep = keep
        self._spawn(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def set(self, mode: Mode) -> None:
        """Change what the network does; a cut also ends what stands."""
        with self._lock:
            self._mode = mode
            pairs = list(self._pairs)
        if mode is not Mode.SWALLOW:
            # After a half-open line, too: what was swallowed is a hole in the stream.
            for pair in pairs:
                self._drop(pair)

    def close(self) -> None:
        """End every connection and thread."""
        self._closing.set()
        self.set(Mode.CUT)
        for thread in list(self._threads):
            thread.join()
        self._listener.close()

    def _spawn(self, work: Callable[..., object], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                near, _ = self._listener.accept()
            except TimeoutError:
                continue
            if self._mode is Mode.CUT:
                _reset(near)
                continue
            self._connect(near)

    def _connect(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            _reset(near)
            return
        for one in (near, far):
            one.settimeout(_POLL_S)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (near, far)
        with self._lock:
            self._pairs.add(pair)
        self.connections += 1
        self._spawn(self._pump, pair, near, far)
        self._spawn(self._pump, pair, far, near)

    def _pump(
        self, pair: tuple[socket.socket, socket.socket], source: socket.socket, sink: socket.socket
    ) -> None:
        while pair in self._pairs:
            try:
                data = source.recv(_CHUNK)
                if data and self._mode is Mode.PASS:
                    sink.settimeout(None)
                    sink.sendall(data)
                    sink.settimeout(_POLL_S)
                    if self._keep and source is pair[0]:
                        self.heard += data
            except TimeoutError:
                continue
            except OSError:
                break
            if not data and self._mode is not Mode.SWALLOW:
                break
            if not data:
                self._closing.wait(_POLL_S)
        self._drop(pair)

    def _drop(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with self._lock:
            if pair not in self._pairs:
                return
            self._pairs.discard(pair)
        for one in pair:
            _reset(one)


def _reset(one: socket.socket) -> None:
    """Close as a torn cable's router would: with a reset, at once."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
