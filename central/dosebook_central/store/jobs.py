"""Statements of imports: jobs, outcomes of files, and the registry's own ledger."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Engine, func, insert, or_, select, update

from dosebook_central.store.bulk import insert_rows
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Box, Exam, ImportFile, ImportJob, Record

Outcome = tuple[str, str, str, str]  # name, outcome, reason, record id


def ensure_box(engine: Engine, box_id: str, public_key: bytes, now: datetime) -> None:
    """Make the box that imports stand under, or note its new key beside its earlier ones."""
    with writing(engine) as connection:
        row = connection.execute(
            select(Box.public_key, Box.superseded_keys).where(Box.id == box_id)
        ).one_or_none()
        if row is None:
            connection.execute(
                insert(Box).values(id=box_id, room="imports", public_key=public_key, added_at=now)
            )
        elif row.public_key != public_key:
            earlier = [row.public_key.hex(), *row.superseded_keys]
            connection.execute(
                update(Box)
                .where(Box.id == box_id)
                .values(public_key=public_key, superseded_keys=earlier)
            )


def last_sequence(engine: Engine, box_id: str) -> int:
    """The highest sequence that is committed for a box, 0 for none."""
    with engine.connect() as connection:
        highest = connection.scalar(
            select(func.max(Record.sequence)).where(Record.box_id == box_id)
        )
    return highest or 0


def create(engine: Engine, created_by: str, now: datetime) -> str:
    """Begin a job and return its id."""
    job_id = uuid4().hex
    with writing(engine) as connection:
        connection.execute(
            insert(ImportJob).values(
                id=job_id, created_at=now, created_by=created_by, state="running"
            )
        )
    return job_id


def set_total(engine: Engine, job_id: str, total: int) -> None:
    """Note how many files there are."""
    with writing(engine) as connection:
        connection.execute(update(ImportJob).where(ImportJob.id == job_id).values(total=total))


def add_outcomes(engine: Engine, job_id: str, done: int, outcomes: Sequence[Outcome]) -> None:
    """Note the outcomes of more files, each with the exam that its dose is in."""
    with writing(engine) as connection:
        known = func.coalesce(func.max(ImportFile.ordinal), 0)
        first = connection.scalar(select(known).where(ImportFile.job_id == job_id)) or 0
        record_ids = [record_id for *_, record_id in outcomes if record_id]
        source = Record.__table__.alias("source")
        exams = connection.execute(
            select(source.c.id, func.min(Exam.id))
            .join(Record, or_(Record.id == source.c.id, Record.id == source.c.duplicate_of))
            .join(Exam, Exam.group_id == Record.group_id)
            .where(source.c.id.in_(record_ids), Record.group_id != "")
            .group_by(source.c.id)
        )
        exam_of = {row[0]: row[1] for row in exams}
        rows = [
            {
                "job_id": job_id,
                "ordinal": ordinal,
                "name": name,
                "outcome": outcome,
                "reason": reason,
                "record_id": record_id,
                "exam_id": exam_of.get(record_id, ""),
            }
            for ordinal, (name, outcome, reason, record_id) in enumerate(outcomes, first + 1)
        ]
        insert_rows(connection, ImportFile.__table__, rows)
        connection.execute(update(ImportJob).where(ImportJob.id == job_id).values(done=done))


def finish(engine: Engine, job_id: str, state: str, message: str) -> None:
    """End a job."""
    with writing(engine) as connection:
        connection.execute(
            update(ImportJob).where(ImportJob.id == job_id).values(state=state, message=message)
        )


def fail_interrupted(engine: Engine) -> None:
    """End the jobs that a stopped process left running."""
    with writing(engine) as connection:
        connection.execute(
            update(ImportJob)
            .where(ImportJob.state == "running")
            .values(state="failed", message="interrupted: import it again")
        )
