"""One exam with its events and evidences, and the latest exams of all."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, func, select

from dosebook_central.domain.exam import ExamSummary, from_json
from dosebook_central.store.dose_models import DerivationDue, Priority
from dosebook_central.store.in_force import READING_IN_FORCE
from dosebook_central.store.models import Box, Event, Exam, Patient, Reading, Record
from dosebook_central.store.queries.listed import ListedMeasure, listed, summary_text
from dosebook_central.store.queries.patients import PatientHeader


@dataclass(frozen=True, slots=True)
class ExamHead:
    """What an exam is, apart from its numbers."""

    id: str
    study_uid: str
    accession_number: str
    started: str
    modality: str
    description: str
    protocol: str
    name_id: str  # of `ProcedureName`, "" where nothing names it
    institution: str
    station: str
    manufacturer: str
    model: str
    state: str
    evidence_kind: str
    event_count: int
    has_conflict: bool
    origin: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ExamEvent:
    """One line of the event table."""

    ordinal: int
    uid: str
    record_id: str
    record_index: int
    kind: str
    started: str
    event_type: str
    protocol: str
    target_region: str
    plane: str
    side: str
    phantom: str
    ctdi_vol_mgy: Decimal | None
    dlp_mgy_cm: Decimal | None
    dose_area_product_gy_cm2: Decimal | None
    dose_rp_mgy: Decimal | None
    average_glandular_dose_mgy: Decimal | None
    administered_activity_mbq: Decimal | None
    facts: dict[str, Any] = field(default_factory=dict)  # `domain.facts`


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """The record that brought one evidence: its box, its times and where its bytes are."""

    id: str
    box_id: str
    room: str
    box_status: str
    sequence: int
    source: str
    source_kind: str
    captured_at: datetime
    received_at: datetime
    kind: str
    media_type: str
    evidence_sha256: str
    evidence_size: int
    sop_instance_uid: str
    reader_version: str


@dataclass(frozen=True, slots=True)
class ExamPage:
    """All that the exam page shows."""

    head: ExamHead
    patient: PatientHeader
    summary: ExamSummary
    events: tuple[ExamEvent, ...]
    records: dict[str, EvidenceRecord]


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One record with what proves it: its signed envelope, the box's key, the reading in force."""

    record: EvidenceRecord
    envelope: bytes
    public_keys: tuple[bytes, ...]  # newest first
    transport: dict[str, Any]
    reading_json: str


@dataclass(frozen=True, slots=True)
class LatestExam:
    """One line of the newest exams on the home page."""

    id: str
    patient_id: str
    patient_name: str
    started: str
    modality: str
    description: str
    station: str
    has_conflict: bool
    headline: tuple[ListedMeasure, ...]
    updated_at: datetime


def get_exam(connection: Connection, exam_id: str) -> ExamPage | None:
    """Return one exam in three statements, or None."""
    columns = [getattr(Exam, name) for name in ExamHead.__slots__]
    who = [getattr(Patient, name).label(f"who_{name}") for name in PatientHeader.__slots__]
    row = connection.execute(
        select(*columns, Exam.summary, *who)
        .join(Patient, Patient.id == Exam.patient_id)
        .where(Exam.id == exam_id)
    ).one_or_none()
    if row is None:
        return None
    summary = from_json(row.summary)
    events = connection.execute(
        select(*(getattr(Event, name) for name in ExamEvent.__slots__))
        .where(Event.exam_id == exam_id)
        .order_by(Event.ordinal)
    )
    wanted = [evidence.record_id for evidence in summary.evidences]
    records = connection.execute(_records().where(Record.id.in_(wanted))) if wanted else ()
    return ExamPage(
        head=ExamHead(*row[: len(columns)]),
        patient=PatientHeader(*row[len(columns) + 1 :]),
        summary=summary,
        events=tuple(ExamEvent(*event) for event in events),
        records={record.id: EvidenceRecord(*record) for record in records},
    )


def get_source(connection: Connection, exam_id: str, record_id: str) -> SourceRecord | None:
    """Return a record of an exam with its proof; None unless the record belongs to the exam."""
    belongs = select(Exam.id).where(Exam.id == exam_id, Exam.group_id == Record.group_id).exists()
    row = connection.execute(
        _records()
        .add_columns(
            Record.envelope,
            Box.public_key,
            Box.superseded_keys,
            Box.revoked_keys,
            Record.transport,
            Reading.body,
        )
        .outerjoin(Reading, READING_IN_FORCE)
        .where(Record.id == record_id, belongs)
    ).one_or_none()
    if row is None:
        return None
    record = EvidenceRecord(*row[: len(EvidenceRecord.__slots__)])
    keys = (row.public_key, *map(bytes.fromhex, [*row.superseded_keys, *row.revoked_keys]))
    return SourceRecord(record, row.envelope, keys, row.transport, row.body or "")


def latest(connection: Connection, limit: int = 12) -> list[LatestExam]:
    """The newest exams by their own time."""
    return [_latest(row) for row in connection.execute(_newest().limit(limit))]


def with_conflict(connection: Connection, limit: int = 8) -> list[LatestExam]:
    """The newest exams whose evidences disagree."""
    rows = connection.execute(_newest().where(Exam.has_conflict).limit(limit))
    return [_latest(row) for row in rows]


def count_conflicts(connection: Connection) -> int:
    """How many exams have evidences that disagree; from an index, however many exams there are."""
    return connection.scalar(select(func.count()).where(Exam.has_conflict)) or 0


def not_derived(connection: Connection, limit: int = 8) -> list[LatestExam]:
    """The newest exams whose doses a fault of the program kept from being derived."""
    failed = select(DerivationDue.exam_id).where(DerivationDue.priority == Priority.FAILED)
    rows = connection.execute(_newest().where(Exam.id.in_(failed)).limit(limit))
    return [_latest(row) for row in rows]


def _newest() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Exam.id,
            Exam.patient_id,
            Patient.name,
            Exam.started,
            Exam.modality,
            Exam.description,
            Exam.station,
            Exam.has_conflict,
            summary_text().label("summary_text"),
            Exam.updated_at,
        )
        .join(Patient, Patient.id == Exam.patient_id)
        .order_by(Exam.started.desc())
    )


def _records() -> Select[*tuple[Any, ...]]:
    return select(
        Record.id,
        Record.box_id,
        Box.room,
        Box.status,
        Record.sequence,
        Record.source,
        Record.source_kind,
        Record.captured_at,
        Record.received_at,
        Record.kind,
        Record.media_type,
        Record.evidence_sha256,
        Record.evidence_size,
        Record.sop_instance_uid,
        Record.reader_version,
    ).join(Box, Box.id == Record.box_id)


def _latest(row: Any) -> LatestExam:
    return LatestExam(
        id=row.id,
        patient_id=row.patient_id,
        patient_name=row.name,
        started=row.started,
        modality=row.modality,
        description=row.description,
        station=row.station,
        has_conflict=row.has_conflict,
        headline=listed(row.summary_text).headline,
        updated_at=row.updated_at,
    )
