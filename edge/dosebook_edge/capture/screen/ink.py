"""Where ink stands: the strokes of a line, and the pieces of text in a part of a picture."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosebook_edge.capture.screen.picture import Box, Grey

Run = tuple[int, int]
_LEVELS: Final = np.arange(256)
_PART: Final = 65_536  # pixels
_INKED: Final = 0.4
_LEAST_CONTRAST: Final = 24
_LEAST_HEIGHT: Final = 5
_FLAT: Final = 0.25
_RULE: Final = 0.7
"""A row or column of which more than this is ink is a drawn line, no text."""


def runs(flags: np.bool_ | NDArray[np.bool_], *, bridge: int = 0) -> list[Run]:
    """First place and the place after the last of each run of True; gaps up to `bridge` join."""
    between = np.zeros(np.size(flags) + 2, dtype=np.bool_)
    between[1:-1] = flags
    (edges,) = (between[1:] != between[:-1]).nonzero()
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


def background(grey: Grey) -> int:
    """The commonest grey level; 0 of no pixels."""
    return int(_counts(grey).argmax())


def contrast(grey: Grey, *, nth: int = 2) -> int:
    """How far ink stands out of the background, in grey levels: as far as its nth strongest pixel.

    So one stray pixel does not count. 0 where there are fewer.
    """
    return _contrast(_counts(grey), nth) if grey.size >= nth else 0


def _counts(grey: Grey) -> NDArray[np.intp]:
    """How many pixels there are of each level; of a large picture in parts, to save memory."""
    if grey.size > _PART and len(grey) > 1:
        half = len(grey) // 2
        return _counts(grey[:half]) + _counts(grey[half:])
    return np.bincount(grey.ravel(), minlength=256)


def _away(counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """How far each level is from the commonest."""
    away: NDArray[np.intp] = np.abs(_LEVELS - counts.argmax())
    return away


def _contrast(counts: NDArray[np.intp], nth: int) -> int:
    as_far = np.bincount(_away(counts), weights=counts, minlength=256)[::-1].cumsum()
    return 255 - int(as_far.searchsorted(nth))


def _inked(grey: Grey, counts: NDArray[np.intp], strength: int) -> NDArray[np.bool_]:
    """Which pixels are ink: those that stand out of the background by much of the strength."""
    return (_away(counts) > _INKED * strength).take(grey)


def inked(crop: Grey) -> NDArray[np.bool_] | None:
    """Which pixels of a line of text are ink; None without contrast."""
    if crop.size < 2:
        return None
    counts = _counts(crop)
    strength = _contrast(counts, 2)
    return None if strength < _LEAST_CONTRAST else _inked(crop, counts, strength)


def strokes(crop: Grey) -> Strokes:
    """The strokes of the line of text in a crop; of several lines, of the tallest.

    Hair-wide gaps, as between two segments of one digit, do not part a stroke.
    """
    ink = inked(crop)
    if ink is None:
        return NO_STROKES
    top, bottom = max(runs(ink.any(axis=1), bridge=1), key=lambda run: run[1] - run[0])
    band = ink[top:bottom]
    edges = runs(band.any(axis=0), bridge=int(0.05 * (bottom - top)))
    # No column of a digit with a comma beside it reaches from the one's top to the other's foot.
    reach = band.shape[0] - band[::-1].argmax(axis=0) - band.argmax(axis=0)
    return Strokes(tuple(edges), int(reach[band.any(axis=0)].max()))


def is_dash(crop: Grey) -> bool:
    """Whether the only ink of a cell is one flat stroke."""
    seen = strokes(crop)
    if len(seen.edges) != 1:
        return False
    ((left, right),) = seen.edges
    return seen.height <= _FLAT * crop.shape[0] and right - left >= 1.25 * seen.height


def pieces(grey: Grey, *, most: int = 400) -> list[Box]:
    """Pieces of text on a part of a picture, in its pixels, from top to bottom; at most so many.

    A gap wider than seven tenths of a line's height parts two pieces; drawn lines are no text.
    """
    if min(grey.shape, default=0) < _LEAST_HEIGHT:
        return []
    counts = _counts(grey)
    strongest = _contrast(counts, 4)
    if strongest < _LEAST_CONTRAST:
        return []
    ink = _inked(grey, counts, strongest)
    ink[ink.mean(axis=1) > _RULE] = False
    ink[:, ink.mean(axis=0) > _RULE] = False
    found: list[Box] = []
    for top, bottom in runs(ink.any(axis=1)):
        height = bottom - top
        if height < _LEAST_HEIGHT:
            continue
        for left, right in runs(ink[top:bottom].any(axis=0), bridge=int(0.7 * height)):
            rows = np.flatnonzero(ink[top:bottom, left:right].any(axis=1))
            first, last = int(rows[0]), int(rows[-1]) + 1
            if last - first >= _LEAST_HEIGHT:
                found.append(Box(left, top + first, right - left, last - first))
            if len(found) == most:
                return found
    return found
