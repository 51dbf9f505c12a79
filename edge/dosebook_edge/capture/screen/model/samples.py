"""Lines with their truth, made from a seed: the same seed always makes the same lines."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosebook_edge.capture.screen.model import drawing, segments, texts
from dosebook_edge.capture.screen.model.damage import Degree, damage, place
from dosebook_edge.capture.screen.model.typefaces import Face
from dosebook_edge.capture.screen.symbols import fold

_DEGREES: Final[tuple[tuple[Degree, ...], tuple[int, ...]]] = (
    ("lossless", "slight", "grabbed", "heavy"),
    (25, 20, 37, 18),
)
TRAINED_KINDS: Final = {"outline": 52, "bitmap": 34, "segments": 7, "polygons": 7}
"""How often a line is drawn in which kind of face; `polygons` are the recipe's own segments."""

HELD_OUT_KINDS: Final = {"outline": 56, "bitmap": 34, "segments": 10}
"""The same for evaluation: polygons have no face that could be held out."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One line: the crop as captured, what it says, and how it came about."""

    crop: NDArray[np.uint8]
    text: str
    kind: str
    degree: Degree


def samples(
    faces: tuple[Face, ...],
    seed: str,
    count: int,
    *,
    text: Callable[[Random], str] = texts.text,
    degree: Degree | None = None,
    kinds: Mapping[str, int] = TRAINED_KINDS,
) -> Iterator[Sample]:
    """`count` lines, each by a random state of its own, so that any one can be made again.

    Args:
        faces: what to draw in; polygons of segments need none.
        seed: names the set; sets of different names share no line.
        count: how many.
        text: makes the texts.
        degree: of damage; by chance if not given.
        kinds: of faces, with their weights.
    """
    by_kind = {kind: [face for face in faces if face.kind == kind] for kind in kinds}
    for index in range(count):
        rng = Random(f"{seed}:{index}")
        kind = rng.choices(list(kinds), list(kinds.values()))[0]
        yield _sample(by_kind, kind, rng, text, degree)


def _sample(
    by_kind: dict[str, list[Face]],
    kind: str,
    rng: Random,
    text: Callable[[Random], str],
    degree: Degree | None,
) -> Sample:
    degree = degree or rng.choices(*_DEGREES)[0]
    words = text(rng)
    if kind in {"segments", "polygons"}:
        while not segments.DRAWABLE.issuperset(words):
            words = texts.number(rng).replace(",", ".").replace(" ", "")
    if kind == "polygons":
        line = segments.draw(words, rng)
    else:
        face = rng.choice(by_kind[kind])
        while not face.can_draw(words):
            face = rng.choice(by_kind[kind if kind == "segments" else "outline"])
        line = drawing.draw(words, face, rng)
    crop = damage(place(line, rng), degree, rng)
    return Sample(crop, " ".join(fold(words).split()), kind, degree)
