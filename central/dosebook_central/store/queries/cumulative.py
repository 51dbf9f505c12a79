"""What one patient's exams add up to: every exam with its present doses and its regions' shares."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from dosebook_central.store.models import Exam
from dosebook_central.store.queries.derived import (
    DoseRow,
    RegionRow,
    patient_doses,
    patient_regions,
)
from dosebook_central.store.queries.patients import PatientHeader, get_patient


@dataclass(frozen=True, slots=True)
class ExamLine:
    """One exam of a patient; `dose` is None while the exam waits for its derivation."""

    id: str
    started: str
    modality: str
    description: str
    protocol: str
    station: str
    institution: str
    origin: str
    dose: DoseRow | None = None

    @property
    def title(self) -> str:
        """What was done, as the sender says it."""
        return self.description or self.protocol or "procedure not stated"

    @property
    def is_therapeutic(self) -> bool:
        """Whether the exam belongs to a treatment; never mixed with diagnostic ones (R100)."""
        return self.dose is not None and self.dose.is_therapeutic

    @property
    def regions(self) -> tuple[str, ...]:
        """The base regions that the exam irradiated, as far as known."""
        return tuple(filter(None, self.dose.regions.split(";"))) if self.dose else ()


@dataclass(frozen=True, slots=True)
class PatientDoses:
    """A patient, all their exams oldest first, and the shares of each exam by its id."""

    patient: PatientHeader
    exams: tuple[ExamLine, ...]
    shares: dict[str, list[RegionRow]]


_HEAD = tuple(getattr(Exam, name) for name in ExamLine.__slots__[:-1])


def get_doses(connection: Connection, patient_id: str) -> PatientDoses | None:
    """Return one patient's doses in four statements, or None when there is no such patient."""
    patient = get_patient(connection, patient_id)
    if patient is None:
        return None
    heads = connection.execute(
        select(*_HEAD).where(Exam.patient_id == patient_id).order_by(Exam.started, Exam.id)
    )
    doses = {row.exam_id: row for row in patient_doses(connection, patient_id)}
    shares: dict[str, list[RegionRow]] = {}
    for row in patient_regions(connection, patient_id, therapeutic=None):
        shares.setdefault(row.exam_id, []).append(row)
    exams = tuple(_line([*head, doses.get(head[0])]) for head in heads)
    return PatientDoses(patient, exams, shares)


def _line(values: list[Any]) -> ExamLine:
    return ExamLine(*values)
