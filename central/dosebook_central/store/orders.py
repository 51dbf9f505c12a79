"""What people decided on the orders of irradiation events: rows are added, never changed."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from dosebook_central.domain.procedures.decisions import standing
from dosebook_central.store.dose_models import OrderDecision
from dosebook_central.store.models import Event, Exam


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision on one event as it was made; an undo names no order."""

    event_uid: str
    act: str  # assign | undo
    accession_number: str
    actor: str
    at: datetime


def decisions(connection: Connection, exam_id: str) -> list[Decided]:
    """Return all decisions on the events of an exam, the oldest first."""
    rows = connection.execute(
        select(
            OrderDecision.event_uid,
            OrderDecision.act,
            OrderDecision.accession_number,
            OrderDecision.actor,
            OrderDecision.at,
        )
        .join(Exam, Exam.patient_id == OrderDecision.patient_id)
        .join(Event, (Event.exam_id == Exam.id) & (Event.uid == OrderDecision.event_uid))
        .where(Exam.id == exam_id)
        .order_by(OrderDecision.id)
    )
    return [Decided(*row) for row in rows]


def in_force(decided: list[Decided]) -> dict[str, Decided]:
    """Return the decision that holds for each event; events without one are left out."""
    by_event: defaultdict[str, list[Decided]] = defaultdict(list)
    for one in decided:
        by_event[one.event_uid].append(one)
    held = {uid: standing(series) for uid, series in by_event.items()}
    return {uid: one for uid, one in held.items() if one is not None}


def decide(
    connection: Connection,
    exam_id: str,
    wanted: Mapping[str, str | None],
    actor: str,
    now: datetime,
) -> int:
    """Write decisions by event UID: an accession number, "" for none, None takes the last back.

    Returns how many were written; events that are not the exam's are passed over.
    """
    rows = connection.execute(
        select(Event.uid, Exam.patient_id)
        .join(Exam, Exam.id == Event.exam_id)
        .where(Event.exam_id == exam_id, Event.uid.in_(wanted))
        .order_by(Event.ordinal)
    ).all()
    if rows:
        connection.execute(
            insert(OrderDecision),
            [
                {
                    "patient_id": patient_id,
                    "event_uid": uid,
                    "at": now,
                    "actor": actor,
                    "act": "undo" if wanted[uid] is None else "assign",
                    "accession_number": wanted[uid] or "",
                }
                for uid, patient_id in rows
            ],
        )
    return len(rows)
