"""Readings that name no patient: those that wait, and those that people decided on."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, text

from dosebook_central.store.bulk import one_of
from dosebook_central.store.in_force import READING_IN_FORCE
from dosebook_central.store.matching import Decided
from dosebook_central.store.models import Box, Exam, Patient, Reading, ReadingDecision, Record

STATES: Final = ("waiting", "assign", "set-aside")
# As literals: the partial index `ix_record_unassigned` holds for these terms only.
_IS_UNASSIGNED: Final = text(
    "record.group_id = '' AND record.source_kind IN ('instrument', 'screen', 'manual')"
    " AND record.outcome = 'read' AND record.status = 'stored'"
)


@dataclass(frozen=True, slots=True)
class LooseReading:
    """One reading that named no patient when it came, with the record that brought it."""

    record_id: str
    box_id: str
    room: str
    source: str
    source_kind: str
    captured_at: datetime
    media_type: str
    evidence_sha256: str
    group_id: str
    body: str  # JSON of dosebook_protocol.reading.Reading


@dataclass(frozen=True, slots=True)
class GivenExam:
    """The exam that a reading was given to, as it is now."""

    exam_id: str
    started: str
    modality: str
    description: str
    patient_name: str
    patient_identifier: str


def is_waiting(connection: Connection, record_id: str) -> bool:
    """Whether a reading waits for a person."""
    found = select(Record.id).where(_IS_UNASSIGNED, ~_is_set_aside(), Record.id == record_id)
    return connection.execute(found).first() is not None


def count_waiting(connection: Connection) -> int:
    """How many readings wait for a person."""
    statement = select(func.count()).select_from(Record).where(_IS_UNASSIGNED, ~_is_set_aside())
    return connection.scalar(statement) or 0


def rooms(connection: Connection) -> list[tuple[str, str, int]]:
    """Box, room and number of the readings that wait there."""
    rows = connection.execute(
        select(Box.id, Box.room, func.count())
        .join(Record, Record.box_id == Box.id)
        .where(_IS_UNASSIGNED, ~_is_set_aside())
        .group_by(Box.id, Box.room)
        .order_by(Box.room, Box.id)
    )
    return [(box_id, room, number) for box_id, room, number in rows]


def list_waiting(
    connection: Connection, box_id: str = "", limit: int = 50, offset: int = 0
) -> list[LooseReading]:
    """The readings that wait, of one box or of all by room, newest first."""
    statement = _loose().where(_IS_UNASSIGNED, ~_is_set_aside())
    if box_id:
        statement = statement.where(Record.box_id == box_id)
    rows = connection.execute(
        statement.order_by(Box.room, Box.id, Record.captured_at.desc(), Record.id)
        .limit(limit)
        .offset(offset)
    )
    return [LooseReading(*row) for row in rows]


def list_decided(
    connection: Connection, act: str, box_id: str = "", limit: int = 50, offset: int = 0
) -> list[tuple[LooseReading, Decided]]:
    """The readings whose last decision is an act, the latest decision first."""
    decided = [getattr(ReadingDecision, name) for name in Decided.__slots__]
    statement = (
        _loose()
        .add_columns(*decided)
        .join(ReadingDecision, ReadingDecision.record_id == Record.id)
        .where(ReadingDecision.act == act, _is_last())
    )
    if box_id:
        statement = statement.where(Record.box_id == box_id)
    rows = connection.execute(
        statement.order_by(ReadingDecision.id.desc()).limit(limit).offset(offset)
    )
    width = len(LooseReading.__slots__)
    return [(LooseReading(*row[:width]), Decided(*row[width:])) for row in rows]


def get_loose(connection: Connection, record_id: str) -> LooseReading | None:
    """Return one reading that waits or was decided on; None for every other record."""
    is_decided = select(ReadingDecision.id).where(ReadingDecision.record_id == Record.id).exists()
    row = connection.execute(
        _loose().where(Record.id == record_id, or_(_IS_UNASSIGNED, is_decided))
    ).one_or_none()
    return LooseReading(*row) if row else None


def given_exams(
    connection: Connection, decided: Collection[tuple[LooseReading, Decided]]
) -> dict[str, GivenExam]:
    """By record, the exam that it stands in now, of the patient named if its group has several."""
    groups = {loose.group_id for loose, one in decided if one.match and loose.group_id}
    if not groups:
        return {}
    rows = connection.execute(
        select(
            Exam.group_id,
            Patient.issuer,
            Exam.id,
            Exam.started,
            Exam.modality,
            Exam.description,
            Patient.name,
            Patient.identifier,
        )
        .join(Patient, Patient.id == Exam.patient_id)
        .where(one_of(connection, Exam.group_id, groups))
        .order_by(Exam.id)
    ).all()
    found: dict[str, GivenExam] = {}
    for loose, one in decided:
        own = [row for row in rows if row.group_id == loose.group_id]
        named = [row for row in own if (row.identifier, row.issuer) == (one.identifier, one.issuer)]
        for row in (named or own)[:1]:
            found[loose.record_id] = GivenExam(*row[2:])
    return found


def _loose() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Record.id,
            Record.box_id,
            Box.room,
            Record.source,
            Record.source_kind,
            Record.captured_at,
            Record.media_type,
            Record.evidence_sha256,
            Record.group_id,
            Reading.body,
        )
        .join(Box, Box.id == Record.box_id)
        .join(Reading, READING_IN_FORCE)
    )


def _is_last() -> ColumnElement[bool]:
    later = ReadingDecision.__table__.alias("later")
    return (
        ~select(later.c.id)
        .where(later.c.record_id == ReadingDecision.record_id, later.c.id > ReadingDecision.id)
        .exists()
    )


def _is_set_aside() -> ColumnElement[bool]:
    return (
        select(ReadingDecision.id)
        .where(
            ReadingDecision.record_id == Record.id, ReadingDecision.act == "set-aside", _is_last()
        )
        .exists()
    )
