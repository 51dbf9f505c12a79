"""Find the raw names that exams bear: new ones as exams are derived, all of them now and then."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from math import inf
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, select, update

from dosebook_central.domain.procedures.names import RawName, name_of_facts
from dosebook_central.dosimetry.sets import Library
from dosebook_central.procedures.review import new_row
from dosebook_central.store.bulk import insert_rows, one_of
from dosebook_central.store.dose_models import ProcedureName
from dosebook_central.store.models import Event, Exam
from dosebook_central.store.queries import procedures as names

LoadLibrary = Callable[[Connection], Library]

COUNTED_EVERY: Final = timedelta(minutes=5)
"""Longest time between two counts while exams arrive."""

# Counting is a pass over all exams: it may take a hundredth of the time, so that the counts of a
# small archive follow at once, and those of a large one do not hold up what arrives.
_RESTS: Final = 100

_MOST_AT_ONCE: Final = 20_000
_NAMES: Final = ProcedureName.__table__
_EXAMS: Final = Exam.__table__


class NameKeeper:
    """Keeps the list of names while exams are derived: an observer of the derivation.

    A new name is listed with the batch that brings it. Counts follow with the first batch after a
    hundred times as long as the last count took, five minutes at most.
    """

    def __init__(
        self,
        load_library: LoadLibrary,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load_library = load_library
        self._clock = clock
        self._next_count = -inf

    def __call__(self, connection: Connection, exams: Sequence[Any]) -> None:
        """List the names that the exams of a batch bring."""
        exam_ids = [one.exam.exam_id for one in exams]
        began = self._clock()
        if began >= self._next_count:
            look(connection, self._load_library(connection))
            done = self._clock()
            rest = min((done - began) * _RESTS, COUNTED_EVERY.total_seconds())
            self._next_count = done + rest
            return
        borne = select(Exam.name_id).where(
            one_of(connection, Exam.id, exam_ids), Exam.name_id != ""
        )
        listed = select(ProcedureName.id)
        new = connection.scalars(borne.where(Exam.name_id.not_in(listed)).distinct()).all()
        _add(connection, self._load_library, sorted(new))


def look(connection: Connection, library: Library) -> int:
    """List the names that are not listed yet, and count all; returns how many are new."""
    _name_exams(connection)
    counted = {
        row[0]: row
        for row in connection.execute(
            select(Exam.name_id, func.count(), func.min(Exam.started), func.max(Exam.started))
            .where(Exam.name_id != "")
            .group_by(Exam.name_id)
            .order_by(Exam.name_id)
        )
    }
    known = {
        row.id: (row.exam_count, row.first_seen, row.last_seen)
        for row in connection.execute(
            select(
                ProcedureName.id,
                ProcedureName.exam_count,
                ProcedureName.first_seen,
                ProcedureName.last_seen,
            )
        )
    }
    new = sorted(counted.keys() - known.keys())
    _add(connection, lambda _: library, new)
    gone = {one: (one, 0, "", "") for one in known.keys() - counted.keys()}
    changed = [
        dict(zip(("key", "count", "first", "last"), row, strict=True))
        for key, row in (counted | gone).items()
        if known.get(key) != tuple(row[1:])
    ]
    if changed:
        connection.execute(_COUNT, changed)
    return len(new)


_COUNT: Final = (
    update(_NAMES)
    .where(_NAMES.c.id == bindparam("key"))
    .values(
        exam_count=bindparam("count"), first_seen=bindparam("first"), last_seen=bindparam("last")
    )
)


def _add(connection: Connection, load_library: LoadLibrary, new: Sequence[str]) -> None:
    """Add rows for new names, each spelled as the first of its exams spells it."""
    if not new:
        return
    resolver = names.load_resolver(connection, load_library(connection))
    first = (
        select(func.min(Exam.id))
        .where(one_of(connection, Exam.name_id, new))
        .group_by(Exam.name_id)
    )
    exams = connection.execute(_named().where(Exam.id.in_(first))).all()
    rows = [
        new_row(_name_of(connection, exam), resolver)
        | {"exam_count": 1, "first_seen": exam.started, "last_seen": exam.started}
        for exam in exams
    ]
    insert_rows(connection, _NAMES, rows)


def _name_exams(connection: Connection) -> None:
    """Name exams that were written without: by a version before names, or by a bulk load.

    Some thousand at a time, because this holds the database; the next look goes on.
    """
    rename = update(_EXAMS).where(_EXAMS.c.id == bindparam("key")).values(name_id=bindparam("name"))
    exams = connection.execute(_named().where(Exam.name_id == "").limit(_MOST_AT_ONCE)).all()
    if exams:
        connection.execute(
            rename,
            [{"key": exam.id, "name": _name_of(connection, exam).id} for exam in exams],
        )


def _name_of(connection: Connection, exam: Any) -> RawName:
    facts: Mapping[str, Any] = exam.facts or {
        "descriptions": [exam.description],
        "protocols": [exam.protocol],
    }
    name = name_of_facts(exam.modality, facts)
    if name.text:
        return name
    protocols = connection.scalars(select(Event.protocol).where(Event.exam_id == exam.id)).all()
    return name_of_facts(exam.modality, facts, protocols)


def _named() -> Select[*tuple[Any, ...]]:
    columns = "id name_id started modality description protocol facts"
    return select(*(getattr(Exam, column) for column in columns.split()))
