"""Exact reading of lossless pictures: a cell is read when known shapes explain all of its ink.

A set of glyphs is data of a site: it is learned from crops that a person confirmed, and holds the
pixels of this console's typeface. None is shipped.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from dosebook_edge.capture.screen.ink import background, runs
from dosebook_edge.capture.screen.picture import Grey, PictureError, from_png, to_png

Shape = tuple[int, int, int, bytes]
"""Rows below the top of the line, height, width, and the pixels."""
_LEAST_CONTRAST: Final = 16
_FAINT: Final = 0.2
"""Of the contrast: what is fainter is background, as segments that are not lit."""
_SPACE: Final = 0.75
"""Of the line's height: a wider gap between two shapes is no gap of one number."""
_GAP: Final = 0.2
"""Of the height, between two shapes that are set side by side."""
_MOST: Final = 4096


class GlyphError(ValueError):
    """Glyphs that contradict each other or a file that holds none; the text says where."""


@dataclass(frozen=True, slots=True)
class GlyphSet:
    """Shapes of one typeface at one size, each with the character that it is."""

    shapes: Mapping[Shape, str]

    def read(self, crop: Grey) -> str | None:
        """The text of a crop whose ink these shapes explain to the last pixel, else None."""
        return self.explain(shapes_of(crop))

    def explain(self, found: Sequence[Shape]) -> str | None:
        """The text of the shapes of a crop, None where one is not known or there are none."""
        if not found:
            return None
        characters = [self.shapes.get(shape) for shape in found]
        known = [one for one in characters if one is not None]
        return "".join(known) if len(known) == len(characters) else None

    def learn(self, crop: Grey, text: str) -> "GlyphSet":
        """The set with what a confirmed crop shows.

        Two characters that touch are one shape, which is learned once the others are known;
        before that, and with blanks in it, a crop teaches nothing.

        Raises:
            GlyphError: a shape is known as another character.
        """
        found = shapes_of(crop)
        if len(found) == len(text) and " " not in text:
            parts: list[str] = list(text)
        else:
            ways = list(islice(self._ways(found, text), 2))
            if len(ways) != 1:
                return self
            parts = ways[0]
        shapes = dict(self.shapes)
        for shape, part in zip(found, parts, strict=True):
            if shapes.setdefault(shape, part) != part:
                raise GlyphError(
                    f"one shape is {shapes[shape]!r} in one crop and {part!r} in another: "
                    "one of the two was confirmed wrongly"
                )
        return GlyphSet(MappingProxyType(shapes))

    def _ways(self, found: Sequence[Shape], text: str) -> Iterator[list[str]]:
        """The ways in which shapes of one or two characters each make up a text."""
        if not found:
            if not text:
                yield []
            return
        for size in (1, 2):
            part = text[:size]
            if len(part) == size and self.shapes.get(found[0], part) == part:
                for rest in self._ways(found[1:], text[size:]):
                    yield [part, *rest]


NO_GLYPHS: Final = GlyphSet(MappingProxyType({}))


def to_json(glyphs: GlyphSet, profile: str) -> str:
    """Write a set as JSON, sorted, so that the same set is the same file."""
    rows = [
        {"text": text, "down": shape[0], "png": base64.b64encode(to_png(_pixels(shape))).decode()}
        for shape, text in sorted(glyphs.shapes.items(), key=lambda item: (item[1], item[0]))
    ]
    return json.dumps({"version": 1, "profile": profile, "glyphs": rows}, indent=1) + "\n"


def from_json(text: str) -> tuple[GlyphSet, str]:
    """Read a set and the id of its profile; raises `GlyphError`."""
    try:
        tree = json.loads(text)
        if not isinstance(tree, dict) or tree.get("version") != 1:
            raise GlyphError("no glyphs of version 1")
        rows = list(_rows(tree["glyphs"]))
        profile = str(tree["profile"])
    except (KeyError, TypeError, ValueError, RecursionError, binascii.Error) as error:
        if isinstance(error, GlyphError):
            raise
        raise GlyphError(f"no file of glyphs: {type(error).__name__}") from None
    shapes: dict[Shape, str] = {}
    for shape, character in rows:
        if shapes.setdefault(shape, character) != character:
            raise GlyphError(f"one shape stands for {shapes[shape]!r} and for {character!r}")
    return GlyphSet(MappingProxyType(shapes)), profile


def _rows(rows: list[dict[str, Any]]) -> Iterator[tuple[Shape, str]]:
    if len(rows) > _MOST:
        raise GlyphError(f"{len(rows)} glyphs, the limit is {_MOST}")
    for row in rows:
        character, down = row["text"], row["down"]
        if not isinstance(character, str) or not 1 <= len(character) <= 2:
            raise GlyphError("a glyph is one character, or two that touch")
        if not isinstance(down, int):
            raise GlyphError(f"glyph {character!r}: down is a number of rows")
        try:
            grey = from_png(base64.b64decode(row["png"], validate=True))
        except PictureError as error:
            raise GlyphError(f"glyph {character!r}: {error}") from None
        yield (down, grey.shape[0], grey.shape[1], grey.tobytes()), character


def _pixels(shape: Shape) -> Grey:
    _, height, width, data = shape
    return np.frombuffer(data, dtype=np.uint8).reshape(height, width)


def drawn(shapes: Sequence[Shape], paper: int) -> Grey:
    """A line of shapes side by side on one base line, on a grey level; at least one shape."""
    tall = max(height for _, height, _, _ in shapes)
    gap, margin = max(2, round(_GAP * tall)), max(3, tall // 4)
    wide = sum(width + gap for _, _, width, _ in shapes)
    line = np.full((tall + 2 * margin, wide + 2 * margin), paper, dtype=np.uint8)
    left = margin
    for shape in shapes:
        _, height, width, _ = shape
        line[margin + tall - height : margin + tall, left : left + width] = _pixels(shape)
        left += width + gap
    return line


def shapes_of(crop: Grey, *, with_blanks: bool = False) -> tuple[Shape, ...]:
    """The pieces of ink of a line from left to right; none where a blank parts them.

    `with_blanks`: of a line of several words, those of all of them.
    """
    if min(crop.shape, default=0) < 2:
        return ()
    away = np.abs(crop.astype(np.int16) - background(crop))
    contrast = int(away.max())
    if contrast < _LEAST_CONTRAST:
        return ()
    inked = away > _FAINT * contrast
    rows = np.flatnonzero(inked.any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    found: list[Shape] = []
    before = None
    for left, right in runs(inked.any(axis=0)):
        is_blank = before is not None and left - before > _SPACE * (bottom - top)
        if is_blank and not with_blanks:
            return ()
        before = right
        own = np.flatnonzero(inked[:, left:right].any(axis=1))
        first, last = int(own[0]), int(own[-1]) + 1
        piece = np.ascontiguousarray(crop[first:last, left:right])
        found.append((first - top, last - first, right - left, piece.tobytes()))
    return tuple(found)
