"""A page that notes what is drawn on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from PIL import Image, ImageDraw

from dosebook_edge.simulate.screens.faces import Style
from dosebook_edge.simulate.screens.truth import Box, Cell, Screen
from dosebook_edge.simulate.screens.visit import Wish

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Ink:
    """How a piece of text is drawn."""

    style: Style = "mono"
    size: int = 12
    colour: Colour = WHITE


@dataclass(slots=True)
class Page:
    """One screen while it is drawn. Text stands on pixels; `smooth` blends its edges."""

    layout: str
    wish: Wish
    size: tuple[int, int]
    background: Colour = BLACK
    smooth: bool = True
    cells: list[Cell] = field(default_factory=list)
    picture: Image.Image = field(init=False)
    draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.picture = Image.new("RGB", self.size, self.background)
        self.draw = ImageDraw.Draw(self.picture)
        self.draw.fontmode = "L" if self.smooth else "1"

    def text(self, x: int, y: int, text: str, ink: Ink, *, align: Align = "left") -> None:
        """Draw a static text whose line of capitals begins at y."""
        font = self.wish.faces.font(ink.style, ink.size, text)
        if align == "right":
            x -= round(font.getlength(text))
        top = font.getbbox("E")[1]
        self.draw.text((x, y - top), text, font=font, fill=ink.colour)

    def cell(
        self,
        name: str,
        box: Box,
        text: str,
        ink: Ink,
        *,
        value: str = "",
        unit: str = "",
        row: int | None = None,
        align: Align = "right",
    ) -> None:
        """Draw a text into a box, with two pixels of room, and note what it truly is."""
        x, y, width, height = box
        cap = self._cap(ink)
        at = x + width - 2 if align == "right" else x + 2
        self.text(at, y + (height - cap) // 2, text, ink, align=align)
        self.cells.append(Cell(name, text, value, unit, box, row))

    def number(
        self,
        name: str,
        box: Box,
        plain: str,
        ink: Ink,
        *,
        unit: str,
        row: int | None = None,
    ) -> None:
        """Draw a number with this screen's decimal mark."""
        shown = plain.replace(".", self.wish.mark)
        self.cell(name, box, shown, ink, value=plain, unit=unit, row=row, align="right")

    def identity(
        self, tops: Mapping[str, int], ink: Ink, *, x: int, down: int, box: Box, mark: str = ""
    ) -> None:
        """Draw lines of label and text that say who is shown, by the name of the label.

        `box` is that of the texts, its top added to each line's; labels begin at x, `down` below.
        """
        visit = self.wish.visit
        left, top, width, height = box
        for name, y in tops.items():
            field, text = {
                "patient": ("patient_name", visit.patient_name),
                "patient_id": ("patient_id", visit.patient_id),
                "accession": ("accession", visit.accession),
                "date": ("date", visit.date),
            }[name]
            self.text(x, y + down, self.wish.words[name] + mark, ink)
            self.cell(field, (left, y + top, width, height), text, ink, align="left")

    def done(self) -> Screen:
        """Return the screen."""
        return Screen(
            self.layout, self.wish.language, self.wish.mark, self.picture, tuple(self.cells)
        )

    def _cap(self, ink: Ink) -> int:
        _, top, _, bottom = self.wish.faces.font(ink.style, ink.size).getbbox("E")
        return round(bottom - top)
