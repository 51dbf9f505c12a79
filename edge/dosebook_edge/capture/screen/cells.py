"""Reads every cell that a profile names, where the profile lies on the picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from dosebook_edge.capture.screen.cut_off import is_cut_off
from dosebook_edge.capture.screen.glyphs import (
    NO_GLYPHS,
    GlyphError,
    GlyphSet,
    Shape,
    shapes_of,
)
from dosebook_edge.capture.screen.grammar import FORMS, allowed, means
from dosebook_edge.capture.screen.ink import NO_STROKES, contrast, is_dash, strokes
from dosebook_edge.capture.screen.line import Line
from dosebook_edge.capture.screen.locate import Located
from dosebook_edge.capture.screen.picture import Box, Grey, Picture, digest
from dosebook_edge.capture.screen.profile import Area, Cell, TableArea
from dosebook_edge.capture.screen.reading import LineReader, PatientText, Placement
from dosebook_edge.capture.screen.seen import EMPTY, Seen
from dosebook_edge.capture.screen.spelling import SAME_LABEL, similarity, unit_of
from dosebook_edge.capture.screen.symbols import SYMBOLS

_RIVAL: Final = 0.05  # confidence of a reading as another unit, above which neither is taken
_DASH: Final = "-"
_NUMERIC: Final = ("number", "clock", "range")
_FAINT: Final = 0.3
"""Of the contrast of the whole screen: what is fainter is noise in an empty cell."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A picture, where the screen lies on it, and how strongly its ink stands out (grey levels)."""

    picture: Picture
    placement: Placement
    contrast: float
    _empty: dict[Area, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, picture: Picture, placement: Placement) -> "Sight":
        """The sight of a located screen."""
        grey = picture.grey[::2, ::2]
        return cls(picture, placement, contrast(grey, nth=1 + grey.size // 200))

    def crop(self, area: Area) -> tuple[Box, Grey]:
        """The part of an area of the profile that lies on the picture, and its pixels."""
        box = self.placement.box(area)
        left, top = max(0, box.x), max(0, box.y)
        grey = self.picture.crop(box)
        return Box(left, top, grey.shape[1], grey.shape[0]), grey

    def is_cut_off(self, area: Area) -> bool:
        """Whether what stands there goes on beyond it."""
        box = self.placement.box(area)
        left, right = max(0, box.x - box.height), box.x + box.width
        wide = Box(left, box.y, right + box.height - left, box.height)
        return is_cut_off(self.picture.crop(wide), (box.x - left, right - left))

    def is_empty(self, area: Area) -> bool:
        """Whether nothing there stands out as the ink of this screen does."""
        if area not in self._empty:
            least = max(12.0, _FAINT * self.contrast)
            self._empty[area] = contrast(self.crop(area)[1]) < least
        return self._empty[area]


@dataclass(frozen=True, slots=True)
class CellReader:
    """Reads the cells of one located screen."""

    sight: Sight
    located: Located
    net: LineReader
    glyphs: GlyphSet = NO_GLYPHS

    def cells(self) -> list[Seen]:
        """Every value that stands on the screen; what means no value is left out."""
        profile = self.located.loaded.profile
        found = [self._seen(one, one.name, one.box) for one in profile.field]
        for table in profile.table:
            found += self._table(table)
        return [one for one in found if one.text not in one.cell.empty]

    def patient(self, net: LineReader) -> tuple[PatientText, ...]:
        """Who the screen shows, read by a net that keeps nothing; names are only placed."""
        found: list[PatientText] = []
        for one in self.located.loaded.profile.patient:
            box, grey = self.sight.crop(one.box)
            is_read = one.what != "name" and not self.sight.is_empty(one.box)
            line = net.read(grey) if is_read else EMPTY
            found.append(PatientText(one.what, line.text.strip(), line.confidence, box))
        return tuple(found)

    def missing_footers(self) -> list[str]:
        """Footers whose own label does not stand where the table ends."""
        missing: list[str] = []
        for table in self.located.loaded.profile.table:
            end = self._rows(table)
            for footer in table.footer:
                texts = footer.label_texts
                words = texts.get(self.located.language, texts.get("*"))
                area = _row(table, end + footer.down, footer.label_x or footer.x)
                if self.sight.is_empty(area) or (words is not None and not self._says(area, words)):
                    missing.append(footer.name)
        return missing

    def _says(self, area: Area, words: str) -> bool:
        return similarity(self.net.glance(self.sight.crop(area)[1]), words) >= SAME_LABEL

    def _table(self, table: TableArea) -> Iterator[Seen]:
        end = self._rows(table)
        for row in range(end):
            for column in table.column:
                name = f"{column.name}[{row + 1}]"
                yield replace(
                    self._seen(column, name, _row(table, row, column.x)),
                    table=table.name,
                    row=row + 1,
                )
        for footer in table.footer:
            yield self._seen(footer, footer.name, _row(table, end + footer.down, footer.x))

    def _rows(self, table: TableArea) -> int:
        """Rows with ink in any column, from the first one without a gap."""
        for row in range(table.rows):
            if all(self.sight.is_empty(_row(table, row, one.x)) for one in table.column):
                return row
        return table.rows

    def _seen(self, cell: Cell, name: str, area: Area) -> Seen:
        profile = self.located.loaded.profile
        box, grey = self.sight.crop(area)
        line, exact = EMPTY, None
        shapes: tuple[Shape, ...] = ()
        if _DASH in cell.empty and not self.sight.is_empty(area) and is_dash(grey):
            line = Line(_DASH, 1.0)
        elif not self.sight.is_empty(area):
            line = self._line(grey, allowed(cell, profile))
            if self.sight.picture.way == "lossless":
                shapes = shapes_of(grey)
                exact = self.glyphs.explain(shapes)
        text = line.text if exact is None else exact
        unit, unit_text = self._unit(cell)
        return Seen(
            cell=cell,
            name=name,
            crop=box,
            crop_digest=digest(grey),
            line=line,
            meant=means(text, cell, profile),
            unit=unit,
            unit_text=unit_text,
            glyphs=exact,
            strokes=strokes(grey) if line.text and exact is None else NO_STROKES,
            shapes=shapes,
            is_cut_off=cell.segments is None  # between its digits are gaps as wide as a blank
            and FORMS[cell.type] in _NUMERIC
            and self.sight.is_cut_off(area),
        )

    def _line(self, grey: Grey, symbols: str | None) -> Line:
        known = None if symbols is None else "".join(s for s in symbols if s in SYMBOLS)
        return self.net.read(grey, known or None)

    def _unit(self, cell: Cell) -> tuple[str, str]:
        """The unit in UCUM and as shown: declared, or read where the screen says it.

        Read freely: kept to the letters of the units that are known, a dGy would become a cGy.
        """
        if cell.unit is not None or cell.unit_box is None:
            return cell.unit or "", ""
        if self.sight.is_empty(cell.unit_box):
            return "", ""
        grey = self.sight.crop(cell.unit_box)[1]
        line = self.net.read(grey)
        unit = unit_of(line.text, cell.units)
        rivals = {unit_of(text, cell.units) for text, sure in line.alternatives if sure > _RIVAL}
        return (unit if rivals <= {unit, ""} else ""), line.text


def learned(sight: Sight, proved: Sequence[Seen]) -> GlyphSet:
    """The glyphs of cells that a sum on the same lossless screen proves."""
    glyphs = NO_GLYPHS
    for one in proved:
        try:
            glyphs = glyphs.learn(sight.picture.crop(one.crop), one.text)
        except GlyphError:
            return NO_GLYPHS  # the proofs contradict each other: none of them teaches
    return glyphs


def _row(table: TableArea, row: int, span: tuple[int, int]) -> Area:
    return (span[0], table.top + row * table.pitch, span[1], table.height)
