"""Secondary captures: the dose that some CT makers put into the header beside the picture.

Philips' Dose Info capture lists its exposures, states totals in a comment and keeps a more precise
DLP in private attributes; GE's Dose Report lists them too and states each DLP in the comment. A
capture without any of it is `no_dose` here: its picture may still be a dose screen, which is the
screen reader's to read.
"""

from dataclasses import replace
from typing import Final

from pydicom.dataset import Dataset

from dosebook_protocol.dicom import context, dose_comment, header
from dosebook_protocol.dicom import header_access as access
from dosebook_protocol.dicom import header_exposures as exposures
from dosebook_protocol.dicom.dataset import DatasetAttributes
from dosebook_protocol.dicom.header_ct import elscint_dlp, elscint_protocol, phantom_of
from dosebook_protocol.dicom.header_values import Notes, read_items
from dosebook_protocol.reading import (
    CodedItem,
    DoseValue,
    IrradiationEvent,
    Outcome,
    Reading,
    Total,
)

READER: Final = "dose_sc"


def read_dose_sc(dataset: Dataset) -> Reading:
    """Read a secondary capture: its dose, or that of the projection it holds, or `no_dose`."""
    notes = Notes()
    base = context.base_reading(
        DatasetAttributes(dataset), kind="dose-sc-header", reader=READER, notes=notes.deviations
    )
    key = f"{base.study.uid}\x1fdose-sc"
    events = exposures.exposure_events(dataset, key, base.modality, notes)
    comment = dose_comment.comment_of(dataset)
    if events:
        dose_comment.compare(events, comment, notes)
        events = dose_comment.complete(events, comment, notes)
    else:
        phantom = phantom_of([(dataset, "")], Notes())
        events = dose_comment.events_of(comment, key, phantom, notes)
    totals = _totals(dataset, comment, notes)
    read_items([(dataset, "")], notes)
    if not events and not totals:
        return _without_dose_list(dataset)
    return replace(
        base,
        outcome=Outcome.READ,
        events=_with_protocol(events, base.protocol),
        totals=totals,
        items=(*notes.items, *_items(dataset)),
        deviations=notes.deviations.result(),
    )


def _without_dose_list(dataset: Dataset) -> Reading:
    """Read a capture as the image it is: Hologic's projections come under this class."""
    reading = header.read_header(dataset)
    if reading.outcome is Outcome.READ:
        return reading
    reason = "a secondary capture whose header states no dose; its picture was not read"
    return replace(reading, kind="other", reason=reason)


def _totals(dataset: Dataset, comment: str, notes: Notes) -> tuple[Total, ...]:
    """Return the stated totals: the one shown to people wins, the private one stays beside it."""
    found: list[Total] = []
    shown, private = dose_comment.total(comment, notes), elscint_dlp(dataset, "", notes)
    if shown is not None:
        found.append(shown)
        if private is not None:
            _keep_private(shown.value, private, notes)
    elif private is not None:
        found.append(Total(private))
    sent = access.first(dataset, 0x00400301)
    count = notes.quantity("number_of_events", sent, "{n}", "(0040,0301)") if sent else None
    if count is not None and found:
        found.append(Total(count))
    phantom = phantom_of([(dataset, "")], Notes())
    return tuple(replace(t, phantom=phantom) if t.value.quantity == "dlp" else t for t in found)


def _keep_private(shown: DoseValue, private: DoseValue, notes: Notes) -> None:
    sent = f"{private.original} {private.original_unit}"
    notes.items.append(CodedItem("dlp_as_sent", text=sent, path=private.path))
    if not dose_comment.agrees(shown, private):
        notes.deviations.add(
            "totals-disagree", private.path, f"DLP {sent} here, {shown.original} in the comment"
        )


def _items(dataset: Dataset) -> list[CodedItem]:
    found = []
    distance = access.first(dataset, 0x00181110)
    if distance:
        sent = f"{distance} mm"
        found.append(CodedItem("distance_source_to_detector", text=sent, path="(0018,1110)"))
    protocol = elscint_protocol(dataset)
    if protocol:
        found.append(CodedItem("protocol_file", text=protocol, path="(00E1,xx61)"))
    return found


def _with_protocol(events: list[IrradiationEvent], protocol: str) -> tuple[IrradiationEvent, ...]:
    return tuple(e if e.protocol else replace(e, protocol=protocol) for e in events)
