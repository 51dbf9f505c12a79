"""Decide what raw names mean, and take that back. Every decision is a row that stays."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from dosebook_central.domain.procedures.decisions import Act, Decided, standing
from dosebook_central.dosimetry.sets import Library
from dosebook_central.procedures.review import make_due, review
from dosebook_central.store.dose_models import ProcedureDecision, ProcedureName
from dosebook_central.store.queries import procedures as names


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person says of one name; without a procedure, that it names none."""

    name_id: str
    act: Act
    procedure_id: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What decisions did: names, exams that are derived again, and the ids of the decisions."""

    names: int = 0
    exams: int = 0
    first_decision: int = 0
    last_decision: int = 0


def decide(
    connection: Connection,
    library: Library,
    verdicts: Sequence[Verdict],
    actor: str,
    now: datetime,
) -> Outcome:
    """Write decisions and what follows from them; an undo takes back the decision before it.

    To be called in a transaction that holds the write lock, or within `audit.log.perform`.
    """
    if not verdicts:
        return Outcome()
    before = connection.scalar(select(func.max(ProcedureDecision.id))) or 0
    connection.execute(
        insert(ProcedureDecision),
        [
            {
                "name_id": one.name_id,
                "at": now,
                "actor": actor,
                "act": one.act,
                "procedure_id": one.procedure_id,
            }
            for one in verdicts
        ],
    )
    first, last = connection.execute(
        select(func.min(ProcedureDecision.id), func.max(ProcedureDecision.id)).where(
            ProcedureDecision.id > before
        )
    ).one()
    name_ids = list(dict.fromkeys(one.name_id for one in verdicts))
    _settle(connection, library, name_ids)
    return Outcome(len(name_ids), make_due(connection, name_ids), first, last)


def undo_range(
    connection: Connection, library: Library, span: tuple[int, int], actor: str, now: datetime
) -> Outcome:
    """Take back one's own decisions with ids in a range; a name decided again since keeps that."""
    table = ProcedureDecision
    latest = select(func.max(table.id)).group_by(table.name_id)
    name_ids = connection.scalars(
        select(table.name_id)
        .where(
            table.id.between(*span),
            table.actor == actor,
            table.act != "undo",
            table.id.in_(latest),
        )
        .order_by(table.id)
    ).all()
    return decide(connection, library, [Verdict(one, "undo") for one in name_ids], actor, now)


def _settle(connection: Connection, library: Library, name_ids: Collection[str]) -> None:
    """Set names as their decisions stand; what nobody decides any more is resolved again."""
    history = names.decided(connection, name_ids)
    reopened = []
    for name_id in name_ids:
        holds = standing(history[name_id])
        if holds is None:
            reopened.append(name_id)
        connection.execute(
            update(ProcedureName).where(ProcedureName.id == name_id).values(**_columns(holds))
        )
    if reopened:
        review(connection, library, reopened)


def _columns(holds: Decided | None) -> dict[str, Any]:
    if holds is None:  # what it is taken for now, `review` says
        return {"state": "open", "decided_by": "", "decided_at": None}
    return {
        "state": "confirmed" if holds.act == "confirm" else "ignored",
        "procedure_id": holds.procedure_id,
        "decided_by": holds.by,
        "decided_at": holds.at,
    }
