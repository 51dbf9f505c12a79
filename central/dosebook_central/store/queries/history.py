"""One patient's dose history: three statements, whatever the number of exams."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from dosebook_central.store.models import Event, Exam
from dosebook_central.store.queries.listed import ListedMeasure, listed, summary_text
from dosebook_central.store.queries.patients import PatientHeader, get_patient

_FACTS: Final[tuple[Any, ...]] = (  # in the order of `HistoryExam`
    Exam.id,
    Exam.started,
    Exam.modality,
    Exam.description,
    Exam.protocol,
    Exam.institution,
    Exam.station,
    Exam.state,
    Exam.evidence_kind,
    Exam.event_count,
    Exam.has_conflict,
    Exam.origin,
)


@dataclass(frozen=True, slots=True)
class HistoryExam:
    """One exam as the history lists it."""

    id: str
    started: str
    modality: str
    description: str
    protocol: str
    institution: str
    station: str
    state: str
    evidence_kind: str
    event_count: int
    has_conflict: bool
    origin: str
    headline: tuple[ListedMeasure, ...]
    modalities: tuple[str, ...]
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class History:
    """A patient and all their exams, newest first."""

    patient: PatientHeader
    exams: tuple[HistoryExam, ...]


def get_history(connection: Connection, patient_id: str) -> History | None:
    """Return the whole history of one patient, or None when there is no such patient."""
    patient = get_patient(connection, patient_id)
    if patient is None:
        return None
    exams = connection.execute(
        select(
            *_FACTS,
            summary_text(),
        )
        .where(Exam.patient_id == patient_id)
        .order_by(Exam.started.desc(), Exam.id)
    ).all()
    regions = _regions(connection, patient_id)
    return History(patient, tuple(_exam(row, regions) for row in exams))


def _regions(connection: Connection, patient_id: str) -> dict[str, tuple[str, ...]]:
    statement = (
        select(Event.exam_id, Event.target_region)
        .join(Exam, Exam.id == Event.exam_id)
        .where(Exam.patient_id == patient_id, Event.target_region != "")
        .distinct()
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for exam_id, region in connection.execute(statement):
        found[exam_id].append(region)
    return {exam_id: tuple(sorted(regions)) for exam_id, regions in found.items()}


def _exam(row: Any, regions: Mapping[str, tuple[str, ...]]) -> HistoryExam:
    # By position: so many attributes of so many rows would cost more than the query.
    *facts, summary = row
    shown = listed(summary)
    modalities = tuple(dict.fromkeys(part.modality for part in shown.parts)) or (facts[2],)
    values: list[Any] = [*facts, shown.headline, modalities, regions.get(facts[0], ())]
    return HistoryExam(*values)
