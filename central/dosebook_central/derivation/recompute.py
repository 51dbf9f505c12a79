"""Derive all exams again, or some, in several processes: with the sets in force, or as a trial.

With the sets in force the work list is the progress: what is not done when a run ends stays due,
and a running registry or a continued run goes on with it. A trial leaves the present view as it is
and adds a version beside those in force; an exam that has it already is left out, so a run that was
killed goes on where it was.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select, true

from dosebook_central.derivation import history, process
from dosebook_central.derivation.engine import Count, derive_batch, derive_safely
from dosebook_central.derivation.history import Stamp
from dosebook_central.derivation.process import Call, Processes
from dosebook_central.derivation.rows import read_exams
from dosebook_central.dosimetry.derive import DOSIMETRY_VERSION
from dosebook_central.dosimetry.sets import Library
from dosebook_central.dosimetry.stored_form import to_text
from dosebook_central.store.derivation_due import mark_due
from dosebook_central.store.dose_models import Derivation, DerivationDue, Priority
from dosebook_central.store.models import Exam
from dosebook_central.store.writer import Writer

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Progress:
    """How many exams are done, of how many."""

    done: int
    total: int


Tell = Callable[[Progress], None]


def derive_again(
    processes: Processes, writer: Writer, since: date | None, tell: Tell, *, goes_on: bool = False
) -> Count:
    """Derive exams again with the sets in force; those that are due already where it goes on."""
    if not goes_on:
        writer.run(lambda connection: mark_due(connection, exams_since(since)))
    with writer.engine.connect() as connection:
        waiting = select(func.count()).where(DerivationDue.priority < Priority.FAILED)
        total = connection.scalar(waiting) or 0
    counted, is_done = Count(), False

    def calls() -> Iterator[Call]:
        while not is_done:
            yield derive_due, ()

    for count in processes.run(calls()):
        counted += count
        if not count.taken:
            is_done = True
            continue
        tell(Progress(counted.taken, total))
    return counted


def try_sets(
    processes: Processes, engine: Engine, library: Library, since: date | None, tell: Tell
) -> Count:
    """Add a trial version to exams, with the sets of a library that the processes were given."""
    where = and_(exams_since(since), _without_trial(library.digest))
    with engine.connect() as connection:
        total = count_exams(connection, where)
    counted, done = Count(), 0
    for count in processes.run((add_trials, (ids,)) for ids in pages(engine, where)):
        counted += count
        done += count.taken
        tell(Progress(done, total))
    return counted


def exams_since(since: date | None) -> ColumnElement[bool]:
    """The condition on `exam` that it was made on a day or later; all without a day."""
    return true() if since is None else Exam.started >= since.isoformat()


def count_exams(connection: Connection, where: ColumnElement[bool]) -> int:
    """How many exams a condition holds for."""
    return connection.scalar(select(func.count()).select_from(Exam).where(where)) or 0


def pages(engine: Engine, where: ColumnElement[bool]) -> Iterator[list[str]]:
    """Ids of the exams that a condition holds for, some at a time, in order of id."""
    after = ""
    while True:
        statement = select(Exam.id).where(where, Exam.id > after).order_by(Exam.id).limit(BATCH)
        with engine.connect() as connection:
            found = list(connection.scalars(statement))
        if not found:
            return
        yield found
        after = found[-1]


def derive_due() -> Count:
    """Derive one batch of the work list, in a process that was begun for it."""
    own = process.own()
    return own.writer.run(
        lambda connection: derive_batch(connection, own.rules(connection), BATCH, own.observers)
    )


def add_trials(exam_ids: Sequence[str]) -> Count:
    """Add a trial version to some exams, in a process that was begun with the sets for it."""
    own = process.own()

    def work(connection: Connection) -> Count:
        rules = own.rules(connection)
        before = history.previous(connection, exam_ids)
        now, rows, failed = datetime.now(UTC), [], 0
        for row in read_exams(connection, exam_ids):
            derived, is_well = derive_safely(row.exam, rules)
            if not is_well:
                failed += 1
                continue
            exam_id = row.exam.exam_id
            highest = before[exam_id].highest if exam_id in before else 0
            stamp = Stamp(DOSIMETRY_VERSION, rules.library.digest, row.sha256)
            reason = f"trial: {', '.join(own.set_ids)}"
            version = history.version_row(
                exam_id, highest + 1, stamp, to_text(derived), reason, now
            )
            rows.append(version | {"is_trial": True})
        history.add_versions(connection, rows)
        return Count(len(exam_ids), len(rows), failed)

    return own.writer.run(work)


def _without_trial(sets_sha256: str) -> ColumnElement[bool]:
    """Whether an exam has no derivation with these sets that is as new as its evidence."""
    return ~(
        select(Derivation.exam_id)
        .where(
            Derivation.exam_id == Exam.id,
            Derivation.sets_sha256 == sets_sha256,
            Derivation.software == DOSIMETRY_VERSION,
            Derivation.computed_at >= Exam.updated_at,
        )
        .exists()
    )
