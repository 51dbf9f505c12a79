"""One MQTT connection: made once, used, thrown away; what happens to it is told as events.

paho's own reconnection and queue are not used: the outbox is the only queue, and a new connection
begins with what the outbox says.
"""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from dosebook_protocol.paho_thread import end_thread

NO_SUBSCRIBERS: Final = 16
_NOT_AUTHORISED: Final = 135
_UNSUPPORTED_VERSION: Final = 132
# Reasons that another attempt in a second will not change (MQTT 5 §2.4).
_DENIALS: Final = frozenset({_NOT_AUTHORISED, 133, 134, 138, 140, 144})
_CONNECT_TIMEOUT_S: Final = 10.0
_TCP_USER_TIMEOUT_MS: Final = 30_000
# Publishes without PUBACK at a time: Mosquitto's own default, and no broker takes fewer.
_MAX_INFLIGHT: Final = 20

Version = Literal["5", "3.1.1"]
_PROTOCOLS: Final[dict[Version, MQTTProtocolVersion]] = {
    "5": MQTTProtocolVersion.MQTTv5,
    "3.1.1": MQTTProtocolVersion.MQTTv311,
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker accepted the connection."""


@dataclass(frozen=True, slots=True)
class OtherVersion:
    """The broker does not speak this version of MQTT."""


@dataclass(frozen=True, slots=True)
class Granted:
    """All subscriptions stand."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message came."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The broker acknowledged a publish that reached nobody."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The connection is over, or cannot be used; `is_denial` where retrying soon is no use."""

    reason: str
    is_denial: bool = False
    was_silent: bool = False


ConnectionEvent = Accepted | OtherVersion | Granted | Received | Undelivered | Gone


def is_cut(error: ssl.SSLError) -> bool:
    """Whether a handshake ended because the peer went away, as a restarting broker does.

    Waiting long is for a broker that does not want this box, not for one that is coming back.
    """
    return isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError)


class Connection:
    """Speaks MQTT with one broker, once; events come from its own thread."""

    def __init__(
        self,
        client_id: str,
        context: ssl.SSLContext,
        version: Version,
        keepalive_s: int,
        tell: Callable[[ConnectionEvent], None],
    ) -> None:
        options: dict[str, Any] = {} if version == "5" else {"clean_session": True}
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=_PROTOCOLS[version],
            reconnect_on_failure=False,
            **options,
        )
        self._client.tls_set_context(context)
        self._client.max_inflight_messages_set(_MAX_INFLIGHT)
        self._client.connect_timeout = _CONNECT_TIMEOUT_S
        self._keepalive_s = keepalive_s
        self._tell = tell
        self._was_answered = False
        self._last_error = ""
        self._client.on_socket_open = _tune
        self._client.on_log = self._on_log
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message

    def open(self, host: str, port: int) -> None:
        """Connect TCP and TLS and send CONNECT; raises `OSError`, `ssl.SSLError` included."""
        self._client.connect(host, port, self._keepalive_s)
        self._client.loop_start()

    def subscribe(self, topics: list[str]) -> None:
        """Subscribe with QoS 1."""
        self._client.subscribe([(topic, 1) for topic in topics])

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1."""
        self._client.publish(topic, payload, qos=1)

    def close(self) -> None:
        """Say goodbye and end the thread; no event comes after this."""
        self._tell = _ignore
        self._client.disconnect()
        end_thread(self._client)

    def _on_connect(self, _c: Any, _u: Any, _f: Any, reason: ReasonCode, _p: Any) -> None:
        self._was_answered = True
        if not reason.is_failure:
            self._tell(Accepted())
        elif reason.value == _UNSUPPORTED_VERSION:
            self._tell(OtherVersion())
        else:
            self._tell(Gone(f"the broker refuses: {reason}", reason.value in _DENIALS))

    def _on_disconnect(self, _c: Any, _u: Any, _f: Any, reason: ReasonCode, _p: Any) -> None:
        text = self._last_error or str(reason)
        # TLS 1.3 tells a client that its certificate is no good only after the handshake.
        is_denial = reason.value in _DENIALS or "ALERT" in self._last_error
        self._tell(
            Gone(f"the connection ended: {text}", is_denial, was_silent=not self._was_answered)
        )

    def _on_subscribe(self, _c: Any, _u: Any, _m: int, reasons: list[ReasonCode], _p: Any) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._tell(Gone(f"the broker refuses the box its topics: {refused[0]}", is_denial=True))
        else:
            self._tell(Granted())

    def _on_publish(self, _c: Any, _u: Any, _mid: int, reason: ReasonCode, _p: Any) -> None:
        if reason.value == NO_SUBSCRIBERS:
            self._tell(Undelivered())
        elif reason.is_failure:
            denial = reason.value in _DENIALS
            self._tell(Gone(f"the broker does not take a message: {reason}", denial))

    def _on_message(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        self._tell(Received(message.topic, bytes(message.payload)))

    def _on_log(self, _c: Any, _u: Any, level: int, text: str) -> None:
        if level == LogLevel.MQTT_LOG_ERR:
            self._last_error = text


def _tune(_client: paho.Client, _userdata: Any, sock: Any) -> None:
    # Nagle's algorithm against delayed acknowledgements costs 45 ms a hop.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A pulled cable is noticed by the first unacknowledged byte, not by the keep-alive alone.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _TCP_USER_TIMEOUT_MS)


def _ignore(_event: ConnectionEvent) -> None:
    return
