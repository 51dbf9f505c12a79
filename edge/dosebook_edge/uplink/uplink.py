"""The uplink's thread: from one connection to the next, for as long as the box runs."""

import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dosebook_edge.identity.files import IdentityError
from dosebook_edge.identity.identity import Enrolled, Identity
from dosebook_edge.uplink.connection import (
    Accepted,
    Connection,
    Gone,
    Granted,
    OtherVersion,
    Version,
    is_cut,
)
from dosebook_edge.uplink.session import Inbox, News, Session, Stop
from dosebook_edge.uplink.settings import Outbox, UplinkSettings
from dosebook_edge.uplink.state import Backoff, Event, State, next_state
from dosebook_protocol.cose import Signer
from dosebook_protocol.logs import log
from dosebook_protocol.record import Health
from dosebook_protocol.topics import Channel, topic
from dosebook_protocol.wire import encode_health

_LOG = logging.getLogger(__name__)
_NEWS_POLL_S: Final = 0.25
_JOIN_TIMEOUT_S: Final = 20.0
# Closed without an answer this often in a row, in either version of MQTT: the broker means it.
_SILENT_ENDS: Final = 2
_WAITING: Final = frozenset({State.IDLE, State.BACKOFF, State.REFUSED})


@dataclass(frozen=True, slots=True)
class UplinkStatus:
    """Where the uplink stands, for people and for health."""

    state: State
    detail: str
    last_failure: str
    aside: int


class Uplink:
    """Carries the outbox to the registry. `start`, `stop`, and `state` are all there is to it.

    `load_identity` is asked at each attempt, so that an enrolment or a renewal takes effect without
    a restart. `health` makes the box's word on itself; it may be None.
    """

    def __init__(
        self,
        load_identity: Callable[[], Identity],
        outbox: Outbox,
        settings: UplinkSettings,
        health: Callable[[], Health] | None = None,
    ) -> None:
        self._load_identity = load_identity
        self._outbox = outbox
        self._settings = settings
        self._health = health
        self._state = State.STOPPED
        self._detail = ""
        self._last_failure = ""
        self._signer: Signer | None = None
        self._version: Version = "5"
        self._silent_ends = 0
        self._session: Session | None = None
        self._inbox: Inbox = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._news_wanted = threading.Event()
        self._news_after = 0
        self._threads: list[threading.Thread] = []
        self._failed = Backoff(settings.backoff_first_s, settings.backoff_limit_s)
        self._denied = Backoff(settings.refused_first_s, settings.refused_limit_s)

    @property
    def state(self) -> State:
        """The state at this moment."""
        return self._state

    def status(self) -> UplinkStatus:
        """The state with what stands behind it."""
        session = self._session
        aside = session.aside if session else 0
        return UplinkStatus(self._state, self._detail, self._last_failure, aside)

    def start(self) -> None:
        """Begin; returns at once."""
        self._stopping.clear()
        self._go(Event.START)
        self._threads = [
            threading.Thread(target=self._run, name="dosebook-uplink", daemon=True),
            threading.Thread(target=self._watch_outbox, name="dosebook-uplink-news", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; what has no receipt stays in the outbox."""
        self._stopping.set()
        self._inbox.put(Stop())
        for thread in self._threads:
            thread.join(_JOIN_TIMEOUT_S)
        self._threads = []

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._attempt()
            except Exception:  # noqa: BLE001  # the uplink never ends by itself
                # Whatever it was, the records are in the outbox, and the next attempt starts anew.
                _LOG.exception("uplink_error")
                self._fall(Event.FAILED, "internal error, see the log")
        self._go(Event.STOP)

    def _attempt(self) -> None:
        enrolled = self._enrolled()
        if enrolled is None:
            self._stopping.wait(self._settings.unenrolled_every_s)
            return
        self._go(Event.ENROLLED)
        inbox = self._inbox = queue.SimpleQueue()
        if self._stopping.is_set():  # its `Stop` may lie in the inbox before this one
            return
        bundle = enrolled.bundle
        connection: Connection | None = None
        try:
            socket.getaddrinfo(bundle.broker_host, bundle.broker_port, type=socket.SOCK_STREAM)
            self._go(Event.RESOLVED)
            connection = Connection(
                bundle.box_id,
                enrolled.ssl_context(),
                self._version,
                self._settings.keepalive_s,
                inbox.put,
            )
            connection.open(bundle.broker_host, bundle.broker_port)
            self._go(Event.OPENED)
            self._converse(enrolled, connection, inbox)
        except ssl.SSLError as error:
            where = f"{bundle.broker_host}:{bundle.broker_port}"
            event = Event.FAILED if is_cut(error) else Event.DENIED
            self._fall(event, f"TLS with the broker at {where} fails: {error}")
        except OSError as error:
            where = f"{bundle.broker_host}:{bundle.broker_port}"
            self._fall(Event.FAILED, f"no connection to the broker at {where}: {error}")
        finally:
            if connection is not None:
                connection.close()

    def _enrolled(self) -> Enrolled | None:
        try:
            identity = self._load_identity()
        except IdentityError as error:
            self._detail = str(error)
            return None
        if identity.enrolled is None:
            self._detail = (
                "the box is not enrolled: send the output of dosebook-box identity request to the "
                "registry, then dosebook-box identity install BUNDLE"
            )
        self._signer = identity.signer
        return identity.enrolled

    def _signed_health(self) -> bytes | None:
        if self._health is None or self._signer is None:
            return None
        try:
            return self._signer.sign(encode_health(self._health()))
        except Exception:  # noqa: BLE001  # a box that cannot tell how it is still delivers
            _LOG.exception("health_failed")
            return None

    def _converse(self, enrolled: Enrolled, connection: Connection, inbox: Inbox) -> None:
        answer = self._answer(inbox)
        if isinstance(answer, OtherVersion):
            self._other_version()
            return
        if not isinstance(answer, Accepted):
            self._end(answer)
            return
        self._silent_ends = 0
        self._go(Event.ACCEPTED)
        box_id = enrolled.bundle.box_id
        connection.subscribe([topic(box_id, Channel.RECEIPTS), topic(box_id, Channel.CONFIG)])
        answer = self._answer(inbox)
        if not isinstance(answer, Granted):
            self._end(answer)
            return
        self._go(Event.SUBSCRIBED)
        self._serve(enrolled, connection, inbox)

    def _serve(self, enrolled: Enrolled, connection: Connection, inbox: Inbox) -> None:
        session = self._session = Session(
            enrolled,
            connection,
            inbox,
            self._outbox,
            self._settings,
            self._signed_health,
            self._want_news,
        )
        began = time.monotonic()
        try:
            ending = session.run()
        finally:
            self._session = None
            self._news_wanted.clear()
            # A connection that did its work, or stood for a while, is no failure in a row.
            if session.last_receipt_at or time.monotonic() - began > self._failed.limit_s:
                self._failed.reset()
                self._denied.reset()
        self._end(ending)

    def _answer(self, inbox: Inbox) -> object:
        """What the broker answers; a `Gone` where it does not."""
        try:
            return inbox.get(timeout=self._settings.answer_timeout_s)
        except queue.Empty:
            return Gone(f"no answer from the broker in {self._settings.answer_timeout_s:g} s")

    def _end(self, ending: object) -> None:
        if self._stopping.is_set() or not isinstance(ending, Gone):
            return
        is_denial = ending.is_denial
        if ending.was_silent:
            # Some brokers hang up on a version they do not speak.
            self._version = "3.1.1" if self._version == "5" else "5"
            self._silent_ends += 1
            is_denial = is_denial or self._silent_ends >= _SILENT_ENDS
        self._fall(Event.DENIED if is_denial else Event.FAILED, ending.reason)

    def _other_version(self) -> None:
        if self._version == "3.1.1":
            self._version = "5"
            self._fall(Event.DENIED, "the broker speaks neither MQTT 5 nor 3.1.1")
        else:
            self._version = "3.1.1"
            self._go(Event.OTHER_VERSION)

    def _fall(self, event: Event, reason: str) -> None:
        """Wait after a failure, and be ready for the next attempt."""
        if self._stopping.is_set():
            return
        self._last_failure = reason
        if self._state not in _WAITING:
            self._go(event, reason)
        backoff = self._denied if event is Event.DENIED else self._failed
        self._stopping.wait(backoff.next_wait())
        if self._state is not State.IDLE and not self._stopping.is_set():
            self._go(Event.RETRY)

    def _go(self, event: Event, detail: str = "") -> None:
        before, self._state = self._state, next_state(self._state, event)
        self._detail = detail
        level = logging.WARNING if event in {Event.FAILED, Event.DENIED} else logging.INFO
        log(_LOG, level, "uplink_state", before=before, after=self._state, detail=detail)

    def _want_news(self, after: int) -> None:
        self._news_after = after
        self._news_wanted.set()

    def _watch_outbox(self) -> None:
        while not self._stopping.is_set():
            if not self._news_wanted.wait(_NEWS_POLL_S):
                continue
            if self._outbox.wait_for_new(self._news_after, _NEWS_POLL_S):
                self._news_wanted.clear()
                self._inbox.put(News())
