"""Exposures listed in Exposure Dose Sequence (0040,030E).

MPPS and the dose captures of Philips and GE CT list them alike.
"""

from dataclasses import replace
from typing import Final

from pydicom.dataset import Dataset

from dosebook_protocol.dicom import context, moments
from dosebook_protocol.dicom import header_access as access
from dosebook_protocol.dicom.header_ct import ACQUISITION_TYPES, elscint_dlp, phantom_of
from dosebook_protocol.dicom.header_identity import synthesised_uid
from dosebook_protocol.dicom.header_values import Notes, read_values
from dosebook_protocol.reading import CodedItem, EventKind, IrradiationEvent

SEQUENCE: Final = 0x0040030E
_MOST_ITEMS: Final = 2_000
_CTDI_VOL: Final = 0x00189345


def is_ct_dose_list(dataset: Dataset) -> bool:
    """Say whether a CT object lists doses, as a slice or localiser of its own never does.

    Philips writes its list also into objects of the CT image class, localisers among them.
    """
    return access.first(dataset, 0x00080060).upper() == "CT" and any(
        access.first(item, _CTDI_VOL) or elscint_dlp(item, "", Notes()) is not None
        for item in access.items(dataset, SEQUENCE)[:_MOST_ITEMS]
    )


def exposure_events(
    dataset: Dataset, key: str, modality: str, notes: Notes
) -> list[IrradiationEvent]:
    """Read each item of Exposure Dose Sequence as an event; `key` names what lists them."""
    sequence = access.items(dataset, SEQUENCE)
    if len(sequence) > _MOST_ITEMS:
        notes.deviations.add(
            "too-many-exposures",
            context.tag_path(SEQUENCE),
            f"{len(sequence)} exposures listed, the first {_MOST_ITEMS} read",
        )
    phantom = phantom_of([(dataset, "")], notes)
    events = [
        _exposure(item, (key, "exposure", str(position)), modality, notes)
        for position, item in enumerate(sequence[:_MOST_ITEMS], 1)
    ]
    listed = [event for event in events if event.values or event.event_type is not None]
    if len(listed) < len(events):
        detail = f"{len(events) - len(listed)} items without type, technique and dose: no exposure"
        notes.deviations.add("empty-exposure", context.tag_path(SEQUENCE), detail)
    return [
        replace(e, phantom=e.phantom or phantom) if e.kind is EventKind.CT else e for e in listed
    ]


def _exposure(
    item: Dataset, key: tuple[str, str, str], modality: str, notes: Notes
) -> IrradiationEvent:
    path = f"{context.tag_path(SEQUENCE)}[{key[2]}]/"
    own = Notes(deviations=notes.deviations)
    read_values([(item, path)], own, mammography=modality == "MG")
    series = access.first(item, 0x00200011)
    if series:
        own.items.append(CodedItem("series_number", text=series, path=f"{path}(0020,0011)"))
    if modality == "CT":
        _read_ct(item, path, own)
    start = moments.moment(access.first(item, 0x0008002A))
    numbers = (f"{v.quantity}={v.value}" for v in own.values)
    return IrradiationEvent(
        uid=synthesised_uid(*key, series, *numbers),
        kind=_KINDS.get(modality, EventKind.PROJECTION),
        uid_is_synthesised=True,
        started=start,
        event_type=ACQUISITION_TYPES.get(access.first(item, 0x00189302).upper()),
        protocol=access.text(item, 0x0008103E),
        phantom=phantom_of([(item, path)], own) if modality == "CT" else None,
        values=tuple(own.values),
        items=tuple(own.items),
    )


def _read_ct(item: Dataset, path: str, own: Notes) -> None:
    dlp = elscint_dlp(item, path, own)
    length = access.first(item, 0x00181302)
    values = [dlp]
    if length:
        values.append(own.quantity("scanning_length", length, "mm", f"{path}(0018,1302)"))
    own.values.extend(value for value in values if value is not None)


_KINDS: Final = {"CT": EventKind.CT, "MG": EventKind.MAMMOGRAPHY}
