"""One patient's dose history: three statements, whatever the number of exams."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json
from sqlalchemy import ColumnElement, Connection, select

from dosebook_central.store.models import Event, Exam
from dosebook_central.store.queries.patients import PatientHeader, get_patient

_MOST_PARTS: Final = 4  # one for each family of events


@dataclass(frozen=True, slots=True)
class HistoryExam:
    """One exam as the history lists it; `headline` holds `domain.exam.Measure` as plain JSON."""

    id: str
    started: str
    modality: str
    modalities: tuple[str, ...]
    description: str
    protocol: str
    institution: str
    station: str
    state: str
    evidence_kind: str
    event_count: int
    has_conflict: bool
    headline: tuple[dict[str, Any], ...]
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
            Exam.summary[("headline",)].as_string().label("headline"),
            *(_part_modality(number) for number in range(_MOST_PARTS)),
        )
        .where(Exam.patient_id == patient_id)
        .order_by(Exam.started.desc(), Exam.id)
    ).all()
    regions = _regions(connection, patient_id)
    return History(patient, tuple(_exam(row, regions.get(row.id, ())) for row in exams))


def _part_modality(number: int) -> ColumnElement[str]:
    # Only what a list shows is taken out of the summary: the rest of it is ten times as much.
    modality: ColumnElement[str] = Exam.summary[("parts", number, "modality")].as_string()
    return modality.label(f"part_{number}")


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


def _exam(row: Any, regions: tuple[str, ...]) -> HistoryExam:
    parts = (getattr(row, f"part_{number}") for number in range(_MOST_PARTS))
    modalities = tuple(dict.fromkeys(part for part in parts if part)) or (row.modality,)
    return HistoryExam(
        id=row.id,
        started=row.started,
        modality=row.modality,
        modalities=modalities,
        description=row.description,
        protocol=row.protocol,
        institution=row.institution,
        station=row.station,
        state=row.state,
        evidence_kind=row.evidence_kind,
        event_count=row.event_count,
        has_conflict=row.has_conflict,
        headline=tuple(from_json(row.headline)) if row.headline else (),
        regions=regions,
    )
