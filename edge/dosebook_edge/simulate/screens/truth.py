"""What a drawn screen truly says: its cells, and where they stand."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from PIL import Image

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels of the picture."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value on a screen, or a place where a value may stand.

    `text` is what is drawn, `value` its number in plain decimal notation ("" for a text or an
    empty cell), `unit` what the screen prints for it. `row` counts the lines of a table from 1.
    """

    field: str
    text: str
    value: str
    unit: str
    box: Box
    row: int | None = None

    @property
    def name(self) -> str:
        """Name that is unique on the screen: `dlp[2]` in the second row, `total_dlp` alone."""
        return self.field if self.row is None else f"{self.field}[{self.row}]"


@dataclass(frozen=True, slots=True)
class Screen:
    """A drawn screen: an RGB picture and its truth."""

    layout: str
    language: str
    mark: str
    picture: Image.Image
    cells: tuple[Cell, ...]

    def cell(self, name: str) -> Cell:
        """Return the cell of that name; raises `KeyError`."""
        for one in self.cells:
            if one.name == name:
                return one
        raise KeyError(name)

    def truth(self) -> dict[str, Any]:
        """Return what is on the screen, ready for json.dumps."""
        return {
            "layout": self.layout,
            "language": self.language,
            "decimal_mark": self.mark,
            "size": list(self.picture.size),
            "cells": [asdict(one) | {"name": one.name} for one in self.cells],
        }

    def moved(self, picture: Image.Image, cells: tuple[Cell, ...]) -> "Screen":
        """Return the screen as another picture shows it."""
        return replace(self, picture=picture, cells=cells)
