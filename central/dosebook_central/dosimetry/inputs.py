"""What formulas see of one exam: numbers in storage units, codes, texts, and the patient then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from dosebook_protocol.reading import BreastSide, EventKind, Phantom, Plane


@dataclass(frozen=True, slots=True)
class Concept:
    """A coded concept or a text of the object."""

    scheme: str = ""
    code: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class OrganStated:
    """An organ dose that the object states, mGy; `method` is what it says it was computed by."""

    organ: Concept
    value: Decimal
    method: str = ""


@dataclass(frozen=True, slots=True)
class EventInputs:
    """One irradiation event: `values` by quantity in its storage unit, missing ones absent (P29).

    `coded` holds event_type, target_region, laterality, view, radiopharmaceutical_agent … of
    `domain.facts`.
    """

    ordinal: int
    uid: str
    kind: EventKind
    started: str = ""
    protocol: str = ""
    plane: Plane | None = None
    side: BreastSide | None = None
    phantom: Phantom | None = None
    is_repeated: bool | None = None
    values: Mapping[str, Decimal] = field(default_factory=dict)
    coded: Mapping[str, Concept] = field(default_factory=dict)
    organs: tuple[OrganStated, ...] = ()
    copper_mm: Decimal | None = None  # added copper, where the filters are stated
    is_dual_energy: bool = False  # CT X-ray sources of two tube voltages


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the meter of one plane was calibrated: stated value x `factor` is the real one."""

    plane: Plane | None = None
    factor: Decimal | None = None
    uncertainty_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TotalInput:
    """A total of the reconciled exam, as stated or summed there (`domain.totals`)."""

    quantity: str
    value: Decimal
    basis: str
    plane: Plane | None = None
    side: BreastSide | None = None
    phantom: Phantom | None = None


@dataclass(frozen=True, slots=True)
class PatientThen:
    """The patient at this exam; what is not stated is absent, never assumed (P28)."""

    sex: str = ""
    birth_date: str = ""  # YYYYMMDD
    age: str = ""  # DICOM AS as sent: 045Y, 000D
    size_m: Decimal | None = None
    weight_kg: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ExamInputs:
    """One exam as formulas see it."""

    exam_id: str
    modality: str = ""
    started: str = ""
    origin: str = ""
    institution: str = ""
    station: str = ""
    manufacturer: str = ""
    model: str = ""
    software: str = ""
    descriptions: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    procedure_codes: tuple[Concept, ...] = ()
    coded: Mapping[str, Concept] = field(default_factory=dict)  # intent, procedure_reported …
    patient: PatientThen = PatientThen()
    events: tuple[EventInputs, ...] = ()
    totals: tuple[TotalInput, ...] = ()
    calibrations: tuple[Calibration, ...] = ()


def exam_inputs(exam: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> ExamInputs:
    """Make inputs from rows of `exam` and `event` (column names as keys), events by ordinal."""
    facts = exam["facts"]
    return ExamInputs(
        exam_id=exam["id"],
        modality=exam["modality"],
        started=exam["started"],
        origin=exam["origin"],
        institution=exam["institution"],
        station=exam["station"],
        manufacturer=exam["manufacturer"],
        model=exam["model"],
        software=facts.get("software", ""),
        descriptions=tuple(facts.get("descriptions", ())),
        procedures=tuple(facts.get("procedures", ())),
        protocols=tuple(facts.get("protocols", ())),
        procedure_codes=tuple(Concept(*triple) for triple in facts.get("procedure_codes", ())),
        coded=_concepts(facts),
        patient=PatientThen(
            facts.get("sex", ""),
            facts.get("birth_date", ""),
            facts.get("age", ""),
            _number(facts.get("size_m")),
            _number(facts.get("weight_kg")),
        ),
        events=tuple(event_inputs(row) for row in events),
        totals=tuple(_total(total) for total in facts.get("totals", ())),
        calibrations=tuple(_calibration(one) for one in facts.get("calibrations", ())),
    )


def event_inputs(row: Mapping[str, Any]) -> EventInputs:
    """Make the inputs of one event from its row."""
    facts = row["facts"]
    return EventInputs(
        ordinal=row["ordinal"],
        uid=row["uid"],
        kind=EventKind(row["kind"]),
        started=row["started"],
        protocol=row["protocol"],
        plane=Plane(row["plane"]) if row["plane"] else None,
        side=row["side"] or None,
        phantom=row["phantom"] or None,
        is_repeated=facts.get("is_repeated"),
        values={name: Decimal(text) for name, text in facts.get("values", {}).items()},
        coded=_concepts(facts),
        organs=tuple(
            OrganStated(Concept(scheme, code, text), Decimal(value), *method)
            for scheme, code, text, value, *method in facts.get("organs", ())
        ),
        copper_mm=_number(facts.get("copper_mm")),
        is_dual_energy="voltages_kv" in facts,
    )


def _total(facts: Mapping[str, Any]) -> TotalInput:
    return TotalInput(
        facts["quantity"],
        Decimal(facts["value"]),
        facts["basis"],
        Plane(facts["plane"]) if "plane" in facts else None,
        facts.get("side"),
        facts.get("phantom"),
    )


def _calibration(facts: Mapping[str, str]) -> Calibration:
    return Calibration(
        Plane(facts["plane"]) if facts["plane"] else None,
        _number(facts.get("factor")),
        _number(facts.get("uncertainty_percent")),
    )


def _concepts(facts: Mapping[str, Any]) -> dict[str, Concept]:
    return {name: Concept(*triple) for name, triple in facts.get("coded", {}).items()}


def _number(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None
