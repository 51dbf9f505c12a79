"""Where the places of a seven-segment number stand in a crop: upright, on one pitch.

A line is brought to one height and its lean is taken out first, so that all that follows counts in
shares of the height.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dosebook_edge.capture.screen.ink import runs
from dosebook_edge.capture.screen.normalise import find_ink
from dosebook_edge.capture.screen.picture import Grey

HEIGHT: Final = 48
"""Pixels of an upright line."""
BELOW: Final = 6
"""Pixels that are kept below it: a point or comma may hang there."""
_SIDE: Final = 8
_LEANS: Final = np.arange(-0.06, 0.301, 0.02)
"""Pixels to the right a pixel up: displays lean by up to some 15 degrees."""
_ENOUGH: Final = 32
_UPRIGHTS: Final = ((0.2, 0.4), (0.6, 0.8))
"""Of the height: there stand upright bars alone."""
_INKED: Final = 0.5
_BRIDGE: Final = 3
_POINTS: Final = 0.8
"""Of the height: points stand below that, so that above it a gap parts two digits."""
_NARROW: Final = 0.3
"""Of the height: what is narrower is a 1, the two bars at the right of its place."""
_WIDEST: Final = 0.85
_LEAST_WIDE: Final = 0.6
"""Of the widest digit: a 3 and a 7 have nothing at the left but the ends of their bars."""
_UNEVEN: Final = 0.1
"""Of the pitch: how far a digit may stand off it."""
_LONE: Final = 1.4
"""Of the width: the pitch of a single digit, behind which a point may stand."""

Levels = NDArray[np.float32]


class NotSegmentsError(ValueError):
    """A crop that is no row of seven-segment digits, or none that is sure; the text says why."""


@dataclass(frozen=True, slots=True)
class Upright:
    """A line without its lean.

    Attributes:
        strength: of the ink, 0 to 1, shape (HEIGHT + BELOW, width).
        rights: right edge of each place, in its columns, from left to right.
        wide: width of a place's bars in columns; `pitch` from one place to the next.
        left: column of the crop of its column 0 at the foot; `scale` columns for each of the crop.
    """

    strength: Levels
    rights: tuple[int, ...]
    wide: int
    pitch: float
    left: float
    scale: float

    def in_crop(self, column: float) -> float:
        """A column at the foot of the line in pixels of the crop."""
        return self.left + column / self.scale


def upright(crop: Grey) -> Upright:
    """The places of the number in a crop, shape (height, width); raises `NotSegmentsError`."""
    ink = find_ink(crop) if min(crop.shape) > 1 else None
    if ink is None or ink.bottom - ink.top < HEIGHT // 4:
        raise NotSegmentsError("there is no ink of the height of a digit")
    scale = HEIGHT / (ink.bottom - ink.top)
    rows = ink.strength[ink.top : ink.bottom]
    lean = _lean(rows)
    left = ink.left - _SIDE / scale
    width = round((ink.right - left) * scale) + _SIDE
    image = Image.fromarray(ink.strength)
    turned = image.transform(
        (width, HEIGHT + BELOW),
        Image.Transform.AFFINE,
        # Column and row here → column and row of the crop; the foot stays where it is.
        (1 / scale, -lean / scale, left + lean * HEIGHT / scale, 0.0, 1 / scale, ink.top),
        Image.Resampling.BILINEAR,
    )
    strength = np.asarray(turned, dtype=np.float32) / np.float32(255)
    found = runs(strength[: round(_POINTS * HEIGHT)].max(axis=0) > _INKED, bridge=_BRIDGE)
    wide = _width([right - edge for edge, right in found])
    rights, pitch = _grid([right for _, right in found], wide)
    return Upright(strength, rights, wide, pitch, left, scale)


def _lean(rows: NDArray[np.uint8]) -> float:
    """How far the bars lean: upright ones stand in the fewest columns."""
    high = rows.shape[0]
    step = max(1, high // _ENOUGH)
    places = [n for low, top in _UPRIGHTS for n in range(int(low * high), int(top * high), step)]
    found, across = np.nonzero(rows[places] > 255 * _INKED)
    up = high - np.array(places)[found]

    def sharpness(lean: float) -> float:
        columns = np.bincount((across - lean * up + high).astype(np.intp))
        return float(np.square(columns).sum())

    return float(max(_LEANS, key=sharpness))


def _width(widths: Sequence[int]) -> int:
    full = [one for one in widths if one > _NARROW * HEIGHT]
    if not full:
        raise NotSegmentsError("no digit but 1: the width of a place is not seen")
    if max(full) > _WIDEST * HEIGHT or min(full) < _LEAST_WIDE * max(full):
        raise NotSegmentsError("its ink does not part into digits of one width")
    return max(full)


def _grid(rights: Sequence[int], wide: int) -> tuple[tuple[int, ...], float]:
    """The right edges as they are on one pitch, and the pitch."""
    if len(rights) < 2:
        return tuple(rights), _LONE * wide
    numbers = np.arange(len(rights))
    pitch, first = (float(one) for one in np.polyfit(numbers, rights, 1))
    grid = first + pitch * numbers
    if pitch < wide or float(np.abs(grid - rights).max()) > _UNEVEN * pitch:
        raise NotSegmentsError("its digits do not stand one beside the other on one pitch")
    return tuple(round(one) for one in grid.tolist()), pitch
