"""The server of the pages: waitress in a thread of its own, stopped in that thread.

A body lies on disk before the application is asked whose it is, so strangers may send a form and no
more: files are taken from persons who signed in.
"""

import copy
import socket
import threading
from typing import Any, Final

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server

from dosebook_central.web.session_cookie import is_signed_in

_JOIN_TIMEOUT_S: Final = 10.0
_MOST_OF_A_STRANGER: Final = 64 * 1024
_MOST_CONNECTIONS: Final = 1000
_SILENT_S: Final = 60


class PageServer:
    """Serves an application until `stop`; `port` is the one that it listens on."""

    def __init__(
        self,
        app: Flask,
        host: str,
        port: int,
        threads: int,
        max_body: int,
        trusted_proxy: str = "",
    ) -> None:
        # A name such as localhost may have several addresses: one server has one.
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
        server: Any = create_server(
            app,
            host=address,
            port=port,
            threads=threads,
            max_request_body_size=max_body,
            ident=None,
            # select() fails for good at the 1024th open file, which a broker with many boxes has.
            asyncore_use_poll=True,
            connection_limit=_MOST_CONNECTIONS,
            channel_timeout=_SILENT_S,
            cleanup_interval=_SILENT_S // 4,
            **(_behind(trusted_proxy) if trusted_proxy else {}),
        )
        server.channel_class = _channel_of(app)
        self._server = server
        self.port = int(server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name="dosebook-web", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being answered is given up."""
        # Sockets must not be closed under the select of the thread that waits on them.
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map))  # noqa: SLF001 - waitress has no word for it
        self._thread.join(_JOIN_TIMEOUT_S)
        self._server.task_dispatcher.shutdown()


def _behind(proxy: str) -> dict[str, Any]:
    """Believe one proxy, and of what it forwards only who asked and how."""
    return {
        "trusted_proxy": proxy,
        "trusted_proxy_count": 1,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
        "clear_untrusted_proxy_headers": True,
    }


def _channel_of(app: Flask) -> type[Any]:
    """Connections on which only persons who signed in may send more than a form."""

    class Parser(HTTPRequestParser):
        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            if not is_signed_in(app, self.headers.get("COOKIE", "")):
                self.adj = copy.copy(self.adj)
                self.adj.max_request_body_size = min(
                    self.adj.max_request_body_size, _MOST_OF_A_STRANGER
                )

    class Channel(HTTPChannel):
        parser_class = Parser

    return Channel
