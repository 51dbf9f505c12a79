"""Vendors' characters as typefaces of whole drawn screens, where the corpus of test input is there.

Shapes are real, pixel for pixel: each is drawn at the whole multiple of its own size that comes
nearest to the layout's. The layout is ours, and a character that a vendor's set lacks is DejaVu's.
"""

import io
import string
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image, ImageFont

from dosebook_edge.simulate.screens.faces import DEJAVU, Faces, Style

_NAMES = {
    "dot": ".", "comma": ",", "dash": "-", "colon": ":", "slash": "/", "percent": "%", "plus": "+",
    "paren_open": "(", "paren_close": ")", "square_bracket_open": "[", "star": "*",
    "square_bracket_close": "]", "underscore": "_",
}  # fmt: skip
_CAPITAL = 0.73  # of the size, as DejaVu's


def shapes(archive: Path) -> dict[str, Image.Image]:
    """Character → its ink, light on black, all of one height."""
    found = {}
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            character = _character(Path(name).stem)
            if name.endswith(".png") and character:
                with Image.open(io.BytesIO(opened.read(name))) as image:
                    found[character] = image.convert("L")
    return found


def _character(stem: str) -> str:
    letter, _, form = stem.partition("_")
    if len(letter) == 1 and letter in string.ascii_lowercase + string.digits:
        return letter.upper() if form == "cap" else letter
    return _NAMES.get(stem, "")


def vendor_faces(corpus: Path) -> dict[str, Faces]:
    """Vendor → its characters in every style of a drawn screen."""
    return {
        archive.stem.removeprefix("chars_"): VendorFaces(shapes=shapes(archive))
        for archive in sorted(corpus.glob("ocr/chars_*.zip"))
    }


@dataclass(frozen=True)
class VendorFaces(Faces):
    """Faces of one vendor: a font by size, whatever the style."""

    shapes: Any = None

    def font(self, style: Style, size: int, text: str = "") -> Any:
        """Return the vendor's characters at a size; another script stays as it is."""
        body = DEJAVU.font(style, size, text)
        is_latin = all(letter < "\u3000" for letter in text)
        return VendorFont(self.shapes, size, body) if is_latin else body


@dataclass(frozen=True)
class VendorFont:
    """As much of Pillow's font as drawing a line needs."""

    shapes: dict[str, Image.Image]
    size: int
    body: ImageFont.FreeTypeFont

    def getlength(self, text: str, *_: object, **__: object) -> float:
        """Width of a line in px."""
        return float(sum(self._advance(character) for character in text))

    def getbbox(self, text: str, *_: object, **__: object) -> tuple[int, int, int, int]:
        """Box of a line in px, from where its drawing begins."""
        box = self._line(text).getbbox()
        return box or (0, 0, 0, 0)

    def getmask(self, text: str, *_: object, **__: object) -> Any:
        """The ink of a line."""
        return self._line(text).im

    @cached_property
    def _scale(self) -> int:
        top, bottom = self._eight
        return max(1, round(self.size * _CAPITAL / (bottom - top)))

    @cached_property
    def _eight(self) -> tuple[int, int]:
        box = self.shapes["8"].getbbox()
        return (box[1], box[3]) if box else (0, 1)

    def _advance(self, character: str) -> int:
        if character in self.shapes:
            return (self.shapes[character].width + 1) * self._scale
        return round(self.body.getlength(character))

    def _line(self, text: str) -> Image.Image:
        width = max(1, sum(map(self._advance, text)))
        top, bottom = self._eight
        base = max(round(self.size * 0.95), bottom * self._scale)
        below = (self.shapes["8"].height - bottom) * self._scale
        line = Image.new("L", (width, base + max(round(self.size * 0.4), below)))
        x = 0
        for character in text:
            shape = self.shapes.get(character)
            if shape is None:
                mask, (left, top) = self.body.getmask2(character, "L", anchor="ls")
                part = Image.frombytes("L", mask.size, bytes(mask)) if all(mask.size) else None
                at = (x + left, base + top)
            else:
                size = shape.width * self._scale, shape.height * self._scale
                part = shape.resize(size, Image.Resampling.NEAREST)
                at = (x, base - bottom * self._scale)
            if part is not None:
                line.paste(part, at)
            x += self._advance(character)
        return line
