"""What differs between two ways of deriving: stored versions, or sets computed for the comparison.

Compared are the values of whole exams that their pages show first. Nothing is written.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from heapq import nlargest
from typing import Final, Literal

from sqlalchemy import ColumnElement, Connection, Engine, func, select
from sqlalchemy.orm import aliased

from dosebook_central.derivation import process
from dosebook_central.derivation.engine import derive_safely
from dosebook_central.derivation.process import Processes
from dosebook_central.derivation.recompute import Progress, Tell, count_exams, exams_since, pages
from dosebook_central.derivation.rows import ExamRow, read_exams
from dosebook_central.dosimetry.stored_form import from_text
from dosebook_central.dosimetry.values import WHOLE_EXAM, Derived, DerivedValue
from dosebook_central.store.bulk import one_of
from dosebook_central.store.dose_models import Derivation, ExamDose

Stored = Literal["in-force", "previous", "first"]
STORED: Final[tuple[Stored, ...]] = ("in-force", "previous", "first")
LARGEST: Final = 10
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: a stored version, or sets (none named: those in force now)."""

    stored: Stored | None = None
    set_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One value of one exam on both sides; None where that side has none."""

    exam_id: str
    procedure_id: str
    quantity: str
    unit: str
    before: float | None
    after: float | None

    @property
    def ratio(self) -> float | None:
        """After in units of before; None where one is missing or nothing can be divided by."""
        return self.after / self.before if self.before and self.after is not None else None


@dataclass(frozen=True, slots=True)
class Compared:
    """What one batch of exams gave."""

    exams: int
    changed: int  # exams of which anything at all is said differently
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity of one procedure, or of all: how the values of both sides relate."""

    quantity: str
    unit: str
    procedure_id: str
    count: int
    unchanged: int
    only_before: int
    only_after: int
    median: float | None
    p5: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """A difference between two sides over some exams."""

    exams: int
    changed: int
    lines: tuple[Line, ...]
    largest: tuple[Change, ...]  # of each quantity, by their ratio's distance from 1


@dataclass(slots=True)
class _Group:
    unit: str = ""
    ratios: list[float] = field(default_factory=list)
    unchanged: int = 0
    only_before: int = 0
    only_after: int = 0


def difference(
    processes: Processes, engine: Engine, sides: tuple[Side, Side], since: date | None, tell: Tell
) -> Report:
    """Compare two sides over all exams, or those made on a day or later."""
    where = exams_since(since)
    with engine.connect() as connection:
        total = count_exams(connection, where)
    groups: defaultdict[tuple[str, str], _Group] = defaultdict(_Group)
    largest: dict[str, list[Change]] = {}
    exams = changed = 0
    for batch in processes.run((compare, (ids, *sides)) for ids in pages(engine, where)):
        exams += batch.exams
        changed += batch.changed
        for change in batch.changes:
            for procedure_id in (ALL, change.procedure_id):
                _count(groups[change.quantity, procedure_id], change)
        _keep_largest(largest, batch.changes)
        tell(Progress(exams, total))
    lines = tuple(_line(*key, groups[key]) for key in sorted(groups))
    return Report(exams, changed, lines, tuple(one for q in sorted(largest) for one in largest[q]))


def compare(exam_ids: Sequence[str], before: Side, after: Side) -> Compared:
    """Compare two sides of some exams, in a process that was begun for it."""
    with process.own().writer.engine.connect() as connection:
        rows = read_exams(connection, exam_ids)
        one, other = (_derived(connection, rows, side) for side in (before, after))
    changes: list[Change] = []
    changed = 0
    for exam_id in one.keys() | other.keys():
        left, right = one.get(exam_id, Derived()), other.get(exam_id, Derived())
        changed += left != right
        changes += _changes(exam_id, left, right)
    return Compared(len(rows), changed, tuple(changes))


def _derived(connection: Connection, rows: Iterable[ExamRow], side: Side) -> dict[str, Derived]:
    if side.stored is not None:
        exam_ids = [row.exam.exam_id for row in rows]
        return _stored(connection, exam_ids, side.stored)
    rules = process.own().rules(connection, side.set_ids)
    return {row.exam.exam_id: derive_safely(row.exam, rules)[0] for row in rows}


def _stored(connection: Connection, exam_ids: Sequence[str], which: Stored) -> dict[str, Derived]:
    """Read what was derived before; an exam without such a version is left out."""
    if which == "in-force":
        version: ColumnElement[int] = ExamDose.__table__.c.version
    else:
        earlier = aliased(Derivation)
        limit = [earlier.version < ExamDose.version] if which == "previous" else []
        pick = func.max if which == "previous" else func.min
        version = (
            select(pick(earlier.version))
            .where(earlier.exam_id == ExamDose.exam_id, ~earlier.is_trial, *limit)
            .scalar_subquery()
        )
    rows = connection.execute(
        select(Derivation.exam_id, Derivation.body)
        .join(ExamDose, ExamDose.exam_id == Derivation.exam_id)
        .where(one_of(connection, Derivation.exam_id, exam_ids), Derivation.version == version)
    )
    return {row.exam_id: from_text(row.body) for row in rows}


def _changes(exam_id: str, before: Derived, after: Derived) -> Iterator[Change]:
    left, right = _numbers(before), _numbers(after)
    procedure_id = after.procedure_id or before.procedure_id
    for key in left.keys() | right.keys():
        one, other = left.get(key), right.get(key)
        said = one or other
        if said is not None:
            yield Change(
                exam_id,
                procedure_id,
                said.quantity,
                said.unit,
                None if one is None else float(one.value),
                None if other is None else float(other.value),
            )


def _numbers(derived: Derived) -> dict[tuple[object, ...], DerivedValue]:
    """The headline values of the whole exam, each by what it is of; not by how it was computed."""
    return {
        (value.quantity, place.part, place.phantom, place.plane, place.side): value
        for value in derived.values
        if value.is_headline and (place := value.place).event == WHOLE_EXAM
    }


def _count(group: _Group, change: Change) -> None:
    group.unit = change.unit
    if change.before is None:
        group.only_after += 1
    elif change.after is None:
        group.only_before += 1
    else:
        group.unchanged += change.before == change.after
        if change.ratio is not None:
            group.ratios.append(change.ratio)


def _keep_largest(largest: dict[str, list[Change]], changes: Iterable[Change]) -> None:
    by_quantity: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if change.ratio is not None and change.before != change.after:
            by_quantity[change.quantity].append(change)
    for quantity, found in by_quantity.items():
        candidates = largest.get(quantity, []) + found
        largest[quantity] = nlargest(LARGEST, candidates, key=_distance)


def _distance(change: Change) -> tuple[float, str]:
    ratio = change.ratio
    return (abs(math.log(ratio)) if ratio else math.inf, change.exam_id)


def _line(quantity: str, procedure_id: str, group: _Group) -> Line:
    ratios = group.ratios
    # Twenty parts: the 1st and the 19th cut are P5 and P95.
    cuts = statistics.quantiles(ratios, n=20, method="inclusive") if len(ratios) > 1 else ratios
    return Line(
        quantity,
        group.unit,
        procedure_id,
        len(ratios),
        group.unchanged,
        group.only_before,
        group.only_after,
        statistics.median(ratios) if ratios else None,
        cuts[0] if cuts else None,
        cuts[-1] if cuts else None,
    )
