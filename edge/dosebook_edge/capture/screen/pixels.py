"""Pixels in memory to grey: how a framebuffer arranges them, and their luma."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dosebook_edge.capture.screen.picture import Grey

_MOST_SIDE: Final = 16_384
_BAND: Final = 64  # rows
_WEIGHTS: Final = (19595, 38470, 7471)  # of red, green and blue, in 65536ths


class ArrangementError(ValueError):
    """Pixels are arranged as this reader does not know; the text says how."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Where a colour lies in a pixel: its lowest bit, and how many bits it has."""

    offset: int
    length: int

    @classmethod
    def of_mask(cls, mask: int) -> "Channel":
        """The channel that a mask of contiguous bits names; raises `ArrangementError`."""
        offset = (mask & -mask).bit_length() - 1
        if mask <= 0 or (mask >> offset) & ((mask >> offset) + 1):
            raise ArrangementError(f"0x{mask:08x} is no mask of a colour")
        return cls(offset, (mask >> offset).bit_length())


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How the visible part of a framebuffer lies in memory; lengths in pixels, bits and bytes."""

    width: int
    height: int
    bits_per_pixel: int
    line_length: int
    red: Channel
    green: Channel
    blue: Channel
    start: int = 0
    is_big_endian: bool = False

    def __post_init__(self) -> None:
        if not (0 < self.width <= _MOST_SIDE and 0 < self.height <= _MOST_SIDE):
            raise ArrangementError(f"{self.width} x {self.height} is no size of a screen")
        if self.bits_per_pixel not in (16, 24, 32):
            raise ArrangementError(
                f"{self.bits_per_pixel} bits per pixel are not read: set the screen to 16 or 32"
            )
        if self.line_length < self.width * self.bits_per_pixel // 8:
            raise ArrangementError(f"a line of {self.line_length} bytes is shorter than its pixels")
        for colour in (self.red, self.green, self.blue):
            if colour.length < 1 or colour.offset + colour.length > self.bits_per_pixel:
                raise ArrangementError("a colour lies outside of the pixel")

    @property
    def size(self) -> int:
        """Bytes of the visible part, from `start`."""
        return self.line_length * self.height


def grey_of(data: bytes, arrangement: Arrangement) -> Grey:
    """Luma of pixels, `arrangement.size` bytes, of shape (height, width).

    Raises:
        ArrangementError: there are more bytes or fewer.
    """
    how = arrangement
    if len(data) != how.size:
        raise ArrangementError(f"{len(data)} bytes instead of {how.size}")
    lines = np.frombuffer(data, np.uint8).reshape(how.height, how.line_length)
    grey = np.empty((how.height, how.width), np.uint8)
    for rows in _bands(how.height):
        pixels = _words(lines[rows], how)
        grey[rows] = luma(*(_eight_bits(pixels, one) for one in (how.red, how.green, how.blue)))
    return grey


def luma(red: NDArray[Any], green: NDArray[Any], blue: NDArray[Any]) -> Grey:
    """Luma of three colours of 0 to 255, each of shape (height, width).

    ITU-R 601 in the whole numbers that Pillow computes with, so that a screen is the same picture
    whichever way it came.
    """
    grey = np.empty(red.shape, np.uint8)
    for rows in _bands(len(red)):
        parts = (one[rows].astype(np.uint32) for one in (red, green, blue))
        weighted = sum(one * weight for one, weight in zip(parts, _WEIGHTS, strict=True))
        grey[rows] = (weighted + 0x8000) >> 16
    return grey


def _bands(height: int) -> Iterator[slice]:
    """All rows, some at a time: whole pictures of 32-bit numbers are memory that a box lacks."""
    return (slice(top, top + _BAND) for top in range(0, height, _BAND))


class LastGrey:
    """Converts pixels only where they changed: most looks at a screen see the very same bytes."""

    def __init__(self) -> None:
        self._data = b""
        self._arrangement: Arrangement | None = None
        self._grey: Grey = np.zeros((0, 0), np.uint8)

    def of(self, data: bytes, arrangement: Arrangement) -> Grey:
        """`grey_of`, or the very array that it gave for the same bytes before."""
        if data != self._data or arrangement != self._arrangement:
            self._grey = grey_of(data, arrangement)
            self._data, self._arrangement = data, arrangement
        return self._grey


def _words(lines: NDArray[np.uint8], how: Arrangement) -> NDArray[np.uint32]:
    count = how.bits_per_pixel // 8
    parts = lines[:, : how.width * count].reshape(len(lines), how.width, count).astype(np.uint32)
    order = range(count - 1, -1, -1) if how.is_big_endian else range(count)
    words = np.zeros((len(lines), how.width), np.uint32)
    for place, index in enumerate(order):
        words |= parts[:, :, index] << np.uint32(8 * place)
    return words


def _eight_bits(pixels: NDArray[np.uint32], colour: Channel) -> NDArray[np.uint32]:
    """One colour of each pixel, spread over 0 to 255."""
    most = (1 << colour.length) - 1
    value = (pixels >> np.uint32(colour.offset)) & np.uint32(most)
    return value if most == 255 else (value * 255 + most // 2) // most
