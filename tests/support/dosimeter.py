"""What a box sends of a dosimeter: readings of exposures, and their transcripts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_OID, uuid5

from dosebook_central.ingest.verify import Incoming
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import (
    CodedItem,
    Deviation,
    DoseValue,
    Equipment,
    EventKind,
    IrradiationEvent,
    Moment,
    Outcome,
    Patient,
    Reading,
    Study,
)
from tests.support.registry import NOW, SigningBox

MEDIA_TYPE = "text/vnd.dosebook.transcript; profile=ptw-diamentor-e2; revision=3f1c0a9b22d4"
PROFILE = "ptw-diamentor-e2"
FACTOR = Decimal("1.04")
ITEMS = {
    "instrument": "PTW DIAMENTOR E2, serial 004711",
    "instrument_profile": f"{PROFILE}@3f1c0a9b22d4",
    "calibration_factor": str(FACTOR),
    "calibration_certificate": "DKD-K-05501 2025-0311",
    "calibration_date": "2025-03-11",
    "calibration_due": "2027-03-11",
    "dap_position": "before table",
    "exposure_end": "no change for the idle time",
}


def exposure(
    raw: str | Decimal = "2.5",
    at: str = "2026-03-02T10:00:00",
    *,
    quantity: str = "dose_area_product",
    kind: EventKind = EventKind.PROJECTION,
    flags: Sequence[tuple[str, str]] = (),
    study: str = "",
    patient: Patient | None = None,
    step: str = "",
    station: str = "",
    fluoro_time: str = "",
    **items: str,
) -> Reading:
    """One exposure as a box reads it; without study, patient and step it is in no exam.

    `raw` is in the storage unit of the quantity; the value is it times the factor. An item that is
    given as "" is left out.
    """
    unit = QUANTITIES[quantity].unit
    raw = Decimal(raw)
    said = ITEMS | {"raw_value": f"{raw} {unit}"} | items
    values = [DoseValue(quantity, raw * FACTOR, unit, str(raw), unit, "M/dose")]
    if fluoro_time:
        values.append(
            DoseValue("fluoro_time", Decimal(fluoro_time), "s", fluoro_time, "s", "M/time")
        )
    started = Moment(at, at)
    return Reading(
        outcome=Outcome.READ,
        kind="instrument",
        reader=f"instrument/{PROFILE}",
        modality="RF",
        created=started,
        patient=patient or Patient(),
        study=Study(uid=study),
        performed_step_uid=step,
        equipment=Equipment(station_name=station),
        events=(
            IrradiationEvent(
                uid=f"2.25.{uuid5(NAMESPACE_OID, f'{at} {raw}').int}",
                kind=kind,
                uid_is_synthesised=True,
                started=started,
                values=tuple(values),
            ),
        ),
        items=tuple(CodedItem(name, text=text) for name, text in said.items() if text),
        deviations=tuple(Deviation(code, "", detail) for code, detail in flags),
    )


def in_study(read: Reading, study: str = "1.9") -> Reading:
    """The same reading in another study."""
    return replace(read, study=replace(read.study, uid=study), scope_uid=study)


def transcript(reading: Reading, polls: int = 4) -> bytes:
    """What went over the wire during an exposure, rising to its raw value."""
    started = datetime.fromisoformat(reading.created.local if reading.created else "")
    final = next(item.text for item in reading.items if item.name == "raw_value").split()[0]
    numbers = [*(f"{Decimal(final) * n / polls:.3f}" for n in range(polls)), final]
    lines = ["# transcript", f"# profile {PROFILE}", f"{started.isoformat()}Z opened"]
    for place, number in enumerate(numbers):
        at = (started + timedelta(seconds=place)).isoformat(timespec="milliseconds")
        lines += [f"{at}Z > M\\r\\n", f"{at}Z < M;{number};Gy.cm2\\r\\n"]
    return ("\n".join(lines) + "\n").encode()


def metered(box: SigningBox, read: Reading, at: datetime = NOW) -> Incoming:
    """A dosimeter's record as its box sends it."""
    return box.message(
        transcript(read),
        read,
        media_type=MEDIA_TYPE,
        source="dap",
        source_kind="instrument",
        captured_at=at,
        reader_version="instrument-1",
    )
