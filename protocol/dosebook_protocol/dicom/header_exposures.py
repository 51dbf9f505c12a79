"""Exposures listed in Exposure Dose Sequence (0040,030E) and in the free-text dose comment.

MPPS and the dose-info captures of Philips CT list them alike. The comment is only ever matched
against fixed patterns: markup or script in it stays text (P40).
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from pydicom.dataset import Dataset

from dosebook_protocol.dicom import context
from dosebook_protocol.dicom import header_access as access
from dosebook_protocol.dicom.header_ct import ACQUISITION_TYPES, elscint_dlp, phantom_of
from dosebook_protocol.dicom.header_identity import synthesised_uid
from dosebook_protocol.dicom.header_values import Notes, read_values
from dosebook_protocol.reading import (
    CodedItem,
    DoseValue,
    EventKind,
    IrradiationEvent,
    Phantom,
    Total,
)

SEQUENCE: Final = 0x0040030E
COMMENT: Final = 0x00400310
_COMMENT_LIMIT: Final = 65_536
_MOST_ITEMS: Final = 2_000
_NUMBER: Final = r"(\d{1,9}(?:[.,]\d{1,9})?)"
_SERIES_LINE: Final = re.compile(
    rf"Series\s{{0,4}}#(?P<series>\d{{1,9}})\s(?P<name>.{{0,200}}?)\s{{0,4}}(?:Average\s)?"
    rf"CTDIvol\s?=\s?(?P<ctdi>{_NUMBER})\s{{1,4}}DLP\s?=\s?(?P<dlp>{_NUMBER})",
    re.IGNORECASE,
)
_TOTAL_LINE: Final = re.compile(rf"\bTotal\s{{1,4}}DLP\s?=\s?(?P<dlp>{_NUMBER})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CommentSeries:
    """One series line of a dose comment: its number, name and the numbers as sent."""

    number: str
    name: str
    ctdi_vol: str
    dlp: str


def comment_of(dataset: Dataset) -> str:
    """Return the dose comment, shortened to what a person could have meant by one."""
    return access.text(dataset, COMMENT)[:_COMMENT_LIMIT]


def comment_series(comment: str) -> list[CommentSeries]:
    """Return the series lines of a dose comment."""
    found = (_SERIES_LINE.search(line[:1000]) for line in comment.splitlines())
    return [CommentSeries(m["series"], m["name"].strip(), m["ctdi"], m["dlp"]) for m in found if m]


def comment_total(comment: str, notes: Notes) -> Total | None:
    """Return the total DLP that a dose comment states."""
    for line in comment.splitlines():
        found = _TOTAL_LINE.search(line[:1000])
        if found:
            value = notes.quantity("dlp", found["dlp"], "mGy.cm", context.tag_path(COMMENT))
            return Total(value) if value else None
    return None


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
    start = context.moment(access.first(item, 0x0008002A))
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


def comment_events(
    lines: list[CommentSeries], key: str, phantom: Phantom | None, notes: Notes
) -> list[IrradiationEvent]:
    """Read series lines as events, for objects that list their exposures nowhere else."""
    events = []
    for position, line in enumerate(lines, 1):
        path = f"{context.tag_path(COMMENT)}[{position}]"
        values = (
            notes.quantity("ctdi_vol", line.ctdi_vol, "mGy", path),
            notes.quantity("dlp", line.dlp, "mGy.cm", path),
        )
        events.append(
            IrradiationEvent(
                uid=synthesised_uid(key, "series", str(position), line.number, line.dlp),
                kind=EventKind.CT,
                uid_is_synthesised=True,
                protocol=line.name,
                phantom=phantom,
                values=tuple(value for value in values if value is not None),
                items=(CodedItem("series_number", text=line.number, path=path),),
            )
        )
    return events


def compare_with_comment(
    events: list[IrradiationEvent], lines: list[CommentSeries], notes: Notes
) -> None:
    """Note where the comment and the sequence say different numbers of one series."""
    for line in lines:
        event = next((e for e in events if _series_number(e) == line.number), None)
        if event is None:
            notes.deviations.add(
                "comment-names-further-series",
                context.tag_path(COMMENT),
                f"series {line.number} is in the comment and not in the sequence",
                per=line.number,
            )
            continue
        for quantity, sent, unit in (
            ("ctdi_vol", line.ctdi_vol, "mGy"),
            ("dlp", line.dlp, "mGy.cm"),
        ):
            said = notes.quantity(quantity, sent, unit, context.tag_path(COMMENT))
            listed = next((v for v in event.values if v.quantity == quantity), None)
            if said and listed and not agrees(said, listed):
                notes.deviations.add(
                    "comment-disagrees",
                    listed.path,
                    f"{quantity} of series {line.number} is {listed.original} here,"
                    f" {sent} in the comment",
                    per=f"{line.number}{quantity}",
                )


def agrees(rounded: DoseValue, exact: DoseValue) -> bool:
    """Tell whether `exact`, written with the decimals of `rounded`, is `rounded`."""
    exponent = rounded.value.as_tuple().exponent
    step = 10**exponent if isinstance(exponent, int) else 0
    return abs(rounded.value - exact.value) <= step


def _series_number(event: IrradiationEvent) -> str:
    return next((item.text for item in event.items if item.name == "series_number"), "")


_KINDS: Final = {"CT": EventKind.CT, "MG": EventKind.MAMMOGRAPHY}
