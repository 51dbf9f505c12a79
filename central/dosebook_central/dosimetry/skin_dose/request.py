"""What is computed for one exam, or why nothing is: safelist, geometry, patient's size (P17, P19).

Pure: neither PySkinDose nor the store is needed to refuse.
"""

from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Final

from dosebook_central.dosimetry.skin_dose.assumptions import (
    TABLE_TRANSMISSION,
    TUBE_FILTRATION_MM_AL,
    assumptions,
    cylinder,
)
from dosebook_central.dosimetry.skin_dose.beams import beam
from dosebook_central.dosimetry.skin_dose.event_values import NoGeometryError
from dosebook_central.dosimetry.skin_dose.model import (
    ADAPTER_VERSION,
    REQUEST,
    Beam,
    PatientSize,
    RecordedEvent,
    Refusal,
    Request,
    UnusedEvent,
)
from dosebook_central.dosimetry.skin_dose.position import check_report
from dosebook_central.dosimetry.skin_dose.safelist import Geometry, safelist
from dosebook_protocol.reading import EventKind, IrradiationEvent

# A map of less than half of the kerma says nothing of where the peak is.
LEAST_PERCENT: Final = Decimal(50)
NOT_INSTALLED: Final = (
    "skin maps are not installed: pip install 'dosebook-central[skin-dose]' on the registry"
)


def prepare(events: Sequence[RecordedEvent], size: PatientSize, engine: str) -> Request | Refusal:
    """Return what to compute for an exam, or why it is refused.

    `engine` names PySkinDose with its version, "" where it is not installed.
    """
    projections = sorted(
        (one for one in events if one.event.kind is EventKind.PROJECTION), key=lambda o: o.number
    )
    if not any(_kerma(one.event) for one in projections):
        return Refusal("no-kerma", "no irradiation event states an air kerma at reference point")
    rows = {one.equipment: safelist().find(one.equipment) for one in projections}
    for equipment, row in rows.items():
        if row is None:
            return Refusal("not-validated", safelist().refusal(equipment))
    if len(set(rows.values())) > 1:
        return Refusal("several-systems", "the exam's events are of several X-ray systems")
    geometry = next(iter(rows.values()))
    assert geometry is not None  # noqa: S101 - refused above
    if problem := check_report(projections):
        return Refusal("position", problem)
    return _request(projections, geometry, size, engine)


def input_sha256(prepared: Request | Refusal, software: str) -> str:
    """Return the identity of what a map, or a refusal, follows from."""
    if isinstance(prepared, Request):
        text = REQUEST.dump_json(prepared)
    else:
        text = f"{software}\x1f{prepared.code}\x1f{prepared.reason}".encode()
    return sha256(text).hexdigest()


def software_text(engine: str) -> str:
    """Return what computes here: a change of any part makes every exam due again."""
    return f"{engine or 'no engine'}, adapter {ADAPTER_VERSION}, safelist {safelist().version}"


def kerma_percent(all_events: Decimal, missing: Sequence[UnusedEvent]) -> Decimal:
    """Return which share of the stated Ka,r is on the map, in percent, rounded down to 0.1."""
    lost = sum((one.kerma_mgy or Decimal(0) for one in missing), Decimal(0))
    share = 100 * (all_events - lost) / all_events
    return (share * 10 // 1) / 10


def _request(
    events: Sequence[RecordedEvent], geometry: Geometry, size: PatientSize, engine: str
) -> Request | Refusal:
    beams: list[Beam] = []
    unused: list[UnusedEvent] = []
    for one in events:
        kerma = _kerma(one.event)
        if kerma == 0:
            continue  # delivered nothing: needs no geometry
        try:
            beams.append(beam(one.number, one.event, geometry))
        except NoGeometryError as reason:
            unused.append(UnusedEvent(one.number, str(reason), kerma))
    total = sum((_kerma(one.event) or Decimal(0) for one in events), Decimal(0))
    percent = kerma_percent(total, unused)
    if not beams or percent < LEAST_PERCENT:
        return Refusal("geometry-missing", _too_little(unused, percent), tuple(unused))
    if not engine:
        return Refusal("not-installed", NOT_INSTALLED)
    body = cylinder(size)
    return Request(
        geometry=geometry.id,
        engine_model=geometry.engine_model,
        detector_side_cm=geometry.detector_side_cm,
        beams=tuple(beams),
        cylinder=body,
        table_transmission=TABLE_TRANSMISSION,
        inherent_filtration_mm_al=TUBE_FILTRATION_MM_AL,
        event_count=len(beams) + len(unused),
        kerma_mgy=total,
        unused=tuple(unused),
        assumptions=assumptions(events, beams, size, body, geometry),
        software=software_text(engine),
    )


def _too_little(unused: Sequence[UnusedEvent], percent: Decimal) -> str:
    reasons = [one.reason for one in unused]
    commonest = max(sorted(set(reasons)), key=reasons.count)
    return (
        f"only {percent} % of the Ka,r has a usable geometry: "
        f"{commonest} in {reasons.count(commonest)} of {len(reasons)} events that are left out"
    )


def _kerma(event: IrradiationEvent) -> Decimal | None:
    """Return the event's Ka,r in mGy; None where it is absent."""
    return next((value.value for value in event.values if value.quantity == "dose_rp"), None)
