"""What people decided on machines, and which exams are to be reconciled again for it (P36)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from dosebook_central.domain.devices import ModalityChoice
from dosebook_central.domain.procedures.decisions import standing
from dosebook_central.store.bulk import one_of
from dosebook_central.store.device_models import DeviceDecision, ReconcileDue
from dosebook_central.store.engine import is_sqlite
from dosebook_central.store.models import Exam, LinkKey

_DUE: Final = ReconcileDue.__table__


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision as it was made; an undo chooses nothing."""

    device_id: str
    act: str  # decide | undo
    choice: ModalityChoice
    reason: str
    actor: str
    at: datetime


def decisions(connection: Connection, device_id: str = "") -> dict[str, list[Decided]]:
    """Return the decisions by machine, the oldest first; of all machines or of one."""
    statement = select(
        DeviceDecision.device_id,
        DeviceDecision.act,
        DeviceDecision.with_fluoroscopy,
        DeviceDecision.without_fluoroscopy,
        DeviceDecision.reason,
        DeviceDecision.actor,
        DeviceDecision.at,
    ).order_by(DeviceDecision.id)
    if device_id:
        statement = statement.where(DeviceDecision.device_id == device_id)
    found: defaultdict[str, list[Decided]] = defaultdict(list)
    for own, act, with_it, without, reason, actor, at in connection.execute(statement):
        choice = ModalityChoice(with_it, without)
        found[own].append(Decided(own, act, choice, reason, actor, at))
    return dict(found)


def in_force(decided: Mapping[str, list[Decided]]) -> dict[str, Decided]:
    """Return the decision that holds for each machine; those without one are left out."""
    held = {device_id: standing(series) for device_id, series in decided.items()}
    return {device_id: one for device_id, one in held.items() if one is not None}


def choices(connection: Connection) -> dict[str, ModalityChoice]:
    """Return what the exams of machines are decided to be, by id of the machine."""
    held = in_force(decisions(connection))
    return {device_id: one.choice for device_id, one in held.items()}


def decide(connection: Connection, decided: Decided) -> int | None:
    """Write a decision and make its exams due; None for an undo where nothing is decided.

    Returns how many groups of evidence are reconciled again. On PostgreSQL it waits for those who
    reconcile at this moment by the decisions of before: their exams are there then, and are due.
    """
    if not is_sqlite(connection):
        connection.execute(text("LOCK TABLE device_decision IN ACCESS EXCLUSIVE MODE"))
    own = decisions(connection, decided.device_id).get(decided.device_id, [])
    if decided.act == "undo" and standing(own) is None:
        return None
    connection.execute(
        insert(DeviceDecision).values(
            device_id=decided.device_id,
            at=decided.at,
            actor=decided.actor,
            act=decided.act,
            with_fluoroscopy=decided.choice.with_fluoroscopy,
            without_fluoroscopy=decided.choice.without_fluoroscopy,
            reason=decided.reason,
        )
    )
    groups = select(Exam.group_id).where(Exam.devices.contains(decided.device_id)).distinct()
    make: Any = sqlite_insert if is_sqlite(connection) else postgresql_insert
    due = make(_DUE).from_select(["group_id"], groups.where(Exam.devices != ""))
    return connection.execute(due.on_conflict_do_nothing()).rowcount


def is_any_due(connection: Connection) -> bool:
    """Whether the exams of any group wait for being reconciled again."""
    return connection.execute(select(ReconcileDue.group_id).limit(1)).first() is not None


def take_due(connection: Connection, limit: int) -> list[str]:
    """Take groups off the list for this transaction, locked as those who write to them lock them.

    A group that merged into another meanwhile has no exams any more: they came to be by the
    decisions of today.
    """
    some = select(ReconcileDue.group_id).limit(limit)
    if is_sqlite(connection):
        groups = list(connection.scalars(some))
    else:
        groups = list(connection.scalars(some.with_for_update(skip_locked=True)))
        keys = select(LinkKey.key).where(one_of(connection, LinkKey.group_id, groups))
        connection.execute(keys.order_by(LinkKey.key).with_for_update()).all()
    connection.execute(
        delete(ReconcileDue).where(one_of(connection, ReconcileDue.group_id, groups))
    )
    return groups
