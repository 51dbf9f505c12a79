"""Modality Performed Procedure Step: the state of a step and the dose that its messages state.

The Radiation Dose Module of MPPS is retired and still sent (PS3.3 C.4.16). A discontinued step was
irradiated all the same, so its dose is read like any other (P53).
"""

from dataclasses import replace
from typing import Final, Literal

from pydicom.dataset import Dataset

from dosebook_protocol.dicom import context, dose_comment, moments
from dosebook_protocol.dicom import header_access as access
from dosebook_protocol.dicom import header_exposures as exposures
from dosebook_protocol.dicom.dataset import DatasetAttributes
from dosebook_protocol.dicom.header_ct import phantom_of
from dosebook_protocol.dicom.header_values import Notes, read_values
from dosebook_protocol.reading import (
    CodedItem,
    IrradiationEvent,
    Moment,
    Outcome,
    ProcedureStep,
    Reading,
    Study,
    Total,
)

READER: Final = "mpps"

Phase = Literal["n-create", "n-set", "merged"]
_Status = Literal["IN PROGRESS", "DISCONTINUED", "COMPLETED"]
_STATUSES: Final[dict[str, _Status]] = {
    "IN PROGRESS": "IN PROGRESS",
    "DISCONTINUED": "DISCONTINUED",
    "COMPLETED": "COMPLETED",
}
_UID_TAGS: Final = (0x00080018, 0x00001000, 0x00001001)
_COUNTERS: Final = (
    ("fluoro_time", 0x00400300, "s"),
    ("number_of_events", 0x00400301, "{n}"),
)
_DOSES: Final = frozenset(
    {
        "dose_area_product", "acquisition_dose_area_product", "entrance_dose", "ctdi_vol",
        "organ_dose", "average_glandular_dose",
    }
)  # fmt: skip


def read_mpps(dataset: Dataset, phase: Phase, uid: str = "") -> Reading:
    """Read one MPPS message, or the merge of several; `uid` is the step's SOP Instance UID.

    An N-SET yields what it carries and no more: absent study and patient attributes stay empty.
    """
    notes = Notes()
    base = context.base_reading(
        DatasetAttributes(dataset), kind="mpps", reader=READER, notes=notes.deviations
    )
    step = _step(dataset, phase, uid, notes)
    comment = dose_comment.comment_of(dataset)
    totals = _totals(dataset, comment, base.modality, notes)
    station = base.equipment.station_name or access.text(dataset, 0x00400242)
    return replace(
        base,
        outcome=Outcome.READ,
        sop_instance_uid=base.sop_instance_uid or step.uid,
        performed_step_uid=step.uid,
        step=step,
        study=_study(dataset, base.study),
        equipment=replace(base.equipment, station_name=station),
        created=base.created or step.ended or step.started,
        protocol=base.protocol or _series_protocol(dataset),
        events=_events(dataset, comment, base, step.uid, notes),
        totals=totals,
        items=(*notes.items, *_items(dataset)),
        deviations=notes.deviations.result(),
    )


def _step(dataset: Dataset, phase: Phase, uid: str, notes: Notes) -> ProcedureStep:
    stated = uid or next((u for tag in _UID_TAGS if (u := access.first(dataset, tag))), "")
    if not stated:
        notes.deviations.add("no-step-uid", "(0008,0018)", "the message names no procedure step")
    return ProcedureStep(
        uid=stated,
        status=_status(dataset, phase, notes),
        started=_moment(dataset, 0x00400244, 0x00400245),
        ended=_moment(dataset, 0x00400250, 0x00400251),
    )


def _status(dataset: Dataset, phase: Phase, notes: Notes) -> _Status:
    """Return the status; one that is absent is IN PROGRESS, as PS3.4 F.7.2 has an N-SET find it."""
    sent = access.first(dataset, 0x00400252)
    status = _STATUSES.get(" ".join(sent.upper().replace("_", " ").split()))
    if status is None and (sent or phase != "n-set"):
        detail = f"{sent!r} is not a status of a performed procedure step; taken as IN PROGRESS"
        notes.deviations.add("unknown-step-status", "(0040,0252)", detail)
    return status or "IN PROGRESS"


def _moment(dataset: Dataset, date_tag: int, time_tag: int) -> Moment | None:
    date, time = access.first(dataset, date_tag), access.first(dataset, time_tag)
    offset = access.first(dataset, 0x00080201)
    return moments.date_and_time(date, time, offset) if date else None


def _study(dataset: Dataset, own: Study) -> Study:
    """Return the study of the first scheduled step; the others are items."""
    scheduled = access.items(dataset, 0x00400270)
    described = own.description or access.text(dataset, 0x00400254)
    if not scheduled:
        return replace(own, description=described)
    item = scheduled[0]
    requested = access.text(item, 0x00321060) or access.text(item, 0x00400007)
    return replace(
        own,
        uid=own.uid or access.first(item, 0x0020000D),
        accession_number=own.accession_number or access.text(item, 0x00080050),
        requested_procedure=own.requested_procedure or requested,
        description=described,
    )


def _totals(dataset: Dataset, comment: str, modality: str, notes: Notes) -> tuple[Total, ...]:
    counters = (
        notes.quantity(quantity, sent, unit, context.tag_path(tag))
        for quantity, tag, unit in _COUNTERS
        if (sent := access.first(dataset, tag))
    )
    found = [Total(value) for value in counters if value is not None]
    read_values([(dataset, "")], notes, mammography=modality == "MG")
    phantom = phantom_of([(dataset, "")], notes) if modality == "CT" else None
    found.extend(
        Total(value, phantom=phantom if value.quantity == "ctdi_vol" else None)
        for value in notes.values
        if value.quantity in _DOSES
    )
    notes.items.extend(
        CodedItem(value.quantity, text=f"{value.original} {value.original_unit}", path=value.path)
        for value in notes.values
        if value.quantity not in _DOSES
    )
    dlp = dose_comment.total(comment, notes)
    if dlp is not None:
        found.append(replace(dlp, phantom=phantom))
    return tuple(found)


def _events(
    dataset: Dataset, comment: str, base: Reading, uid: str, notes: Notes
) -> tuple[IrradiationEvent, ...]:
    key = f"{uid or base.study.uid}\x1fmpps"
    listed = exposures.exposure_events(dataset, key, base.modality, notes)
    if listed:
        dose_comment.compare(listed, comment, notes)
        return tuple(dose_comment.complete(listed, comment, notes))
    phantom = phantom_of([(dataset, "")], Notes())
    return tuple(dose_comment.events_of(comment, key, phantom, notes))


def _series_protocol(dataset: Dataset) -> str:
    for series in access.items(dataset, 0x00400340):
        protocol = access.text(series, 0x00181030)
        if protocol:
            return protocol
    return ""


def _items(dataset: Dataset) -> list[CodedItem]:
    found = [
        CodedItem(name, text=text, path=context.tag_path(tag))
        for name, tag in (
            ("performed_station_ae_title", 0x00400241),
            ("performed_procedure_step_id", 0x00400253),
        )
        if (text := access.text(dataset, tag))
    ]
    reason = access.code(dataset, 0x00400281)
    if reason is not None:
        found.append(CodedItem("discontinuation_reason", reason, path="(0040,0281)"))
    return [*found, *_scheduled_items(dataset), *_series_items(dataset)]


def _scheduled_items(dataset: Dataset) -> list[CodedItem]:
    """Name the order of every scheduled step: one acquisition may answer several (P9)."""
    names = (
        ("scheduled_study_uid", 0x0020000D),
        ("scheduled_accession_number", 0x00080050),
        ("scheduled_procedure_step_id", 0x00400009),
        ("requested_procedure_id", 0x00401001),
        ("requested_procedure", 0x00321060),
        ("scheduled_procedure_step", 0x00400007),
    )
    return [
        CodedItem(name, text=text, path=f"(0040,0270)[{position}]/{context.tag_path(tag)}")
        for position, item in enumerate(access.items(dataset, 0x00400270), 1)
        for name, tag in names
        if (text := access.text(item, tag))
    ]


def _series_items(dataset: Dataset) -> list[CodedItem]:
    found = []
    for position, series in enumerate(access.items(dataset, 0x00400340), 1):
        path = f"(0040,0340)[{position}]/"
        uid = access.first(series, 0x0020000E)
        if uid:
            found.append(CodedItem("performed_series_uid", text=uid, path=f"{path}(0020,000E)"))
        for tag in (0x00081140, 0x00400220):
            for number, reference in enumerate(access.items(series, tag), 1):
                instance = access.first(reference, 0x00081155)
                where = f"{path}{context.tag_path(tag)}[{number}]/(0008,1155)"
                if instance:
                    found.append(
                        CodedItem("referenced_sop_instance_uid", text=instance, path=where)
                    )
    return found
