"""Open hints on exams that may be one, with what a person needs to tell them apart."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, exists, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from dosebook_central.domain.same_exam import Hint
from dosebook_central.store.bulk import one_of
from dosebook_central.store.models import Exam, Patient
from dosebook_central.store.same_exam_models import SameExamHint
from dosebook_central.store.same_exams import hint_from_json


@dataclass(frozen=True, slots=True)
class BriefExam:
    """One of two exams that may be one."""

    id: str
    started: str
    modality: str
    description: str
    protocol: str
    station: str
    manufacturer: str
    model: str
    accession_number: str
    evidence_kind: str
    event_count: int
    patient_id: str
    patient_name: str
    patient_identifier: str
    patient_issuer: str

    @property
    def title(self) -> str:
        """What was done, as the sender says it."""
        return self.description or self.protocol or "procedure not stated"


@dataclass(frozen=True, slots=True)
class HintLine:
    """A hint with its two exams."""

    hint: Hint
    exams: tuple[BriefExam, BriefExam]


_FIRST: Final = aliased(Exam)
_SECOND: Final = aliased(Exam)
_FIRST_PATIENT: Final = aliased(Patient)
_SECOND_PATIENT: Final = aliased(Patient)
_OF_EXAM: Final = BriefExam.__slots__[:11]


def count_open(connection: Connection) -> int:
    """How many hints wait for a person."""
    return connection.scalar(_stand(select(func.count()).select_from(SameExamHint))) or 0


def is_hinted() -> ColumnElement[bool]:
    """Whether a selected `exam` may be another one."""
    return or_(
        exists().where(SameExamHint.first_exam_id == Exam.id),
        exists().where(SameExamHint.second_exam_id == Exam.id),
    )


def list_open(connection: Connection, limit: int, first: int) -> list[HintLine]:
    """The hints that wait, those on the newest exams first.

    The keys of the page are chosen first: tens of thousands of pairs are sorted without what the
    page shows of them.
    """
    keys = (SameExamHint.first_exam_id, SameExamHint.second_exam_id)
    order = (_FIRST.started.desc(), *keys)
    page = _stand(select(*keys)).order_by(*order).limit(limit).offset(first)
    return _lines(connection, _select().where(tuple_(*keys).in_(page)).order_by(*order))


def of_exam(connection: Connection, exam_id: str) -> list[HintLine]:
    """The hints on one exam."""
    is_named = or_(SameExamHint.first_exam_id == exam_id, SameExamHint.second_exam_id == exam_id)
    return _lines(connection, _select().where(is_named))


def of_patient(connection: Connection, patient_id: str) -> list[HintLine]:
    """The hints on exams of one patient, the newest first."""
    statement = _select().where(_is_of_patient(patient_id)).order_by(_FIRST.started.desc())
    return _lines(connection, statement)


def pairs_of_patient(connection: Connection, patient_id: str) -> list[tuple[str, str]]:
    """The ids of the exams that may be one, of one patient, by pairs."""
    rows = connection.execute(
        select(SameExamHint.first_exam_id, SameExamHint.second_exam_id).where(
            _is_of_patient(patient_id)
        )
    )
    return [(first, second) for first, second in rows]


def briefly(connection: Connection, exam_ids: Collection[str]) -> dict[str, BriefExam]:
    """Exams by id; one that is not there any more is left out."""
    rows = connection.execute(
        select(*_columns(_FIRST, _FIRST_PATIENT))
        .join(_FIRST_PATIENT, _FIRST_PATIENT.id == _FIRST.patient_id)
        .where(one_of(connection, _FIRST.id, exam_ids))
    )
    return {row[0]: _brief(row) for row in rows}


def _is_of_patient(patient_id: str) -> Any:
    return or_(
        SameExamHint.first_patient_id == patient_id, SameExamHint.second_patient_id == patient_id
    )


def _stand(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Keep the hints of which both exams are still there."""
    return statement.join(_FIRST, _FIRST.id == SameExamHint.first_exam_id).join(
        _SECOND, _SECOND.id == SameExamHint.second_exam_id
    )


def _select() -> Select[*tuple[Any, ...]]:
    shown = (*_columns(_FIRST, _FIRST_PATIENT), *_columns(_SECOND, _SECOND_PATIENT))
    return (
        _stand(select(SameExamHint.body, *shown))
        .join(_FIRST_PATIENT, _FIRST_PATIENT.id == _FIRST.patient_id)
        .join(_SECOND_PATIENT, _SECOND_PATIENT.id == _SECOND.patient_id)
    )


def _columns(exam: Any, patient: Any) -> list[Any]:
    named = (patient.id, patient.name, patient.identifier, patient.issuer)
    return [*(getattr(exam, name) for name in _OF_EXAM), *named]


def _lines(connection: Connection, statement: Select[*tuple[Any, ...]]) -> list[HintLine]:
    return [
        HintLine(hint_from_json(body), (_brief(columns[:15]), _brief(columns[15:])))
        for body, *columns in connection.execute(statement)
    ]


def _brief(columns: Sequence[Any]) -> BriefExam:
    values: list[Any] = list(columns)
    return BriefExam(*values)
