"""Decide on a value of a screen, and take that back: the reading and its exams follow at once.

A decision adds a version of the reading, named after the reader's own version and the decision
(`1+17`); where none holds any more, the reader's version is in force again. Nothing is overwritten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from sqlalchemy import Connection, Table, func, insert, select, update

from dosebook_central.domain.screen_review import (
    Act,
    Confirmed,
    Decision,
    State,
    complete,
    held_by_path,
    may_follow,
    state_of,
    to_json,
)
from dosebook_central.ingest.regroup import reconcile_anew
from dosebook_central.ingest.rows import dump_reading, load_reading
from dosebook_central.store.bulk import insert_rows
from dosebook_central.store.models import LinkKey, Reading, Record
from dosebook_central.store.queries.screens import decisions_on
from dosebook_central.store.records import lock_groups
from dosebook_central.store.screen_models import ScreenDecision, ScreenValue

_COMPLETED: Final = "+"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person says of one value; `seen` is the last decision that they saw, 0 for none."""

    record_id: str
    path: str
    act: Act
    note: str = ""
    confirmed: Confirmed | None = None
    seen: int = 0


def decide(connection: Connection, verdict: Verdict, actor: str, now: datetime) -> State | None:
    """Write a decision with all that follows; None where somebody else decided meanwhile.

    To be called in a transaction that holds the write lock, or within `audit.log.perform`.
    """
    group, version = _lock(connection, verdict.record_id)
    value = connection.execute(
        select(ScreenValue.was_released).where(
            ScreenValue.record_id == verdict.record_id, ScreenValue.path == verdict.path
        )
    ).one_or_none()
    known = decisions_on(connection, verdict.record_id)
    own = [one.decision for one in known if one.decision.path == verdict.path]
    last = max((one.id for one in known if one.decision.path == verdict.path), default=0)
    if value is None or last != verdict.seen:
        return None
    before = state_of(own, was_released=value.was_released)
    has_decisions = bool(held_by_path(own))
    if not may_follow(before, verdict.act, has_decisions=has_decisions):
        return None
    decision = Decision(verdict.path, verdict.act, actor, now, verdict.note, verdict.confirmed)
    number = _write(connection, verdict.record_id, decision)
    decisions = [*(one.decision for one in known), decision]
    _put_in_force(connection, verdict.record_id, version, decisions, number, now)
    after = state_of([*own, decision], was_released=value.was_released)
    _settle(connection, verdict, held_by_path([*own, decision]).get(verdict.path), after)
    if group:
        reconcile_anew(connection, [group], now)
    return after


def _lock(connection: Connection, record_id: str) -> tuple[str, str]:
    """Keep others from the record and from its group; return the group and the version in force."""
    which = select(Record.group_id, Record.reader_version).where(Record.id == record_id)
    group = connection.execute(which.with_for_update()).one().group_id
    if group:
        key = select(LinkKey.key).where(LinkKey.group_id == group).limit(1)
        lock_groups(connection, connection.scalars(key).all())
    row = connection.execute(which).one()
    return row.group_id, row.reader_version


def _write(connection: Connection, record_id: str, decision: Decision) -> int:
    connection.execute(
        insert(ScreenDecision).values(
            record_id=record_id,
            path=decision.path,
            at=decision.at,
            actor=decision.by,
            act=decision.act,
            note=decision.note,
            body=to_json(decision.confirmed) if decision.confirmed else None,
        )
    )
    mine = select(func.max(ScreenDecision.id)).where(ScreenDecision.record_id == record_id)
    return connection.scalar(mine) or 0


def _put_in_force(
    connection: Connection,
    record_id: str,
    version: str,
    decisions: Sequence[Decision],
    number: int,
    now: datetime,
) -> None:
    """Add the completed reading, or go back to the reader's own where nothing holds."""
    base = version.partition(_COMPLETED)[0]
    if held_by_path(decisions):
        body = connection.scalars(
            select(Reading.body).where(
                Reading.record_id == record_id, Reading.reader_version == base
            )
        ).one()
        version = f"{base}{_COMPLETED}{number}"
        row = {
            "record_id": record_id,
            "reader_version": version,
            "read_at": now,
            "body": dump_reading(complete(load_reading(body), decisions)),
        }
        insert_rows(connection, cast("Table", Reading.__table__), [row])
    else:
        version = base
    connection.execute(
        update(Record)
        .where(Record.id == record_id)
        .values(reader_version=version)
        .execution_options(synchronize_session=False)
    )


def _settle(connection: Connection, verdict: Verdict, held: Decision | None, state: State) -> None:
    connection.execute(
        update(ScreenValue)
        .where(ScreenValue.record_id == verdict.record_id, ScreenValue.path == verdict.path)
        .values(
            state=state.value,
            decided_by=held.by if held else "",
            decided_at=held.at if held else None,
        )
        .execution_options(synchronize_session=False)
    )
