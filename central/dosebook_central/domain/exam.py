"""The reconciled exam: its values with their provenance, its evidences and their disagreements.

`ExamSummary` is what stands as JSON in `exam.summary`: `to_json` writes it, `from_json` reads it.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from pydantic import TypeAdapter

from dosebook_central.domain.devices import Device
from dosebook_protocol.reading import BreastSide, Number, Phantom, Plane


class Basis(StrEnum):
    """How a shown value came about."""

    STATED = "stated"  # the object states this total
    SUMMED = "summed"  # sum of disjoint stated totals, or of events where nothing is stated
    MAX = "max"  # largest of the events: CTDIvol is never summed (P13)
    SINGLE = "single"  # the value of the only event


class Role(StrEnum):
    """What an evidence does for the exam."""

    COUNTED = "counted"
    SUPERSEDED = "superseded"  # a newer report contains all of it (P4, P6)
    CORROBORATES = "corroborates"  # stronger evidence covers the same dose (P7)
    CONTEXT = "context"  # brings no dose: state of a step, an image without dose


@dataclass(frozen=True, slots=True)
class Source:
    """Where one number stands: record, way to it in the object, and what is written there."""

    record_id: str
    path: str
    original: str
    original_unit: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One value to show, never without its unit and, for CT, its phantom if stated (P11)."""

    quantity: str
    label: str
    value: Number
    unit: str
    basis: Basis
    plane: Plane | None = None
    side: BreastSide | None = None
    phantom: Phantom | None = None
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A stated total beside the sum of its events, where the two are not the same number."""

    quantity: str
    label: str
    stated: Number
    summed: Number
    unit: str
    plane: Plane | None = None
    side: BreastSide | None = None
    phantom: Phantom | None = None


@dataclass(frozen=True, slots=True)
class ConflictValue:
    """One side of a disagreement."""

    value: Number
    unit: str
    record_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Evidences that disagree, in one sentence for people and as numbers.

    `code` is `total-differs` (over 5 %, P7), `instance-changed` (one SOP Instance UID, other doses,
    P6), `event-differs` (one event UID, other doses), `event-of-two-patients` (P9, P21) or
    `instance-of-two-patients` (one SOP Instance UID, P6, P21).
    """

    code: str
    sentence: str
    quantity: str = ""
    values: tuple[ConflictValue, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceUse:
    """One evidence of the exam, what it was used for, and why."""

    record_id: str
    kind: str
    role: Role
    reason: str
    sop_instance_uid: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What one modality did in the exam: the CT and the PET of a PET/CT are two parts (P60).

    `reported_modality` is what the evidences say, where a person decided otherwise for the machine
    (P36); `device` is the machine of a projection part, if its objects name one.
    """

    modality: str
    evidence_kind: str
    event_count: int
    values: tuple[Measure, ...]
    record_ids: tuple[str, ...]
    reported_modality: str = ""
    device: Device | None = None


@dataclass(frozen=True, slots=True)
class PatientThen:
    """The patient as the evidence of this exam describes them, whoever they are known as now.

    Sex and size are parameters of the dose of this exam, not of the person's identity (P20, P23).
    """

    name: str = ""
    sex: str = ""
    age: str = ""
    size_m: Number | None = None
    weight_kg: Number | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One order of an exam that answers several: its words, and the events its objects state."""

    number: str  # accession number
    texts: tuple[str, ...] = ()
    event_uids: tuple[str, ...] = ()  # see domain.orders.orders_of


@dataclass(frozen=True, slots=True)
class ExamSummary:
    """All that the exam page shows above the event table."""

    headline: tuple[Measure, ...] = ()
    parts: tuple[Part, ...] = ()
    differences: tuple[Difference, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    evidences: tuple[EvidenceUse, ...] = ()
    study_uids: tuple[str, ...] = ()
    accession_numbers: tuple[str, ...] = ()
    orders: tuple[Order, ...] = ()  # only where there are several (P10)
    patient: PatientThen = PatientThen()
    deviation_count: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PatientIdentity:
    """Who was exposed. Identity is identifier and issuer, never the bare identifier (P21)."""

    identifier: str
    issuer: str
    name: str = ""
    sex: str = ""
    birth_date: str = ""


ExamState = Literal["", "in progress", "discontinued", "completed"]
Origin = Literal["captured", "imported"]
"""Captured by a box here, or known from imported files only: history yes, statistics no (P46)."""


@dataclass(frozen=True, slots=True)
class CountedEvent:
    """One irradiation event as counted; its detail is event `record_index` of that reading."""

    uid: str
    record_id: str
    record_index: int
    kind: str
    started: str = ""
    event_type: str = ""
    protocol: str = ""
    target_region: str = ""
    plane: str = ""
    side: str = ""
    phantom: str = ""
    ctdi_vol_mgy: Decimal | None = None
    dlp_mgy_cm: Decimal | None = None
    dose_area_product_gy_cm2: Decimal | None = None
    dose_rp_mgy: Decimal | None = None
    average_glandular_dose_mgy: Decimal | None = None
    administered_activity_mbq: Decimal | None = None
    facts: dict[str, Any] = field(default_factory=dict)  # see domain.facts


@dataclass(frozen=True, slots=True)
class ReconciledExam:
    """One exam of one patient as it follows from all readings of its group."""

    id: str
    patient: PatientIdentity
    study_uid: str
    accession_number: str
    started: str
    modality: str
    description: str
    protocol: str
    institution: str
    station: str
    manufacturer: str
    model: str
    devices: str  # ids of the machines of its projection parts, joined by ";"
    state: ExamState
    origin: Origin
    evidence_kind: str
    events: tuple[CountedEvent, ...]
    dlp_mgy_cm: Decimal | None
    ctdi_vol_max_mgy: Decimal | None
    dose_area_product_gy_cm2: Decimal | None
    dose_rp_mgy: Decimal | None
    fluoro_time_s: Decimal | None
    agd_left_mgy: Decimal | None
    agd_right_mgy: Decimal | None
    administered_activity_mbq: Decimal | None
    facts: dict[str, Any]  # see domain.facts
    summary: ExamSummary


_SUMMARY = TypeAdapter(ExamSummary)


def to_json(summary: ExamSummary) -> dict[str, Any]:
    """Return the summary as plain JSON values, numbers as decimal strings."""
    data: dict[str, Any] = _SUMMARY.dump_python(summary, mode="json")
    return data


def from_json(data: dict[str, Any]) -> ExamSummary:
    """Return the summary that `to_json` wrote; raises `pydantic.ValidationError`."""
    return _SUMMARY.validate_python(data)
