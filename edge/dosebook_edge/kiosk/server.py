"""HTTP for the kiosk: one address, small requests, no other origin, nothing kept open.

A name that is made to point at the box (DNS rebinding) is refused by its Host, a form of another
page by its Origin; what a session may do hangs on its cookie and on a token in each form.
"""

import contextlib
import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from dosebook_edge.kiosk.page import sentence

_logger = logging.getLogger(__name__)

COOKIE: Final = "dosebook-kiosk"
_LARGEST_FORM: Final = 8192
_MOST_FIELDS: Final = 32
_MOST_OPEN: Final = 16
_PATIENCE_S: Final = 10.0  # for a single silence, and
_LONGEST_REQUEST_S: Final = 30.0  # for all of a request, whoever sends it drop by drop
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request that may be answered: its Host and, for a form, its Origin are ours.

    `body` is there in the place of `form` where more was allowed than a form has.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    session_id: str = ""
    token: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; `session_id` sets the cookie, `refresh_s` lets the page load anew then."""

    status: int = 200
    body: bytes = b""
    media_type: str = "text/html; charset=utf-8"
    location: str = ""
    session_id: str | None = None
    refresh_s: float = 0.0


Handle = Callable[[Request], Answer]
Allow = Callable[[Request], int]
"""How many bytes may come with a request, before they are read; 0: a form, no more."""


def _forms_only(_: Request) -> int:
    return 0


class KioskServer:
    """Serves one `Handle` on one address, from `start` to `stop`."""

    def __init__(self, address: str, port: int, handle: Handle, allow: Allow = _forms_only) -> None:
        """Bind; raises `OSError`."""
        self._server = _Server((address, port), handle, allow)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="kiosk"
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; connections that browsers hold open end at once."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join()


def hosts_of(address: str, port: int) -> frozenset[str]:
    """What a request for this page may call it."""
    ip = ipaddress.ip_address(address)
    names = [f"[{address}]" if ip.version == 6 else address]
    if ip.is_loopback:
        names.append("localhost")
    hosts = {f"{name}:{port}" for name in names}
    return frozenset(hosts | set(names) if port == 80 else hosts)


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = _MOST_OPEN

    def __init__(self, at: tuple[str, int], handle: Handle, allow: Allow) -> None:
        self.address_family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET
        self.handle_one = handle
        self.allow = allow
        self._open: set[socket.socket] = set()
        self._until: dict[socket.socket, float] = {}
        self._lock = threading.Lock()
        super().__init__(at, _Handler)
        self.hosts = hosts_of(at[0], int(self.server_address[1]))

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, as long as there are not too many."""
        with self._lock:
            has_room = len(self._open) < _MOST_OPEN
            if has_room:
                self._open.add(request)
                self._until[request] = time.monotonic() + _LONGEST_REQUEST_S
        if has_room:
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection."""
        with self._lock:
            self._open.discard(request)
            self._until.pop(request, None)
        super().shutdown_request(request)

    def has_come(self, request: socket.socket) -> None:
        """A request is there as a whole: its answer takes as long as it takes."""
        with self._lock:
            self._until.pop(request, None)

    def service_actions(self) -> None:
        """End connections whose request is still to come; called ten times a second."""
        now = time.monotonic()
        with self._lock:
            for one in [one for one, until in self._until.items() if until < now]:
                del self._until[one]
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that left."""

    def hang_up(self) -> None:
        """End what waits for a request that may never come."""
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.0: each connection has one request, so that none is kept open."""

    server: _Server
    server_version = "dosebook-box"
    sys_version = ""
    timeout = _PATIENCE_S

    def do_GET(self) -> None:
        """Answer a page."""
        if self._is_for_us():
            self._answer(self._request("GET"))

    def do_POST(self) -> None:
        """Take a form."""
        if not self._is_for_us():
            return
        if self.headers.get("Origin") != f"http://{self.headers['Host'].lower()}":
            self._refuse(HTTPStatus.FORBIDDEN, "This form is of another page.")
            return
        request = self._request("POST")
        allowed = self.server.allow(request)
        try:
            size = int(self.headers.get("Content-Length", ""))
        except ValueError:
            size = -1
        if not 0 <= size <= max(allowed, _LARGEST_FORM):
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This form is too large.")
            return
        body = self.rfile.read(size)
        if allowed:
            self._answer(replace(request, body=body))
            return
        try:
            text = body.decode()
            form = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        except ValueError:
            self._refuse(HTTPStatus.BAD_REQUEST, "This is no form of the page.")
            return
        self._answer(replace(request, form=form))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: who looked at what is no business of a log file."""

    def _is_for_us(self) -> bool:
        if self.headers.get("Host", "").lower() in self.server.hosts:
            return True
        said = b"The box's page has another address."
        self._send(Answer(HTTPStatus.MISDIRECTED_REQUEST, said, "text/plain; charset=utf-8"))
        return False

    def _request(self, method: str) -> Request:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query[:_LARGEST_FORM], keep_blank_values=True))
        token = self.headers.get("X-Token", "")
        return Request(method, parts.path, query, session_id=self._session_id(), token=token)

    def _session_id(self) -> str:
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            return ""
        return found.value if found is not None else ""

    def _answer(self, request: Request) -> None:
        self.server.has_come(self.connection)
        try:
            answer = self.server.handle_one(request)
        except Exception:
            # A page that fails must not be silent, and never takes the box with it.
            _logger.exception("kiosk_failed")
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "This failed: the box's log says why.")
            return
        self._send(answer)

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        """Say so on a page with a way on: a touch screen in a room has no keys of a browser."""
        self._send(Answer(status, sentence(text).encode()))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        headers = _HEADERS | {
            "Content-Type": answer.media_type,
            "Content-Length": str(len(answer.body)),
        }
        if answer.location:
            headers["Location"] = answer.location
        if answer.session_id is not None:
            age = "" if answer.session_id else "; Max-Age=0"
            headers["Set-Cookie"] = (
                f"{COOKIE}={answer.session_id}; Path=/; HttpOnly; SameSite=Strict{age}"
            )
        if answer.refresh_s:
            headers["Refresh"] = f"{answer.refresh_s:.0f}; url=/"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
