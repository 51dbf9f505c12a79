"""Derive the doses of the exams that are due, one batch a transaction."""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from dosebook_central.derivation import history
from dosebook_central.derivation.history import Previous, Stamp
from dosebook_central.derivation.rows import ExamRow, dose_row, read_exams, region_rows
from dosebook_central.dosimetry.derive import DOSIMETRY_VERSION, ProcedureResolver, derive
from dosebook_central.dosimetry.inputs import ExamInputs
from dosebook_central.dosimetry.sets import Library
from dosebook_central.dosimetry.stored_form import to_text
from dosebook_central.dosimetry.values import Derived, NotComputable
from dosebook_central.exams.regroup import reconcile_anew
from dosebook_central.store import derivation_due
from dosebook_central.store.bulk import one_of
from dosebook_central.store.models import Exam
from dosebook_protocol.logs import log

INTERNAL_ERROR: Final = "internal-error"
FAILED: Final = Derived(
    absences=(
        NotComputable(
            "",
            INTERNAL_ERROR,
            "a fault of the program: nothing was derived from this exam. The log names the place; "
            "an updated program derives the exam again when it starts",
        ),
    )
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Count:
    """How many exams a batch took, gave a new version, and could not derive."""

    taken: int = 0
    new: int = 0
    failed: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.taken + other.taken, self.new + other.new, self.failed + other.failed)


@dataclass(frozen=True, slots=True)
class DerivedExam:
    """An exam with what was derived of it; `is_new` where that is another than before."""

    exam: ExamInputs
    derived: Derived
    patient_id: str
    version: int
    is_new: bool


Observer = Callable[[Connection, Sequence[DerivedExam]], None]
"""Is told of every batch in its transaction: what it writes is committed with the doses.

Where it raises, its own writes are undone, the doses stand, and the exams are seen as failed.
"""


@dataclass(frozen=True, slots=True)
class Rules:
    """What derivation follows besides the exam: sets in force, and which procedure an exam is."""

    library: Library
    procedure_of: ProcedureResolver


@dataclass(frozen=True, slots=True)
class _Result:
    row: ExamRow
    derived: Derived
    body: str
    before: Previous
    stamp: Stamp
    has_failed: bool

    @property
    def is_new(self) -> bool:
        return self.body != self.before.body

    @property
    def version(self) -> int:
        return self.before.highest + 1 if self.is_new else self.before.version

    @property
    def told(self) -> DerivedExam:
        exam, patient_id = self.row.exam, self.row.patient_id
        return DerivedExam(exam, self.derived, patient_id, self.version, self.is_new)

    @property
    def is_shown(self) -> bool:
        """Whether the present view says all this already."""
        before = self.before
        return not self.is_new and before.shown == before.version and before.stamp == self.stamp


def derive_batch(
    connection: Connection, rules: Rules, limit: int, observers: Sequence[Observer] = ()
) -> Count:
    """Derive up to so many due exams within a write transaction; nothing is taken if none is due.

    Values that are the same as before add no version (P56). An exam whose derivation raises gets
    a version that says so and stays on the list; the others go on.
    """
    taken = derivation_due.claim(connection, limit)
    if not taken:
        return Count()
    rows = _rows(connection, taken)
    before = history.previous(connection, taken)
    results = [_result(row, rules, before.get(row.exam.exam_id, Previous())) for row in rows]
    _write(connection, results)
    gone = history.hide(connection, sorted(set(taken) - {row.exam.exam_id for row in rows}))
    failed = {one.row.exam.exam_id for one in results if one.has_failed}
    done = [one.told for one in results if not one.has_failed]
    if not _tell(connection, done, observers):
        failed |= {one.exam.exam_id for one in done}
    derivation_due.settle(connection, taken, failed)
    if gone:  # their other exams are judged again, without those that went
        derivation_due.mark_due(connection, one_of(connection, Exam.patient_id, gone))
    return Count(len(taken), sum(one.is_new for one in results), len(failed))


def derive_safely(exam: ExamInputs, rules: Rules) -> tuple[Derived, bool]:
    """Derive one exam, and whether that went well; else the derivation says that it did not."""
    try:
        return derive(exam, rules.library, rules.procedure_of), True
    except Exception as error:  # noqa: BLE001  one exam's fault must not stop the others
        log(_log, logging.ERROR, "derivation_failed", error=error, exam=exam.exam_id)
        return FAILED, False


def _rows(connection: Connection, exam_ids: Collection[str]) -> list[ExamRow]:
    """Read exams; what was reconciled before facts were kept is reconciled again first."""
    rows = read_exams(connection, exam_ids)
    bare = {row.group_id for row in rows if not row.has_facts}
    if not bare:
        return rows
    reconcile_anew(connection, bare, datetime.now(UTC))
    return read_exams(connection, exam_ids)


def _result(row: ExamRow, rules: Rules, before: Previous) -> _Result:
    derived, is_well = derive_safely(row.exam, rules)
    stamp = Stamp(DOSIMETRY_VERSION, rules.library.digest, row.sha256)
    return _Result(row, derived, to_text(derived), before, stamp, not is_well)


def _write(connection: Connection, results: Sequence[_Result]) -> None:
    now = datetime.now(UTC)
    history.add_versions(
        connection,
        [
            history.version_row(
                one.row.exam.exam_id,
                one.version,
                one.stamp,
                one.body,
                history.reason_of(one.before, one.stamp),
                now,
            )
            for one in results
            if one.is_new
        ],
    )
    changed = [one for one in results if not one.is_shown]
    history.show(
        connection,
        [dose_row(one.row, one.derived, one.version) for one in changed],
        [row for one in changed for row in region_rows(one.row, one.derived)],
    )


def _tell(
    connection: Connection, exams: Sequence[DerivedExam], observers: Sequence[Observer]
) -> bool:
    """Tell observers; False where one raised, whose writes are undone then."""
    is_well = True
    for observer in observers if exams else ():
        try:
            with connection.begin_nested():
                observer(connection, exams)
        except OperationalError:
            raise  # the database's trouble is the whole batch's: it is run again
        except Exception as error:  # noqa: BLE001  a fault of one must not keep doses back
            log(_log, logging.ERROR, "derivation_observer_failed", error=error)
            is_well = False
    return is_well
