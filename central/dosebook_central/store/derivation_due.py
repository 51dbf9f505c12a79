"""The list of exams that are due for derivation: who marks, who takes, what could not be done.

A taken exam's line stays locked until its derivation is committed; reconciliation writes to the
same line, so that evidence which comes meanwhile waits and then makes the exam due again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    delete,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from dosebook_central.store.bulk import one_of
from dosebook_central.store.dose_models import DerivationDue, Priority
from dosebook_central.store.engine import is_sqlite
from dosebook_central.store.models import Exam
from dosebook_central.store.types import Utc


@dataclass(frozen=True, slots=True)
class WorkState:
    """How many exams wait, and how many a fault of the program keeps from being derived."""

    arrived: int
    later: int
    failed: int
    oldest: datetime | None


_TABLE: Final = DerivationDue.__table__


def mark_due(connection: Connection, where: ColumnElement[bool] | None = None) -> int:
    """Make exams due that a condition on `exam` holds for, or all; returns how many.

    They stand behind what arrives. To be called in the transaction of the change that asks for it:
    a decision on names, a switched set.
    """
    chosen = select(
        Exam.id,
        literal(int(Priority.LATER)).label("priority"),
        literal(datetime.now(UTC), Utc()).label("since"),
    ).where(true() if where is None else where)
    is_embedded = is_sqlite(connection)
    insert: Any = (sqlite_insert if is_embedded else postgresql_insert)(_TABLE)
    statement = insert.from_select(["exam_id", "priority", "since"], chosen)
    lower = func.min if is_embedded else func.least
    priority = lower(_TABLE.c.priority, statement.excluded.priority)
    return connection.execute(
        statement.on_conflict_do_update(index_elements=["exam_id"], set_={"priority": priority})
    ).rowcount


def is_any_due(connection: Connection) -> bool:
    """Whether any exam waits."""
    waiting = select(DerivationDue.exam_id).where(DerivationDue.priority < Priority.FAILED)
    return connection.execute(waiting.limit(1)).first() is not None


def claim(connection: Connection, limit: int) -> list[str]:
    """Take the next exams for this transaction, and leave alone what another one has taken."""
    statement = (
        select(DerivationDue.exam_id)
        .where(DerivationDue.priority < Priority.FAILED)
        .order_by(DerivationDue.priority, DerivationDue.since)
        .limit(limit)
    )
    if not is_sqlite(connection):
        statement = statement.with_for_update(skip_locked=True)
    return list(connection.scalars(statement))


def settle(connection: Connection, exam_ids: Collection[str], failed: Collection[str]) -> None:
    """Take exams off the list; those that failed stay on it and are seen."""
    done = set(exam_ids) - set(failed)
    if done:
        connection.execute(
            delete(DerivationDue).where(one_of(connection, DerivationDue.exam_id, sorted(done)))
        )
    if failed:
        connection.execute(
            update(DerivationDue)
            .where(one_of(connection, DerivationDue.exam_id, sorted(failed)))
            .values(priority=int(Priority.FAILED))
            .execution_options(synchronize_session=False)
        )


def retry_failed(connection: Connection) -> int:
    """Make due again what failed: for the start of a program that may have been mended."""
    return connection.execute(
        update(DerivationDue)
        .where(DerivationDue.priority == Priority.FAILED)
        .values(priority=int(Priority.LATER))
        .execution_options(synchronize_session=False)
    ).rowcount


def work_state(connection: Connection) -> WorkState:
    """Count the list."""
    counts = {
        row.priority: row.number
        for row in connection.execute(
            select(DerivationDue.priority, func.count().label("number")).group_by(
                DerivationDue.priority
            )
        )
    }
    oldest = connection.scalar(
        select(func.min(DerivationDue.since)).where(DerivationDue.priority < Priority.FAILED)
    )
    return WorkState(
        counts.get(Priority.ARRIVED, 0),
        counts.get(Priority.LATER, 0),
        counts.get(Priority.FAILED, 0),
        oldest,
    )
