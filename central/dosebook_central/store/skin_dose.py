"""Statements of skin doses: which exams are due, their events as read, the queue and its results.

`skin_dose.queued_at` is when an exam was last found due with these inputs: the newest row holds.
A finished row keeps its result for ever (P56); until then `result` holds the request.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from sqlalchemy import Connection, Select, and_, exists, func, select, text, update

from dosebook_central.dosimetry.skin_dose.model import PatientSize, RecordedEvent
from dosebook_central.store.bulk import insert_rows, one_of
from dosebook_central.store.derivation_due import mark_due
from dosebook_central.store.dose_models import ExamDose, SkinDose
from dosebook_central.store.in_force import READING_IN_FORCE
from dosebook_central.store.models import Event, Exam, Reading, Record
from dosebook_protocol.reading import Reading as ReadingOf

State = Literal["queued", "running", "done", "refused", "failed"]
# In the words of the partial index `ix_exam_skin_dose`: SQLite uses it for no others.
_IS_FLUOROSCOPY: Final = text("exam.modality IN ('XA', 'RF')")

_READING: Final = TypeAdapter(ReadingOf)


@dataclass(frozen=True, slots=True)
class DueExam:
    """An exam whose skin dose does not yet follow from it."""

    id: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SkinDoseRow:
    """One computation of one exam as it stands."""

    exam_id: str
    input_sha256: str
    state: State
    progress: int
    total: int
    reason: str
    peak_mgy: Decimal | None
    result: str
    software: str
    exam_updated_at: datetime
    queued_at: datetime
    finished_at: datetime | None


def due_exams(
    connection: Connection, software: str, since: datetime | None, limit: int
) -> list[DueExam]:
    """Return exams, oldest change first, that changed after their skin dose or never had one."""
    has_row = exists().where(
        SkinDose.exam_id == Exam.id,
        SkinDose.software == software,
        SkinDose.exam_updated_at == Exam.updated_at,
    )
    statement = (
        select(Exam.id, Exam.updated_at)
        .where(_IS_FLUOROSCOPY, ~has_row)
        .order_by(Exam.updated_at)
        .limit(limit)
    )
    if since is not None:
        statement = statement.where(Exam.updated_at >= since)
    return [DueExam(*row) for row in connection.execute(statement)]


@dataclass(frozen=True, slots=True)
class RecordedExam:
    """What the evidence of an exam says of its counted events, not parsed yet; the patient's size.

    `places` are ordinal, record and index in its reading, `bodies` the readings by record.
    """

    places: Sequence[tuple[int, str, int]]
    bodies: Mapping[str, str]
    size: PatientSize

    def events(self) -> list[RecordedEvent]:
        """Return the events as read; raises `LookupError` for one whose reading is not there."""
        records = {record for _, record, _ in self.places}
        readings = {record: _READING.validate_json(self.bodies[record]) for record in records}
        found = []
        for ordinal, record, index in self.places:
            reading = readings[record]
            comments = tuple(item.text for item in reading.items if item.name == "comment")
            event = reading.events[index]
            found.append(RecordedEvent(ordinal, event, reading.equipment, comments))
        return found


def recorded_exams(connection: Connection, exam_ids: Collection[str]) -> dict[str, RecordedExam]:
    """Return what the evidence says of some exams, in three statements."""
    places: defaultdict[str, list[tuple[int, str, int]]] = defaultdict(list)
    for exam_id, ordinal, record, index in connection.execute(
        select(Event.exam_id, Event.ordinal, Event.record_id, Event.record_index)
        .where(one_of(connection, Event.exam_id, exam_ids))
        .order_by(Event.exam_id, Event.ordinal)
    ):
        places[exam_id].append((ordinal, record, index))
    records = sorted({record for some in places.values() for _, record, _ in some})
    found = connection.execute(
        select(Record.id, Reading.body)
        .join(Reading, READING_IN_FORCE)
        .where(one_of(connection, Record.id, records))
    )
    bodies = {row.id: row.body for row in found}
    exams = connection.execute(
        select(Exam.id, Exam.facts).where(one_of(connection, Exam.id, exam_ids))
    )
    sizes = {row.id: _size(row.facts or {}) for row in exams}
    unknown = _size({})
    return {one: RecordedExam(places[one], bodies, sizes.get(one, unknown)) for one in exam_ids}


def put(connection: Connection, rows: Sequence[SkinDoseRow]) -> None:
    """Note that exams are due with these inputs; what is known of them already stays as it is."""
    named = one_of(connection, SkinDose.exam_id, [row.exam_id for row in rows])
    keys = select(SkinDose.exam_id, SkinDose.input_sha256).where(named)
    known = {(row.exam_id, row.input_sha256) for row in connection.execute(keys)}
    new = [row for row in rows if (row.exam_id, row.input_sha256) not in known]
    columns = [{name: getattr(row, name) for name in SkinDoseRow.__slots__} for row in new]
    insert_rows(connection, SkinDose.__table__, columns, long=("result",))
    for row in rows:
        if (row.exam_id, row.input_sha256) in known:
            _hold_again(connection, row)


def _hold_again(connection: Connection, row: SkinDoseRow) -> None:
    looked_at = {"queued_at": row.queued_at, "exam_updated_at": row.exam_updated_at}
    connection.execute(update(SkinDose).where(*_key(row)).values(looked_at))
    mark_due(connection, Exam.id == row.exam_id)  # another row may hold now, and its peak


def claim(connection: Connection) -> SkinDoseRow | None:
    """Take the oldest computation of the queue.

    The caller holds the lock under which alone anything is computed: what is still called running
    was left by a process that was killed, and is taken up again first.
    """
    connection.execute(
        update(SkinDose).where(SkinDose.state == "running").values(state="queued", progress=0)
    )
    row = connection.execute(
        _rows().where(SkinDose.state == "queued").order_by(SkinDose.queued_at).limit(1)
    ).one_or_none()
    if row is None:
        return None
    found = SkinDoseRow(*row)
    connection.execute(update(SkinDose).where(*_key(found)).values(state="running"))
    return found


def note_progress(connection: Connection, row: SkinDoseRow, done: int) -> bool:
    """Note how many events are done; returns whether the computation is still wanted."""
    noted = connection.execute(
        update(SkinDose).where(*_key(row), SkinDose.state == "running").values(progress=done)
    )
    return bool(noted.rowcount)


def finish(connection: Connection, row: SkinDoseRow) -> None:
    """Write the end of a running computation; one that was called off meanwhile stays so.

    The exam is due for derivation then: rules look at the peak as well.
    """
    names = ("state", "reason", "peak_mgy", "result", "finished_at")
    connection.execute(
        update(SkinDose)
        .where(*_key(row), SkinDose.state == "running")
        .values({name: getattr(row, name) for name in names})
    )
    mark_due(connection, Exam.id == row.exam_id)


def show_peaks(connection: Connection, exam_ids: Collection[str]) -> None:
    """Put the peak that holds for each exam into the present view; none where it was refused."""
    newest = (
        select(SkinDose.exam_id, func.max(SkinDose.queued_at).label("queued_at"))
        .where(one_of(connection, SkinDose.exam_id, exam_ids))
        .group_by(SkinDose.exam_id)
        .subquery()
    )
    rows = connection.execute(
        select(SkinDose.exam_id, SkinDose.peak_mgy, ExamDose.peak_skin_dose_mgy)
        .join(
            newest,
            and_(newest.c.exam_id == SkinDose.exam_id, newest.c.queued_at == SkinDose.queued_at),
        )
        .join(ExamDose, ExamDose.exam_id == SkinDose.exam_id)
    )
    for exam_id, peak, shown in rows.all():
        if peak != shown:
            connection.execute(
                update(ExamDose).where(ExamDose.exam_id == exam_id).values(peak_skin_dose_mgy=peak)
            )


def latest(connection: Connection, exam_id: str) -> SkinDoseRow | None:
    """Return the computation that holds for an exam; None where it was never due."""
    return next(iter(history(connection, exam_id)), None)


def history(connection: Connection, exam_id: str) -> list[SkinDoseRow]:
    """Return all computations of an exam, the one that holds first."""
    rows = connection.execute(
        _rows().where(SkinDose.exam_id == exam_id).order_by(SkinDose.queued_at.desc())
    )
    return [SkinDoseRow(*row) for row in rows]


def counts(connection: Connection) -> dict[str, int]:
    """Return how many computations are in each state."""
    rows = connection.execute(select(SkinDose.state, func.count()).group_by(SkinDose.state))
    return {row[0]: row[1] for row in rows}


def call_off(connection: Connection, exam_id: str, now: datetime) -> bool:
    """End what waits or runs for an exam; returns whether there was anything."""
    ended = connection.execute(
        update(SkinDose)
        .where(SkinDose.exam_id == exam_id, SkinDose.state.in_(("queued", "running")))
        .values(state="failed", reason="called off by a person", finished_at=now)
    )
    return bool(ended.rowcount)


def retry(connection: Connection, exam_id: str) -> bool:
    """Queue what failed for an exam again; results and refusals are final."""
    queued = connection.execute(
        update(SkinDose)
        .where(SkinDose.exam_id == exam_id, SkinDose.state == "failed")
        .values(state="queued", progress=0, reason="", finished_at=None)
    )
    return bool(queued.rowcount)


def _rows() -> Select[*tuple[Any, ...]]:
    return select(*(getattr(SkinDose, name) for name in SkinDoseRow.__slots__))


def _key(row: SkinDoseRow) -> tuple[Any, ...]:
    return SkinDose.exam_id == row.exam_id, SkinDose.input_sha256 == row.input_sha256


def _size(facts: Mapping[str, str]) -> PatientSize:
    return PatientSize(_number(facts.get("size_m")), _number(facts.get("weight_kg")))


def _number(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None
