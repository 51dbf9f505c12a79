"""One patient's dose history: three statements, whatever the number of exams."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json
from sqlalchemy import ColumnElement, Connection, String, cast, func, select

from dosebook_central.store.engine import is_sqlite
from dosebook_central.store.models import Event, Exam
from dosebook_central.store.queries.patients import PatientHeader, get_patient

_MOST_PARTS: Final = 4  # one for each family of events
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
    """One exam as the history lists it; `headline` holds `domain.exam.Measure` as plain JSON."""

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
    headline: tuple[dict[str, Any], ...]
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
            _from_summary(connection),
        )
        .where(Exam.patient_id == patient_id)
        .order_by(Exam.started.desc(), Exam.id)
    ).all()
    regions = _regions(connection, patient_id)
    return History(patient, tuple(_exam(row, regions) for row in exams))


def _from_summary(connection: Connection) -> ColumnElement[str]:
    """As one JSON list: the headline, then the modality of each part.

    Only what a list shows is taken out of the summary: the rest of it is ten times as much. One
    expression, because the database takes the summary apart once for each.
    """
    if is_sqlite(connection):
        paths = ("$.headline", *(f"$.parts[{number}].modality" for number in range(_MOST_PARTS)))
        return func.json_extract(Exam.summary, *paths, type_=String)
    parts = (Exam.summary[("parts", number, "modality")] for number in range(_MOST_PARTS))
    return cast(func.json_build_array(Exam.summary["headline"], *parts), String)


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
    *facts, listed = row
    headline, *parts = from_json(listed)
    modalities = tuple(dict.fromkeys(filter(None, parts))) or (facts[2],)
    values: list[Any] = [*facts, tuple(headline or ()), modalities, regions.get(facts[0], ())]
    return HistoryExam(*values)
