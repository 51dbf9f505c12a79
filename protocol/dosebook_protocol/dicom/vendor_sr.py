"""Vendor dose documents in private coding whose meaning is known: Siemens Arcadis and Varic.

Root (C-10, 99SMS_RADSUM), an Enhanced SR with totals only: C-200 exposures, C-202 fluoroscopy time,
C-204 dose area product. Units are read from the object like everywhere else.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from dosebook_protocol.codes import Key
from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.sr_collect import Collected
from dosebook_protocol.dicom.sr_content import Item
from dosebook_protocol.dicom.sr_numbers import dose_values
from dosebook_protocol.reading import Outcome, Plane, Reading, Total

_SCHEME: Final = "99SMS_RADSUM"
_ROOT: Final[Key] = ("C-10", _SCHEME)
_TOTALS: Final[Mapping[Key, str]] = {
    ("C-200", _SCHEME): "number_of_frames",
    ("C-202", _SCHEME): "fluoro_time",
    ("C-204", _SCHEME): "dose_area_product",
}


def is_siemens_summary(root: Item) -> bool:
    """Say whether the document is the radiation summary of a Siemens mobile C-arm."""
    return root.concept == _ROOT


def read_siemens_summary(root: Item, base: Reading, notes: Deviations) -> Reading:
    """Read the totals of the summary; it has no irradiation events.

    Raises:
        UnreadableError: a dose in it cannot be converted.
    """
    rest = Collected(notes)
    totals: list[Total] = []
    for child in root.children:
        quantity = _TOTALS.get(child.concept)
        if quantity is None:
            rest.item(child)
            continue
        values, left_over = dose_values(child, quantity, notes)
        totals.extend(Total(value, Plane.SINGLE) for value in values)
        rest.as_text(child, left_over)
        rest.below(child)
    notes.add("vendor-document", "", "a Siemens radiation summary: totals only, no events")
    items = tuple(rest.all_items())
    kind = "rdsr-projection"
    return replace(base, outcome=Outcome.READ, kind=kind, totals=tuple(totals), items=items)
