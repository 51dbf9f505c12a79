"""Where ink stands: the strokes of a line, and the pieces of text in a part of a picture."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosebook_edge.capture.screen.normalise import find_ink
from dosebook_edge.capture.screen.picture import Box, Grey

Run = tuple[int, int]
_INKED: Final = 0.4
_LEAST_CONTRAST: Final = 24
_LEAST_HEIGHT: Final = 5
_RULE: Final = 0.7
"""A row or column of which more than this is ink is a drawn line, no text."""


def runs(flags: np.bool_ | NDArray[np.bool_], *, bridge: int = 0) -> list[Run]:
    """First place and the place after the last of each run of True; gaps up to `bridge` join."""
    edges = np.flatnonzero(
        np.diff(np.concatenate([[False], np.atleast_1d(flags), [False]]).astype(np.int8))
    )
    found: list[Run] = []
    for start, end in edges.reshape(-1, 2).tolist():
        if found and start - found[-1][1] <= bridge:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


@dataclass(frozen=True, slots=True)
class Strokes:
    """The strokes of a line: left and right edge of each, and the height of the tallest, in px."""

    edges: tuple[Run, ...] = ()
    height: int = 0


NO_STROKES: Final = Strokes()


def strokes(crop: Grey) -> Strokes:
    """The strokes of the line of text in a crop.

    Hair-wide gaps, as between two segments of one digit, do not part a stroke.
    """
    ink = find_ink(crop) if min(crop.shape, default=0) > 1 else None
    if ink is None:
        return NO_STROKES
    band = ink.strength[ink.top : ink.bottom] > _INKED
    edges = runs(band.any(axis=0), bridge=int(0.05 * (ink.bottom - ink.top)))
    tall = [
        int(np.ptp(np.flatnonzero(band[:, left:right].any(axis=1)))) + 1 for left, right in edges
    ]
    return Strokes(tuple(edges), max(tall, default=0))


def has_ink(crop: Grey) -> bool:
    """Whether anything stands out of the background of a crop."""
    return min(crop.shape, default=0) > 1 and find_ink(crop) is not None


def pieces(grey: Grey, *, most: int = 400) -> list[Box]:
    """Pieces of text on a part of a picture, in its pixels, from top to bottom; at most so many.

    A gap wider than nine tenths of a line's height parts two pieces; drawn lines are no text.
    """
    if min(grey.shape, default=0) < _LEAST_HEIGHT:
        return []
    levels = grey.astype(np.int16)
    away = np.abs(levels - int(np.median(levels)))
    strongest = int(np.partition(away, -4, axis=None)[-4])
    if strongest < _LEAST_CONTRAST:
        return []
    inked = away > _INKED * strongest
    inked[inked.mean(axis=1) > _RULE] = False
    inked[:, inked.mean(axis=0) > _RULE] = False
    found: list[Box] = []
    for top, bottom in runs(inked.any(axis=1)):
        height = bottom - top
        if height < _LEAST_HEIGHT:
            continue
        for left, right in runs(inked[top:bottom].any(axis=0), bridge=int(0.9 * height)):
            rows = np.flatnonzero(inked[top:bottom, left:right].any(axis=1))
            first, last = int(rows[0]), int(rows[-1]) + 1
            if last - first >= _LEAST_HEIGHT:
                found.append(Box(left, top + first, right - left, last - first))
            if len(found) == most:
                return found
    return found
