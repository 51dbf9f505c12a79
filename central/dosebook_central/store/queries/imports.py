"""Imports of files: their progress and the outcome of each file."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from dosebook_central.store.models import ImportFile, ImportJob


@dataclass(frozen=True, slots=True)
class Job:
    """One import and how far it is."""

    id: str
    created_at: datetime
    created_by: str
    state: str
    total: int
    done: int
    message: str

    @property
    def percent(self) -> int:
        """Progress in whole percent; never 100 before the end."""
        if self.state == "done":
            return 100
        return min(99, 100 * self.done // self.total) if self.total else 0


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file."""

    ordinal: int
    name: str
    outcome: str
    reason: str
    exam_id: str


def list_jobs(connection: Connection, limit: int = 20) -> list[Job]:
    """The newest imports."""
    rows = connection.execute(_jobs().order_by(ImportJob.created_at.desc()).limit(limit))
    return [Job(*row) for row in rows]


def get_job(connection: Connection, job_id: str) -> Job | None:
    """Return one import."""
    row = connection.execute(_jobs().where(ImportJob.id == job_id)).one_or_none()
    return Job(*row) if row else None


def list_files(connection: Connection, job_id: str, limit: int = 500) -> list[FileOutcome]:
    """Files of an import in order, as far as they are done."""
    rows = connection.execute(
        select(*(getattr(ImportFile, name) for name in FileOutcome.__slots__))
        .where(ImportFile.job_id == job_id)
        .order_by(ImportFile.ordinal)
        .limit(limit)
    )
    return [FileOutcome(*row) for row in rows]


def outcome_counts(connection: Connection, job_id: str) -> dict[str, int]:
    """How many files of an import had each outcome."""
    rows = connection.execute(
        select(ImportFile.outcome, func.count())
        .where(ImportFile.job_id == job_id)
        .group_by(ImportFile.outcome)
    )
    return {outcome: int(count) for outcome, count in rows}


def _jobs() -> Select[*tuple[Any, ...]]:
    return select(*(getattr(ImportJob, name) for name in Job.__slots__))
