"""Whether a value goes on beyond its cell: what is read of it then looks whole, and is less."""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosebook_edge.capture.screen.ink import Run, inked, runs
from dosebook_edge.capture.screen.picture import Grey

_NEAR: Final = 0.4
"""Of the height of a line: digits of one number are as near, two words are not."""
_HAIR: Final = 0.05
"""Of the height of a line: what parts two segments of one digit."""


def is_cut_off(wide: Grey, own: Run) -> bool:
    """Whether a line of characters reaches the upper or lower edge, or goes on beside its cell.

    Args:
        wide: a cell and what stands beside it, as far as the cell is high.
        own: first column of the cell, and the one after its last.
    """
    left, right = own
    ink = inked(wide)
    if ink is None or right - left < 1:
        return False
    bands = runs(ink[:, left:right].any(axis=1), bridge=1)
    if not bands:
        return False
    top, bottom = max(bands, key=lambda run: run[1] - run[0])
    if top == 0 or bottom == len(ink):
        return True
    height = bottom - top
    pieces = runs(ink[top:bottom].any(axis=0), bridge=int(_HAIR * height))
    inside = [one for one in pieces if one[1] > left and one[0] < right]
    gaps = [after[0] - one[1] for one, after in pairwise(inside)]
    near = max(_NEAR * height, *gaps, 0)
    others = [
        one
        for one in pieces
        if (one[1] <= left and inside[0][0] - one[1] <= near)
        or (one[0] >= right and one[0] - inside[-1][1] <= near)
    ]
    return any(_is_character(ink, one, (top, bottom)) for one in others)


def _is_character(ink: NDArray[np.bool_], piece: Run, band: Run) -> bool:
    """Whether a piece of ink is no higher than the line: a drawn frame or another text is."""
    top, bottom = band
    column = ink[:, piece[0] : piece[1]]
    return not (column[: max(0, top - 1)].any() or column[bottom + 1 :].any())
