"""One cell of a screen on its way from pixels to a judged value."""

from dataclasses import dataclass
from typing import Final

from dosebook_edge.capture.screen.glyphs import Shape
from dosebook_edge.capture.screen.grammar import Meant
from dosebook_edge.capture.screen.ink import NO_STROKES, Strokes
from dosebook_edge.capture.screen.line import Line
from dosebook_edge.capture.screen.picture import Box
from dosebook_edge.capture.screen.profile import Cell

EMPTY: Final = Line("", 0.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """What both readers saw in one cell, and what it means.

    Attributes:
        name: the field, with its row in a table: `dlp[2]`.
        crop, crop_digest: where, and the SHA-256 of these pixels.
        line: of the net; `glyphs` is the text that exact glyphs explain to the last pixel, None
            where they do not.
        strokes: the strokes of its ink, in pixels of the crop.
        shapes: the pieces of its ink on a lossless picture, from left to right.
        is_cut_off: whether its characters go on beyond the cell.
        unit: UCUM, "" where it could not be read; `unit_text` as shown.
    """

    cell: Cell
    name: str
    crop: Box
    crop_digest: str
    line: Line
    meant: Meant
    unit: str = ""
    unit_text: str = ""
    table: str = ""
    row: int = 0
    glyphs: str | None = None
    strokes: Strokes = NO_STROKES
    shapes: tuple[Shape, ...] = ()
    is_cut_off: bool = False

    @property
    def text(self) -> str:
        """The text that counts: the glyphs' where they explain every pixel, else the net's."""
        return self.line.text if self.glyphs is None else self.glyphs
