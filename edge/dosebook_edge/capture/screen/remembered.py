"""Lines that were read before: a console shows the same labels and units all day.

On a lossless picture they are the very same pixels each time, so what the net says of them is the
same, too. What names a patient is not to be read through this, for it is kept.
"""

from functools import lru_cache, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosebook_edge.capture.screen.line import Line
from dosebook_edge.capture.screen.reading import LineReader

_LINES: Final = 128
_GLANCES: Final = 64
"""A screen has 30 to 90 lines and some ten labels."""
_LARGEST: Final = 16_384
"""Pixels of a crop that is kept: all together take 3 MiB at most, of usual screens one."""

Shape = tuple[int, ...]


class RememberedLines:
    """Fulfils `LineReader` with another one, which reads equal crops only once.

    The crops used last are kept, with all their pixels: nothing is taken for another.
    """

    def __init__(self, net: LineReader) -> None:
        self._net = net
        self._read = lru_cache(_LINES)(partial(_read, net))
        self._glance = lru_cache(_GLANCES)(partial(_glance, net))

    @property
    def model_hash(self) -> str:
        """SHA-256 of the model, in hexadecimal."""
        return self._net.model_hash

    @property
    def runtime(self) -> str:
        """Name and version of what runs the model."""
        return self._net.runtime

    def read(self, crop: NDArray[np.uint8], allowed: str | None = None) -> Line:
        """The text of a crop, as the other reader has it."""
        if crop.size > _LARGEST:
            return self._net.read(crop, allowed)
        return self._read(crop.tobytes(), crop.shape, allowed)

    def glance(self, crop: NDArray[np.uint8]) -> str:
        """The likeliest text of a crop, as the other reader has it."""
        if crop.size > _LARGEST:
            return self._net.glance(crop)
        return self._glance(crop.tobytes(), crop.shape)


def _read(net: LineReader, pixels: bytes, shape: Shape, allowed: str | None) -> Line:
    return net.read(_crop(pixels, shape), allowed)


def _glance(net: LineReader, pixels: bytes, shape: Shape) -> str:
    return net.glance(_crop(pixels, shape))


def _crop(pixels: bytes, shape: Shape) -> NDArray[np.uint8]:
    return np.frombuffer(pixels, np.uint8).reshape(shape)
