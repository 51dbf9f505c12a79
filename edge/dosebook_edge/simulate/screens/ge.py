"""A CT dose report in the arrangement of GE's: one table of series, white on black, 512 x 512."""

from decimal import Decimal
from random import Random
from typing import Final

from dosebook_edge.simulate.screens.ct import ct_exam
from dosebook_edge.simulate.screens.page import Align, Ink, Page
from dosebook_edge.simulate.screens.rows import CtRow
from dosebook_edge.simulate.screens.truth import Screen
from dosebook_edge.simulate.screens.visit import Wish

LAYOUT: Final = "ge-ct"
SIZE: Final = (512, 512)
FIRST_ROW: Final = 178
PITCH: Final = 20
MAX_ROWS: Final = 11

_INK: Final = Ink("mono", 12)
# Column → left and width in pixels.
_COLUMNS: Final = {
    "series": (10, 42),
    "type": (60, 74),
    "scan_range": (138, 148),
    "ctdi_vol": (290, 62),
    "dlp": (356, 72),
    "phantom": (434, 70),
}
_TEXTS: Final = ("type", "scan_range", "phantom")


def draw_ge(rng: Random, wish: Wish) -> Screen:
    """Draw one report; the scout row shows dashes, the total stands under the table."""
    words = wish.words
    exam = ct_exam(rng, wish, dlp_digits=2, max_rows=MAX_ROWS - 1)
    page = Page(LAYOUT, wish, SIZE, smooth=False)
    page.text(10, 12, words["dose_report"], Ink("mono_bold", 14))
    page.draw.line((10, 30, 501, 30), fill=(255, 255, 255))
    lines = {"patient": 38, "patient_id": 58, "accession": 78, "date": 98}
    page.identity(lines, _INK, x=10, down=6, box=(130, 0, 300, PITCH), mark=":")
    _table_head(page, words)
    _scout(page)
    for index, row in enumerate(exam.rows, start=2):
        _row(page, words, index, row)
    y = FIRST_ROW + PITCH * (len(exam.rows) + 2)
    page.text(346, y + 6, f"{words['total_exam_dlp']}:", _INK, align="right")
    page.number("total_dlp", (356, y, 72, PITCH), f"{exam.total_dlp:.2f}", _INK, unit="mGy-cm")
    page.text(10, 494, "1/1", _INK)
    return page.done()


def _table_head(page: Page, words: dict[str, str]) -> None:
    for name, label, unit in (
        ("series", words["series"], ""),
        ("type", words["type"], ""),
        ("scan_range", words["scan_range"], "(mm)"),
        ("ctdi_vol", "CTDIvol", "(mGy)"),
        ("dlp", "DLP", "(mGy-cm)"),
        ("phantom", words["phantom"], "cm"),
    ):
        left, width = _COLUMNS[name]
        at = left + 2 if name in _TEXTS else left + width - 2
        align = _align(name)
        page.text(at, 136, label, _INK, align=align)
        page.text(at, 154, unit, _INK, align=align)
    page.draw.line((10, 172, 501, 172), fill=(255, 255, 255))


def _scout(page: Page) -> None:
    for name in _COLUMNS:
        text = {"series": "1", "type": "Scout"}.get(name, "-")
        left, width = _COLUMNS[name]
        page.cell(name, (left, FIRST_ROW, width, PITCH), text, _INK, row=1, align=_align(name))


def _align(column: str) -> Align:
    return "left" if column in _TEXTS else "right"


def _row(page: Page, words: dict[str, str], index: int, row: CtRow) -> None:
    y = FIRST_ROW + PITCH * (index - 1)
    boxes = {name: (left, y, width, PITCH) for name, (left, width) in _COLUMNS.items()}
    spread = f"{_side(row.start_mm)}-{_side(row.end_mm)}".replace(".", page.wish.mark)
    size = "16" if row.phantom == "head" else "32"
    kind = "Helical" if row.is_helical else "Axial"
    page.number("series", boxes["series"], str(row.series), _INK, unit="", row=index)
    page.cell("type", boxes["type"], kind, _INK, row=index, align="left")
    page.cell("scan_range", boxes["scan_range"], spread, _INK, unit="mm", row=index, align="left")
    page.number("ctdi_vol", boxes["ctdi_vol"], f"{row.ctdi_vol:.2f}", _INK, unit="mGy", row=index)
    page.number("dlp", boxes["dlp"], f"{row.dlp:.2f}", _INK, unit="mGy-cm", row=index)
    text = f"{words[row.phantom]} {size}"
    page.cell("phantom", boxes["phantom"], text, _INK, unit="cm", row=index, align="left")


def _side(at_mm: Decimal) -> str:
    """Write a table position: superior or inferior of the landmark, in mm."""
    return f"{'S' if at_mm >= 0 else 'I'}{abs(at_mm):.3f}"
