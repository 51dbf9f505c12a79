"""A picture of a screen, as every way of capture hands it to the reader."""

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dosebook_edge.capture.screen.video_signal import VideoSignal

Way = Literal["lossless", "grabbed"]
Grey = NDArray[np.uint8]

MOST_PIXELS: Final = 64 * 1024 * 1024


class PictureError(ValueError):
    """Bytes are no picture that can be read; the text says why."""


class Box(NamedTuple):
    """A rectangle in pixels, from its upper left corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture of a screen.

    Attributes:
        grey: shape (height, width), uint8, 0 is black.
        way: `lossless`, each pixel is one that the console drew (secondary capture, framebuffer);
            `grabbed`, anything that passed through an analogue or lossy path.
        taken_at: when it was taken, with offset.
        source: where from, in words: framebuffer, grabber, secondary capture.
        signal: what a grabber took it of; None where there is none, or it is unknown.
        console: which one drew it, where a source gets pictures of several; "" where of one only.
    """

    grey: Grey
    way: Way
    taken_at: datetime
    source: str
    signal: VideoSignal | None = None
    console: str = ""

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return int(self.grey.shape[1])

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return int(self.grey.shape[0])

    def crop(self, box: Box) -> Grey:
        """The part of a box that lies on the picture, shape (height, width); may be empty."""
        left, top = max(0, box.x), max(0, box.y)
        return self.grey[top : max(top, box.y + box.height), left : max(left, box.x + box.width)]


def to_png(grey: Grey) -> bytes:
    """Write an 8-bit grey PNG."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(grey)).save(buffer, "PNG")
    return buffer.getvalue()


def from_png(data: bytes) -> Grey:
    """Read a picture file as grey, ITU-R 601 luma; raises `PictureError`."""
    try:
        return np.asarray(_grey(data))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(f"no picture that can be read: {type(error).__name__}") from None


def _grey(data: bytes) -> Image.Image:
    """The picture in grey; its colours are gone before more is done: a small box lacks memory."""
    with Image.open(io.BytesIO(data)) as image:
        if image.width * image.height > MOST_PIXELS:
            raise PictureError(f"{image.width} x {image.height} pixels are too many")
        return image.convert("L")


def digest(grey: Grey) -> str:
    """SHA-256 of the pixels and their arrangement, in hexadecimal."""
    hashed = hashlib.sha256(f"{grey.shape[1]}x{grey.shape[0]}:".encode())
    hashed.update(np.ascontiguousarray(grey).data)
    return hashed.hexdigest()
