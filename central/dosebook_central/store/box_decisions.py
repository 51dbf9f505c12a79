"""Rows of decisions that came from boxes: kept as they came, and what became of each."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, select, update

from dosebook_central.domain.box_decision import Fate
from dosebook_central.store.bulk import insert_rows, one_of
from dosebook_central.store.engine import is_sqlite
from dosebook_central.store.models import Record
from dosebook_central.store.screen_models import BoxDecision as Row
from dosebook_protocol.screen_decision import BoxDecision

_STORED = "stored"


@dataclass(frozen=True, slots=True)
class Kept:
    """A decision of a box, and what became of it; `decision_id` is 0 until it is applied."""

    box_id: str
    decision: BoxDecision
    fate: Fate
    reason: str = ""
    decision_id: int = 0


@dataclass(frozen=True, slots=True)
class Screen:
    """The record that a decision is about: of that id, or the one whose evidence it repeated."""

    record_id: str
    box_id: str
    evidence_sha256: str
    media_type: str


def take_turns(connection: Connection, box_ids: Collection[str]) -> None:
    """Keep other writers from the decisions of these boxes until this transaction ends.

    A screen and a decision on it that two writers store at the same time would not see each other.
    """
    if is_sqlite(connection):
        return  # it has one writer anyway
    for box_id in sorted(set(box_ids)):
        key = func.hashtextextended(f"box_decision {box_id}", 0)
        connection.execute(select(func.pg_advisory_xact_lock(key)))


def add(connection: Connection, arrived: Iterable[tuple[str, str, BoxDecision]]) -> None:
    """Keep decisions, each with its box and the record that carries it."""
    rows: list[dict[str, Any]] = [
        {
            "box_id": box_id,
            "id": decision.id,
            "record_id": decision.record_id,
            "path": decision.path,
            "carried_by": carried_by,
            "after": decision.after,
            "body": decision.model_dump(mode="json"),
            "state": Fate.WAITING.value,
            "reason": "",
            "decision_id": 0,
        }
        for box_id, carried_by, decision in arrived
    ]
    insert_rows(connection, Row.__table__, rows)


def waiting_for(connection: Connection, record_ids: Collection[str]) -> list[str]:
    """Which of these records, or of those that these repeat, have decisions that wait."""
    rows = connection.scalars(
        select(Row.record_id)
        .where(Row.record_id.in_(sorted(record_ids)), Row.state == Fate.WAITING.value)
        .distinct()
        .order_by(Row.record_id)
    )
    return list(rows)


def of_screen(connection: Connection, record_id: str) -> list[Kept]:
    """Every decision of boxes on one record, in the order of their records."""
    return of_each_screen(connection, [record_id]).get(record_id, [])


def of_each_screen(connection: Connection, record_ids: Collection[str]) -> dict[str, list[Kept]]:
    """Every decision of boxes on some records, by record, in order; in one statement."""
    rows = connection.execute(
        select(Row.record_id, Row.box_id, Row.body, Row.state, Row.reason, Row.decision_id)
        .join(Record, Record.id == Row.carried_by)
        .where(one_of(connection, Row.record_id, record_ids))
        .order_by(Record.box_id, Record.sequence)
    )
    found: dict[str, list[Kept]] = {}
    for row in rows:
        kept = Kept(
            row.box_id,
            # As its evidence was read: JSON has no moments.
            BoxDecision.model_validate(row.body),
            Fate(row.state),
            row.reason,
            row.decision_id,
        )
        found.setdefault(row.record_id, []).append(kept)
    return found


def disputed(connection: Connection, record_id: str) -> list[Kept]:
    """Decisions of boxes on one screen that differ from what stands, until a person looked."""
    return [one for one in of_screen(connection, record_id) if one.fate is Fate.DIFFERS]


def settle(connection: Connection, record_id: str, path: str, actor: str) -> int:
    """Note that a person looked at what differs on one value; returns how many did."""
    found = [one for one in disputed(connection, record_id) if one.decision.path == path]
    for one in found:
        change(connection, replace(one, fate=Fate.SETTLED, reason=f"settled by {actor}"))
    return len(found)


def change(connection: Connection, kept: Kept) -> None:
    """Write what became of a decision."""
    connection.execute(
        update(Row)
        .where(Row.box_id == kept.box_id, Row.id == kept.decision.id)
        .values(state=kept.fate.value, reason=kept.reason, decision_id=kept.decision_id)
        .execution_options(synchronize_session=False)
    )


def screen_of(connection: Connection, record_id: str) -> Screen | None:
    """The stored record that a decision names; None while it is not here, or is quarantined."""
    columns = (
        Record.id, Record.box_id, Record.evidence_sha256, Record.media_type, Record.status,
        Record.duplicate_of,
    )  # fmt: skip
    row = connection.execute(select(*columns).where(Record.id == record_id)).one_or_none()
    if row is not None and row.duplicate_of:
        row = connection.execute(
            select(*columns).where(Record.id == row.duplicate_of)
        ).one_or_none()
    if row is None or row.status != _STORED:
        return None
    return Screen(row.id, row.box_id, row.evidence_sha256, row.media_type)
