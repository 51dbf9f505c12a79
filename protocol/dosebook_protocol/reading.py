"""What a reader saw in one piece of evidence: events, totals, context and deviations.

Frozen slotted dataclasses: readers build thousands of them on a Pi-class core. The wire validates
them through pydantic, so that there is one definition and one JSON Schema.

Absent means absent: a missing value is no `DoseValue`, a stated zero is one with value 0 (P29).
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, PlainSerializer

Number = Annotated[Decimal, PlainSerializer(str, return_type=str)]

_STRICT = ConfigDict(extra="forbid")


class Outcome(StrEnum):
    """What became of a piece of evidence in a reader."""

    READ = "read"
    NO_DOSE = "no_dose"
    QUARANTINED = "quarantined"


class EventKind(StrEnum):
    """The families of irradiation event that a reader tells apart."""

    CT = "ct"
    PROJECTION = "projection"
    MAMMOGRAPHY = "mammography"
    RADIOPHARMACEUTICAL = "radiopharmaceutical"


class Plane(StrEnum):
    """Acquisition plane (PS3.16 CID 10003)."""

    SINGLE = "single"
    A = "a"
    B = "b"
    ALL = "all"


Phantom = Literal["16cm", "32cm"]
"""CT dosimetry phantom diameter (PS3.16 CID 4052): never assumed, absent when not stated (P11)."""

BreastSide = Literal["left", "right", "both"]


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept as sent; identity is (value, scheme), the meaning is only for people."""

    value: str
    scheme: str
    meaning: str = ""

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class DoseValue:
    """One number, with where it came from.

    `value` is in `unit`, the storage unit of `quantity`; `original` and `original_unit` are what
    the object says; `path` is the way to it: concept codes with 1-based positions for SR
    (`113819[2]/113829/113830`), a tag path for headers (`(0018,115E)`).
    """

    quantity: str
    value: Number
    unit: str
    original: str
    original_unit: str
    path: str

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class CodedItem:
    """A coded or textual attribute that is not a number: filter material, route, agent, view."""

    name: str
    code: Code | None = None
    text: str = ""
    path: str = ""

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and time as the sender wrote it, never silently re-zoned (P26).

    `local` is ISO 8601 without offset; `offset` is `+HH:MM` where the object states it, else "".
    """

    original: str
    local: str
    offset: str = ""

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class IrradiationEvent:
    """One irradiation event (113769, DCM), DICOM's unit of counting."""

    uid: str
    kind: EventKind
    uid_is_synthesised: bool = False
    started: Moment | None = None
    event_type: Code | None = None
    protocol: str = ""
    target_region: Code | None = None
    laterality: Code | None = None
    side: BreastSide | None = None
    view: Code | None = None
    plane: Plane | None = None
    phantom: Phantom | None = None
    is_repeated: bool | None = None
    values: tuple[DoseValue, ...] = ()
    items: tuple[CodedItem, ...] = ()
    image_uids: tuple[str, ...] = ()

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Total:
    """A total that the object states, for one plane, breast or phantom where it says so."""

    value: DoseValue
    plane: Plane | None = None
    side: BreastSide | None = None
    phantom: Phantom | None = None

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place where the object departs from its standard, and what the reader did then (P39)."""

    code: str
    path: str
    detail: str

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Patient:
    """Who the object says was exposed. Identity is (id, issuer), never the bare id (P21)."""

    id: str = ""
    issuer: str = ""
    name: str = ""
    sex: str = ""
    birth_date: str = ""
    age: str = ""
    size_m: Number | None = None
    weight_kg: Number | None = None
    other_ids: tuple[tuple[str, str], ...] = ()

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Study:
    """The study as the object names it; dates are DICOM DA/TM text as sent."""

    uid: str = ""
    date: str = ""
    time: str = ""
    accession_number: str = ""
    id: str = ""
    description: str = ""
    referring_physician: str = ""
    requested_procedure: str = ""
    procedure_codes: tuple[Code, ...] = ()

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Equipment:
    """The modality as the object names it."""

    manufacturer: str = ""
    model: str = ""
    serial_number: str = ""
    software_versions: str = ""
    station_name: str = ""
    institution: str = ""
    department: str = ""
    device_uid: str = ""

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class ProcedureStep:
    """State of a performed procedure step, for MPPS evidence (P53)."""

    uid: str
    status: Literal["IN PROGRESS", "DISCONTINUED", "COMPLETED"]
    started: Moment | None = None
    ended: Moment | None = None

    __pydantic_config__ = _STRICT


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one reader saw in one object.

    `kind` names the family: `rdsr-ct`, `rdsr-projection`, `rdsr-mammography`, `rdsr-enhanced`,
    `esr-dose-ct`, `rrdsr`, `patient-rdsr`, `image-header`, `dose-sc-header`, `mpps`, `other`.
    `created` orders cumulative reports of one scope (P4); `scope_uid` names what was accumulated.
    `character_set`, `content_date` and `content_time` are as sent; `root_concept` and `template`
    are the title and the template id of a structured report.
    """

    outcome: Outcome
    kind: str
    reader: str
    reason: str = ""
    modality: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    series_uid: str = ""
    series_description: str = ""
    series_number: str = ""
    character_set: str = ""
    content_date: str = ""
    content_time: str = ""
    root_concept: Code | None = None
    template: str = ""
    created: Moment | None = None
    patient: Patient = Patient()
    study: Study = Study()
    equipment: Equipment = Equipment()
    protocol: str = ""
    procedure_reported: Code | None = None
    intent: Code | None = None
    scope: Code | None = None
    scope_uid: str = ""
    step: ProcedureStep | None = None
    performed_step_uid: str = ""
    events: tuple[IrradiationEvent, ...] = ()
    totals: tuple[Total, ...] = ()
    items: tuple[CodedItem, ...] = ()
    deviations: tuple[Deviation, ...] = ()

    __pydantic_config__ = _STRICT


READER_VERSION = "4"
"""Raised whenever a reader gives another result for any object: a re-read adds a version (P56)."""
