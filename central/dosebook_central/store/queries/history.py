"""One patient's dose history: three statements, whatever the number of exams."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, select

from dosebook_central.store.dose_models import ExamDose
from dosebook_central.store.models import Event, Exam
from dosebook_central.store.queries.alert_list import gravity_of_exam, level_of
from dosebook_central.store.queries.listed import ListedMeasure, listed, summary_text
from dosebook_central.store.queries.patients import PatientHeader, get_patient
from dosebook_central.store.queries.same_exams import is_hinted

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
    is_hinted(),
)


_EFFECTIVE: Final[tuple[Any, ...]] = (  # in the order of `EffectiveDose`
    ExamDose.effective_dose_msv,
    ExamDose.effective_dose_low_msv,
    ExamDose.effective_dose_high_msv,
    ExamDose.effective_dose_set,
    ExamDose.is_typical,
)


@dataclass(frozen=True, slots=True)
class EffectiveDose:
    """Effective dose of one exam, mSv: an estimate for a reference person (P31)."""

    value: Decimal
    low: Decimal | None
    high: Decimal | None
    set_id: str
    is_typical: bool


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
    may_be_double: bool  # one procedure with another exam, see domain.same_exam
    headline: tuple[ListedMeasure, ...]
    modalities: tuple[str, ...]
    regions: tuple[str, ...]
    effective_dose: EffectiveDose | None = None
    alert: str = ""  # the gravest level of the alerts that stand on it


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
            *_EFFECTIVE,
            gravity_of_exam(),
        )
        .outerjoin(ExamDose, ExamDose.exam_id == Exam.id)
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
    facts, summary, gravity = row[: len(_FACTS)], row[len(_FACTS)], row[-1]
    effective = row[len(_FACTS) + 1 : -1]
    shown = listed(summary)
    modalities = tuple(dict.fromkeys(part.modality for part in shown.parts)) or (facts[2],)
    headline = shown.headline
    dose = None
    if effective[0] is not None:
        dose = EffectiveDose(*effective)
        headline += (ListedMeasure("effective_dose", dose.value, "mSv"),)
    places = regions.get(facts[0], ())
    values: list[Any] = [*facts, headline, modalities, places, dose, level_of(gravity)]
    return HistoryExam(*values)
