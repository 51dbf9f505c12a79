"""Typefaces of the drawn screens: free ones of Debian, or the one that Pillow carries."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from PIL import ImageFont

Style = Literal["mono", "mono_bold", "sans", "sans_bold", "serif"]


class FontMissingError(Exception):
    """A typeface is not on this machine; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Faces:
    """The files of the typefaces; names are looked for where the system keeps its fonts.

    An empty name is the typeface that Pillow carries: Latin letters alone.
    """

    mono: str = "DejaVuSansMono.ttf"
    mono_bold: str = "DejaVuSansMono-Bold.ttf"
    sans: str = "DejaVuSans.ttf"
    sans_bold: str = "DejaVuSans-Bold.ttf"
    serif: str = "DejaVuSerif.ttf"
    japanese: str = "ipag.ttf"

    def font(self, style: Style, size: int, text: str = "") -> ImageFont.FreeTypeFont:
        """Return the face for a text; raises `FontMissingError`."""
        is_japanese = any("\u3000" <= letter <= "\u9fff" for letter in text)
        return _load(self.japanese if is_japanese else str(getattr(self, style)), size)


DEJAVU = Faces()
OF_PILLOW = Faces(mono="", mono_bold="", sans="", sans_bold="", serif="", japanese="")


def faces_here() -> Faces:
    """Those of Debian where this machine has them, else the one that is always there."""
    try:
        for style in get_args(Style):
            DEJAVU.font(style, 12)
    except FontMissingError:
        return OF_PILLOW
    return DEJAVU


@lru_cache(maxsize=64)
def _load(file: str, size: int) -> ImageFont.FreeTypeFont:
    if not file:
        own = ImageFont.load_default(size)
        if isinstance(own, ImageFont.FreeTypeFont):
            return own
        raise FontMissingError("this Pillow was built without FreeType: pip install pillow")
    try:
        return ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        raise FontMissingError(
            f"the typeface {file} is not on this machine. Install it: "
            "apt-get install fonts-dejavu-core fonts-ipafont-gothic"
        ) from None
