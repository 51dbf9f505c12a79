"""What was derived before, and new versions beside it: rows are added, never changed (P56)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, delete, func, select

from dosebook_central.store.bulk import Row, insert_rows, one_of, upsert_rows
from dosebook_central.store.dose_models import Derivation, ExamDose, RegionDose


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a derivation followed from: the program's formulas, the sets, the exam's inputs."""

    software: str
    sets_sha256: str
    input_sha256: str


@dataclass(frozen=True, slots=True)
class Previous:
    """The latest derivation of an exam that is no trial; version 0 and no body for none."""

    version: int = 0
    stamp: Stamp = Stamp("", "", "")
    body: str | None = None
    highest: int = 0  # version, trials included
    shown: int = 0  # version in the present view


def previous(connection: Connection, exam_ids: Collection[str]) -> dict[str, Previous]:
    """Return what was derived before, by exam, in one statement."""
    in_force = case((Derivation.is_trial, 0), else_=Derivation.version)
    latest = (
        select(
            Derivation.exam_id,
            func.max(in_force).label("version"),
            func.max(Derivation.version).label("highest"),
        )
        .where(one_of(connection, Derivation.exam_id, exam_ids))
        .group_by(Derivation.exam_id)
        .subquery()
    )
    rows = connection.execute(
        select(
            latest.c.exam_id,
            latest.c.version,
            Derivation.software,
            Derivation.sets_sha256,
            Derivation.input_sha256,
            Derivation.body,
            latest.c.highest,
            ExamDose.version,
        )
        .select_from(latest)
        .outerjoin(
            Derivation,
            and_(Derivation.exam_id == latest.c.exam_id, Derivation.version == latest.c.version),
        )
        .outerjoin(ExamDose, ExamDose.exam_id == latest.c.exam_id)
    )
    return {
        exam_id: Previous(
            version,
            Stamp(software or "", sets or "", inputs or ""),
            body,
            highest,
            shown or 0,
        )
        for exam_id, version, software, sets, inputs, body, highest, shown in rows
    }


def reason_of(before: Previous, stamp: Stamp) -> str:
    """Say in words why a version follows another one."""
    if not before.version:
        return "arrival"
    changed = [
        words
        for words, is_other in (
            ("inputs", before.stamp.input_sha256 != stamp.input_sha256),
            ("coefficient sets", before.stamp.sets_sha256 != stamp.sets_sha256),
            ("formulas", before.stamp.software != stamp.software),
        )
        if is_other
    ]
    return ", ".join(changed) + " changed" if changed else "procedure changed"


def version_row(
    exam_id: str, version: int, stamp: Stamp, body: str, reason: str, now: datetime
) -> Row:
    """The row of one more version."""
    return {
        "exam_id": exam_id,
        "version": version,
        "computed_at": now,
        "software": stamp.software,
        "sets_sha256": stamp.sets_sha256,
        "input_sha256": stamp.input_sha256,
        "reason": reason,
        "is_trial": False,
        "body": body,
    }


def add_versions(connection: Connection, rows: Iterable[Row]) -> None:
    """Add versions; their exams are taken by this transaction, so nobody else adds the same."""
    insert_rows(connection, Derivation.__table__, list(rows), long=("body",))


def show(connection: Connection, doses: Collection[Row], regions: Collection[Row]) -> None:
    """Put exams into the present view in the place of what it said of them."""
    if not doses:
        return
    exam_ids = [row["exam_id"] for row in doses]
    upsert_rows(connection, ExamDose.__table__, list(doses))
    connection.execute(delete(RegionDose).where(one_of(connection, RegionDose.exam_id, exam_ids)))
    insert_rows(connection, RegionDose.__table__, list(regions))


def hide(connection: Connection, exam_ids: Collection[str]) -> set[str]:
    """Take exams that are gone out of the present view; their versions stay.

    Returns the patients whose exams they were: what was said of them over time may hold no more.
    """
    if not exam_ids:
        return set()
    patients = set(
        connection.scalars(
            select(ExamDose.patient_id).where(one_of(connection, ExamDose.exam_id, exam_ids))
        )
    )
    for model in (ExamDose, RegionDose):
        connection.execute(delete(model).where(one_of(connection, model.exam_id, exam_ids)))
    return patients
