"""Words and numbers of the skin dose page."""

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.skin_dose.model import (
    Refusal,
    SkinDoseResult,
    refusal_from_text,
    result_from_text,
)
from dosebook_central.dosimetry.skin_dose.skin_map import Band, bands, side_of
from dosebook_central.store.skin_dose import SkinDoseRow
from dosebook_central.web.skin_picture import Picture, picture

_STATE_WORDS: Final = {
    "queued": "Waiting to be computed",
    "running": "Being computed",
    "done": "Computed",
    "refused": "No skin dose map",
    "failed": "Not computed",
}


@dataclass(frozen=True, slots=True)
class SkinDoseView:
    """What the page shows of one computation."""

    row: SkinDoseRow
    title: str
    result: SkinDoseResult | None = None
    refusal: Refusal | None = None
    picture: Picture | None = None
    bands: tuple[Band, ...] = ()
    place: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the page should ask again."""
        return self.row.state in ("queued", "running")


def view_of(row: SkinDoseRow) -> SkinDoseView:
    """Return the view of a stored computation; raises `pydantic.ValidationError` if broken."""
    title = _STATE_WORDS[row.state]
    if row.state == "refused":
        return SkinDoseView(row, title, refusal=refusal_from_text(row.result))
    if row.state != "done":
        return SkinDoseView(row, title)
    result = result_from_text(row.result)
    return SkinDoseView(
        row,
        title,
        result=result,
        picture=picture(result),
        bands=bands(result.map),
        place=_place(result),
    )


def dose_text(value: Decimal | float) -> str:
    """Write a dose in mGy with three significant digits or all before the point: 12.7, 0.920."""
    number = float(value)
    if number <= 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(number)))
    return f"{number:,.{digits}f}".replace(",", "\u202f")


def _place(result: SkinDoseResult) -> str:
    along = (result.peak_row + 0.5) * result.map.row_cm
    side = side_of(result.map, result.peak_column)
    return f"{side} of the body, {along:.0f} cm below the head end of the phantom"
