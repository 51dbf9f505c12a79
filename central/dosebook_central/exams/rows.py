"""Rows of patients, exams and events, made from reconciled exams."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from dosebook_central.domain.exam import CountedEvent, PatientIdentity, ReconciledExam, to_json
from dosebook_central.domain.patient_identity import fold_name
from dosebook_central.domain.procedures.names import name_of_facts
from dosebook_central.store.bulk import Row

_PATIENTS: Final = UUID("6d1f3a2e-5b0c-4f0e-9a55-0d05eb00c002")
_SPECIAL: Final = frozenset({"patient", "events", "summary"})
_EXAM_COLUMNS: Final = tuple(
    field.name for field in fields(ReconciledExam) if field.name not in _SPECIAL
)
_EVENT_COLUMNS: Final = tuple(field.name for field in fields(CountedEvent))


def patient_id(patient: PatientIdentity) -> str:
    """The id that follows from identifier and issuer (P21)."""
    return uuid5(_PATIENTS, f"{patient.issuer}\x1f{patient.identifier}").hex


def patient_rows(exams: Sequence[ReconciledExam], now: datetime) -> list[Row]:
    """One row a patient, as the latest exam describes them, sorted so that writers never cross.

    The latest by day: within one the start of an exam moves as its evidence comes in, and an exam
    that turns out to have begun earlier must still be heard.
    """
    latest: dict[str, Row] = {}
    for exam in sorted(exams, key=_as_of):
        patient = exam.patient
        key = patient_id(patient)
        latest[key] = {
            "id": key,
            "issuer": patient.issuer,
            "identifier": patient.identifier,
            "name": patient.name,
            "name_search": fold_name(patient.name),
            "sex": patient.sex,
            "birth_date": patient.birth_date,
            "as_of": _as_of(exam),
            "updated_at": now,
        }
    return [latest[key] for key in sorted(latest)]


def _as_of(exam: ReconciledExam) -> str:
    return f"{exam.started[:10]} {exam.id}"


def exam_row(exam: ReconciledExam, group_id: str, now: datetime) -> Row:
    """The row of a reconciled exam."""
    return {name: getattr(exam, name) for name in _EXAM_COLUMNS} | {
        "group_id": group_id,
        "patient_id": patient_id(exam.patient),
        "name_id": name_of_facts(
            exam.modality, exam.facts, [event.protocol for event in exam.events]
        ).id,
        "event_count": len(exam.events),
        "has_conflict": bool(exam.summary.conflicts),
        "summary": to_json(exam.summary),
        "updated_at": now,
    }


def event_rows(exam: ReconciledExam) -> list[Row]:
    """The rows of the events that an exam counts."""
    return [
        {"exam_id": exam.id, "ordinal": ordinal}
        | {name: getattr(event, name) for name in _EVENT_COLUMNS}
        for ordinal, event in enumerate(exam.events, 1)
    ]
