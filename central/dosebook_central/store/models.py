"""The registry's tables.

Evidence bytes live in the evidence store by hash; here stand the signed envelopes that name them,
what readers saw in them (`reading`, one row a reader version, never overwritten), and the
reconciled view (`exam`, `event`), which can be rebuilt from the readings at any time.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from dosebook_central.store.types import Exact, Utc

# Without a length: what an object calls a modality or a UID may be longer than the standard allows,
# and must then be stored and seen, not refused by one engine and kept by the other.
Key = String()
Uid = String()


class Base(DeclarativeBase):
    """All tables; constraint names are fixed so that migrations agree on both engines."""

    __table__: ClassVar[Table]  # SQLAlchemy promises no more than a FromClause

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Utc, Decimal: Exact, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


class Box(Base):
    """A box, and its word on itself; the registry's own imports stand here as box `registry`."""

    __tablename__ = "box"

    id: Mapped[str] = mapped_column(Key, primary_key=True)
    room: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(Key, default="active")  # active | revoked
    public_key: Mapped[bytes] = mapped_column(LargeBinary)  # Ed25519, 32 raw bytes
    superseded_keys: Mapped[list[Any]] = mapped_column(default=list)  # hex; old records stay valid
    revoked_keys: Mapped[list[Any]] = mapped_column(default=list)  # hex; prove old records only
    certificate_pem: Mapped[str] = mapped_column(Text, default="")
    certificate_serial: Mapped[str] = mapped_column(Key, default="")
    certificate_expires_at: Mapped[datetime | None]
    added_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str] = mapped_column(Text, default="")
    last_seen_at: Mapped[datetime | None]
    last_record_at: Mapped[datetime | None]
    health: Mapped[dict[str, Any] | None]


class Record(Base):
    """A committed record: its envelope, where its evidence is, and what became of it."""

    __tablename__ = "record"
    __table_args__ = (UniqueConstraint("box_id", "sequence", "reuse"),)

    id: Mapped[str] = mapped_column(Key, primary_key=True)
    box_id: Mapped[str] = mapped_column(ForeignKey("box.id"))
    sequence: Mapped[int]
    # How many records had this number of the box before.
    reuse: Mapped[int] = mapped_column(default=0, server_default="0")
    source: Mapped[str] = mapped_column(Key)
    source_kind: Mapped[str] = mapped_column(Key)
    captured_at: Mapped[datetime]
    received_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(Key)  # stored | duplicate | quarantined
    reason: Mapped[str] = mapped_column(Text, default="")
    duplicate_of: Mapped[str] = mapped_column(Key, default="")
    evidence_sha256: Mapped[str] = mapped_column(Key, index=True)
    evidence_size: Mapped[int]
    media_type: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Key)
    outcome: Mapped[str] = mapped_column(Key)
    sop_instance_uid: Mapped[str] = mapped_column(Uid, default="", index=True)
    reader_version: Mapped[str] = mapped_column(Key)  # of the reading in force
    group_id: Mapped[str] = mapped_column(Key, default="", index=True)
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    transport: Mapped[dict[str, Any]]


class Reading(Base):
    """What one reader version saw in one record's evidence; rows are added, never changed (P56)."""

    __tablename__ = "reading"

    record_id: Mapped[str] = mapped_column(ForeignKey("record.id"), primary_key=True)
    reader_version: Mapped[str] = mapped_column(Key, primary_key=True)
    read_at: Mapped[datetime]
    body: Mapped[str] = mapped_column(Text)  # JSON of dosebook_protocol.reading.Reading


class LinkKey(Base):
    """What ties records into one group: `study:<uid>`, `event:<uid>`, `step:<uid>`."""

    __tablename__ = "link_key"

    key: Mapped[str] = mapped_column(Key, primary_key=True)
    group_id: Mapped[str] = mapped_column(Key, index=True)


class ReadingDecision(Base):
    """Each decision on a reading that names no patient: rows are added, the last one holds.

    `assign` gives it to an exam, by study and patient because an exam's id may change; `set-aside`
    says that no patient was exposed; `undo` lets it wait again.
    """

    __tablename__ = "reading_decision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    record_id: Mapped[str] = mapped_column(ForeignKey("record.id"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Key)
    act: Mapped[str] = mapped_column(Key)  # assign | set-aside | undo
    study_uid: Mapped[str] = mapped_column(Uid, default="")
    identifier: Mapped[str] = mapped_column(Text, default="")
    issuer: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")


# The few readings that wait for a person, and those of instruments, beside a large table.
_IS_UNASSIGNED = text(
    "group_id = '' AND source_kind IN ('instrument', 'screen', 'manual')"
    " AND outcome = 'read' AND status = 'stored'"
)
_IS_INSTRUMENT = text("source_kind = 'instrument'")
Index(
    "ix_record_unassigned",
    # The same in all: with fewer terms SQLite takes the index of groups, where it is the older one.
    Record.group_id,
    Record.status,
    Record.outcome,
    Record.captured_at,
    postgresql_where=_IS_UNASSIGNED,
    sqlite_where=_IS_UNASSIGNED,
)
Index(
    "ix_record_instrument",
    Record.box_id,
    Record.source,
    Record.captured_at,
    postgresql_where=_IS_INSTRUMENT,
    sqlite_where=_IS_INSTRUMENT,
)


class Patient(Base):
    """A patient by identifier and issuer (P21); the id is derived from both."""

    __tablename__ = "patient"
    __table_args__ = (UniqueConstraint("issuer", "identifier"),)

    id: Mapped[str] = mapped_column(Key, primary_key=True)
    issuer: Mapped[str] = mapped_column(Text)
    identifier: Mapped[str] = mapped_column(Text, index=True)
    name: Mapped[str] = mapped_column(Text, default="")
    name_search: Mapped[str] = mapped_column(Text, default="", index=True)  # folded, see domain
    sex: Mapped[str] = mapped_column(Key, default="")
    birth_date: Mapped[str] = mapped_column(Key, default="")
    as_of: Mapped[str] = mapped_column(Key, default="")  # the exam that name, sex, birth come from
    updated_at: Mapped[datetime]


class Exam(Base):
    """The reconciled view of all records that speak of one study of one patient.

    Totals are NULL when not stated or not computable, never 0 in place of missing (P29).
    `summary` holds the headline values with their provenance, per plane, breast and phantom, and
    the conflicts between evidences; its shape is `dosebook_central.domain.exam.ExamSummary`.
    """

    __tablename__ = "exam"
    __table_args__ = (
        Index("ix_exam_patient_id_started", "patient_id", "started"),
        Index("ix_exam_started", "started"),
    )

    id: Mapped[str] = mapped_column(Key, primary_key=True)
    group_id: Mapped[str] = mapped_column(Key, index=True)
    patient_id: Mapped[str] = mapped_column(ForeignKey("patient.id"))
    study_uid: Mapped[str] = mapped_column(Uid, index=True)
    accession_number: Mapped[str] = mapped_column(Text, default="", index=True)
    started: Mapped[str] = mapped_column(Key, default="")  # sender's local time, ISO 8601
    modality: Mapped[str] = mapped_column(Key, default="")  # CT XA RF DX CR MG NM PT …
    description: Mapped[str] = mapped_column(Text, default="")
    protocol: Mapped[str] = mapped_column(Text, default="")
    name_id: Mapped[str] = mapped_column(Key, default="", server_default="", index=True)
    institution: Mapped[str] = mapped_column(Text, default="")
    station: Mapped[str] = mapped_column(Text, default="")
    manufacturer: Mapped[str] = mapped_column(Text, default="")
    model: Mapped[str] = mapped_column(Text, default="")
    devices: Mapped[str] = mapped_column(Text, default="", server_default="")  # domain.devices ids
    state: Mapped[str] = mapped_column(Key, default="")  # in progress | discontinued | completed
    evidence_kind: Mapped[str] = mapped_column(Key, default="")  # strongest evidence
    event_count: Mapped[int]
    dlp_mgy_cm: Mapped[Decimal | None]  # single phantom, or as stated; see summary when mixed
    ctdi_vol_max_mgy: Mapped[Decimal | None]
    dose_area_product_gy_cm2: Mapped[Decimal | None]
    dose_rp_mgy: Mapped[Decimal | None]  # one plane only; two planes stand in summary (P16)
    fluoro_time_s: Mapped[Decimal | None]
    agd_left_mgy: Mapped[Decimal | None]
    agd_right_mgy: Mapped[Decimal | None]
    administered_activity_mbq: Mapped[Decimal | None]
    has_conflict: Mapped[bool] = mapped_column(default=False)
    origin: Mapped[str] = mapped_column(Key)  # captured | imported
    summary: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # domain.facts
    updated_at: Mapped[datetime]


class Event(Base):
    """An irradiation event as counted; its full detail is event `record_index` of that reading."""

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("exam_id", "uid"),)

    exam_id: Mapped[str] = mapped_column(ForeignKey("exam.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(Uid, index=True)
    record_id: Mapped[str] = mapped_column(ForeignKey("record.id"))
    record_index: Mapped[int]
    kind: Mapped[str] = mapped_column(Key)
    started: Mapped[str] = mapped_column(Key, default="")
    event_type: Mapped[str] = mapped_column(Text, default="")
    protocol: Mapped[str] = mapped_column(Text, default="")
    target_region: Mapped[str] = mapped_column(Text, default="")
    plane: Mapped[str] = mapped_column(Key, default="")
    side: Mapped[str] = mapped_column(Key, default="")
    phantom: Mapped[str] = mapped_column(Key, default="")
    ctdi_vol_mgy: Mapped[Decimal | None]
    dlp_mgy_cm: Mapped[Decimal | None]
    dose_area_product_gy_cm2: Mapped[Decimal | None]
    dose_rp_mgy: Mapped[Decimal | None]
    average_glandular_dose_mgy: Mapped[Decimal | None]
    administered_activity_mbq: Mapped[Decimal | None]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # domain.facts


class Quarantine(Base):
    """What ingest could not accept, with the reason; the bytes are in the evidence store.

    Nothing is deleted here: `state` moves from open to replayed or dismissed.
    """

    __tablename__ = "quarantine"

    id: Mapped[str] = mapped_column(Key, primary_key=True)
    received_at: Mapped[datetime] = mapped_column(index=True)
    box_id: Mapped[str] = mapped_column(Key, default="")  # as the topic says; may be unknown
    topic: Mapped[str] = mapped_column(Text, default="")
    code: Mapped[str] = mapped_column(Key)  # stable error code: signature, box-revoked, unreadable…
    reason: Mapped[str] = mapped_column(Text)
    message_sha256: Mapped[str] = mapped_column(Key)
    message_size: Mapped[int]
    record_id: Mapped[str] = mapped_column(Key, default="", index=True)
    state: Mapped[str] = mapped_column(Key, default="open", index=True)
    state_note: Mapped[str] = mapped_column(Text, default="")
    state_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)


class User(Base):
    """A person who signs in; roles are presets of rights."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    login: Mapped[str] = mapped_column(Key, unique=True)
    name: Mapped[str] = mapped_column(Text, default="")
    role: Mapped[str] = mapped_column(Key)
    rights: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"granted": […], "refused": […]}
    password_hash: Mapped[str] = mapped_column(Text)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    failed_attempts: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]


class AuditEvent(Base):
    """One act of one actor, chained by hash so that a missing or altered line shows."""

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(Key, index=True)
    action: Mapped[str] = mapped_column(Key)
    object_kind: Mapped[str] = mapped_column(Key, default="")
    object_id: Mapped[str] = mapped_column(Uid, default="", index=True)
    detail: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(Key)
    hash: Mapped[str] = mapped_column(Key)


class ImportJob(Base):
    """An import of files, folders or ZIPs, with progress."""

    __tablename__ = "import_job"

    id: Mapped[str] = mapped_column(Key, primary_key=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(Key)
    state: Mapped[str] = mapped_column(Key)  # running | done | failed
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(Text, default="")


class ImportFile(Base):
    """The outcome of one file of an import."""

    __tablename__ = "import_file"

    job_id: Mapped[str] = mapped_column(ForeignKey("import_job.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(
        Key
    )  # stored | duplicate | no_dose | quarantined | refused | skipped
    reason: Mapped[str] = mapped_column(Text, default="")
    record_id: Mapped[str] = mapped_column(Key, default="")
    exam_id: Mapped[str] = mapped_column(Key, default="")
