"""Record messages that are not what they say: altered, replayed, forged, or garbage well signed."""

import queue
import ssl
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from types import TracebackType
from typing import Any, Final, Self

import cbor2
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from dosebook_protocol.cbor import byte_string
from dosebook_protocol.cose import Signer
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.paho_thread import end_thread
from dosebook_protocol.reading import READER_VERSION
from dosebook_protocol.record import EvidenceRef, Record, SourceKind
from dosebook_protocol.wire import encode_record, encode_record_message
from tools.faults.intruders.mutate import flip, mutate

_WINDOW: Final = 50
_ANSWER_S: Final = 15.0
# Numbers far from those of honest records: what is believed of this must not stand in their way.
_ALTERED: Final = 1_000_000
_GARBAGE: Final = 2_000_000
_DICOM: Final = "application/dicom"
# What a box that may sign could put in place of any value.
_NONSENSE: Final[tuple[Any, ...]] = (
    None, "", "\x00", "\ud7ff" * 9, -1, 0, 2**63, 2**64 - 1, -(2**64), 1e308, float("nan"),
    float("inf"), True, [], {}, [[[[]]]], "9" * 5000, "1e999999999", "NaN", "-0", b"\xff" * 40,
    "2026-13-45T99:99:99+00:00", "dosebook/v1/#", "'; DROP TABLE record; --", "<script>",
)  # fmt: skip


class Publisher:
    """A client that publishes what it likes and remembers what the broker answers."""

    def __init__(self, port: int, name: str, context: ssl.SSLContext, *, v5: bool) -> None:
        """Prepare to connect as the owner of that certificate."""
        self._port = port
        self._v5 = v5
        self._name = name
        self._context = context
        self._client: paho.Client | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._received: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.answers: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def connect(self) -> str:
        """Connect anew and return the broker's answer."""
        self.close()
        protocol = MQTTProtocolVersion.MQTTv5 if self._v5 else MQTTProtocolVersion.MQTTv311
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._name,
            protocol=protocol,
            reconnect_on_failure=False,
        )
        client.tls_set_context(self._context)
        client.max_inflight_messages_set(_WINDOW)
        self._answers = queue.Queue()
        answers = self._answers
        client.on_connect = lambda _c, _u, _f, reason, _p: answers.put(f"connect: {reason}")
        client.on_disconnect = lambda *_: answers.put("disconnected")
        client.on_publish = lambda _c, _u, _m, reason, _p: answers.put(f"publish: {reason}")
        client.on_subscribe = lambda _c, _u, _m, reasons, _p: answers.put(
            f"subscribe: {reasons[0]}"
        )
        client.on_message = lambda _c, _u, message: self._received.put(
            (message.topic, bytes(message.payload))
        )
        client.connect("127.0.0.1", self._port, keepalive=30)
        client.loop_start()
        self._client = client
        return self.answer()

    def publish(self, topic: str, payload: bytes) -> str:
        """Publish one message and return the broker's answer, `disconnected` among them."""
        return self.publish_all([(topic, payload)])

    def publish_all(self, messages: Iterable[tuple[str, bytes]]) -> str:
        """Publish many within a window; reconnect where the broker ends the connection."""
        under_way, last = 0, ""
        for topic, payload in messages:
            assert self._client is not None
            self._client.publish(topic, payload, qos=1)
            under_way += 1
            if under_way >= _WINDOW:
                last, under_way = self._take(under_way)
        while under_way:
            last, under_way = self._take(under_way)
        return last

    def subscribe(self, topic: str) -> str:
        """Subscribe and return the broker's answer."""
        assert self._client is not None
        self._client.subscribe(topic, qos=1)
        return self.answer()

    def heard(self, seconds: float) -> list[tuple[str, bytes]]:
        """Everything that comes within a time."""
        found, until = [], time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                found.append(self._received.get(timeout=left))
            except queue.Empty:
                break
        return found

    def answer(self) -> str:
        """The broker's next answer."""
        try:
            answer = self._answers.get(timeout=_ANSWER_S)
        except queue.Empty:
            answer = "no answer"
        self.answers[answer] += 1
        return answer

    def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            self._client.disconnect()
            end_thread(self._client)
            self._client = None

    def _take(self, under_way: int) -> tuple[str, int]:
        answer = self.answer()
        if answer in ("disconnected", "no answer"):
            self.connect()
            return answer, 0
        return answer, under_way - 1


class Forger:
    """Makes messages of one enrolled box whose key we hold."""

    def __init__(self, box_id: str, signer: Signer, evidence: list[bytes]) -> None:
        """Begin with sequence 1."""
        self.box_id = box_id
        self._signer = signer
        self._evidence = evidence
        self.sequence = 0

    def record(self, rng: Random, *, box_id: str = "", sequence: int = 0) -> tuple[Record, bytes]:
        """A valid record; of another box, or with another number, where asked for."""
        evidence = rng.choice(self._evidence)
        if not sequence:
            self.sequence += 1
        record = Record(
            record_id=rng.randbytes(16).hex(),
            box_id=box_id or self.box_id,
            sequence=sequence or self.sequence,
            source="rogue",
            source_kind=SourceKind.DICOM_STORE,
            captured_at=datetime.now(UTC),
            box_version="0",
            evidence=EvidenceRef(
                sha256=sha256(evidence).hexdigest(), media_type=_DICOM, size=len(evidence)
            ),
            reader_version=READER_VERSION,
            reading=read_object(evidence, _DICOM),
        )
        return record, evidence

    def message(self, payload: bytes, evidence: bytes) -> bytes:
        """Sign any bytes as a record."""
        return encode_record_message(self._signer.sign(payload), evidence)

    def honest(self, rng: Random, **named: Any) -> tuple[str, bytes]:
        """A valid record's id and message."""
        record, evidence = self.record(rng, **named)
        return record.record_id, self.message(encode_record(record), evidence)

    def altered(self, rng: Random, count: int) -> Iterator[bytes]:
        """Messages with one bit changed after they were signed, in envelope or evidence."""
        for number in range(count):
            _, message = self.honest(rng, sequence=_ALTERED + number)
            yield flip(rng, message)

    def garbage(self, rng: Random, count: int) -> Iterator[bytes]:
        """Well-signed messages whose payload is damaged, or sound and senseless."""
        for number in range(count):
            record, evidence = self.record(rng, sequence=_GARBAGE + number)
            payload = encode_record(record)
            match rng.randrange(4):
                case 0:
                    payload = mutate(rng, payload)
                case 1:
                    payload = rng.randbytes(rng.randrange(300))
                case 2:
                    tree = cbor2.loads(payload)
                    _replace_one(rng, tree)
                    payload = cbor2.dumps(tree)
                case _:
                    evidence = mutate(rng, evidence)
            message = self.message(payload, evidence)
            yield message if rng.random() < 0.9 else mutate(rng, message)


def oversize(forger: Forger, rng: Random) -> bytes:
    """A well-signed record with more evidence than a message may have."""
    record, _ = forger.record(rng, sequence=_ALTERED - 1)
    evidence = bytes(17 * 1024 * 1024)
    reference = EvidenceRef(
        sha256=sha256(evidence).hexdigest(), media_type=_DICOM, size=len(evidence)
    )
    payload = encode_record(record.model_copy(update={"evidence": reference}))
    return b"\x82" + byte_string(forger._signer.sign(payload)) + byte_string(evidence)


def _replace_one(rng: Random, tree: Any) -> None:
    """Put nonsense in the place of one value, anywhere in the tree."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            places.append((node, key))
            if isinstance(value, dict | list):
                walk(value)

    walk(tree)
    node, key = rng.choice(places)
    node[key] = rng.choice(_NONSENSE)
