"""A crop of one line of text, brought to the one form that the reading net knows.

Light text on black, 24 px high, of which the ink takes 20; grey levels 0 to 255. The width follows
from the height: nothing is stretched, so that the distance of strokes means the same everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HEIGHT: Final = 24
INK_HEIGHT: Final = 20
SIDE: Final = 4  # px of background kept left and right of the ink

Polarity = Literal["auto", "light-on-dark", "dark-on-light"]

_LEAST_CONTRAST: Final = 10.0  # grey levels; less is an empty cell
_Mask = NDArray[np.bool_]
_Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class View:
    """How a line is looked at; anything but the default is a second look at the same line.

    Attributes:
        size: factor on the height of the ink.
        stretch: factor on the width beyond that.
        right: px (of the normal form) by which the text is moved right, before any padding.
        down: px (of the normal form) by which the text is moved down.
    """

    size: float = 1.0
    stretch: float = 1.0
    right: float = 0.0
    down: float = 0.0


PLAIN: Final = View()


@dataclass(frozen=True, slots=True)
class NormalLine:
    """A line in normal form.

    Attributes:
        pixels: shape (24, width), uint8, ink light.
        scale: px of the normal form per px of the crop, horizontally.
        left: where column 0 lies in the crop, in px; may be negative.
    """

    pixels: NDArray[np.uint8]
    scale: float
    left: float


@dataclass(frozen=True, slots=True)
class Ink:
    """The ink of a crop: its strength per pixel, 0 to 1, and its bounding box in px."""

    strength: _Grey
    top: int
    bottom: int
    left: int
    right: int


def find_ink(crop: NDArray[np.uint8], polarity: Polarity = "auto") -> Ink | None:
    """Where the line of text lies in the crop, or None where there is nothing but background.

    Of several lines the tallest counts: a cut neighbour at the edge of a crop is not read.
    """
    strength = _strength(crop.astype(np.float32), polarity)
    if strength is None:
        return None
    level = _ink_level(strength)
    two_strongest = np.partition(strength, -2, axis=1)[:, -2:] if crop.shape[1] > 1 else strength
    rows = _tallest_run(two_strongest.mean(axis=1) > level)
    if rows is None:
        return None
    top, bottom = rows
    columns = np.flatnonzero(strength[top:bottom].max(axis=0) > level)
    return Ink(strength, top, bottom, int(columns[0]), int(columns[-1]) + 1)


def normal_forms(ink: Ink, views: Sequence[View] = (PLAIN,)) -> list[NormalLine]:
    """The line in normal form, once for each view."""
    return _resampled(ink.strength, [_frame(ink, view) for view in views])


@dataclass(frozen=True, slots=True)
class _Frame:
    """The part of a crop that becomes a line: its box in px of the crop, its width when done."""

    left: float
    top: float
    right: float
    bottom: float
    width: int


def _frame(ink: Ink, view: View) -> _Frame:
    # A lone dash is not blown up to the height of a digit.
    height = max(ink.bottom - ink.top, 0.3 * ink.strength.shape[0], 4.0)
    vertical = INK_HEIGHT * view.size / height
    horizontal = vertical * view.stretch
    middle = (ink.top + ink.bottom) / 2 - view.down / vertical
    left = ink.left - (SIDE + view.right) / horizontal
    right = ink.right + SIDE / horizontal
    width = max(1, round((right - left) * horizontal))
    half = HEIGHT / 2 / vertical
    return _Frame(left, middle - half, left + width / horizontal, middle + half, width)


def _strength(grey: _Grey, polarity: Polarity) -> _Grey | None:
    # The border counts thrice: text may fill a tight crop, but seldom lies along its edge.
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    background = float(np.median(np.concatenate([grey.ravel(), border, border])))
    few = max(4, grey.size // 50)
    if few >= grey.size:
        return None
    ordered = np.sort(grey, axis=None)
    light = float(ordered[-few:].mean()) - background
    dark = background - float(ordered[:few].mean())
    if polarity == "auto":
        polarity = "light-on-dark" if light >= dark else "dark-on-light"
    contrast = light if polarity == "light-on-dark" else -dark
    if abs(contrast) < _LEAST_CONTRAST or (contrast > 0) != (polarity == "light-on-dark"):
        return None
    strength: _Grey = np.clip((grey - background) / contrast, 0.0, 1.0)
    return strength


def _ink_level(strength: _Grey) -> float:
    faint = strength[strength < 0.4]
    noise = float(np.sqrt(np.mean(np.square(faint)))) if faint.size else 0.0
    return min(max(0.35, 3.0 * noise), 0.75)


def _tallest_run(inked: _Mask) -> tuple[int, int] | None:
    """First row and the row after the last of the greatest run; gaps within a line are bridged."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inked, [False]]).astype(np.int8)))
    runs = [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
    if not runs:
        return None
    height = max(end - start for start, end in runs)
    merged = [runs[0]]
    for start, end in runs[1:]:
        first, last = merged[-1]
        # The dot of an i, the two dots of a colon, the bars of an equals sign.
        if start - last <= max(1, 0.22 * max(height, end - first)):
            merged[-1] = (first, end)
        else:
            merged.append((start, end))
    return max(merged, key=lambda run: run[1] - run[0])


def _resampled(strength: _Grey, frames: Sequence[_Frame]) -> list[NormalLine]:
    rows, columns = strength.shape
    before_x = max(0, ceil(-min(one.left for one in frames)))
    before_y = max(0, ceil(-min(one.top for one in frames)))
    after_x = max(0, ceil(max(one.right for one in frames)) - columns)
    after_y = max(0, ceil(max(one.bottom for one in frames)) - rows)
    wide, high = before_x + columns + after_x, before_y + rows + after_y
    padded = np.zeros((high, wide), dtype=np.uint8)
    padded[before_y : before_y + rows, before_x : before_x + columns] = strength * 255.0 + 0.5
    image = Image.fromarray(padded)
    lines = []
    for one in frames:
        box = (one.left + before_x, one.top + before_y, one.right + before_x, one.bottom + before_y)
        resized = image.resize((one.width, HEIGHT), Image.Resampling.BILINEAR, box=box)
        scale = one.width / (one.right - one.left)
        lines.append(NormalLine(np.asarray(resized, dtype=np.uint8), scale, one.left))
    return lines
