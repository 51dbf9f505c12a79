"""The association server of one source: sockets, TLS handshakes, and who was turned away."""

import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

from pynetdicom import _config, evt
from pynetdicom.transport import ThreadedAssociationServer

HANDSHAKE_TIMEOUT_S: Final = 10.0
PEER_TIMEOUT_S: Final = 60.0

# What pynetdicom formats for its own log of each PDU costs more than the PDU itself.
_config.LOG_HANDLER_LEVEL = "none"

RefusedPeer = Callable[[str, str], None]
"""Called with the peer's address and the reason in words."""


class SourceServer(ThreadedAssociationServer):
    """pynetdicom's server, with the TLS handshake in the peer's own thread, under a timeout.

    In the accepting thread, one peer that connects and says nothing would keep all others out.
    """

    def __init__(
        self,
        *args: Any,
        on_refused_peer: RefusedPeer,
        most_connections: int,
        **kwargs: Any,
    ) -> None:
        self._on_refused_peer = on_refused_peer
        self._most_connections = most_connections
        self._starting: set[socket.socket] = set()
        self._shaking_hands: set[socket.socket] = set()
        super().__init__(*args, **kwargs)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a connection; timeouts and TLS come later, in its own thread."""
        if self.socket is None:
            raise OSError("the server is closed")
        return self.socket.accept()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more connection: each has threads of its own."""
        if len(self.active_associations) + len(self._starting) >= self._most_connections:
            self._on_refused_peer(str(client_address[0]), "too many connections at once")
            return False
        self._starting.add(request)
        return True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Make one connection ready and hand it to pynetdicom."""
        try:
            self._make_ready(request, client_address)
        finally:
            self._starting.discard(request)

    def _make_ready(self, request: Any, client_address: Any) -> None:
        connection = request
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            acknowledge_at_once(connection)
            if self.ssl_context is not None:
                connection = self._shake_hands(connection, self.ssl_context)
            connection.settimeout(PEER_TIMEOUT_S)
        except (ssl.SSLError, OSError) as error:
            self._on_refused_peer(str(client_address[0]), _tls_reason(error))
            self.shutdown_request(connection)
            return
        super().process_request_thread(connection, client_address)

    def shutdown(self) -> None:
        """Stop accepting, and end handshakes that are under way."""
        super().shutdown()
        for connection in tuple(self._shaking_hands):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _shake_hands(self, connection: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        connection.settimeout(HANDSHAKE_TIMEOUT_S)
        secure = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._shaking_hands.add(secure)
        try:
            secure.do_handshake()
        except (ssl.SSLError, OSError):
            secure.close()
            raise
        finally:
            self._shaking_hands.discard(secure)
        return secure

    def service_actions(self) -> None:
        """Leave garbage to the interpreter; pynetdicom would collect all of it here."""


def acknowledge_at_once(connection: socket.socket) -> None:
    """Ask the kernel not to delay the next TCP acknowledgement.

    A peer that sends with Nagle's algorithm (DCMTK's default) holds back the end of each object
    until then: 40 ms an object. Linux forgets the wish, so it is repeated after each exchange.
    """
    with contextlib.suppress(OSError, AttributeError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def keep_acknowledging(event: evt.Event) -> None:
    """Handler of EVT_DATA_RECV and EVT_DATA_SENT."""
    transport = event.assoc.dul.socket
    if transport is not None and transport.socket is not None:
        acknowledge_at_once(transport.socket)


def _tls_reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: the peer's certificate was not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        words = (error.reason or "handshake failed").replace("_", " ").lower()
        if words == "peer did not return a certificate":
            return "TLS: the peer showed no certificate, and this source asks for one"
        if words in ("http request", "wrong version number", "unknown protocol"):
            return "TLS: the peer does not speak TLS, or an older version than 1.2"
        return f"TLS: {words}"
    if isinstance(error, TimeoutError):
        return f"TLS: no handshake within {HANDSHAKE_TIMEOUT_S:g} s; does the peer speak TLS?"
    return f"the connection broke before an association was asked for ({type(error).__name__})"
