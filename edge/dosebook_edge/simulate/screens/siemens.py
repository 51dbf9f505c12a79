"""A CT patient protocol in the arrangement of Siemens': scans by name, DLP to one digit."""

from random import Random
from typing import Final

from dosebook_edge.simulate.screens.ct import CtExam, ct_exam
from dosebook_edge.simulate.screens.page import Ink, Page
from dosebook_edge.simulate.screens.rows import CtRow
from dosebook_edge.simulate.screens.truth import Screen
from dosebook_edge.simulate.screens.visit import Wish

LAYOUT: Final = "siemens-protocol"
SIZE: Final = (860, 664)
FIRST_ROW: Final = 226
PITCH: Final = 26

_INK: Final = Ink("sans", 15)
_BOLD: Final = Ink("sans_bold", 15)
# Column → left, width and unit as printed in the head of the table.
_COLUMNS: Final = {
    "protocol": (24, 170, ""),
    "series": (198, 44, ""),
    "kvp": (246, 60, "kV"),
    "exposure": (310, 80, "mAs"),
    "ctdi_vol": (394, 96, "mGy"),
    "phantom": (492, 30, ""),
    "dlp": (526, 110, "mGy*cm"),
    "rotation_time": (640, 80, "s"),
    "slice": (724, 90, "mm"),
}
_LABELS: Final = {
    "protocol": "",
    "kvp": "kV",
    "exposure": "mAs",
    "ctdi_vol": "CTDIvol*",
    "phantom": "",
    "dlp": "DLP",
    "rotation_time": "TI",
    "slice": "cSL",
}


def draw_siemens(rng: Random, wish: Wish) -> Screen:
    """Draw one protocol; a letter behind CTDIvol names the phantom: L of 32 cm, S of 16 cm."""
    words = wish.words
    exam = ct_exam(rng, wish, dlp_digits=1, max_rows=9)
    page = Page(LAYOUT, wish, SIZE)
    page.text(24, 20, words["patient_protocol"], Ink("sans_bold", 18))
    _head(page, words, exam)
    _table_head(page, words)
    for index, row in enumerate(exam.rows, start=1):
        _row(page, index, row)
    page.text(24, 626, "* L = 32 cm, S = 16 cm", Ink("sans", 13))
    return page.done()


def _head(page: Page, words: dict[str, str], exam: CtExam) -> None:
    lines = {"patient": 52, "patient_id": 78, "accession": 104, "date": 130}
    page.identity(lines, _INK, x=24, down=8, box=(200, 0, 400, PITCH))
    total_mas = sum(row.mas for row in exam.rows)
    page.text(24, 164, words["total_mas"], _BOLD)
    page.number("total_mas", (200, 156, 90, PITCH), str(total_mas), _BOLD, unit="mAs")
    page.text(394, 164, words["total_dlp"], _BOLD)
    box = (526, 156, 110, PITCH)
    page.number("total_dlp", box, f"{exam.total_dlp:.1f}", _BOLD, unit="mGy*cm")
    page.text(642, 164, "mGy*cm", _INK)


def _table_head(page: Page, words: dict[str, str]) -> None:
    for name, (left, width, unit) in _COLUMNS.items():
        label = _LABELS.get(name, words.get(name, ""))
        page.text(left + width - 2, 194, label, _INK, align="right")
        page.text(left + width - 2, 210, unit, Ink("sans", 11), align="right")
    page.text(26, 194, words["scan"], _INK)
    page.draw.line((24, 222, 836, 222), fill=(150, 150, 150))


def _row(page: Page, index: int, row: CtRow) -> None:
    y = FIRST_ROW + PITCH * (index - 1)
    boxes = {name: (left, y, width, PITCH) for name, (left, width, _) in _COLUMNS.items()}
    page.cell("protocol", boxes["protocol"], row.protocol, _INK, row=index, align="left")
    for name, plain in (
        ("series", str(row.series)),
        ("kvp", str(row.kv)),
        ("exposure", str(row.mas)),
        ("ctdi_vol", f"{row.ctdi_vol:.2f}"),
        ("dlp", f"{row.dlp:.1f}"),
        ("rotation_time", f"{row.rotation_s:.2f}"),
        ("slice", f"{row.slice_mm:.2f}"),
    ):
        page.number(name, boxes[name], plain, _INK, unit=_COLUMNS[name][2], row=index)
    letter = "S" if row.phantom == "head" else "L"
    page.cell("phantom", boxes["phantom"], letter, _INK, row=index, align="left")
