"""Short ways to write exams as formulas see them, for tests of derived doses."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from dosebook_central.domain.evidence import Evidence
from dosebook_central.domain.reconcile import reconcile
from dosebook_central.dosimetry.anatomy import region_findings, regions_of
from dosebook_central.dosimetry.ct import ct_findings
from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import (
    Concept,
    EventInputs,
    ExamInputs,
    PatientThen,
    TotalInput,
    exam_inputs,
)
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.patient import age_at, patient_findings
from dosebook_central.dosimetry.sets import Choices, Library
from dosebook_central.dosimetry.values import DerivedValue
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import EventKind

ACQUISITIONS = {
    "spiral": Concept("SCT", "116152004", "Spiral Acquisition"),
    "sequenced": Concept("DCM", "113804", "Sequenced Acquisition"),
    "localiser": Concept("DCM", "113805", "Constant Angle Acquisition"),
    "stationary": Concept("DCM", "113806", "Stationary Acquisition"),
    "free": Concept("DCM", "113807", "Free Acquisition"),
}
TARGETS = {
    "head": Concept("SCT", "69536005", "Head"),
    "neck": Concept("SCT", "45048000", "Neck"),
    "chest": Concept("SCT", "816094009", "Chest"),
    "abdomen": Concept("SCT", "818981001", "Abdomen"),
    "pelvis": Concept("SCT", "816092008", "Pelvis"),
    "abdomen_pelvis": Concept("SCT", "818982008", "Abdomen and Pelvis"),
    "chest_abdomen": Concept("SCT", "416550000", "Chest and Abdomen"),
    "chest_abdomen_pelvis": Concept("SCT", "416775004", "Chest, Abdomen and Pelvis"),
    "whole_body": Concept("SCT", "38266002", "Entire body"),
}


def event(
    ordinal: int = 1,
    region: str = "",
    acquisition: str = "spiral",
    kind: EventKind = EventKind.CT,
    coded: Mapping[str, Concept] | None = None,
    **fields: Any,
) -> EventInputs:
    """An event; keywords that are quantities become values, others fields."""
    values = {
        name: Decimal(str(number))
        for name, number in fields.items()
        if name in QUANTITIES and number is not None
    }
    others = {name: field for name, field in fields.items() if name not in QUANTITIES}
    concepts = dict(coded or {})
    if kind is EventKind.CT and acquisition:
        concepts["event_type"] = ACQUISITIONS[acquisition]
        others.setdefault("phantom", "16cm" if region == "head" else "32cm")
    if region:
        concepts["target_region"] = TARGETS[region]
    return EventInputs(ordinal, f"1.{ordinal}", kind, values=values, coded=concepts, **others)


def exam(*events: EventInputs, **fields: Any) -> ExamInputs:
    """An exam of 2 March 2026; `birth_date`, `age`, `size_m`, `weight_kg`, `sex` are the patient's.

    The patient is an adult unless told otherwise.
    """
    patient = {"birth_date": "19700101"} | {
        name: fields.pop(name)
        for name in ("sex", "birth_date", "age", "size_m", "weight_kg")
        if name in fields
    }
    fields.setdefault("started", "2026-03-02T10:00:00")
    fields.setdefault("modality", "CT")
    return ExamInputs("e1", patient=PatientThen(**patient), events=events, **fields)


def total(quantity: str, value: str | int, basis: str = "stated", **place: Any) -> TotalInput:
    """A total of the exam."""
    return TotalInput(quantity, Decimal(value), basis, **place)


def library(**choices: Choices) -> Library:
    """The shipped packages with choices on some: `library(nci2012_icrp103=Choices(True))`."""
    chosen = {name.replace("_", "-"): choice for name, choice in choices.items()}
    packages = shipped().packages
    assert chosen.keys() <= {one.manifest.id for one in packages}
    return Library(
        replace(one, choices=chosen[one.manifest.id]) if one.manifest.id in chosen else one
        for one in packages
    )


def context_of(
    of: ExamInputs, sets: Library | None = None, procedure: str = "", source: str = "decision"
) -> Context:
    """The context of an exam, as the composition makes it."""
    used = sets or shipped()
    regions = regions_of(of, used, procedure, source if procedure else "")
    return Context(used, age_at(of), regions, procedure)


def ct_of(of: ExamInputs, sets: Library | None = None, procedure: str = "") -> Findings:
    """All CT findings of an exam, with the flags of its patient and regions."""
    context = context_of(of, sets, procedure)
    return patient_findings(of, context) + region_findings(of, context) + ct_findings(of, context)


def values_of(found: Findings, quantity: str, **place: Any) -> list[DerivedValue]:
    """The values of a quantity, e.g. those of `event=2`."""
    return [
        one
        for one in found.values
        if one.quantity == quantity
        and all(getattr(one.place, name) == wanted for name, wanted in place.items())
    ]


def reasons_of(found: Findings, quantity: str) -> dict[str, str]:
    """Code and reason of what is not computable of a quantity."""
    return {one.code: one.reason for one in found.absences if one.quantity == quantity}


def read_exams(path: Path) -> list[ExamInputs]:
    """The exams of one file, through its reader and the reconciliation."""
    data = path.read_bytes()
    digest = sha256(data).hexdigest()
    exams = reconcile([Evidence(f"r{digest[:31]}", digest, "dicom-store", read_object(data))])
    return [
        exam_inputs(
            asdict(one),
            [asdict(counted) | {"ordinal": n} for n, counted in enumerate(one.events, 1)],
        )
        for one in exams
    ]
