"""A crop of one line of text, brought to the one form that the reading net knows.

Light text on black, 24 px high, of which the ink takes 20; grey levels 0 to 255. The width follows
from the height: nothing is stretched, so that the distance of strokes means the same everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dosebook_edge.capture.screen.ink import runs

HEIGHT: Final = 24
INK_HEIGHT: Final = 20
SIDE: Final = 4  # px of background kept left and right of the ink

Polarity = Literal["auto", "light-on-dark", "dark-on-light"]

_GREYS: Final = np.arange(256, dtype=np.float64)
_LEAST_CONTRAST: Final = 10.0  # grey levels; less is an empty cell
_Mask = NDArray[np.bool_]
_Levels = NDArray[np.float64]


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


NormalLine = NDArray[np.uint8]
"""A line in normal form: shape (24, width), ink light."""


@dataclass(frozen=True, slots=True)
class Ink:
    """The ink of a crop: its strength per pixel, 0 to 255, and its bounding box in px."""

    strength: NDArray[np.uint8]
    top: int
    bottom: int
    left: int
    right: int


def find_ink(crop: NDArray[np.uint8], polarity: Polarity = "auto") -> Ink | None:
    """Where the line of text lies in the crop, or None where there is nothing but background.

    Of several lines the tallest counts: a cut neighbour at the edge of a crop is not read.
    """
    counts = np.bincount(crop.ravel(), minlength=256)
    strengths = _strengths(crop, counts, polarity)
    if strengths is None:
        return None
    level = _ink_level(strengths, counts)
    # From here on ink is light: the greater a number, the stronger.
    light, strengths = (crop, strengths) if strengths[-1] > 0 else (~crop, strengths[::-1])
    rows = _tallest_run(strengths[_two_strongest(light)].mean(axis=0) > level)
    if rows is None:
        return None
    top, bottom = rows
    (columns,) = (strengths[light[top:bottom].max(axis=0)] > level).nonzero()
    strength = (strengths * 255.0 + 0.5).astype(np.uint8).take(light)
    return Ink(strength, top, bottom, int(columns[0]), int(columns[-1]) + 1)


def normal_forms(ink: Ink, views: Sequence[View] = (PLAIN,)) -> list[NormalLine]:
    """The line in normal form, once for each view."""
    return _resampled(ink, [_frame(ink, view) for view in views])


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


def _strengths(
    crop: NDArray[np.uint8], counts: NDArray[np.intp], polarity: Polarity
) -> _Levels | None:
    """How strong ink of each grey level is, 0 to 1, shape (256,); None without contrast."""
    few = max(4, crop.size // 50)
    if few >= crop.size:
        return None
    background = _background(crop, counts)
    light = _mean_of_first(counts[::-1], few, _GREYS[::-1]) - background
    dark = background - _mean_of_first(counts, few, _GREYS)
    if polarity == "auto":
        polarity = "light-on-dark" if light >= dark else "dark-on-light"
    contrast = light if polarity == "light-on-dark" else -dark
    if abs(contrast) < _LEAST_CONTRAST or (contrast > 0) != (polarity == "light-on-dark"):
        return None
    return np.minimum(np.maximum((_GREYS - background) / contrast, 0.0), 1.0)


def _background(crop: NDArray[np.uint8], counts: NDArray[np.intp]) -> float:
    """The median, with the border thrice: text may fill a crop, but seldom lies along its edge."""
    border = np.concatenate([crop[0], crop[-1], crop[:, 0], crop[:, -1]])
    so_far = np.cumsum(counts + 2 * np.bincount(border, minlength=256))
    total = int(so_far[-1])
    lower, upper = np.searchsorted(so_far, [(total - 1) // 2 + 1, total // 2 + 1]).tolist()
    return float(lower + upper) / 2


def _mean_of_first(counts: NDArray[np.intp], few: int, levels: _Levels) -> float:
    """The mean level of the first so many pixels, given how many there are of each level."""
    before = np.cumsum(counts) - counts
    return float(np.minimum(np.maximum(few - before, 0), counts) @ levels) / few


def _ink_level(strengths: _Levels, counts: NDArray[np.intp]) -> float:
    faint = np.where(strengths < 0.4, counts, 0)
    number = int(faint.sum())
    noise = sqrt(float(faint @ np.square(strengths)) / number) if number else 0.0
    return min(max(0.35, 3.0 * noise), 0.75)


def _two_strongest(light: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The two greatest numbers of each row, shape (2, rows): one stray pixel is no ink."""
    if light.shape[1] < 2:
        return light.T
    places = light.argmax(axis=1)
    rows = np.arange(len(light))
    others = light.copy()
    others[rows, places] = 0
    return np.array([light[rows, places], others.max(axis=1)])


def _tallest_run(inked: _Mask) -> tuple[int, int] | None:
    """First row and the row after the last of the greatest run; gaps within a line are bridged."""
    parts = runs(inked)
    if not parts:
        return None
    height = max(end - start for start, end in parts)
    merged = parts[:1]
    for start, end in parts[1:]:
        first, last = merged[-1]
        # The dot of an i, the two dots of a colon, the bars of an equals sign.
        if start - last <= max(1, 0.22 * max(height, end - first)):
            merged[-1] = (first, end)
        else:
            merged.append((start, end))
    return max(merged, key=lambda run: run[1] - run[0])


def _resampled(ink: Ink, frames: Sequence[_Frame]) -> list[NormalLine]:
    rows, columns = ink.strength.shape
    before_x = max(0, ceil(-min(one.left for one in frames)))
    before_y = max(0, ceil(-min(one.top for one in frames)))
    after_x = max(0, ceil(max(one.right for one in frames)) - columns)
    after_y = max(0, ceil(max(one.bottom for one in frames)) - rows)
    wide, high = before_x + columns + after_x, before_y + rows + after_y
    padded = np.zeros((high, wide), dtype=np.uint8)
    padded[before_y : before_y + rows, before_x : before_x + columns] = ink.strength
    image = Image.fromarray(padded)
    lines: list[NormalLine] = []
    for one in frames:
        box = (one.left + before_x, one.top + before_y, one.right + before_x, one.bottom + before_y)
        resized = image.resize((one.width, HEIGHT), Image.Resampling.BILINEAR, box=box)
        pixels = np.frombuffer(resized.tobytes(), np.uint8).reshape(HEIGHT, one.width)
        lines.append(pixels)
    return lines
