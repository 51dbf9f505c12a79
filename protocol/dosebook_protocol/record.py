"""The messages between box and registry, version 1.

A record message on the wire is the CBOR array `[envelope, evidence]`: `envelope` is a COSE_Sign1
whose payload is a CBOR-encoded `Record`, `evidence` the bytes whose SHA-256 the record states. So
one signature covers both, the evidence is stored once by its hash, and the envelope alone keeps
the proof. Receipts, what is missing and configuration are COSE_Sign1 by the registry's key, health
by the box's.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from dosebook_protocol.reading import Reading
from dosebook_protocol.topics import BOX_ID

MAX_SPANS: Final = 256


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat()


Utc = Annotated[AwareDatetime, PlainSerializer(_rfc3339, return_type=str)]
BoxId = Annotated[str, Field(pattern="^" + BOX_ID.pattern.replace(r"\Z", "$"))]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
RecordId = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class Message(BaseModel):
    """Base of all wire messages: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1


class SourceKind(StrEnum):
    """Ways of capture, in the order of the strength of what they usually bring."""

    DICOM_STORE = "dicom-store"
    DICOM_MPPS = "dicom-mpps"
    INSTRUMENT = "instrument"
    SCREEN = "screen"
    MANUAL = "manual"
    IMPORT = "import"


class Clock(BaseModel):
    """How far the box's clock can be trusted at the moment of capture (P26)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quality: Literal["synchronised", "unsynchronised", "unknown"] = "unknown"
    uncertainty_s: float | None = None
    boot_id: str = ""
    monotonic_s: float = 0.0


class EvidenceRef(BaseModel):
    """The bytes a dose was read from, by hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Sha256
    media_type: str
    size: int = Field(ge=0)


class Record(Message):
    """What a box captured at one moment: evidence, what was read from it, who, what and when.

    `transport` holds how the evidence came (calling_ae_title, called_ae_title, peer, dimse, …).
    `sequence` is gapless per box, from 1.
    """

    record_id: RecordId
    box_id: BoxId
    sequence: int = Field(ge=1)
    source: str = Field(min_length=1, max_length=64)
    source_kind: SourceKind
    captured_at: Utc
    clock: Clock = Clock()
    box_version: str
    transport: dict[str, str] = {}
    evidence: EvidenceRef
    reader_version: str
    reading: Reading


class ReceiptStatus(StrEnum):
    """The registry's word on a record; each of them means that it is committed there."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


class Receipt(BaseModel):
    """One record is committed in the registry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    record_id: RecordId
    sequence: int = Field(ge=1)
    status: ReceiptStatus
    reason: str = ""


class Receipts(Message):
    """Receipts for one box, of one commit."""

    box_id: BoxId
    committed_at: Utc
    receipts: tuple[Receipt, ...] = Field(min_length=1)


class Span(BaseModel):
    """Sequence numbers from the first to the last, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: int = Field(ge=1)
    last: int = Field(ge=1)

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("ends before it begins")
        return self


class Missing(Message):
    """Numbers that a box gave and the registry does not hold; the box lets them wait again.

    A registry that was restored lacks what it had receipted. A box that does not know this message
    passes over it, and nothing in it can make a box drop a record.
    """

    box_id: BoxId
    at: Utc
    missing: tuple[Span, ...] = Field(min_length=1, max_length=MAX_SPANS)


class SourceHealth(BaseModel):
    """State of one source on a box."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: SourceKind
    state: Literal["listening", "stopped", "failed"]
    detail: str = ""
    last_record_at: Utc | None = None
    refused: int = 0


class Health(Message):
    """A box's word on itself, once a minute."""

    box_id: BoxId
    at: Utc
    box_version: str
    reader_version: str
    started_at: Utc
    clock: Clock
    outbox_waiting: int = Field(ge=0)
    outbox_oldest_at: Utc | None = None
    outbox_last_sequence: int = Field(ge=0)
    outbox_acknowledged_sequence: int = Field(ge=0)
    disk_used_percent: float = Field(ge=0, le=100)
    disk_free_bytes: int = Field(ge=0)
    certificate_days_left: int
    uplink_state: str
    sources: tuple[SourceHealth, ...] = ()


class BoxConfig(Message):
    """Desired state of a box's configuration, as the registry signed it."""

    box_id: BoxId
    revision: int = Field(ge=1)
    issued_at: Utc
    settings: dict[str, str | int | float | bool | list[str]] = {}
