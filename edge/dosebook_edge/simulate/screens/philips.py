"""A CT dose report in the arrangement of Philips': a framed table, light on dark blue."""

from random import Random
from typing import Final

from dosebook_edge.simulate.screens.ct import ct_exam
from dosebook_edge.simulate.screens.page import Align, Ink, Page
from dosebook_edge.simulate.screens.rows import CtRow
from dosebook_edge.simulate.screens.truth import Screen
from dosebook_edge.simulate.screens.visit import Wish

LAYOUT: Final = "philips-dose"
SIZE: Final = (1024, 768)
FIRST_ROW: Final = 270
PITCH: Final = 30
MAX_ROWS: Final = 10

_BLUE: Final = (14, 22, 52)
_INK: Final = Ink("sans", 17, (230, 234, 240))
_BOLD: Final = Ink("sans_bold", 17, (255, 255, 255))
# Column → left, width and unit as printed.
_COLUMNS: Final = {
    "series": (40, 80, ""),
    "protocol": (130, 200, ""),
    "kvp": (340, 80, "kV"),
    "exposure": (430, 90, "mAs"),
    "ctdi_vol": (530, 120, "mGy"),
    "dlp": (660, 140, "mGy*cm"),
    "phantom": (820, 160, ""),
}
_TEXTS: Final = ("protocol", "phantom")


def draw_philips(rng: Random, wish: Wish) -> Screen:
    """Draw one report; the total is the table's last line."""
    words = wish.words
    exam = ct_exam(rng, wish, dlp_digits=1, max_rows=MAX_ROWS)
    page = Page(LAYOUT, wish, SIZE, _BLUE)
    page.draw.rectangle((20, 20, 1003, 747), outline=(120, 140, 190))
    page.text(40, 44, words["dose_information"], Ink("sans_bold", 22))
    lines = {"patient": 84, "patient_id": 114, "accession": 144, "date": 174}
    page.identity(lines, _INK, x=40, down=9, box=(260, 0, 500, PITCH))
    _table_head(page, words)
    for index, row in enumerate(exam.rows, start=1):
        _row(page, words, index, row)
    y = FIRST_ROW + PITCH * MAX_ROWS + 20
    page.draw.line((40, y, 980, y), fill=(120, 140, 190))
    page.text(534, y + 19, words["total_dlp"], _BOLD)
    page.number("total_dlp", (660, y + 10, 140, 30), f"{exam.total_dlp:.1f}", _BOLD, unit="mGy*cm")
    page.text(824, y + 19, "mGy*cm", _INK)
    return page.done()


def _align(column: str) -> Align:
    return "left" if column in _TEXTS else "right"


def _table_head(page: Page, words: dict[str, str]) -> None:
    own = {"protocol": "scan", "kvp": "kV", "exposure": "mAs", "ctdi_vol": "CTDIvol", "dlp": "DLP"}
    for name, (left, width, unit) in _COLUMNS.items():
        label = own.get(name, name)
        at = left + 2 if name in _TEXTS else left + width - 2
        page.text(at, 222, words.get(label, label), _BOLD, align=_align(name))
        page.text(at, 244, unit, Ink("sans", 13, (170, 180, 205)), align=_align(name))
    page.draw.line((40, 264, 980, 264), fill=(120, 140, 190))


def _row(page: Page, words: dict[str, str], index: int, row: CtRow) -> None:
    y = FIRST_ROW + PITCH * (index - 1)
    boxes = {name: (left, y, width, PITCH) for name, (left, width, _) in _COLUMNS.items()}
    for name, plain in (
        ("series", str(row.series)),
        ("kvp", str(row.kv)),
        ("exposure", str(row.mas)),
        ("ctdi_vol", f"{row.ctdi_vol:.2f}"),
        ("dlp", f"{row.dlp:.1f}"),
    ):
        page.number(name, boxes[name], plain, _INK, unit=_COLUMNS[name][2], row=index)
    page.cell("protocol", boxes["protocol"], row.protocol, _INK, row=index, align="left")
    size = "16 cm" if row.phantom == "head" else "32 cm"
    text = f"{words[row.phantom]} {size}"
    page.cell("phantom", boxes["phantom"], text, _INK, row=index, align="left")
