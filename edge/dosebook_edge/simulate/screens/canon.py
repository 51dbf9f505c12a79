"""A CT dose summary in the arrangement of Canon's: head and body apart, no rows."""

from decimal import Decimal
from random import Random
from typing import Final

from dosebook_edge.simulate.screens.page import Ink, Page
from dosebook_edge.simulate.screens.truth import Screen
from dosebook_edge.simulate.screens.visit import Wish

LAYOUT: Final = "canon-summary"
SIZE: Final = (512, 512)
_PITCH: Final = 24

_INK: Final = Ink("mono", 13)
_BOLD: Final = Ink("mono_bold", 14)


def draw_canon(rng: Random, wish: Wish) -> Screen:
    """Draw one summary: the largest CTDIvol and the DLP over each phantom, never their sum."""
    words = wish.words
    page = Page(LAYOUT, wish, SIZE, (16, 16, 16))
    page.text(20, 20, words["dose_summary"], _BOLD)
    page.draw.line((20, 44, 491, 44), fill=(200, 200, 200))
    lines = {"patient_id": 54, "patient": 78, "accession": 102, "date": 126}
    page.identity(lines, _INK, x=20, down=7, box=(180, 0, 320, _PITCH))
    page.text(288, 176, "CTDIvol(mGy)", _INK, align="right")
    page.text(428, 176, "DLP(mGy.cm)", _INK, align="right")
    page.draw.line((20, 196, 491, 196), fill=(200, 200, 200))
    used = rng.choice((("head",), ("body",), ("body",), ("head", "body")))
    for y, part, size in ((208, "head", "16cm"), (240, "body", "32cm")):
        page.text(20, y + 7, f"{words[part]} ({size})", _INK)
        boxes = {"ctdi_vol": (198, y, 92, _PITCH), "dlp": (318, y, 112, _PITCH)}
        if part not in used:
            for name, box in boxes.items():
                page.cell(f"{name}_{part}", box, "-", _INK)
            continue
        ctdi = Decimal(rng.randrange(30, 780)) / 10
        length = Decimal(rng.randrange(90, 520)) / 10
        page.number(f"ctdi_vol_{part}", boxes["ctdi_vol"], f"{ctdi:.1f}", _INK, unit="mGy")
        page.number(f"dlp_{part}", boxes["dlp"], f"{ctdi * length:.1f}", _INK, unit="mGy.cm")
    page.draw.line((20, 280, 491, 280), fill=(200, 200, 200))
    page.text(20, 299, words["end_of_exam"], _INK)
    return page.done()
