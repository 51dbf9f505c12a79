"""The display of a dose-area product meter: seven segments, drawn by polygons."""

from dataclasses import replace
from random import Random
from typing import Final

from PIL import ImageDraw

from dosebook_edge.simulate.screens.page import Colour, Ink, Page
from dosebook_edge.simulate.screens.truth import Cell, Screen
from dosebook_edge.simulate.screens.visit import Wish

LAYOUT: Final = "dap-display"
SIZE: Final = (480, 240)

_LIT: Final = (255, 70, 40)
_DARK: Final = (38, 10, 8)
# Which segments a digit lights: top, upper right, lower right, bottom, lower left, upper left,
# middle.
_DIGITS: Final = {
    "0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd",
    "6": "afgedc", "7": "abc", "8": "abcdefg", "9": "abcdfg", " ": "",
}  # fmt: skip
_PLACES: Final = 6


Dead = frozenset[tuple[str, int, str]]
"""Bars that never light: name of the number, place from the right (0 is the last), bar."""


def draw_segments(rng: Random, wish: Wish) -> Screen:
    """Draw one display: the product above, the time in seconds below; a point sits in its digit."""
    product = f"{rng.randrange(1, 999_999) / 100:.2f}"
    return draw_display(wish, product, str(rng.randrange(1, 4000)))


def draw_self_test(wish: Wish, dead: Dead = frozenset()) -> Screen:
    """Draw what many displays show when they are switched on: all bars and points lit."""
    return draw_display(wish, "8." * _PLACES, "8" * _PLACES, dead)


def draw_display(wish: Wish, product: str, seconds: str, dead: Dead = frozenset()) -> Screen:
    """Draw two numbers of up to six digits; `dead` bars stay dark."""
    words = wish.words
    page = Page(LAYOUT, replace(wish, mark="."), SIZE, (12, 6, 6))
    label = Ink("sans", 14, (200, 200, 200))
    page.text(20, 20, "DAP", label)
    _show(page, Cell("dose_area_product", product, product, "µGy·m²", (20, 44, 0, 76)), dead)
    page.text(380, 84, "µGy·m²", label)
    page.text(20, 140, words["time"], label)
    _show(page, Cell("fluoro_time", seconds, seconds, "s", (20, 160, 0, 56)), dead)
    page.text(380, 194, "s", label)
    return page.done()


def _show(page: Page, cell: Cell, dead: Dead) -> None:
    """Light a number at the right end of its places; the others stay dark."""
    x, y, _, high = cell.box
    digits = cell.text.replace(".", "").rjust(_PLACES)
    parts = cell.text.split(".")
    pointed = {len("".join(parts[n:])) for n in range(1, len(parts))}
    pitch = round(high * 0.72)
    for place, digit in enumerate(digits):
        at = x + place * pitch
        behind = _PLACES - 1 - place
        lit = {bar for bar in _DIGITS[digit] if (cell.name, behind, bar) not in dead}
        _digit(page.draw, (at, y), high, lit)
        if behind in pointed:
            _point(page.draw, (at, y), high)
    box = (x - 4, y - 4, pitch * _PLACES + 8, high + 8)
    page.cells.append(replace(cell, box=box))


def _digit(draw: ImageDraw.ImageDraw, corner: tuple[int, int], high: int, lit: set[str]) -> None:
    x, y = corner
    wide, thick = round(high * 0.5), max(4, round(high * 0.11))
    half, lean = high // 2, round(high * 0.06)
    bars = {
        "a": (thick, 0, wide - thick, thick),
        "b": (wide - thick, thick, wide, half - 1),
        "c": (wide - thick, half + 1, wide, high - thick),
        "d": (thick, high - thick, wide - thick, high),
        "e": (0, half + 1, thick, high - thick),
        "f": (0, thick, thick, half - 1),
        "g": (thick, half - thick // 2, wide - thick, half + thick // 2),
    }
    for name, (left, top, right, bottom) in bars.items():
        colour: Colour = _LIT if name in lit else _DARK
        # The face leans: its upper parts stand further to the right.
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        draw.polygon([(x + cx + lean * (high - cy) // high, y + cy) for cx, cy in corners], colour)


def _point(draw: ImageDraw.ImageDraw, corner: tuple[int, int], high: int) -> None:
    x, y = corner
    side = max(4, round(high * 0.11))
    left, top = x + round(high * 0.56), y + high - side
    draw.rectangle((left, top, left + side - 1, top + side - 1), fill=_LIT)
