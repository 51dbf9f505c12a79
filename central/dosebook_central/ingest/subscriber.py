"""The registry's ear at the broker: records and health in, signed receipts and questions out.

A subscription is trusted only once a message of our own came back through it: some brokers grant
what they do not deliver.
"""

import logging
import queue
import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode
from sqlalchemy.exc import OperationalError

from dosebook_central.fleet.ca import REGISTRY_NAME
from dosebook_central.ingest.intake import Intake
from dosebook_central.ingest.receipts import sign_answer
from dosebook_central.ingest.verify import Incoming
from dosebook_central.store.engine import why_unavailable
from dosebook_protocol.cose import Signer
from dosebook_protocol.logs import log
from dosebook_protocol.paho_thread import end_thread
from dosebook_protocol.record import Missing, Receipts
from dosebook_protocol.topics import ROOT, Channel, shard, subscription

_LOG = logging.getLogger(__name__)
_ANY_SHARD: Final = "+"
_PROOF_END: Final = f"/{REGISTRY_NAME}/{Channel.RECORDS}"
_UNSUPPORTED_VERSION: Final = 132
_CONNECT_TIMEOUT_S: Final = 10.0
_JOIN_TIMEOUT_S: Final = 20.0


class Process(Protocol):
    """What is done with messages: it returns once they are committed."""

    def __call__(self, batch: list[Incoming], /) -> Sequence[Receipts | Missing]:
        """Commit records and health of any boxes; raises where nothing could be committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberSettings:
    """Where the broker is, which boxes this worker serves, and how much it takes at a time."""

    host: str
    port: int
    worker: str = field(default_factory=lambda: secrets.token_hex(4))
    shards: tuple[str, ...] = (_ANY_SHARD,)
    first_protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5
    share_group: str = ""
    """Name of a shared subscription; only on brokers that deliver those with QoS 1."""
    batch_records: int = 64
    batch_s: float = 0.02
    max_records: int = 4000
    max_bytes: int = 128 * 1024 * 1024
    keepalive_s: int = 30
    retry_first_s: float = 0.5
    retry_limit_s: float = 15.0
    proof_timeout_s: float = 5.0

    def filters(self) -> list[str]:
        """What is subscribed to."""
        prefix = f"$share/{self.share_group}/" if self.share_group else ""
        return [
            prefix + subscription(channel, one)
            for one in self.shards
            for channel in (Channel.RECORDS, Channel.HEALTH)
        ]

    def proof_topic(self) -> str:
        """A topic within the subscription that no box may write to."""
        first = self.shards[0]
        place = shard(REGISTRY_NAME) if first == _ANY_SHARD else first
        return f"{ROOT}/{place}{_PROOF_END}"


class Subscriber:
    """Keeps listening, whatever happens to the broker. `start`, `stop`, `is_listening`."""

    def __init__(
        self,
        settings: SubscriberSettings,
        make_context: Callable[[], ssl.SSLContext],
        signer: Signer,
        process: Process,
    ) -> None:
        self._settings = settings
        self._make_context = make_context
        self._signer = signer
        self._process = process
        self._intake = Intake(settings.max_records, settings.max_bytes)
        self._stopping = threading.Event()
        self._listening = threading.Event()
        self._events: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._client: paho.Client | None = None
        self._protocol = settings.first_protocol
        self._proof = b""
        self._proof_topic = settings.proof_topic()
        self._threads: list[threading.Thread] = []

    @property
    def is_listening(self) -> bool:
        """Whether the subscription is proven and stands."""
        return self._listening.is_set()

    @property
    def dropped(self) -> int:
        """Records that found no room; their boxes send them again."""
        return self._intake.dropped

    def wait_listening(self, timeout: float) -> bool:
        """Wait until the subscription is proven; whether it is."""
        return self._listening.wait(timeout)

    def start(self) -> None:
        """Begin; returns at once."""
        self._threads = [
            threading.Thread(target=self._keep_listening, name="dosebook-subscriber", daemon=True),
            threading.Thread(target=self._keep_processing, name="dosebook-ingest", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End once the batch at hand is committed; what waits behind it comes again."""
        self._stopping.set()
        self._events.put("stop")
        self._intake.close()
        for thread in self._threads:
            thread.join(_JOIN_TIMEOUT_S)

    def _keep_listening(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            protocol = self._protocol
            try:
                self._listen()
                failures = 0
            except (OSError, RuntimeError) as error:
                failures += 1
                log(_LOG, logging.WARNING, "subscriber_failed", reason=str(error))
            if self._protocol is protocol:
                wait = self._settings.retry_first_s * float(1 << min(failures, 20))
                self._stopping.wait(min(wait, self._settings.retry_limit_s))

    def _listen(self) -> None:
        """Connect, subscribe, prove it and wait for the end; raises where it fails before."""
        self._events = queue.SimpleQueue()
        if self._stopping.is_set():
            return
        self._proof = secrets.token_bytes(16)
        client = self._make_client()
        try:
            client.connect(self._settings.host, self._settings.port, self._settings.keepalive_s)
            client.loop_start()
            self._expect("connected", _CONNECT_TIMEOUT_S)
            client.subscribe([(one, 1) for one in self._settings.filters()])
            self._expect("granted", _CONNECT_TIMEOUT_S)
            # What boxes said since then may be answered before the proof is back.
            self._client = client
            self._prove(client)
            self._listening.set()
            log(_LOG, logging.INFO, "subscriber_listening", mqtt=self._protocol.name)
            log(_LOG, logging.INFO, "subscriber_ended", reason=self._events.get())
        finally:
            self._listening.clear()
            self._client = None
            client.disconnect()
            end_thread(client)

    def _prove(self, client: paho.Client) -> None:
        # With a shared subscription another worker may get it, so it is sent several times.
        attempts = 10 if self._settings.share_group else 1
        for _ in range(attempts):
            client.publish(self._proof_topic, self._proof, qos=1)
            try:
                self._expect("proven", self._settings.proof_timeout_s / attempts)
            except TimeoutError:
                continue
            return
        raise RuntimeError("the broker grants the subscription but delivers nothing through it")

    def _expect(self, wanted: str, timeout: float) -> None:
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(
                f"the broker does not answer: not {wanted} in {timeout:g} s"
            ) from None
        if event != wanted:
            raise RuntimeError(event)

    def _make_client(self) -> paho.Client:
        is_5 = self._protocol is MQTTProtocolVersion.MQTTv5
        options: dict[str, Any] = {} if is_5 else {"clean_session": True}
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{REGISTRY_NAME}/{self._settings.worker}",
            protocol=self._protocol,
            reconnect_on_failure=False,
            **options,
        )
        client.tls_set_context(self._make_context())
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.on_socket_open = _tune
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _on_connect(self, _c: Any, _u: Any, _f: Any, reason: ReasonCode, _p: Any) -> None:
        if reason.value == _UNSUPPORTED_VERSION:
            self._protocol = MQTTProtocolVersion.MQTTv311
        self._events.put(
            f"the broker refuses the registry: {reason}" if reason.is_failure else "connected"
        )

    def _on_disconnect(self, _c: Any, _u: Any, _f: Any, reason: ReasonCode, _p: Any) -> None:
        self._listening.clear()
        self._events.put(f"the connection ended: {reason}")

    def _on_subscribe(self, _c: Any, _u: Any, _m: int, reasons: list[ReasonCode], _p: Any) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        self._events.put(f"the broker refuses the topics: {refused[0]}" if refused else "granted")

    def _on_message(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        payload = bytes(message.payload)
        if message.topic.endswith(_PROOF_END):  # ours, or that of another worker
            if payload == self._proof and not self._listening.is_set():
                self._events.put("proven")
            return
        if not self._intake.put(Incoming(message.topic, payload)):
            log(_LOG, logging.WARNING, "intake_full", dropped=self._intake.dropped)

    def _keep_processing(self) -> None:
        while batch := self._intake.batch(self._settings.batch_records, self._settings.batch_s):
            self._commit(batch)

    def _commit(self, batch: list[Incoming]) -> None:
        try:
            answers = self._process(batch)
        except (OperationalError, OSError) as error:
            log(
                _LOG,
                logging.WARNING,
                "store_unavailable",
                reason=why_unavailable(error),
                error=error,
            )
            self._stopping.wait(self._settings.retry_first_s)
            return
        except Exception as error:  # noqa: BLE001  # whatever it was, no receipt says it is safe
            log(_LOG, logging.ERROR, "ingest_failed", error=error, messages=len(batch))
            # One message that cannot be processed must not keep the others of its batch out.
            if len(batch) > 1:
                for incoming in batch:
                    self._commit([incoming])
            return
        client = self._client
        if client is None:
            return  # the boxes will send again and hear of duplicates
        for answer in answers:
            outgoing = sign_answer(self._signer, answer)
            client.publish(outgoing.topic, outgoing.payload, qos=1)


def _tune(_client: paho.Client, _userdata: Any, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
