"""What goes into the outbox, what comes out of it, and what can go wrong."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from dosebook_protocol.reading import Reading
from dosebook_protocol.record import Clock, Record, SourceKind
from dosebook_protocol.wire import decode_record


class OutboxError(Exception):
    """A record could not be made durable; the sender must not hear success."""

    code = "DOSEBOOK-OUTBOX-FAILED"


class OutboxFullError(OutboxError):
    """No room: nothing was lost, and appends work again as soon as there is space."""

    code = "DOSEBOOK-OUTBOX-FULL"


class TooLargeError(OutboxError):
    """The evidence is larger than a record message may be."""

    code = "DOSEBOOK-OBJECT-TOO-LARGE"


class OutboxKeyError(OutboxError):
    """The key of an existing outbox is missing or is another one."""

    code = "DOSEBOOK-OUTBOX-KEY"


class Signer(Protocol):
    """Signs the payload of a record; `dosebook_protocol.cose.Signer` is one."""

    def sign(self, payload: bytes) -> bytes:
        """Return the envelope of a payload."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A record before it has a sequence number.

    `once`: the same evidence from the same source is the same record (P6), as an object that a
    modality sends again is; key presses and instrument readings are never the same.
    """

    source: str
    source_kind: SourceKind
    captured_at: datetime
    evidence: bytes
    media_type: str
    transport: dict[str, str]
    reading: Reading
    clock: Clock = field(default_factory=Clock)
    sop_instance_uid: str = ""
    once: bool = False


@dataclass(frozen=True, slots=True)
class Appended:
    """A record that is on disk; `is_repeat` when it had been there before."""

    record_id: str
    sequence: int
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record without a receipt, as the bytes to publish."""

    sequence: int
    record_id: str
    message: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """What is kept of one record: its encoding, which is signed when it is sent, and evidence."""

    sequence: int
    record_id: str
    payload: bytes
    evidence: bytes

    @property
    def record(self) -> Record:
        """The record, decoded; raises `MessageError`."""
        return decode_record(self.payload)


Level = Literal["ok", "warning", "full"]


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """How full the outbox is, and how far it was emptied."""

    waiting: int
    waiting_bytes: int
    oldest_waiting_at: datetime | None
    last_sequence: int
    acknowledged_sequence: int
    max_bytes: int
    used_percent: float
    disk_free_bytes: int
    disk_used_percent: float
    level: Level


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the outbox, without its content."""

    sequence: int
    record_id: str
    captured_at: str
    source: str
    source_kind: str
    evidence_sha256: str
    size: int
    outcome: str
    status: str
    reason: str
    acknowledged_at: str
    has_payload: bool
