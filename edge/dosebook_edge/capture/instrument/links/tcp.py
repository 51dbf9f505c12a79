"""TCP connections, opened by the box or accepted from an instrument."""

import contextlib
import socket
from typing import Final

from dosebook_edge.capture.instrument.links.link import LinkError
from dosebook_edge.capture.instrument.links.ready import is_readable

CONNECT_S: Final = 3.0
WRITE_S: Final = 3.0
_CHUNK: Final = 4096
# A host that went away without a word is noticed after about a minute.
_KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 20),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
)


class TcpLink:
    """One open connection.

    Args:
        connection: the open socket; closed with the link.
        name: how errors name the other end.
    """

    def __init__(self, connection: socket.socket, name: str) -> None:
        self._socket = connection
        self._name = name
        self._socket.settimeout(WRITE_S)
        for option in _KEEPALIVE:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(*option)

    def read(self, timeout_s: float) -> bytes:
        """What came within some seconds; raises `LinkError`, also when the other end closed."""
        try:
            if not is_readable(self._socket.fileno(), timeout_s):
                return b""
            data = self._socket.recv(_CHUNK)
        except OSError as error:
            raise self._broken(error) from None
        if not data:
            raise LinkError(f"{self._name} closed the connection: is the instrument still on?")
        return data

    def write(self, data: bytes) -> None:
        """Send all of it; raises `LinkError`."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise self._broken(error) from None

    def close(self) -> None:
        """End the connection."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def _broken(self, error: OSError) -> LinkError:
        return LinkError(f"the connection to {self._name} broke: {error}")


def connect(host: str, port: int) -> TcpLink:
    """A connection to an instrument or terminal server; raises `LinkError`."""
    name = f"{host}:{port}"
    try:
        return TcpLink(socket.create_connection((host, port), timeout=CONNECT_S), name)
    except OSError as error:
        raise LinkError(
            f"{name} cannot be reached ({error}): check the address, the network and that "
            "nobody else is connected"
        ) from None
