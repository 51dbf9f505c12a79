"""Statements of ingest: what is known of a batch, its groups, and their exams."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    exists,
    or_,
    select,
    update,
)

from dosebook_central.store.bulk import Rows, insert_rows, one_of, upsert_rows
from dosebook_central.store.dose_models import Alert, DerivationDue, ExamDose, Priority, RegionDose
from dosebook_central.store.engine import is_sqlite
from dosebook_central.store.in_force import READING_IN_FORCE
from dosebook_central.store.models import (
    Box,
    Event,
    Exam,
    LinkKey,
    Patient,
    Quarantine,
    Reading,
    Record,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a batch needs to know: these ids, sequences, evidences and groups."""

    record_ids: Collection[str]
    sequences: Mapping[str, Collection[int]]  # by box
    evidence: Collection[str]
    group_ids: Collection[str]


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A committed record; `body` is its reading in force where it belongs to a wanted group."""

    id: str
    box_id: str
    sequence: int
    status: str
    evidence_sha256: str
    media_type: str
    source_kind: str
    group_id: str
    reader_version: str
    body: str | None


def lock_groups(connection: Connection, keys: Collection[str]) -> dict[str, str]:
    """Return the group of every key of the groups that these keys belong to.

    On PostgreSQL the rows stay locked until the end, so that two writers of one group take turns;
    SQLite has one writer anyway.
    """
    if not keys:
        return {}
    wanted = one_of(connection, LinkKey.key, keys)
    groups = select(LinkKey.group_id).where(wanted)
    statement = select(LinkKey.key, LinkKey.group_id)
    if is_sqlite(connection):
        statement = statement.where(wanted)
    else:
        statement = (
            statement.where(LinkKey.group_id.in_(groups)).order_by(LinkKey.key).with_for_update()
        )
    return {row.key: row.group_id for row in connection.execute(statement)}


def lock_group(connection: Connection, key: str) -> str | None:
    """Return the group of one key, locked as `lock_groups` does; None where nobody knows the key.

    A group that merges into another one while PostgreSQL waits for it drops out of the answer: its
    rows are no longer of the group that was looked for. So it is looked for again.
    """
    known = select(LinkKey.key).where(LinkKey.key == key)
    while connection.scalar(known) is not None:
        group = lock_groups(connection, [key]).get(key)
        if group is not None:
            return group
    return None


def find_known(connection: Connection, wanted: Wanted) -> list[StoredRecord]:
    """Return the records that a batch repeats, contradicts or joins."""
    in_group = Record.group_id.in_(wanted.group_ids)
    same: list[ColumnElement[bool]] = [
        Record.id.in_(wanted.record_ids),
        Record.evidence_sha256.in_(wanted.evidence),
    ]
    same += [
        and_(Record.box_id == box_id, Record.sequence.in_(numbers))
        for box_id, numbers in sorted(wanted.sequences.items())
    ]
    if wanted.group_ids:
        same.append(in_group)
    rows = connection.execute(
        select(
            Record.id,
            Record.box_id,
            Record.sequence,
            Record.status,
            Record.evidence_sha256,
            Record.media_type,
            Record.source_kind,
            Record.group_id,
            Record.reader_version,
            case((in_group, Reading.body)),
        )
        .outerjoin(Reading, and_(READING_IN_FORCE, in_group))
        .where(or_(*same))
    )
    return [StoredRecord(*tuple(row)) for row in rows]


def add_keys(connection: Connection, group_by_key: Mapping[str, str]) -> bool:
    """Tie new keys to their groups; False where another writer was first with one of them."""
    rows = [{"key": key, "group_id": group_by_key[key]} for key in sorted(group_by_key)]
    return insert_rows(connection, LinkKey.__table__, rows) == len(rows)


def add_records(connection: Connection, records: Rows, readings: Rows) -> bool:
    """Write new records with their readings; False where another writer was first with one."""
    if insert_rows(connection, Record.__table__, records, long=("envelope",)) != len(records):
        return False
    insert_rows(connection, Reading.__table__, readings, long=("body",))
    return True


def merge_groups(connection: Connection, merges: Mapping[str, str]) -> None:
    """Move the records and keys of groups into those that they merge into."""
    for model in (Record, LinkKey):
        into = case(dict(merges), value=model.group_id)
        connection.execute(update(model).where(model.group_id.in_(merges)).values(group_id=into))


def replace_exams(
    connection: Connection,
    old_groups: Collection[str],
    patients: Rows,
    exams: Rows,
    events: Sequence[Mapping[str, Any]],
    now: datetime,
) -> None:
    """Put the reconciled exams of groups in the place of those that were there.

    An exam that stays keeps its row, whatever refers to it; one that no longer follows from the
    evidence goes, its alerts are withdrawn, and a patient who then has none goes with it. All that
    stand are due for their derivation.
    """
    upsert_rows(connection, Patient.__table__, patients, newer_by="as_of")
    if old_groups:
        old = select(Exam.id).where(Exam.group_id.in_(old_groups))
        connection.execute(delete(Event).where(Event.exam_id.in_(old)))
    upsert_rows(connection, Exam.__table__, exams)
    if old_groups:
        _drop_vanished(connection, old_groups, exams, now)
    insert_rows(connection, Event.__table__, events)
    due = [
        {"exam_id": one["id"], "priority": int(Priority.ARRIVED), "since": one["updated_at"]}
        for one in exams
    ]
    upsert_rows(connection, DerivationDue.__table__, due)


def note_last_record(connection: Connection, box_ids: Collection[str], at: Any) -> None:
    """Note when boxes were last heard of with a record."""
    connection.execute(
        update(Box)
        .where(Box.id.in_(sorted(box_ids)))
        .values(last_record_at=at, last_seen_at=at)
        .execution_options(synchronize_session=False)
    )


def add_quarantine(connection: Connection, rows: Rows) -> None:
    """List what ingest could not accept."""
    insert_rows(connection, Quarantine.__table__, rows)


def _drop_vanished(
    connection: Connection, groups: Collection[str], exams: Rows, now: datetime
) -> None:
    kept = [exam["id"] for exam in exams]
    gone = connection.execute(
        delete(Exam)
        .where(Exam.group_id.in_(groups), Exam.id.not_in(kept))
        .returning(Exam.id, Exam.patient_id)
    ).all()
    if gone:
        _drop_doses(connection, [row.id for row in gone], now)
    orphans = {row.patient_id for row in gone} - {exam["patient_id"] for exam in exams}
    if orphans:
        has_exam = exists().where(Exam.patient_id == Patient.id)
        connection.execute(delete(Patient).where(Patient.id.in_(orphans), ~has_exam))


def _drop_doses(connection: Connection, exam_ids: Collection[str], now: datetime) -> None:
    """Take exams out of the present view of doses; what was derived from them stays (P56)."""
    for model in (DerivationDue, ExamDose, RegionDose):
        connection.execute(delete(model).where(model.exam_id.in_(exam_ids)))
    standing = (Alert.exam_id.in_(exam_ids), Alert.withdrawn_at.is_(None))
    connection.execute(update(Alert).where(*standing).values(withdrawn_at=now))
