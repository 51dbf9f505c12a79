"""An instrument that connects to the box: only those that are allowed, one at a time."""

import contextlib
import ipaddress
import logging
import socket
from collections.abc import Collection
from typing import Final

from dosebook_edge.capture.instrument.links.link import Link, LinkError, NobodyYetError
from dosebook_edge.capture.instrument.links.ready import is_readable
from dosebook_edge.capture.instrument.links.tcp import TcpLink
from dosebook_protocol.logs import log

_logger = logging.getLogger(__name__)

_WAIT_S: Final = 0.5
_BACKLOG: Final = 8

PeerNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class ListeningOpener:
    """A listening port, open from the first call on; each call gives the next connection.

    Args:
        host: own address, as the instrument reaches it.
        port: own port; 0 takes any, which `port` tells then.
        allowed: addresses or networks that may connect.

    Raises:
        LinkError: `allowed` is empty or holds something else.
    """

    def __init__(self, host: str, port: int, allowed: Collection[str]) -> None:
        self._host = host
        self._port = port
        self._allowed = _networks(allowed)
        self._socket: socket.socket | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port if self._socket is None else int(self._socket.getsockname()[1])

    def __call__(self) -> Link:
        """The next allowed connection; raises `NobodyYetError` where none comes at once."""
        listening = self._listening()
        try:
            for _ in range(_BACKLOG):  # strangers without end do not keep it here
                if not is_readable(listening.fileno(), _WAIT_S):
                    break
                connection, peer = listening.accept()
                if self._is_allowed(peer[0]):
                    return TcpLink(connection, f"{peer[0]}:{peer[1]}")
                connection.close()
                log(_logger, logging.WARNING, "instrument_peer_refused", peer=peer[0])
        except OSError as error:
            raise LinkError(f"listening on {self._name} failed: {error}") from None
        raise NobodyYetError(f"the instrument has not yet connected to {self._name}")

    def close(self) -> None:
        """Listen no longer."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None

    @property
    def _name(self) -> str:
        return f"{self._host}:{self.port}"

    def _listening(self) -> socket.socket:
        if self._socket is None:
            try:
                family = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)[0][0]
                self._socket = socket.create_server(
                    (self._host, self._port), family=family, backlog=_BACKLOG
                )
            except OSError as error:
                raise LinkError(
                    f"the box cannot listen on {self._name} ({error}): use one of its own "
                    "addresses and a port that nothing else has"
                ) from None
        return self._socket

    def _is_allowed(self, peer: str) -> bool:
        address = ipaddress.ip_address(peer.partition("%")[0])
        return any(address in network for network in self._allowed)


def _networks(allowed: Collection[str]) -> list[PeerNetwork]:
    if not allowed:
        raise LinkError(
            "listen:// accepts nobody: name the address of the instrument among the allowed peers"
        )
    try:
        return [ipaddress.ip_network(one) for one in allowed]
    except ValueError as error:
        raise LinkError(f"an allowed peer is an IP address or network: {error}") from None
