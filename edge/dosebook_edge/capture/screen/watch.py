"""When a screen is worth reading: it changed, and then stood still."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from dosebook_edge.capture.screen.picture import Grey, Way

Seen = Literal["moving", "settled", "still"]

_BLOCK: Final = 8
_NOISE: Final = 7.0
"""Grey levels by which the mean of a block may differ between two frames of one screen."""
_FLAT: Final = 6.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: how long a screen must stand still, and after which one that never does is read."""

    settle_s: float = 1.0
    restless_s: float = 10.0


class Watch:
    """Follows one screen picture by picture; times are monotonic seconds.

    `identical_since` tells since when the picture is the very same, `flat_since` since when it
    shows nothing, None where it shows something; `came_at` is when the screen that is shown came
    up, None for one that was there at the first look.
    """

    def __init__(self, way: Way, patience: Patience) -> None:
        self._way = way
        self._patience = patience
        self._last: Grey | None = None
        self._changed_at = 0.0
        self._restless_since = 0.0
        self._is_read = False
        self.identical_since = 0.0
        self.flat_since: float | None = None
        self.came_at: float | None = None

    def see(self, grey: Grey, now: float) -> Seen:
        """`settled` once for each screen that stood still, or moved for too long."""
        last, self._last = self._last, grey
        is_same = last is grey or (last is not None and np.array_equal(last, grey))
        if not is_same:
            self.identical_since = now
            self._note_flat(grey, now)
        if last is None or (not is_same and is_changed(last, grey, self._way)):
            self._changed_at = now
            self.came_at = None if last is None else now
            if self._is_read or last is None:
                self._restless_since = now
                self._is_read = False
            if now - self._restless_since < self._patience.restless_s:
                return "moving"
        elif self._is_read:
            return "still"
        elif now - self._changed_at < self._patience.settle_s:
            return "moving"
        self._is_read = True
        return "settled"

    def _note_flat(self, grey: Grey, now: float) -> None:
        if not is_flat(grey):
            self.flat_since = None
        elif self.flat_since is None:
            self.flat_since = now


def is_changed(before: Grey, after: Grey, way: Way) -> bool:
    """Whether two pictures show different screens; of grabbed ones, beyond noise."""
    if before.shape != after.shape:
        return True
    if way == "lossless":
        return not np.array_equal(before, after)
    return bool(np.max(np.abs(_blocks(before) - _blocks(after))) > _NOISE)


def is_flat(grey: Grey) -> bool:
    """Whether a picture shows nothing: no signal, HDCP, or a screen that is switched off."""
    blocks = _blocks(grey)
    return bool(np.max(blocks) - np.min(blocks) < _FLAT)


def _blocks(grey: Grey) -> NDArray[np.float32]:
    """Means over squares of 8 pixels, shape (height // 8, width // 8)."""
    high, wide = (max(_BLOCK, side - side % _BLOCK) for side in grey.shape)
    whole = np.pad(grey, [(0, max(0, high - grey.shape[0])), (0, max(0, wide - grey.shape[1]))])
    squares = whole[:high, :wide].reshape(high // _BLOCK, _BLOCK, wide // _BLOCK, _BLOCK)
    return np.asarray(squares.mean(axis=(1, 3), dtype=np.float32))
