"""Shows pictures in a framebuffer file, as `Xvfb -fbdir` keeps one, without an X server."""

import struct
from pathlib import Path
from typing import Final

from PIL import Image

# XWDFile.h: 25 words of 32 bits, most significant byte first, and the name of the window.
_HEAD: Final = struct.Struct(">25I")
_VERSION: Final = 7
_Z_PIXMAP: Final = 2
_TRUE_COLOUR: Final = 4
_DEPTH: Final = 24
_BITS: Final = 32
_MASKS: Final = (0xFF0000, 0xFF00, 0xFF)
_NAME: Final = b"Dosebook\0"


class FramebufferFile:
    """A screen in a file (XWD); whoever opens it finds one whole picture."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def show(self, picture: Image.Image) -> None:
        """Show a picture instead of the one before."""
        part = self._path.with_name(f"{self._path.name}.part")
        part.write_bytes(_head(picture.width, picture.height) + _pixels(picture))
        part.replace(self._path)


def _head(width: int, height: int) -> bytes:
    little_endian, no_colours = 0, 0
    words = (
        *(_HEAD.size + len(_NAME), _VERSION, _Z_PIXMAP, _DEPTH, width, height, 0),
        *(little_endian, _BITS, little_endian, _BITS, _BITS, width * _BITS // 8),
        *(_TRUE_COLOUR, *_MASKS, 8, no_colours, no_colours),
        *(width, height, 0, 0, 0),
    )
    return _HEAD.pack(*words) + _NAME


def _pixels(picture: Image.Image) -> bytes:
    return picture.convert("RGBA").tobytes("raw", "BGRA")
