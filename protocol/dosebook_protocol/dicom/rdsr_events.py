"""Irradiation events of X-ray dose reports: TID 10003, 10013 and 10042 to `IrradiationEvent`."""

from dataclasses import dataclass
from typing import Final

from dosebook_protocol import codes
from dosebook_protocol.codes import Key
from dosebook_protocol.dicom import sr_meaning
from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.sr_content import Item
from dosebook_protocol.dicom.sr_fields import Fields
from dosebook_protocol.dicom.sr_numbers import stated
from dosebook_protocol.dicom.sr_once import stated_once
from dosebook_protocol.reading import CodedItem, EventKind, IrradiationEvent, Phantom

_FIELDS: Final[frozenset[Key]] = frozenset(
    {
        codes.IRRADIATION_EVENT_UID,
        codes.DATETIME_STARTED,
        codes.IRRADIATION_EVENT_TYPE,
        codes.CT_ACQUISITION_TYPE,
        codes.ACQUISITION_PROTOCOL,
        codes.TARGET_REGION,
        codes.IMAGE_VIEW,
        codes.ACQUISITION_PLANE,
        codes.IS_REPEATED,
    }
)
# Totals of a report, which in an event may be what had run up until then: never the event's own.
_RUNNING: Final[frozenset[Key]] = frozenset(
    (value, "DCM")
    for value in (
        "113722 113725 113726 113728 113730 113727 113729 113855 111637 113812 113813 130745"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Report:
    """What the reader of an event must know of its report."""

    offset: str = ""
    is_mammography: bool = False


def event(container: Item, report: Report, notes: Deviations) -> IrradiationEvent:
    """Read one CT Acquisition, Irradiation Event X-Ray Data or event summary."""
    fields = Fields(container, _FIELDS, notes, without=_RUNNING)
    collected = fields.collected
    for total in fields.left:
        detail = "a total stated within an event: kept as text, it may be a running one"
        notes.add("total-in-event", total.path, detail)
        collected.as_text(total, stated(total, notes))
        collected.below(total)
    values = stated_once(collected, container, notes)
    started = fields.moment(codes.DATETIME_STARTED, report.offset)
    type_ = fields.code(codes.CT_ACQUISITION_TYPE) or fields.code(codes.IRRADIATION_EVENT_TYPE)
    region = fields.code(codes.TARGET_REGION)
    plane = fields.code(codes.ACQUISITION_PLANE)
    if plane is not None and sr_meaning.plane(plane) is None:
        detail = f"{plane.meaning or plane.value!r} is no acquisition plane"
        notes.add("unknown-plane", container.path, detail)
    laterality = next((i.code for i in collected.items if i.name == "laterality"), None)
    has_agd = any(value.quantity == "average_glandular_dose" for value in collected.values)
    kind = _kind(container, is_mammography=report.is_mammography or has_agd)
    is_breast = kind is EventKind.MAMMOGRAPHY
    return IrradiationEvent(
        uid=fields.text(codes.IRRADIATION_EVENT_UID),
        kind=kind,
        started=started,
        event_type=type_,
        protocol=fields.text(codes.ACQUISITION_PROTOCOL),
        target_region=region,
        laterality=laterality,
        side=sr_meaning.side(laterality) or sr_meaning.side(region) if is_breast else None,
        view=fields.code(codes.IMAGE_VIEW),
        plane=sr_meaning.plane(plane),
        phantom=_phantom(collected.items, container, notes) if kind is EventKind.CT else None,
        is_repeated=sr_meaning.answer(fields.code(codes.IS_REPEATED)),
        values=tuple(values),
        items=tuple(collected.items),
        image_uids=tuple(collected.images),
    )


def _kind(container: Item, *, is_mammography: bool) -> EventKind:
    if container.concept == codes.CT_ACQUISITION:
        return EventKind.CT
    return EventKind.MAMMOGRAPHY if is_mammography else EventKind.PROJECTION


def _phantom(items: list[CodedItem], container: Item, notes: Deviations) -> Phantom | None:
    """Return the one phantom that the event's dose is stated for, as stated (P11)."""
    named = [item for item in items if item.name == "ctdi_w_phantom_type"]
    for item in named:
        if item.code is None:
            notes.add("unknown-phantom", item.path, f"{item.text!r} is a text, and no code")
    stated = [item for item in named if item.code]
    diameters = {sr_meaning.phantom(item.code) for item in stated}
    if len(diameters) == 1:
        diameter = diameters.pop()
        if diameter is None and stated[0].code is not None:
            detail = f"{stated[0].code.meaning or stated[0].code.value!r} has no known diameter"
            notes.add("unknown-phantom", stated[0].path, detail)
        return diameter
    if diameters:
        notes.add("several-phantoms", container.path, "several phantoms in one event: none taken")
    return None
