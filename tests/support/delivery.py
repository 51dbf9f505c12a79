"""Both ends of the wire: an outbox in memory and a registry that only remembers."""

import hashlib
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dosebook_central.ingest.verify import Incoming
from dosebook_protocol.cose import Signer
from dosebook_protocol.reading import Outcome, Reading
from dosebook_protocol.record import (
    EvidenceRef,
    Receipt,
    Receipts,
    ReceiptStatus,
    Record,
    SourceKind,
)
from dosebook_protocol.topics import Channel, parse_topic
from dosebook_protocol.wire import (
    decode_record,
    encode_record,
    encode_record_message,
    split_record_message,
)


def record_message(
    signer: Signer, box_id: str, sequence: int, size: int = 200
) -> tuple[str, bytes]:
    """A signed record with that much evidence: its id and the message."""
    evidence = sequence.to_bytes(8, "big") + bytes(size)
    record_id = uuid.uuid4().hex
    record = Record(
        record_id=record_id,
        box_id=box_id,
        sequence=sequence,
        source="test",
        source_kind=SourceKind.DICOM_STORE,
        captured_at=datetime.now(UTC),
        box_version="0",
        evidence=EvidenceRef(
            sha256=hashlib.sha256(evidence).hexdigest(),
            media_type="application/octet-stream",
            size=len(evidence),
        ),
        reader_version="1",
        reading=Reading(Outcome.NO_DOSE, "other", "test"),
    )
    return record_id, encode_record_message(signer.sign(encode_record(record)), evidence)


@dataclass(frozen=True)
class Waiting:
    """As the outbox hands it out."""

    sequence: int
    record_id: str
    message: bytes


@dataclass
class MemoryOutbox:
    """The outbox's promises, without its disk."""

    waiting: dict[int, Waiting] = field(default_factory=dict)
    last_sequence: int = 0
    acknowledged: list[Receipt] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def append(self, signer: Signer, box_id: str, size: int = 200) -> Waiting:
        """Add one record of a box."""
        with self.changed:
            self.last_sequence += 1
            one = Waiting(
                self.last_sequence, *record_message(signer, box_id, self.last_sequence, size)
            )
            self.waiting[one.sequence] = one
            self.changed.notify_all()
            return one

    def unacknowledged(self, after: int, limit: int, max_bytes: int) -> list[Waiting]:
        """Waiting records beyond a sequence number."""
        with self.changed:
            found: list[Waiting] = []
            for sequence in sorted(self.waiting):
                if sequence <= after:
                    continue
                one = self.waiting[sequence]
                max_bytes -= len(one.message)
                if found and (max_bytes < 0 or len(found) >= limit):
                    break
                found.append(one)
            return found

    def acknowledge(self, receipts: Receipts) -> int:
        """Forget what is receipted."""
        with self.changed:
            before = len(self.waiting)
            self.acknowledged.extend(receipts.receipts)
            for receipt in receipts.receipts:
                self.waiting.pop(receipt.sequence, None)
            return before - len(self.waiting)

    def wait_for_new(self, last_sequence: int, timeout: float) -> bool:
        """Wait for a record beyond a sequence number."""
        with self.changed:
            return self.changed.wait_for(lambda: self.last_sequence > last_sequence, timeout)


class RememberingRegistry:
    """Commits into a dictionary; `poison` names records that never get a receipt."""

    def __init__(self) -> None:
        self.seen: list[Incoming] = []
        self.stored: dict[str, int] = {}
        self.health: list[Incoming] = []
        self.poison: set[str] = set()

    def __call__(self, batch: list[Incoming], /) -> list[Receipts]:
        """Process one batch."""
        by_box: dict[str, list[Receipt]] = {}
        for incoming in batch:
            self.seen.append(incoming)
            topic = parse_topic(incoming.topic)
            if topic.channel is Channel.HEALTH:
                self.health.append(incoming)
                continue
            envelope, _ = split_record_message(incoming.payload)
            # Verified by dosebook_central.ingest.verify in the product; here only who said it.
            record = decode_record(_payload(envelope))
            if record.record_id in self.poison:
                continue
            times = self.stored[record.record_id] = self.stored.get(record.record_id, 0) + 1
            status = ReceiptStatus.STORED if times == 1 else ReceiptStatus.DUPLICATE
            by_box.setdefault(record.box_id, []).append(
                Receipt(record_id=record.record_id, sequence=record.sequence, status=status)
            )
        now = datetime.now(UTC)
        return [
            Receipts(box_id=box_id, committed_at=now, receipts=tuple(receipts))
            for box_id, receipts in by_box.items()
        ]


def _payload(envelope: bytes) -> bytes:
    import cbor2

    return bytes(cbor2.loads(envelope).value[2])
