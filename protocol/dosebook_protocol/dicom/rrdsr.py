"""Radiopharmaceutical Radiation Dose SR (TID 10021): administrations, organ doses and patient."""

from dataclasses import replace
from typing import Final

from dosebook_protocol import codes
from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.sr_content import Item
from dosebook_protocol.dicom.sr_fields import Fields
from dosebook_protocol.dicom.sr_identity import identified
from dosebook_protocol.dicom.sr_once import stated_once
from dosebook_protocol.reading import EventKind, IrradiationEvent, Outcome, Reading

_REPORT_FIELDS: Final = frozenset({codes.ASSOCIATED_PROCEDURE})
_EVENT_FIELDS: Final = frozenset({codes.ADMINISTRATION_EVENT_UID, codes.ADMINISTRATION_START})
_ADMINISTRATIONS: Final = frozenset({codes.RADIOPHARMACEUTICAL_ADMINISTRATION})


def is_rrdsr(root: Item) -> bool:
    """Say whether the document is a radiopharmaceutical dose report, by root or containers."""
    if root.concept == codes.RADIOPHARMACEUTICAL_RADIATION_DOSE_REPORT:
        return True
    return any(child.concept in _ADMINISTRATIONS for child in root.children)


def read_rrdsr(root: Item, base: Reading, offset: str, notes: Deviations) -> Reading:
    """Read a radiopharmaceutical dose report; `base` holds its patient, study and equipment.

    Raises:
        UnreadableError: a dose or activity in it cannot be converted.
    """
    fields = Fields(root, _REPORT_FIELDS, notes, without=_ADMINISTRATIONS)
    procedure = fields.code(codes.ASSOCIATED_PROCEDURE)
    item = fields.item(codes.ASSOCIATED_PROCEDURE)
    intent = item.child(codes.HAS_INTENT) if item is not None else None
    events = [
        (child.path, _administration(child, offset, notes))
        for child in root.children
        if child.concept in _ADMINISTRATIONS
    ]
    return replace(
        base,
        outcome=Outcome.READ,
        kind="rrdsr",
        procedure_reported=procedure,
        intent=intent.code() if intent is not None else None,
        events=identified(events, base, notes),
        items=tuple(fields.collected.all_items()),
    )


def _administration(container: Item, offset: str, notes: Deviations) -> IrradiationEvent:
    """Read one administration (TID 10022) with its organ doses (TID 10023)."""
    fields = Fields(container, _EVENT_FIELDS, notes)
    values = stated_once(fields.collected, container, notes)
    return IrradiationEvent(
        uid=fields.text(codes.ADMINISTRATION_EVENT_UID),
        kind=EventKind.RADIOPHARMACEUTICAL,
        started=fields.moment(codes.ADMINISTRATION_START, offset),
        values=tuple(values),
        items=tuple(fields.collected.items),
        image_uids=tuple(fields.collected.images),
    )
