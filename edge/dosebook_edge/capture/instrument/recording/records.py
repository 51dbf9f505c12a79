"""From an exposure to what a record says of it: one irradiation event, or why it is no dose."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from dosebook_edge.capture.instrument.exposures.exposure import Exposure, Segment
from dosebook_edge.capture.instrument.exposures.words import ENDINGS, FLAGS
from dosebook_edge.capture.room import Attachment
from dosebook_protocol.quantities import QUANTITIES, UnitError, convert, plain
from dosebook_protocol.reading import (
    CodedItem,
    Deviation,
    DoseValue,
    EventKind,
    IrradiationEvent,
    Moment,
    Outcome,
    Reading,
)

Meaning = Literal["not stated", "dose_rp", "entrance_dose"]
_NO_DOSE: Final = {
    "air_kerma": "an air kerma is a patient's dose only where the site says at which point",
    "exposure": "an exposure in roentgen has no exact dose",
    "exposure_area_product": "an exposure-area product in roentgen has no exact kerma-area product",
    "dose_equivalent": "the ambient dose of a room is no patient's dose",
    "count": "counts are no dose",
    "charge": "a charge is no dose",
    "indication": "the profile does not say what the number measures",
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """What box, profile and site say of one instrument."""

    box_id: str
    source: str
    profile_id: str
    revision: str
    name: str
    factor: Decimal = Decimal(1)
    certificate: str = ""
    calibrated_on: date | None = None
    calibration_due: date | None = None
    dap_position: Literal["before table", "after table", "not stated"] = "not stated"
    meaning: Meaning = "not stated"
    modality: str = ""

    @property
    def media_type(self) -> str:
        """Media type of the evidence."""
        return f"text/vnd.dosebook.transcript; profile={self.profile_id}; revision={self.revision}"


def reading_of(
    exposure: Exposure, instrument: Instrument, attachment: Attachment, *, step_before: str = ""
) -> Reading:
    """What the record of an exposure says.

    Args:
        exposure: the exposure.
        instrument: what measured it.
        attachment: the procedure step that it belongs to, if there is one.
        step_before: UID of the step that the instrument's last exposure belonged to.
    """
    step = attachment.step
    base = Reading(Outcome.READ, "instrument", f"instrument/{instrument.profile_id}")
    if step is not None:
        # Never the instrument's own name: it would be taken for another machine.
        base = replace(
            base,
            patient=step.reading.patient,
            study=step.reading.study,
            equipment=step.reading.equipment,
            performed_step_uid=step.uid,
        )
    modality = instrument.modality or (step.reading.modality if step else "")
    event = _event(exposure, instrument)
    items = (*_items(exposure, instrument), *_attached(attachment))
    reason = "" if event else _NO_DOSE.get(exposure.quantity, "no dose")
    return replace(
        base,
        outcome=Outcome.READ if event else Outcome.NO_DOSE,
        reason=reason,
        modality=modality,
        created=_moment(exposure.segment.started.at),
        events=(event,) if event else (),
        items=tuple(CodedItem(name, text=text) for name, text in items if text),
        deviations=tuple(_deviations(exposure, instrument, attachment, step_before)),
    )


def _event(exposure: Exposure, instrument: Instrument) -> IrradiationEvent | None:
    quantity = _quantity(exposure, instrument)
    if quantity is None:
        return None
    is_activity = exposure.quantity == "activity"
    return IrradiationEvent(
        uid=_uid(exposure, instrument),
        kind=EventKind.RADIOPHARMACEUTICAL if is_activity else EventKind.PROJECTION,
        uid_is_synthesised=True,
        started=_moment(exposure.segment.started.at),
        values=tuple(_values(exposure, quantity)),
        items=() if not is_activity else tuple(_nuclide(exposure)),
    )


def _quantity(exposure: Exposure, instrument: Instrument) -> str | None:
    """The quantity of patient dosimetry that was measured, if it is one."""
    if exposure.quantity == "air_kerma" and instrument.meaning != "not stated":
        return instrument.meaning
    known = {
        "dose_area_product": "dose_area_product",
        "activity": "pre_administration_activity",
    }
    return known.get(exposure.quantity)


def _values(exposure: Exposure, quantity: str) -> Iterator[DoseValue]:
    segment = exposure.segment
    unit = QUANTITIES[quantity].unit
    assert unit == exposure.unit, quantity  # noqa: S101 - one storage unit for each dimension
    said, said_unit = _as_sent(exposure)
    path = f"{segment.telegram}/{exposure.quantity}"
    yield DoseValue(quantity, exposure.corrected, unit, said, said_unit, path)
    if segment.seconds is not None and exposure.quantity != "activity":
        # Its clock runs in fluoroscopy and in acquisitions alike, and does not tell them apart.
        seconds, time_path = plain(segment.seconds), f"{segment.telegram}/time"
        yield DoseValue("irradiation_duration", seconds, "s", str(seconds), "s", time_path)


def _as_sent(exposure: Exposure) -> tuple[str, str]:
    """The uncorrected value in the unit of the instrument."""
    try:
        said = convert(exposure.raw, exposure.unit, exposure.segment.text_unit)
    except UnitError:  # kerma rates: a second is no decimal part of an hour
        return str(plain(exposure.raw)), exposure.unit
    return str(plain(said)), exposure.segment.text_unit


def _items(exposure: Exposure, instrument: Instrument) -> Iterator[tuple[str, str]]:
    segment = exposure.segment
    said, said_unit = _as_sent(exposure)
    serial = f", serial {exposure.serial}" if exposure.serial else ""
    yield "instrument", instrument.name + serial
    yield "instrument_profile", f"{instrument.profile_id}@{instrument.revision}"
    yield "raw_value", f"{plain(exposure.raw)} {exposure.unit}"
    yield "value_as_sent", f"{said} {said_unit}"
    if exposure.reason not in ("settled", "telegram"):
        yield "counter_before", _stood(segment)
        yield "counter_after", f"{segment.last} {segment.text_unit}"
    yield "calibration_factor", str(instrument.factor)
    yield "calibration_certificate", instrument.certificate
    yield (
        "calibration_date",
        instrument.calibrated_on.isoformat() if instrument.calibrated_on else "",
    )
    yield (
        "calibration_due",
        instrument.calibration_due.isoformat() if instrument.calibration_due else "",
    )
    if exposure.quantity == "dose_area_product":
        yield "dap_position", instrument.dap_position
    yield "exposure_number", str(exposure.number)
    yield "exposure_ended", _moment(segment.ended.at).original
    yield "exposure_end", ENDINGS[exposure.reason]


def _stood(segment: Segment) -> str:
    """Where a counter stood before: as sent, if it was heard then; "" at zero after a reset."""
    if segment.first:
        return f"{segment.first} {segment.text_unit}"
    return f"{plain(segment.base)} {segment.unit}" if segment.base else ""


def _nuclide(exposure: Exposure) -> Iterator[CodedItem]:
    nuclide = (exposure.segment.facts or {}).get("nuclide", "").strip()
    if nuclide:
        yield CodedItem("radionuclide_as_sent", text=nuclide, path=exposure.segment.telegram)


def _attached(attachment: Attachment) -> Iterator[tuple[str, str]]:
    if attachment.step is None:
        yield "unassigned", attachment.reason


def _deviations(
    exposure: Exposure, instrument: Instrument, attachment: Attachment, step_before: str
) -> Iterator[Deviation]:
    segment = exposure.segment
    for flag in exposure.flags:
        yield Deviation(flag, segment.telegram, FLAGS[flag])
    step = attachment.step
    if step is not None and step_before not in ("", step.uid) and segment.base > 0:
        yield Deviation(
            "carry-over",
            segment.telegram,
            "the counter was not reset after the last procedure step: it stood at "
            f"{_stood(segment)}, which is not counted",
        )
    if attachment.is_late:
        yield Deviation(
            "attached-late", "", "the procedure step was announced after the exposure had begun"
        )
    due = instrument.calibration_due
    if due is not None and segment.started.at.date() > due:
        yield Deviation("calibration-overdue", "", f"the calibration was due on {due.isoformat()}")


def _uid(exposure: Exposure, instrument: Instrument) -> str:
    """A UID that the same exposure always has (PS3.5 B.2, 2.25 of a UUID)."""
    segment = exposure.segment
    name = "|".join(
        (
            instrument.box_id,
            instrument.source,
            exposure.serial,
            segment.started.at.isoformat(),
            str(segment.base),
            str(segment.upto),
        )
    )
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}"


def _moment(at: datetime) -> Moment:
    """A moment in the zone that the box is set to (P26)."""
    local = at.astimezone()
    text = local.isoformat(timespec="milliseconds")
    return Moment(text, text[:-6], text[-6:])
