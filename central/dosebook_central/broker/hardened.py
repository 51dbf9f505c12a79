"""amqtt, with what it leaves open closed.

As it comes, amqtt 0.12 takes TLS 1.2 and clients without a certificate, knows no revocation, lets a
client take over another's session together with that one's certificate, publishes wills past the
topic rights, keeps dead connections, mistakes their subscriptions for those of their successors,
and reads packets of any size without end. Here a client is what its certificate says, sessions end
with their connection, wills and retained messages do not exist, and nobody is read faster than the
registry takes delivery.
"""

import asyncio
import contextlib
import gc
import logging
import ssl
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from amqtt.adapters import ReaderAdapter, StreamReaderAdapter, StreamWriterAdapter, WriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, ListenerConfig, ListenerType
from amqtt.errors import AMQTTError
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import Session
from cryptography import x509

from dosebook_central.broker.deliveries import Deliveries
from dosebook_central.broker.revocations import Revocations
from dosebook_central.broker.rights import Access, is_own_client_id, may
from dosebook_central.fleet.ca import REGISTRY_NAME, common_name
from dosebook_protocol.logs import log
from dosebook_protocol.topics import Channel, subscription
from dosebook_protocol.wire import MAX_MESSAGE

_LOG = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S: Final = 10.0
_REVOCATION_CHECK_S: Final = 1.0
_MAX_PACKET: Final = MAX_MESSAGE + 1024
_READ_BUFFER: Final = 512 * 1024
_MAX_CONNECTIONS: Final = 2000
_MAX_OF_A_BOX: Final = 4  # the one that it has, and former ones that nobody told of their end
_MAX_KEEP_ALIVE_S: Final = 300  # as Mosquitto's max_keepalive; MQTT's 0 would be for ever
_PAUSE_S: Final = 0.005
_GARBAGE_CHECK_S: Final = 0.1
_GARBAGE_OBJECTS: Final = 1000
_ENDING_TURNS: Final = 200
_SHUTDOWN_TIMEOUT_S: Final = 5.0
_SUBSCRIPTION_REFUSED: Final = 0x80  # MQTT 3.1.1 §3.9.3
_CERTIFICATE: Final = "dosebook.certificate"
_WRITER: Final = "dosebook.writer"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the broker's credentials and the revocation list are."""

    authority: Path
    certificate: Path
    key: Path
    revocations: Path


@dataclass(frozen=True, slots=True)
class Client:
    """Who is connected, by its certificate."""

    name: str
    serial: int


class HardenedBroker(Broker):  # type: ignore[misc]  # amqtt ships no types
    """An amqtt broker for boxes and the registry only."""

    def __init__(self, tls: TlsFiles, host: str, port: int) -> None:
        self._tls = tls
        self._revocations = Revocations(tls.revocations)
        self._watches: list[asyncio.Task[None]] = []
        self._is_ending = False
        self._deliveries = Deliveries()
        self._connected: Counter[str] = Counter()
        listener = {"type": "tcp", "bind": f"{host}:{port}", "max_connections": _MAX_CONNECTIONS}
        files = {"ssl": True, "certfile": str(tls.certificate), "keyfile": str(tls.key)}
        super().__init__({"listeners": {"default": listener | files}, "plugins": {}})

    async def start(self) -> None:
        """Listen, and watch the revocation list and the garbage of ended connections."""
        await super().start()
        self._watches = [
            asyncio.create_task(one) for one in (self._disconnect_revoked(), _collect_garbage())
        ]

    async def shutdown(self) -> None:
        """Disconnect everybody and stop."""
        self._is_ending = True
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        server = self._servers["default"].instance
        # amqtt waits for itself where a client ends its connection at this very moment.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(super().shutdown(), _SHUTDOWN_TIMEOUT_S)
        # Connections in the middle of their handshake belong to nobody yet; let them end too.
        for _ in range(_ENDING_TURNS):
            if not server._active_count:  # noqa: SLF001  # asyncio tells it only from 3.13 on
                return
            await asyncio.sleep(_PAUSE_S)

    @property
    def port(self) -> int:
        """The port it listens on, also where it was asked for any."""
        return int(self._servers["default"].instance.sockets[0].getsockname()[1])

    def _create_ssl_context(self, listener: ListenerConfig) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self._tls.authority)
        context.load_cert_chain(self._tls.certificate, self._tls.key)
        return context

    async def _create_server_instance(
        self,
        listener_name: str,
        listener_type: ListenerType,
        address: str | None,
        port: int,
        ssl_context: ssl.SSLContext | None,
    ) -> asyncio.Server:
        return await asyncio.start_server(
            partial(self.stream_connected, listener_name=listener_name),
            address,
            port,
            ssl=ssl_context,
            ssl_handshake_timeout=_CONNECT_TIMEOUT_S,
            limit=_READ_BUFFER,
        )

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        """Serve one connection."""
        if self._is_ending:
            writer.transport.abort()
            return
        try:
            client = _client_of(writer)
        except ValueError as error:
            log(_LOG, logging.WARNING, "broker_refused", reason=str(error))
            writer.close()
            return
        is_box = client.name != REGISTRY_NAME
        if is_box and self._connected[client.name] >= _MAX_OF_A_BOX:
            reason = f"more than {_MAX_OF_A_BOX} connections at once"
            log(_LOG, logging.WARNING, "broker_refused", client=client.name, reason=reason)
            writer.transport.abort()
            return
        self._connected[client.name] += 1
        try:
            await self._client_connected(
                listener_name,
                _PacedReader(reader, self if is_box else None),
                _CertifiedWriter(writer, client),
            )
        finally:
            self._connected[client.name] -= 1

    @property
    def is_behind(self) -> bool:
        """Whether more messages wait for the registry than should."""
        return self._deliveries.is_behind(int(self._broadcast_queue.qsize()))

    async def _initialize_client_session(
        self,
        reader: ReaderAdapter,
        writer: WriterAdapter,
        remote_address: str,
        remote_port: int,
    ) -> tuple[BrokerProtocolHandler, Session]:
        client: Client = writer.client
        try:
            handler, session = await asyncio.wait_for(
                _Handler.init_from_connect(reader, writer, self.plugins_manager),
                _CONNECT_TIMEOUT_S,
            )
            if not is_own_client_id(client.name, session.client_id or ""):
                raise AMQTTError(f"{client.name} connects with a client id that is not its own")
            if session.will_flag:
                raise AMQTTError(f"{client.name} connects with a will")
        except Exception as error:  # noqa: BLE001  # told, and ended, below
            # Whatever a packet makes amqtt raise: only for its own errors it gives the place back.
            reason = str(error) or type(error).__name__
            log(_LOG, logging.WARNING, "broker_refused", client=client.name, reason=reason)
            await writer.close()
            raise AMQTTError(reason) from None
        await self._end_former(session.client_id)
        session.clean_session = True
        session.parent = 0
        # A client is dead after one and a half times its keep-alive (MQTT-3.1.2-24).
        promised = min(session.keep_alive or _MAX_KEEP_ALIVE_S, _MAX_KEEP_ALIVE_S)
        session.keep_alive = promised * 3 // 2
        session.attributes[_CERTIFICATE] = client
        session.attributes[_WRITER] = writer
        return handler, session

    async def _end_former(self, client_id: str) -> None:
        """End the connection that the same client had before (MQTT-3.1.4-2)."""
        former, _ = self._sessions.get(client_id, (None, None))
        if former is not None:
            _hang_up(former)
        await self._delete_session(client_id)

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:
        client: Client = session.attributes[_CERTIFICATE]
        if self._revocations.is_revoked(client.serial):
            log(_LOG, logging.WARNING, "broker_refused", client=client.name, reason="revoked")
            return False
        return True

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        if action is not Action.SUBSCRIBE:
            return True  # publishing is checked on arrival, receiving follows from subscribing
        client: Client = session.attributes[_CERTIFICATE]
        if may(client.name, Access.SUBSCRIBE, topic):
            return True
        log(_LOG, logging.WARNING, "broker_denied", client=client.name, access="subscribe")
        return False

    async def add_subscription(self, subscription: tuple[str, int], session: Session) -> int:
        """Grant a filter to the connection that stands, and to no other of the same client.

        amqtt knows subscriptions by client id: one that an ended connection left, or still asks
        for, would else keep its successor from hearing anything.
        """
        current, _ = self._sessions.get(session.client_id, (None, None))
        if current is not session:
            return _SUBSCRIPTION_REFUSED
        self._del_subscription(subscription[0], session)
        return int(await super().add_subscription(subscription, session))

    async def _cleanup_session(self, client_id: str) -> None:
        """Forget an ended connection, its subscriptions first.

        amqtt takes them by client id after it waited: those of a client that came back meanwhile.
        """
        session, handler = self._sessions.get(client_id, (None, None))
        if session is None or (not self._is_ending and session.transitions.is_connected()):
            return
        await self._delete_session(client_id)
        await self._stop_handler(handler)

    async def _handle_message_delivery(
        self,
        client_session: Session,
        handler: BrokerProtocolHandler,
        wait_deliver: asyncio.Future[Any],
    ) -> bool:
        message = wait_deliver.result()
        if message is None:
            return True
        client: Client = client_session.attributes[_CERTIFICATE]
        # MQTT 3.1.1 has no word for "not authorised" or "nobody listens"; hanging up says it.
        if not may(client.name, Access.PUBLISH, message.topic or ""):
            log(_LOG, logging.WARNING, "broker_denied", client=client.name, access="publish")
            _hang_up(client_session)
        elif client.name != REGISTRY_NAME and not any(self._listeners(message.topic)):
            log(_LOG, logging.WARNING, "broker_no_registry", client=client.name)
            _hang_up(client_session)
        else:
            await self._broadcast_message(client_session, message.topic, message.data)
        return True

    async def _run_broadcast(self, running_tasks: deque[asyncio.Task[Any]]) -> None:
        broadcast = await self._broadcast_queue.get()
        for session, qos in list(self._listeners(broadcast["topic"])):
            handler = self._get_handler(session)
            name = session.attributes[_CERTIFICATE].name
            if (
                handler is not None
                and session.transitions.state == "connected"
                and not self._deliveries.is_deaf(name)
            ):
                sending = handler.mqtt_publish(
                    broadcast["topic"], broadcast["data"], qos, retain=False
                )
                running_tasks.append(self._deliveries.start(name, sending))

    def _listeners(self, topic: str) -> Iterator[tuple[Session, int]]:
        """Who subscribed: only three filters can match, so none of the others is looked at."""
        _, _, shard, _, channel = topic.split("/")
        for one in (topic, subscription(Channel(channel)), subscription(Channel(channel), shard)):
            yield from self._subscriptions.get(one, ())

    async def _disconnect_revoked(self) -> None:
        while True:
            await asyncio.sleep(_REVOCATION_CHECK_S)
            for session, _ in list(self._sessions.values()):
                client: Client = session.attributes[_CERTIFICATE]
                if self._revocations.is_revoked(client.serial):
                    log(
                        _LOG,
                        logging.WARNING,
                        "broker_disconnected",
                        client=client.name,
                        reason="revoked",
                    )
                    _hang_up(session)


async def _collect_garbage() -> None:
    """Free ended TLS connections soon: each is few objects in a cycle, and 256 KB.

    Counted as objects, a stranger who knocks again and again, hundreds of times a second, would
    fill hundreds of megabytes before it tells.
    """
    while True:
        await asyncio.sleep(_GARBAGE_CHECK_S)
        if gc.get_count()[0] > _GARBAGE_OBJECTS:
            gc.collect(0)


class _Handler(BrokerProtocolHandler):  # type: ignore[misc]  # amqtt ships no types
    def handle_read_timeout(self) -> None:
        """Drop a client that was silent for longer than it promised."""
        if self.writer is not None:
            self.writer.abort()


class _PacedReader(StreamReaderAdapter):  # type: ignore[misc]  # amqtt ships no types
    """Bounds what one client makes the broker hold."""

    def __init__(self, reader: asyncio.StreamReader, broker: HardenedBroker | None) -> None:
        super().__init__(reader)
        self._broker = broker

    async def read(self, n: int = -1) -> bytes:
        """Read exactly n bytes; ends the connection for a packet over the limit."""
        if n > _MAX_PACKET:
            raise ConnectionAbortedError(f"packet of {n} bytes, the limit is {_MAX_PACKET}")
        while self._broker and self._broker.is_behind:  # noqa: ASYNC110  # amqtt tells no change
            await asyncio.sleep(_PAUSE_S)
        return bytes(await super().read(n))


class _CertifiedWriter(StreamWriterAdapter):  # type: ignore[misc]  # amqtt ships no types
    """Carries the client's certified identity to where the session is made."""

    def __init__(self, writer: asyncio.StreamWriter, client: Client) -> None:
        super().__init__(writer)
        self.client = client

    def abort(self) -> None:
        """Close at once, whatever is still to be written."""
        self._writer.transport.abort()


def _hang_up(session: Session) -> None:
    """End a connection; its reader then ends the rest.

    Not through the handler: amqtt waits for itself there when two ends meet.
    """
    session.attributes[_WRITER].abort()


def _client_of(writer: asyncio.StreamWriter) -> Client:
    encryption = writer.get_extra_info("ssl_object")
    der = encryption.getpeercert(binary_form=True) if encryption else None
    if not der:
        raise ValueError("no client certificate")
    certificate = x509.load_der_x509_certificate(der)
    return Client(common_name(certificate), certificate.serial_number)
