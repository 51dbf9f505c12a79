"""What was sent, in numbers: the ground truth that a demo or a test compares the registry with."""

from dataclasses import asdict, dataclass, field
from typing import Any

from dosebook_edge.simulate.values import Measured


@dataclass(frozen=True, slots=True)
class Value:
    """One stated number: exact in Dosebook's storage unit, and as sent.

    Storage units are Gy.cm2, mGy, mGy.cm, MBq and s. `original` is the number in the unit as sent,
    to be compared as a number: its digits may be written with an exponent in the object.
    """

    quantity: str
    value: str
    original: str
    original_unit: str
    plane: str | None = None
    side: str | None = None
    phantom: str | None = None


def stated(
    quantity: str,
    number: Measured,
    *,
    plane: str | None = None,
    side: str | None = None,
    phantom: str | None = None,
) -> Value:
    """Return the truth of a number that an object states."""
    return Value(
        quantity, f"{number.stored:f}", f"{number.value:f}", number.unit, plane, side, phantom
    )


@dataclass(frozen=True, slots=True)
class EventTruth:
    """One irradiation event or administration. `started` is local time in ISO 8601."""

    uid: str
    kind: str
    started: str
    event_type: str = ""
    plane: str | None = None
    side: str | None = None
    phantom: str | None = None
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectTruth:
    """One sent object: who it is, which events it holds, which totals it states."""

    sop_instance_uid: str
    sop_class_uid: str
    kind: str
    vendor: str
    events: tuple[EventTruth, ...] = ()
    totals: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class PatientTruth:
    """Who was exposed; identity is (id, issuer)."""

    id: str
    issuer: str
    name: str
    birth_date: str
    sex: str


@dataclass(frozen=True, slots=True)
class ExamTruth:
    """One exam: every object sent for it, and what a registry must hold in the end.

    `event_uids` are the distinct events over all objects; `distinct_events` is their count, or
    None where the sender names no events (an MPPS alone). `totals` are what the exam's strongest
    evidence states, cumulative reports counted once, disjoint reports added, planes and breasts
    apart; where no object states a total (images, administrations), the sum over the events.
    """

    exam: str
    scenario: str
    modality: str
    vendor: str
    study_instance_uid: str
    accession_number: str
    study_date: str
    patient: PatientTruth
    event_uids: tuple[str, ...]
    distinct_events: int | None
    totals: tuple[Value, ...]
    objects: tuple[ObjectTruth, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return plain dicts and lists, ready for json.dumps."""
        return asdict(self)
