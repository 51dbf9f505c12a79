"""Decide that two exams are one or two, and take that back.

Each is one transaction with the exams that follow from it. To be called in a transaction that holds
the write lock, or within `audit.log.perform`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from dosebook_central.domain.same_exam_links import DECIDED, evidence_keys, parted
from dosebook_central.exams.regroup import Plan, ReadingCache, members_of, write_exams
from dosebook_central.same_exams.look import look, pair_key
from dosebook_central.store import same_exams
from dosebook_central.store.bulk import one_of
from dosebook_central.store.models import Exam, LinkKey, Record
from dosebook_central.store.records import Wanted, find_known, lock_groups, merge_groups
from dosebook_central.store.same_exams import Decided


def one(
    connection: Connection, counted_id: str, other_id: str, reason: str, actor: str, now: datetime
) -> int | None:
    """Say that two exams are one, whose dose is that of the first; returns the decision's id.

    None where no hint is open on them, or where their UIDs tie them already.
    """
    hint = same_exams.open_hint(connection, counted_id, other_id)
    keys = [_link_key(connection, exam_id) for exam_id in (counted_id, other_id)]
    if hint is None or not all(keys):
        return None
    known = _lock(connection, keys)
    groups = sorted(set(known.values()))
    if len(groups) < len(keys):
        return None
    into = groups[0] if groups[0].startswith(DECIDED) else f"{DECIDED}{groups[0]}"
    decision_id = same_exams.add(
        connection,
        act="one",
        at=now,
        actor=actor,
        counted_key=keys[0],
        other_key=keys[1],
        counted_exam_id=counted_id,
        other_exam_id=other_id,
        facts=hint[0],
        reason=reason,
        body=hint[1],
    )
    plan = Plan({into: into}, {}, {group: into for group in groups if group != into})
    stored = find_known(connection, Wanted((), {}, (), groups))
    members = members_of(connection, stored, ReadingCache(), plan)
    write_exams(connection, members, plan, groups, now)
    return decision_id


def two(
    connection: Connection, first_id: str, second_id: str, reason: str, actor: str, now: datetime
) -> int | None:
    """Say that two exams are two as far as is known today; returns the decision's id.

    None where no hint is open on them.
    """
    hint = same_exams.open_hint(connection, first_id, second_id)
    studies = _studies(connection, (first_id, second_id))
    if hint is None or len(studies) < 2:
        return None
    decision_id = same_exams.add(
        connection,
        act="two",
        at=now,
        actor=actor,
        counted_key=pair_key(first_id, studies[first_id]),
        other_key=pair_key(second_id, studies[second_id]),
        counted_exam_id=first_id,
        other_exam_id=second_id,
        facts=hint[0],
        reason=reason,
        body=hint[1],
    )
    look(connection, [first_id, second_id])
    return decision_id


def take_back(connection: Connection, decision_id: int, actor: str, now: datetime) -> bool:
    """Take a decision back, the exams as they would be without it; False where it does not hold."""
    decided = same_exams.get_decision(connection, decision_id)
    if decided is None:
        return False
    if decided.act == "two":
        _undo(connection, decided, actor, now)
        look(connection, [decided.counted_exam_id, decided.other_exam_id])
        return True
    group = _lock(connection, [decided.counted_key])[decided.counted_key]
    _undo(connection, decided, actor, now)
    _part(connection, group, decided.counted_key, now)
    return True


def _undo(connection: Connection, decided: Decided, actor: str, now: datetime) -> None:
    body = same_exams.hint_to_json(decided.hint)
    same_exams.add(connection, act="undo", at=now, actor=actor, undoes=decided.id, body=body)


def _part(connection: Connection, group: str, home_key: str, now: datetime) -> None:
    """Let a group fall into those that UIDs and the decisions that still hold make of it.

    What no record of today names, such as a key of an earlier reader, stays with `home_key`.
    """
    cache = ReadingCache()
    stored = find_known(connection, Wanted((), {}, (), [group]))
    whole = members_of(connection, stored, cache, Plan({group: group}, {}, {})).get(group, [])
    keys = {one.record_id: evidence_keys(one) for one in whole}
    group_of = parted(keys, same_exams.links_of(connection, [group]).get(group, ()))
    home = next((group_of[record] for record, own in keys.items() if home_key in own), group)
    names = {home, *group_of.values()}
    if home != group:  # first of all: the group's own name may be that of another part
        merge_groups(connection, {group: home})
    for name in sorted(names - {home}):
        records = [record for record, own in group_of.items() if own == name]
        own_keys = sorted({key for record in records for key in keys[record]})
        _move(connection, Record.id, Record, records, name)
        _move(connection, LinkKey.key, LinkKey, own_keys, name)
    plan = Plan({name: name for name in names}, {}, {})
    moved = find_known(connection, Wanted((), {}, (), sorted(names)))
    members = members_of(connection, moved, cache, plan)
    members.setdefault(group, [])  # its exams go, where it is no more
    write_exams(connection, members, plan, [group], now)
    exams = select(Exam.id).where(one_of(connection, Exam.group_id, sorted(names)))
    look(connection, list(connection.scalars(exams)))


def _move(connection: Connection, key: Any, model: Any, values: Sequence[str], group: str) -> None:
    connection.execute(
        update(model)
        .where(one_of(connection, key, values))
        .values(group_id=group)
        .execution_options(synchronize_session=False)
    )


def _lock(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """Return the group of each key, locked; a key of a group that just merged is asked for again.

    Keys are never dropped, so that each is found in the end.
    """
    while True:
        known = lock_groups(connection, keys)
        if all(key in known for key in keys):
            return {key: known[key] for key in keys}


def _link_key(connection: Connection, exam_id: str) -> str:
    """What ties an exam: its study, else the first key of its group; "" where it has none."""
    row = connection.execute(
        select(Exam.study_uid, Exam.group_id).where(Exam.id == exam_id)
    ).one_or_none()
    if row is None:
        return ""
    if row.study_uid:
        return pair_key(exam_id, row.study_uid)
    first = select(func.min(LinkKey.key)).where(LinkKey.group_id == row.group_id)
    return connection.scalar(first) or ""


def _studies(connection: Connection, exam_ids: Sequence[str]) -> dict[str, str]:
    rows = connection.execute(
        select(Exam.id, Exam.study_uid).where(one_of(connection, Exam.id, exam_ids))
    )
    return {row.id: row.study_uid for row in rows}
