"""What people decided on readings that name no patient: rows are added, the last one holds."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, insert, select, update

from dosebook_central.domain.matching import Match
from dosebook_central.store.bulk import one_of
from dosebook_central.store.models import ReadingDecision, Record

Act = Literal["assign", "set-aside", "undo"]


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision as it was made; only an `assign` names an exam, only a `set-aside` a reason."""

    act: str
    actor: str
    at: datetime
    study_uid: str = ""
    identifier: str = ""
    issuer: str = ""
    reason: str = ""

    @property
    def match(self) -> Match | None:
        """The exam that it gives the reading to."""
        is_given = self.act == "assign"
        return Match(self.study_uid, self.identifier, self.issuer) if is_given else None


_COLUMNS = tuple(getattr(ReadingDecision, name) for name in Decided.__slots__)


def in_force(connection: Connection, record_ids: Collection[str]) -> dict[str, Decided]:
    """Return the decision that holds for each record; one that waits has none."""
    if not record_ids:
        return {}
    last = (
        select(func.max(ReadingDecision.id))
        .where(one_of(connection, ReadingDecision.record_id, record_ids))
        .group_by(ReadingDecision.record_id)
    )
    rows = connection.execute(
        select(ReadingDecision.record_id, *_COLUMNS).where(
            ReadingDecision.id.in_(last), ReadingDecision.act != "undo"
        )
    )
    return {record_id: Decided(*decided) for record_id, *decided in rows}


def history(connection: Connection, record_id: str) -> list[Decided]:
    """Return all decisions on a record, the oldest first."""
    rows = connection.execute(
        select(*_COLUMNS).where(ReadingDecision.record_id == record_id).order_by(ReadingDecision.id)
    )
    return [Decided(*row) for row in rows]


def lock_record(connection: Connection, record_id: str) -> str | None:
    """Return the group of a record and keep others from deciding on it; None without one."""
    statement = select(Record.group_id).where(Record.id == record_id).with_for_update()
    return connection.scalar(statement)


def add(connection: Connection, record_id: str, decided: Decided, group_id: str) -> None:
    """Write a decision, and the group that the record stands in because of it."""
    values = {name: getattr(decided, name) for name in Decided.__slots__}
    connection.execute(insert(ReadingDecision).values(record_id=record_id, **values))
    connection.execute(
        update(Record)
        .where(Record.id == record_id)
        .values(group_id=group_id)
        .execution_options(synchronize_session=False)
    )
