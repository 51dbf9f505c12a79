"""Doses that an enhanced header states in parts: of each frame, or of each acquisition.

A frame of a breast projection states the dose of that frame (PS3.3 C.8.31.5), an acquisition of a
breast tomosynthesis the dose of all its frames (PS3.3 C.8.21.3.4). The dose of the object is what
its parts sum to, where every part states one.
"""

import re
from decimal import Decimal
from typing import Final

from pydicom.dataset import Dataset

from dosebook_protocol.dicom import header_access as access
from dosebook_protocol.dicom.context import tag_path
from dosebook_protocol.dicom.header_values import Notes
from dosebook_protocol.quantities import parse_decimal
from dosebook_protocol.reading import CodedItem, DoseValue

_IN_PARTS: Final = frozenset({"average_glandular_dose", "organ_dose", "entrance_dose"})
_ACQUISITIONS: Final = 0x00189507
_FRAMES: Final = 0x52009230
_SHARED: Final = f"{tag_path(0x52009229)}[1]/"
_NUMBER_OF_FRAMES: Final = 0x00280008
_TAG: Final = re.compile(r"\(([0-9A-F]{4}),([0-9A-F]{4})\)")


def add_up(dataset: Dataset, notes: Notes) -> None:
    """Replace the dose of a first part by that of all parts; without a sum it is kept as text."""
    for value in [value for value in notes.values if value.quantity in _IN_PARTS]:
        frames = access.first(dataset, _NUMBER_OF_FRAMES)
        if value.path.startswith(_SHARED) and frames not in ("", "1"):
            _keep_as_text(value, f"one dose shared by {frames} frames: of each or of all?", notes)
        for tag in (_ACQUISITIONS, _FRAMES):
            first = f"{tag_path(tag)}[1]/"
            if value.path.startswith(first):
                _add(value, access.items(dataset, tag), first, notes)


def _add(value: DoseValue, parts: list[Dataset], first: str, notes: Notes) -> None:
    if len(parts) == 1:
        return
    below = value.path.removeprefix(first)
    tags = [int(group + element, 16) for group, element in _TAG.findall(below)]
    path = first.replace("[1]", f"[1-{len(parts)}]") + below
    sent = [_at(part, tags) for part in parts]
    stated = [notes.quantity(value.quantity, s, value.original_unit, path) for s in sent if s]
    numbers = [number for number in stated if number is not None]
    if len(numbers) < len(parts):
        why = f"{len(numbers)} of {len(parts)} parts state a dose: no sum"
        _keep_as_text(value, why, notes)
        return
    total = sum((number.value for number in numbers), Decimal(0))
    original = f"{sum(map(parse_decimal, sent), Decimal(0)):f}"
    whole = DoseValue(value.quantity, total, value.unit, original, value.original_unit, path)
    notes.values[notes.values.index(value)] = whole
    notes.deviations.add("dose-in-parts", path, f"the sum of what {len(parts)} parts state")


def _at(part: Dataset, tags: list[int]) -> str:
    """Return the number that stands at the same place of another part, "" where none does."""
    for tag in tags[:-1]:
        below = access.items(part, tag)
        if not below:
            return ""
        part = below[0]
    return access.first(part, tags[-1])


def _keep_as_text(value: DoseValue, why: str, notes: Notes) -> None:
    notes.values.remove(value)
    sent = f"{value.original} {value.original_unit}"
    notes.items.append(CodedItem(f"{value.quantity}_as_sent", text=sent, path=value.path))
    notes.deviations.add("dose-in-parts", value.path, f"{why}; kept as text")
