"""Reads a seven-segment number by its bars: exact geometry, no net, no typeface.

Each of the seven bars of a place is measured in two halves. Lit is a bar of which both halves are,
dark one of which neither is; anything between, and a pattern that is no digit, is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from dosebook_edge.capture.screen.ink import runs
from dosebook_edge.capture.screen.picture import Grey
from dosebook_edge.capture.screen.segment_digits import DIGITS, Bars
from dosebook_edge.capture.screen.segment_geometry import (
    HEIGHT,
    Levels,
    NotSegmentsError,
    Upright,
    upright,
)

_INKED: Final = 0.5
_LIT: Final = 0.62
"""Of the usual strength of a lit bar: what is stronger is lit."""
_DARK: Final = 0.38
"""What is weaker is dark, as bars that only shine through are."""
_LIT_POINT: Final = 0.5
_DARK_POINT: Final = 0.25
"""The same of a point, which is small: blur takes more of it away."""
_UPPER: Final = (0.22, 0.30, 0.38)
_LOWER: Final = (0.62, 0.70, 0.78)
_ACROSS: Final = (0.4, 0.5, 0.6)
_SIDES: Final = 0.4
_LEVEL: Final = {"a": (0.0, 0.24), "g": (0.36, 0.64), "d": (0.76, 1.0)}
_UPRIGHT: Final = {
    "f": (_UPPER, True), "b": (_UPPER, False), "e": (_LOWER, True), "c": (_LOWER, False)
}  # fmt: skip
_HOLES: Final = ((0.26, 0.34), (0.66, 0.74))
_HOLE: Final = (0.45, 0.55)
"""Of the width: between bars it is dark, or there is something else than bars."""
_UNEVEN: Final = 0.5
"""Of the usual thickness of a lit bar: dirt that is taken for a bar is seldom as thick as one."""
_FOOT: Final = 0.82
_TRACE: Final = 0.35
_BRIDGE: Final = 1
_POINT: Final = (3, 2)
"""Rows and columns of the least point, where a digit is 48 rows high."""


@dataclass(frozen=True, slots=True)
class Segments:
    """What the bars of a crop show.

    Attributes:
        text: digits and ".", "" where a place shows no digit.
        places: lit bars of each place, from left to right.
        points: whether a point is lit behind each place.
        end: where the last place ends, in pixels of the crop at its foot.
        pitch: pixels of the crop from one place to the next.
    """

    text: str
    places: tuple[Bars, ...]
    points: tuple[bool, ...]
    end: float
    pitch: float


@dataclass(frozen=True, slots=True)
class _Bar:
    """Strength of the two halves of a bar, and how many lines of ink lie side by side in it."""

    halves: tuple[float, float]
    thick: int


def read_segments(crop: Grey) -> Segments:
    """The number that the bars in a crop show; raises `NotSegmentsError` where that is not sure."""
    line = upright(crop)
    cells = [_cell(line, right) for right in line.rights]
    measured = [_bars(cell) for cell in cells]
    points = _points(line)
    halves = np.array([half for place in measured for bar in place.values() for half in bar.halves])
    if not (halves > _INKED).any():
        raise NotSegmentsError("none of its bars is lit")
    usual = float(np.median(halves[halves > _INKED]))
    lit, dark = _LIT * usual, _DARK * usual
    if any(hole > dark for cell in cells for hole in _holes(cell)):
        raise NotSegmentsError("there is ink between its bars")
    unsure = sum(dark < half < lit for half in halves)
    unsure += sum(_DARK_POINT < point / usual < _LIT_POINT for point in points)
    if unsure:
        raise NotSegmentsError(f"{unsure} of its bars and points are neither lit nor dark")
    feet = _feet(line)
    merged = sum(foot > line.wide + _POINT[1] for foot in feet)
    if len(feet) + merged > len(points) + sum(point / usual > _LIT_POINT for point in points):
        raise NotSegmentsError("there is ink at the foot of its digits that is no point")
    places = tuple(frozenset(_lit(place, lit)) for place in measured)
    digits = [DIGITS.get(place, "") for place in places]
    marks = ["." if point > _LIT_POINT * usual else "" for point in points]
    text = "".join(d + m for d, m in zip(digits, marks, strict=True)) if all(digits) else ""
    return Segments(
        text,
        places,
        tuple(bool(mark) for mark in marks),
        line.in_crop(line.rights[-1]),
        line.pitch / line.scale,
    )


def _lit(place: dict[str, _Bar], lit: float) -> Iterator[str]:
    """The lit bars of a place; raises `NotSegmentsError` where one is odd."""
    found = {name: bar for name, bar in place.items() if max(bar.halves) > lit}
    if any(min(bar.halves) < lit for bar in found.values()):
        raise NotSegmentsError("a bar is lit in one half alone")
    for names in (_LEVEL, _UPRIGHT):
        thick = [bar.thick for name, bar in found.items() if name in names]
        if thick and max(thick) - min(thick) > max(3.0, _UNEVEN * float(np.median(thick))):
            raise NotSegmentsError("its bars are not of one thickness")
    return iter(found)


def _cell(line: Upright, right: int) -> Levels:
    """A place of the line, shape (HEIGHT, wide)."""
    cell = np.zeros((HEIGHT, line.wide), dtype=np.float32)
    left = max(0, right - line.wide)
    cell[:, line.wide - (right - left) :] = line.strength[:HEIGHT, left:right]
    return cell


def _holes(cell: Levels) -> list[float]:
    """How strong the ink is in the middle of the upper and of the lower half."""
    left, right = (round(one * cell.shape[1]) for one in _HOLE)
    return [
        float(cell[round(top * HEIGHT) : round(bottom * HEIGHT), left : right + 1].mean())
        for top, bottom in _HOLES
    ]


def _bars(cell: Levels) -> dict[str, _Bar]:
    wide = cell.shape[1]
    side = round(_SIDES * wide)
    found: dict[str, _Bar] = {}
    for name, (parts, is_left) in _UPRIGHT.items():
        part = cell[:, :side] if is_left else cell[:, -side:]
        found[name] = _bar(part.T, [round(one * HEIGHT) for one in parts])
    for name, (top, bottom) in _LEVEL.items():
        part = cell[round(top * HEIGHT) : round(bottom * HEIGHT)]
        found[name] = _bar(part, [round(one * wide) for one in _ACROSS])
    return found


def _bar(part: Levels, along: list[int]) -> _Bar:
    """A bar that runs along the rows of a part, between the first and the last of three columns."""
    first, middle, last = along
    halves = [part[:, first:middle].mean(axis=1), part[:, middle:last].mean(axis=1)]
    thick = int((part[:, first:last].mean(axis=1) > _INKED).sum())
    return _Bar((float(halves[0].max()), float(halves[1].max())), thick)


def _points(line: Upright) -> list[float]:
    """How strong a point stands behind each place."""
    foot = line.strength[round(_FOOT * HEIGHT) :]
    gap = int(line.pitch - line.wide) - 2  # a column of each neighbour's edge is left out
    if gap < _POINT[1]:
        raise NotSegmentsError("its digits stand too close to see points between them")
    return [_strongest_square(foot[:, right + 1 : right + 1 + gap]) for right in line.rights]


def _feet(line: Upright) -> list[int]:
    """How wide the pieces of ink are that stand side by side at the foot: of digits, and points."""
    foot = line.strength[round(_FOOT * HEIGHT) : HEIGHT].max(axis=0)
    return [right - left for left, right in runs(foot > _TRACE, bridge=_BRIDGE)]


def _strongest_square(part: Levels) -> float:
    if part.shape[1] < _POINT[1]:
        return 0.0  # the crop ends there, in nothing
    squares = np.lib.stride_tricks.sliding_window_view(part, _POINT)
    return float(squares.mean(axis=(2, 3)).max())
