"""Exams that may be one, in words: why, and what would count twice."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection

from dosebook_central.domain.links import study_key
from dosebook_central.domain.same_exam import Hint, Reason
from dosebook_central.store.queries.exams import ExamPage
from dosebook_central.store.queries.same_exams import BriefExam, HintLine, of_exam
from dosebook_central.store.same_exams import Decided, decisions_on_studies
from dosebook_central.web.numbers import number_text, quantity_label
from dosebook_protocol.printed import full_text, unit_text
from dosebook_protocol.quantities import QUANTITIES


@dataclass(frozen=True)
class Shown:
    """A hint ready for a page; numbers stand in the order of `exams`."""

    hint: Hint
    exams: tuple[BriefExam, BriefExam]

    @cached_property
    def reasons(self) -> list[str]:
        """Why, each in one sentence."""
        is_turned = self.exams[0].id != self.hint.first_id
        return [reason_text(one, is_turned=is_turned) for one in self.hint.reasons]

    @cached_property
    def doubled(self) -> str:
        """What counts twice if they are one: `KAP 4.236 Gy·cm²`."""
        return doubled_text(self.hint)

    @property
    def is_of_two_patients(self) -> bool:
        """Whether nobody said for certain that both are of one patient."""
        return self.exams[0].patient_id != self.exams[1].patient_id


@dataclass(frozen=True, slots=True)
class SameExamNotes:
    """What an exam's page says: others that it may be, and what was decided to be it."""

    hints: tuple[Shown, ...]  # this exam first
    decided: tuple[Decided, ...]


def shown(line: HintLine) -> Shown:
    """A hint for a page, the exam with more events first."""
    first, second = sorted(line.exams, key=lambda exam: (-exam.event_count, exam.started, exam.id))
    return Shown(line.hint, (first, second))


def same_exam_notes(connection: Connection, page: ExamPage) -> SameExamNotes:
    """Look up the hints and decisions of one exam, in two statements."""
    keys = [study_key(uid) for uid in page.summary.study_uids]
    return SameExamNotes(
        tuple(_seen_from(page.head.id, line) for line in of_exam(connection, page.head.id)),
        tuple(decisions_on_studies(connection, keys)),
    )


def reason_text(reason: Reason, *, is_turned: bool = False) -> str:
    """A reason with its numbers, in the order of the hint's exams or turned."""
    if len(reason.values) < 2:
        return reason.sentence
    texts = [full_text(value) for value in reason.values]  # as rounded as each was stated
    numbers = " and ".join(dict.fromkeys(reversed(texts) if is_turned else texts))
    unit = unit_text(QUANTITIES[reason.quantity].unit)
    return f"{reason.sentence}: {quantity_label(reason.quantity)} {numbers} {unit}"


def doubled_text(hint: Hint) -> str:
    """The doses that count twice if two exams are one."""
    return ", ".join(
        f"{quantity_label(one.quantity)} {number_text(one.value, one.quantity)} "
        f"{unit_text(one.unit)}"
        for one in hint.doubled
    )


def yielding_text(decided: Decided) -> str:
    """The doses that a decision took out of the sums: those of the exam that counts no more."""
    side = 0 if decided.hint.first_id == decided.other_exam_id else 1
    return ", ".join(
        f"{quantity_label(one.quantity)} {full_text(one.values[side])} "
        f"{unit_text(QUANTITIES[one.quantity].unit)}"
        for one in decided.hint.reasons
        if len(one.values) > 1 and QUANTITIES[one.quantity].is_dose
    )


def _seen_from(exam_id: str, line: HintLine) -> Shown:
    first, second = sorted(line.exams, key=lambda exam: exam.id != exam_id)
    return Shown(line.hint, (first, second))
