"""Static parts of a screen that a site cut from its own picture, compared pixel by pixel."""

import base64
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dosebook_edge.capture.screen.picture import Box, Grey, Picture, from_png, to_png
from dosebook_edge.capture.screen.profile import Patch
from dosebook_edge.capture.screen.reading import Placement

LEAST_CORRELATION: Final = 0.8
_REACH: Final = 3  # pixels around the place, for what the fit of the labels leaves


def same_patches(picture: Picture, patches: Sequence[Patch]) -> bool:
    """Whether every patch stands at its place to the last pixel; True where there is none."""
    return all(np.array_equal(picture.crop(Box(*patch.box)), _grey(patch.png)) for patch in patches)


def find_patches(picture: Picture, patches: Sequence[Patch], placement: Placement) -> bool:
    """Whether every patch, scaled, correlates with its place within a few pixels."""
    return all(
        _best_correlation(picture, patch, placement) >= LEAST_CORRELATION for patch in patches
    )


def cut_patch(picture: Picture, box: Sequence[int]) -> str:
    """The part of a picture in a box as the `png` of a patch; "" where it does not lie on it."""
    place = Box(*box)
    part = picture.crop(place)
    if min(place) < 0 or part.shape != (place.height, place.width) or not part.size:
        return ""
    return base64.b64encode(to_png(part)).decode()


@lru_cache(maxsize=64)
def _grey(png: str) -> Grey:
    return from_png(base64.b64decode(png))


def _best_correlation(picture: Picture, patch: Patch, placement: Placement) -> float:
    box = placement.box(patch.box)
    if min(box.width, box.height) < 4:
        return 0.0
    image = Image.fromarray(_grey(patch.png)).resize((box.width, box.height))
    wanted = np.asarray(image, dtype=np.float32)
    best = 0.0
    for dx in range(-_REACH, _REACH + 1):
        for dy in range(-_REACH, _REACH + 1):
            moved = Box(box.x + dx, box.y + dy, box.width, box.height)
            seen = picture.crop(moved)
            if seen.shape == wanted.shape:
                best = max(best, _correlation(wanted, seen.astype(np.float32)))
    return best


def _correlation(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    """Normalised correlation, -1 to 1; 0 where one of the two is flat."""
    first, second = one - one.mean(), two - two.mean()
    size = float(np.sqrt((first * first).sum() * (second * second).sum()))
    return float((first * second).sum()) / size if size > 0 else 0.0
