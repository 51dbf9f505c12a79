"""Decide on a value of a screen, and take that back: the reading and its exams follow at once.

A decision adds a version of the reading, named after the reader's own version and the decision
(`1+17`); where none holds any more, the reader's version is in force again. Nothing is overwritten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from dosebook_central.domain.screen_review import (
    WHOLE,
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
from dosebook_central.exams.regroup import reconcile_anew
from dosebook_central.store.bulk import insert_rows
from dosebook_central.store.models import LinkKey, Reading, Record
from dosebook_central.store.queries.screens import Decided, decisions_on
from dosebook_central.store.readings import dump_reading, load_reading
from dosebook_central.store.records import lock_group
from dosebook_central.store.screen_models import ScreenDecision, ScreenValue

_COMPLETED: Final = "+"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person says of one value; `seen` is the last decision that they saw, 0 for none.

    `at` is when they said it, where that was not now.
    """

    record_id: str
    path: str
    act: Act
    note: str = ""
    confirmed: Confirmed | None = None
    seen: int = 0
    at: datetime | None = None


def decide(connection: Connection, verdict: Verdict, actor: str, now: datetime) -> State | None:
    """Write a decision with all that follows; None where somebody else decided meanwhile.

    A `disown` is of the whole screen, and so is the undo that follows it. To be called in a
    transaction that holds the write lock, or within `audit.log.perform`.
    """
    group, version = _lock(connection, verdict.record_id)
    known = decisions_on(connection, verdict.record_id)
    values = _values(connection, verdict.record_id)
    was_released = values.get(verdict.path)
    before = [one.decision for one in known]
    is_disowned = WHOLE in held_by_path(before)
    if was_released is None or _last(known, verdict.path) != verdict.seen:
        return None
    if not _may(verdict, before, was_released=was_released, is_disowned=is_disowned):
        return None
    is_whole = verdict.act == "disown" or is_disowned
    path = WHOLE if is_whole else verdict.path
    at = verdict.at or now
    decision = Decision(path, verdict.act, actor, at, verdict.note, verdict.confirmed)
    number = _write(connection, verdict.record_id, decision)
    decisions = [*before, decision]
    _put_in_force(connection, verdict.record_id, version, decisions, number, now)
    settled = dict(values) if is_whole else {path: was_released}
    states = _settle(connection, verdict.record_id, settled, decisions)
    if group:
        reconcile_anew(connection, [group], now)
    return states[verdict.path]


def _may(
    verdict: Verdict, before: Sequence[Decision], *, was_released: bool, is_disowned: bool
) -> bool:
    """Whether a decision makes sense as things stand; on a disowned screen only its undo does."""
    if verdict.act == "disown" or is_disowned:
        return (verdict.act == "undo") is is_disowned
    own = _on(before, verdict.path)
    state = state_of(own, was_released=was_released)
    return may_follow(state, verdict.act, has_decisions=bool(held_by_path(own)))


def _on(decisions: Sequence[Decision], path: str) -> list[Decision]:
    return [one for one in decisions if one.path == path]


def _last(known: Sequence[Decided], path: str) -> int:
    return max((one.id for one in known if one.decision.path in {path, WHOLE}), default=0)


def _values(connection: Connection, record_id: str) -> dict[str, bool]:
    """By path, whether the reader released the value."""
    rows = connection.execute(
        select(ScreenValue.path, ScreenValue.was_released).where(ScreenValue.record_id == record_id)
    )
    return {row.path: row.was_released for row in rows}


def _lock(connection: Connection, record_id: str) -> tuple[str, str]:
    """Keep others from the record and from its group; return the group and the version in force."""
    which = select(Record.group_id, Record.reader_version).where(Record.id == record_id)
    group = connection.execute(which.with_for_update()).one().group_id
    if group:
        key = connection.scalar(select(LinkKey.key).where(LinkKey.group_id == group).limit(1))
        lock_group(connection, key or "")
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
        insert_rows(connection, Reading.__table__, [row])
    else:
        version = base
    connection.execute(
        update(Record)
        .where(Record.id == record_id)
        .values(reader_version=version)
        .execution_options(synchronize_session=False)
    )


def _settle(
    connection: Connection,
    record_id: str,
    values: Mapping[str, bool],
    decisions: Sequence[Decision],
) -> dict[str, State]:
    """Note where values stand now; returns their states by path."""
    held = held_by_path(decisions)
    states: dict[str, State] = {}
    for path, was_released in values.items():
        last = held.get(WHOLE, held.get(path))
        states[path] = state_of(
            _on(decisions, path), was_released=was_released, is_disowned=WHOLE in held
        )
        connection.execute(
            update(ScreenValue)
            .where(ScreenValue.record_id == record_id, ScreenValue.path == path)
            .values(
                state=states[path].value,
                decided_by=last.by if last else "",
                decided_at=last.at if last else None,
            )
            .execution_options(synchronize_session=False)
        )
    return states
