"""Exams that may be one: hints are found anew, decisions are added and never changed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, Select, delete, exists, insert, or_, select

from dosebook_central.domain.same_exam import Hint
from dosebook_central.domain.same_exam_links import SameExam
from dosebook_central.store.bulk import Rows, one_of, upsert_rows
from dosebook_central.store.models import Exam, LinkKey
from dosebook_central.store.same_exam_models import SameExamDecision, SameExamHint

_HINT: Final = TypeAdapter(Hint)
_UNDONE: Final = select(SameExamDecision.undoes).where(SameExamDecision.undoes.is_not(None))


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision on two exams as it was made, with what was known of them then."""

    id: int
    at: datetime
    actor: str
    act: str
    counted_key: str
    other_key: str
    counted_exam_id: str
    other_exam_id: str
    facts: str
    reason: str
    hint: Hint


def hint_to_json(hint: Hint) -> dict[str, Any]:
    """Return a hint as plain JSON values, numbers as decimal strings."""
    data: dict[str, Any] = _HINT.dump_python(hint, mode="json")
    return data


def hint_from_json(data: dict[str, Any]) -> Hint:
    """Return the hint that `hint_to_json` wrote; raises `pydantic.ValidationError`."""
    return _HINT.validate_python(data)


def put_hints(connection: Connection, exam_ids: Collection[str], rows: Rows) -> None:
    """Put hints in the place of all that named one of these exams, or one that is gone.

    Ingest drops exams and leaves their hints to this: it has no statement to spare.
    """
    named = (SameExamHint.first_exam_id, SameExamHint.second_exam_id)
    connection.execute(
        delete(SameExamHint).where(
            or_(
                *(one_of(connection, column, exam_ids) for column in named),
                *(~exists().where(Exam.id == column) for column in named),
            )
        )
    )
    upsert_rows(connection, SameExamHint.__table__, rows)


def open_hint(
    connection: Connection, first_id: str, second_id: str
) -> tuple[str, dict[str, Any]] | None:
    """Return facts and body of the hint on two exams, in any order, locked; None without one."""
    one, other = sorted((first_id, second_id))
    row = connection.execute(
        select(SameExamHint.facts, SameExamHint.body)
        .where(SameExamHint.first_exam_id == one, SameExamHint.second_exam_id == other)
        .with_for_update()
    ).one_or_none()
    return (row.facts, row.body) if row else None


def links_of(connection: Connection, groups: Collection[str]) -> dict[str, list[SameExam]]:
    """Return the decisions that hold by group: which link keys are of one procedure."""
    rows = connection.execute(
        select(LinkKey.group_id, SameExamDecision.counted_key, SameExamDecision.other_key)
        .join(SameExamDecision, SameExamDecision.counted_key == LinkKey.key)
        .where(
            one_of(connection, LinkKey.group_id, groups),
            SameExamDecision.act == "one",
            SameExamDecision.id.not_in(_UNDONE),
        )
        .order_by(SameExamDecision.id)
    )
    found: defaultdict[str, list[SameExam]] = defaultdict(list)
    for group, counted, other in rows:
        found[group].append(SameExam(counted, other))
    return dict(found)


def facts_kept_apart(
    connection: Connection, keys: Collection[str]
) -> set[tuple[frozenset[str], str]]:
    """Return the pairs of keys that were decided to be two exams, each with the facts of then."""
    rows = connection.execute(
        _decisions("two").where(one_of(connection, SameExamDecision.counted_key, keys))
    )
    return {(frozenset((row.counted_key, row.other_key)), row.facts) for row in rows}


def get_decision(connection: Connection, decision_id: int) -> Decided | None:
    """Return a decision that holds."""
    rows = connection.execute(
        _decisions("one", "two").where(SameExamDecision.id == decision_id).with_for_update()
    )
    return next(iter(_decided(rows)), None)


def decisions_on_studies(connection: Connection, keys: Collection[str]) -> list[Decided]:
    """Return which decisions made one exam of these link keys, the oldest first."""
    rows = connection.execute(
        _decisions("one")
        .where(one_of(connection, SameExamDecision.counted_key, keys))
        .order_by(SameExamDecision.id)
    )
    return _decided(rows)


def joined_into(connection: Connection, exam_id: str) -> str | None:
    """Return the exam that one which is not there any more was decided to be."""
    rows = connection.execute(
        _decisions("one")
        .where(SameExamDecision.other_exam_id == exam_id)
        .order_by(SameExamDecision.id.desc())
        .limit(1)
    )
    found = next(iter(_decided(rows)), None)
    return found.counted_exam_id if found else None


def list_decided(connection: Connection, act: str, limit: int, first: int) -> list[Decided]:
    """Return decisions that hold, the newest first; `act` is `one` or `two`."""
    statement = _decisions(act).order_by(SameExamDecision.id.desc()).limit(limit).offset(first)
    return _decided(connection.execute(statement))


def add(connection: Connection, **values: Any) -> int:
    """Write a decision and return its id; the names are those of its columns."""
    statement = insert(SameExamDecision).values(**values).returning(SameExamDecision.id)
    return connection.execute(statement).scalar_one()


def _decisions(*acts: str) -> Select[Any]:
    columns = (*Decided.__slots__[:-1], "body")
    return select(*(getattr(SameExamDecision, name) for name in columns)).where(
        SameExamDecision.act.in_(acts), SameExamDecision.id.not_in(_UNDONE)
    )


def _decided(rows: Iterable[Sequence[Any]]) -> list[Decided]:
    found = []
    for *columns, body in rows:
        values: list[Any] = [*columns, hint_from_json(body)]
        found.append(Decided(*values))
    return found
