"""Finds the labels of a profile on a picture, and from them where the screen lies.

The left or right edge of a label and the middle of its line do not depend on the typeface, so
that no picture of the label is needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from dosebook_edge.capture.screen.ink import contrast, pieces
from dosebook_edge.capture.screen.picture import Box, Picture
from dosebook_edge.capture.screen.profile import Anchor, ScreenProfile
from dosebook_edge.capture.screen.reading import LineReader, Placement
from dosebook_edge.capture.screen.spelling import SAME_LABEL, similarity

_ANY: Final = "*"
_REACH: Final = 0.03
"""Of the picture's sides: so far may a label lie from where a filling screen would have it."""
_MOST_OFF: Final = 0.004
"""Of the sides: so far may a label lie from where the others have it, less than a digit's width."""
_LEAST_OFF: Final = 3.5  # pixels, for what smearing and the typeface do to an edge
_MARGIN: Final = 4  # pixels of background beside a label
_FIRST: Final = 3
"""Labels of which one at least has to be there before the others are looked for."""
_LEAST_CONTRAST: Final = 24  # grey levels
MOST_MISSING: Final = 0.5
"""Of the labels of a profile: where more are missing, it is another screen."""
_SPREAD: Final = 0.25
"""Of the screen: labels closer together do not tell a scale."""


_FEWEST: Final = 2
_CERTAIN: Final = 0.99
_MOST_WORDS: Final = 4
_WORD_GAP: Final = 1.8  # heights of a line

Point = tuple[float, float]
Points = tuple[Point, Point]
"""Where a label has to stand on the screen, and where it stands on the picture."""


@dataclass(frozen=True, slots=True)
class Match:
    """What stands where a label is expected.

    `at` is its edge and middle on the picture; `similar` maps language to similarity, 0 to 1.
    """

    anchor: Anchor
    has_ink: bool = False
    similar: Mapping[str, float] = field(default_factory=dict)
    at: tuple[float, float] | None = None
    is_outside: bool = False

    @property
    def best(self) -> float:
        """The similarity to the words of the language that fits best."""
        return max(self.similar.values(), default=0.0)

    def is_sure(self, language: str) -> bool:
        """Whether the words of a language stand there."""
        return max(self.similar.get(language, 0.0), self.similar.get(_ANY, 0.0)) >= SAME_LABEL

    def is_missing(self, language: str) -> bool:
        """Whether it is not there: other words, or no ink where the words are not known."""
        is_known = language in self.anchor.texts or _ANY in self.anchor.texts
        return not (self.is_sure(language) if is_known else self.has_ink)


def language_of(profile: ScreenProfile, matches: Sequence[Match]) -> str:
    """The language whose labels fit best."""

    def fit(language: str) -> float:
        known = sum(one.similar.get(language, 0.0) for one in matches)
        unknown = sum(
            one.has_ink and not {language, _ANY} & one.anchor.texts.keys() for one in matches
        )
        return known + SAME_LABEL * unknown

    return max(profile.languages, key=fit)


def match_in_place(
    picture: Picture, profile: ScreenProfile, placement: Placement, net: LineReader
) -> list[Match]:
    """Read every label where it has to stand; of another screen no more than tell that it is one.

    Those that are not read count as missing.
    """
    found: list[Match] = []
    missing = 0
    for anchor in profile.anchor:
        is_other = missing > MOST_MISSING * len(profile.anchor)
        one = Match(anchor) if is_other else _in_place(picture, anchor, placement, net)
        missing += all(one.is_missing(language) for language in profile.languages)
        found.append(one)
    return found


def around(
    picture: Picture, profile: ScreenProfile, first: Placement, net: LineReader
) -> list[Match]:
    """Look for every label around where a first guess has it."""
    reach_x, reach_y = round(_REACH * picture.width), round(_REACH * picture.height)
    found: list[Match] = []
    # Labels of every language first: they tell soonest whether it is this screen at all.
    anchors = sorted(profile.anchor, key=lambda one: _ANY not in one.texts)
    for anchor in anchors:
        if len(found) == _FIRST and max(one.best for one in found) < SAME_LABEL:
            # It is another screen: the rest counts as missing.
            found += [Match(one) for one in anchors[_FIRST:]]
            break
        found.append(_best_piece(picture, anchor, first, (reach_x, reach_y), net))
    return found


def _in_place(picture: Picture, anchor: Anchor, placement: Placement, net: LineReader) -> Match:
    x, y, width, height = anchor.box
    box = placement.box((x - _MARGIN, y, width + 2 * _MARGIN, height))
    crop = picture.crop(box)
    if crop.shape != (box.height, box.width):
        return Match(anchor, is_outside=True)
    if contrast(crop) < _LEAST_CONTRAST:
        return Match(anchor)
    return Match(anchor, has_ink=True, similar=_similar(anchor, net.glance(crop)))


def fitted(profile: ScreenProfile, matches: Sequence[Match], first: Placement) -> Placement | None:
    """Where the screen lies by its labels that were found; None where too few of them agree.

    One in four may be off: a drawn edge beside a label may have been taken for its beginning.
    """
    points = [
        (_edge_of(one.anchor), one.at)
        for one in matches
        if one.best >= SAME_LABEL and one.at is not None
    ]
    fewest = max(_FEWEST, len(points) - len(points) // 4)
    while len(points) >= fewest:
        placement = _fit(profile, points, first)
        off = [_off(placement, first, profile, wanted, at) for wanted, at in points]
        worst = off.index(max(off))
        if off[worst] <= 1:
            return placement
        points.pop(worst)
    return None


def _fit(profile: ScreenProfile, points: Sequence[Points], first: Placement) -> Placement:
    screen = profile.screen
    scale_x, left = _line(
        [(wanted[0], at[0]) for wanted, at in points], first.scale_x, _SPREAD * screen.width
    )
    scale_y, top = _line(
        [(wanted[1], at[1]) for wanted, at in points], first.scale_y, _SPREAD * screen.height
    )
    return Placement(scale_x, scale_y, left, top)


def _off(
    placement: Placement, first: Placement, profile: ScreenProfile, wanted: Point, at: Point
) -> float:
    """How far a label lies from where the others have it; 1 is as far as it may."""
    most_x = max(_LEAST_OFF, _MOST_OFF * profile.screen.width * first.scale_x)
    # The middle of a line moves with what hangs below it: a label has a g or none.
    most_y = 1.5 * max(_LEAST_OFF, _MOST_OFF * profile.screen.height * first.scale_y)
    x, y = wanted[0] * placement.scale_x + placement.left, wanted[1] * placement.scale_y
    return max(abs(x - at[0]) / most_x, abs(y + placement.top - at[1]) / most_y)


def _best_piece(
    picture: Picture, anchor: Anchor, first: Placement, reach: tuple[int, int], net: LineReader
) -> Match:
    best = Match(anchor)
    for piece in _candidates(picture, anchor, first, reach):
        room = max(2, piece.height // 4)
        box = Box(piece.x - room, piece.y - room, piece.width + 2 * room, piece.height + 2 * room)
        similar = _similar(anchor, net.glance(picture.crop(box)))
        match = Match(anchor, has_ink=True, similar=similar, at=_edge(anchor, piece))
        if match.best > best.best or not best.has_ink:
            best = match
        if best.best >= _CERTAIN:
            break
    return best


def _candidates(
    picture: Picture, anchor: Anchor, first: Placement, reach: tuple[int, int]
) -> list[Box]:
    """Pieces of text whose edge lies within reach, the longest first.

    For a label of several words, neighbours are also taken together.
    """
    inner = first.box(anchor.box)
    left, top = max(0, inner.x - reach[0]), max(0, inner.y - reach[1])
    window = Box(left, top, inner.width + 2 * reach[0], inner.height + 2 * reach[1])
    found = [
        Box(left + one.x, top + one.y, one.width, one.height)
        for one in pieces(picture.crop(window))
    ]
    if any(" " in words for words in anchor.texts.values()):
        found += _joined(found)
    wanted_x, wanted_y = _edge_of(anchor)
    x, y = wanted_x * first.scale_x, wanted_y * first.scale_y
    near = [
        one
        for one in found
        if abs(_edge(anchor, one)[0] - x) <= reach[0] and abs(_edge(anchor, one)[1] - y) <= reach[1]
    ]
    return sorted(near, key=lambda one: -one.width)


def _joined(found: Sequence[Box]) -> list[Box]:
    """Two to four neighbours of one line, as far apart as words are."""
    joined: list[Box] = []
    for start, first in enumerate(found):
        one = first
        for other in found[start + 1 : start + _MOST_WORDS]:
            is_beside = one.y < other.y + other.height and other.y < one.y + one.height
            gap = other.x - one.x - one.width
            if not is_beside or not 0 <= gap <= _WORD_GAP * max(one.height, other.height):
                break
            top, bottom = min(one.y, other.y), max(one.y + one.height, other.y + other.height)
            one = Box(one.x, top, other.x + other.width - one.x, bottom - top)
            joined.append(one)
    return joined


def _edge(anchor: Anchor, piece: Box) -> Point:
    x = piece.x if anchor.edge == "left" else piece.x + piece.width
    return float(x), piece.y + piece.height / 2


def _similar(anchor: Anchor, text: str) -> dict[str, float]:
    return {language: similarity(text, words) for language, words in anchor.texts.items()}


def _edge_of(anchor: Anchor) -> Point:
    x, y, width, height = anchor.box
    return float(x if anchor.edge == "left" else x + width), y + height / 2


def _line(pairs: Sequence[tuple[float, float]], scale: float, spread: float) -> tuple[float, float]:
    """Scale and offset by least squares; the scale of the first guess where they lie together."""
    wanted = np.array([one for one, _ in pairs])
    seen = np.array([one for _, one in pairs])
    if float(np.ptp(wanted)) >= spread:
        centred = wanted - wanted.mean()
        scale = float(centred @ (seen - seen.mean()) / (centred @ centred))
    return scale, float(seen.mean() - scale * wanted.mean())
