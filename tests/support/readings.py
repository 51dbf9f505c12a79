"""Short ways to write readings, for tests of what is made of them."""

from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any

from dosebook_central.domain.evidence import Evidence
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import (
    DoseValue,
    EventKind,
    IrradiationEvent,
    Moment,
    Outcome,
    Patient,
    ProcedureStep,
    Reading,
    Study,
    Total,
)

PATIENT = Patient(id="4711", issuer="CHU", name="Muster^Anna", sex="F", birth_date="19700101")


def moment(local: str) -> Moment:
    """A moment as a sender writes it."""
    return Moment(local.replace("-", "").replace(":", "").replace("T", ""), local)


def value(quantity: str, number: str | int | Decimal) -> DoseValue:
    """A value in its storage unit."""
    unit = QUANTITIES[quantity].unit
    return DoseValue(quantity, Decimal(number), unit, str(number), unit, f"test/{quantity}")


def event(
    uid: str, kind: EventKind = EventKind.CT, at: str = "2026-03-02T10:00:00", **values: Any
) -> IrradiationEvent:
    """An irradiation event; keywords that are quantities become values, others fields."""
    doses = {name: number for name, number in values.items() if name in QUANTITIES}
    fields = {name: field for name, field in values.items() if name not in QUANTITIES}
    return IrradiationEvent(
        uid=uid,
        kind=kind,
        started=moment(at),
        values=tuple(value(name, number) for name, number in doses.items()),
        **fields,
    )


def total(quantity: str, number: str | int, **place: Any) -> Total:
    """A stated total."""
    return Total(value(quantity, number), **place)


def reading(
    kind: str = "rdsr-ct",
    *,
    uid: str = "1.2.3",
    created: str = "2026-03-02T10:30:00",
    events: Sequence[IrradiationEvent] = (),
    totals: Sequence[Total] = (),
    study: str = "1.9",
    accession: str = "A1",
    patient: Patient = PATIENT,
    **fields: Any,
) -> Reading:
    """A reading with the fields that reconciliation looks at."""
    return Reading(
        outcome=Outcome.READ,
        kind=kind,
        reader="test",
        sop_instance_uid=uid,
        created=moment(created),
        patient=patient,
        study=Study(uid=study, accession_number=accession, date="20260302", time="095900"),
        scope_uid=study,
        events=tuple(events),
        totals=tuple(totals),
        **fields,
    )


def step(
    status: Any = "COMPLETED", *, uid: str = "1.7", ended: str = "2026-03-02T10:40:00"
) -> ProcedureStep:
    """The state of a performed step."""
    return ProcedureStep(uid, status, moment("2026-03-02T09:59:00"), moment(ended))


def evidence(read: Reading, source_kind: str = "dicom-store", name: str = "") -> Evidence:
    """An evidence whose record and bytes are named after what was read, or by `name`."""
    digest = sha256((name or repr(read)).encode()).hexdigest()
    return Evidence(f"r{digest[:31]}", digest, source_kind, read)
