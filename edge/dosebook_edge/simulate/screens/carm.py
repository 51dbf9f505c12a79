"""The dose panel of a mobile C-arm: dark on grey, a small picture, counters of the whole exam."""

from random import Random
from typing import Final

from dosebook_edge.simulate.screens.page import Ink, Page
from dosebook_edge.simulate.screens.truth import Screen
from dosebook_edge.simulate.screens.visit import Wish

LAYOUT: Final = "carm-panel"
SIZE: Final = (640, 480)

_DARK: Final = (24, 26, 30)
_PANEL: Final = (168, 172, 176)
_SMALL: Final = Ink("sans", 15, _DARK)
_LARGE: Final = Ink("sans_bold", 24, _DARK)


def draw_carm(rng: Random, wish: Wish) -> Screen:
    """Draw one panel: dose-area product, kerma, time as mm:ss, exposures, kV and mA."""
    words = wish.words
    page = Page(LAYOUT, wish, SIZE)
    page.draw.rectangle((16, 16, 623, 463), fill=_PANEL)
    page.draw.rectangle((16, 16, 623, 62), fill=(70, 88, 112))
    page.text(30, 33, words["dose_information"], Ink("sans_bold", 18))
    page.text(30, 84, words["patient_id"], _SMALL)
    page.cell("patient_id", (220, 74, 220, 30), wish.visit.patient_id, _SMALL, align="left")
    page.text(30, 116, words["patient"], _SMALL)
    page.cell("patient_name", (220, 106, 380, 30), wish.visit.patient_name, _SMALL, align="left")
    page.draw.line((30, 148, 609, 148), fill=_DARK)
    kerma = rng.randrange(20, 15_000)  # 0.01 mGy
    product = kerma * rng.randrange(100, 300) // 10  # over a field of so many cm²: 0.01 cGy·cm²
    seconds = rng.randrange(4, 3000)
    _line(page, 168, "KAP", "dose_area_product", f"{product / 100:.2f}", "cGy·cm²")
    _line(page, 218, "Ka,r", "dose_rp", f"{kerma / 100:.2f}", "mGy")
    text = f"{seconds // 60:02d}:{seconds % 60:02d}"
    label = f"{words['fluoroscopy']} · {words['time']}"
    page.text(30, 268 + 16, label, _SMALL)
    page.cell("fluoro_time", (320, 268, 150, 40), text, _LARGE, value=str(seconds), unit="mm:ss")
    page.text(484, 284, "mm:ss", _SMALL)
    _line(page, 318, words["exposures"], "number_of_events", str(rng.randrange(1, 160)), "")
    _line(page, 368, "kV", "kvp", str(rng.randrange(45, 121)), "kV")
    _line(page, 418, "mA", "xray_tube_current", f"{rng.randrange(4, 160) / 10:.1f}", "mA")
    return page.done()


def _line(page: Page, y: int, label: str, field: str, plain: str, unit: str) -> None:
    page.text(30, y + 16, label, _SMALL)
    page.number(field, (320, y, 150, 40), plain, _LARGE, unit=unit)
    page.text(484, y + 16, unit, _SMALL)
