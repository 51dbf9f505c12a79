"""The dose page of an angiography console with two planes: counters per plane, light on dark."""

from random import Random
from typing import Final

from dosebook_edge.simulate.screens.page import Ink, Page
from dosebook_edge.simulate.screens.truth import Screen
from dosebook_edge.simulate.screens.visit import Wish

LAYOUT: Final = "angio-console"
SIZE: Final = (1280, 1024)

_GREY: Final = (40, 44, 50)
_INK: Final = Ink("serif", 20, (222, 226, 230))
_LARGE: Final = Ink("sans", 26, (255, 214, 102))
_LEFTS: Final = {"a": 420, "b": 780}


def draw_angio(rng: Random, wish: Wish) -> Screen:
    """Draw one page; the two reference point kermas stand apart, as they must."""
    words = wish.words
    page = Page(LAYOUT, wish, SIZE, _GREY)
    page.draw.rectangle((0, 0, 1279, 70), fill=(20, 60, 90))
    page.text(40, 27, words["dose_report"], Ink("sans_bold", 26))
    lines = {"patient_id": 100, "patient": 140, "accession": 180, "date": 220}
    page.identity(lines, _INK, x=40, down=12, box=(420, 0, 600, 40))
    page.draw.line((40, 290, 1240, 290), fill=(120, 126, 134))
    for plane, left in _LEFTS.items():
        page.text(left + 220, 320, f"{words['plane']} {plane.upper()}", _INK, align="right")
        _plane(page, rng, plane, left)
    kap = f"{words['total']} KAP"
    for y, label, unit in (
        (370, "Ka,r", "mGy"),
        (440, kap, "µGy·m²"),
        (510, f"{words['fluoroscopy']} KAP", "µGy·m²"),
        (580, f"{words['fluoroscopy']} {words['time']}", "mm:ss"),
        (650, words["exposures"], ""),
    ):
        page.text(40, y + 17, label, _INK)
        page.text(1060, y + 17, unit, _INK)
    page.text(40, 980, words["end_of_exam"], Ink("serif", 18, (160, 220, 160)))
    return page.done()


def _plane(page: Page, rng: Random, plane: str, left: int) -> None:
    kerma = rng.randrange(30, 45_000)  # 0.1 mGy
    total = kerma * rng.randrange(80, 240) // 10  # over a field of so many cm²: 0.1 µGy·m²
    fluoro = int(total * rng.uniform(0.15, 0.7))
    seconds = rng.randrange(20, 5400)
    for y, name, plain, unit in (
        (370, "dose_rp", f"{kerma / 10:.1f}", "mGy"),
        (440, "dose_area_product", f"{total / 10:.1f}", "µGy·m²"),
        (510, "fluoro_dose_area_product", f"{fluoro / 10:.1f}", "µGy·m²"),
        (650, "number_of_events", str(rng.randrange(1, 60)), ""),
    ):
        page.number(f"{name}_{plane}", (left, y, 220, 50), plain, _LARGE, unit=unit)
    text = f"{seconds // 60:02d}:{seconds % 60:02d}"
    box = (left, 580, 220, 50)
    page.cell(f"fluoro_time_{plane}", box, text, _LARGE, value=str(seconds), unit="mm:ss")
