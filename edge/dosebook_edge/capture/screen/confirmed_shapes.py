"""What the shapes of a console's characters mean, as persons confirmed them.

One word stops: a shape that a person confirmed as one digit proves no other. A digit that the net
had read there teaches at once, one that a person corrected from two different crops on: then it
counts among the ten of `shape_meanings.py`, where the net has to read it alike. Where persons
contradict each other, what they said of that shape counts for nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from dosebook_edge.capture.screen.confirmation import Confirmation
from dosebook_edge.capture.screen.glyphs import shapes_of
from dosebook_edge.capture.screen.picture import PictureError, digest, from_png
from dosebook_edge.capture.screen.profile import ScreenProfile
from dosebook_edge.capture.screen.widths import face_of
from dosebook_protocol.screen import PATH

TOLD_APART: Final = frozenset("0123456789:")
"""Characters as tall as each other, or nearly so; a point or comma is known by where it stands."""
_ENOUGH: Final = 2
"""Different crops in which a person said what the net had not read, from which on it teaches."""
_KEPT: Final = 512

Look = tuple[int, int, bytes]
"""A shape wherever on its line it stands: height, width, and the pixels."""


@dataclass(frozen=True, slots=True)
class Said:
    """What persons said of the characters of one profile's screens, where nobody contradicts it.

    Attributes:
        words: shape → the character that it was confirmed as, however often.
        taught: typeface (`widths.face_of`) → character → its shapes that were confirmed often
            enough.
    """

    words: Mapping[Look, str]
    taught: Mapping[str, Mapping[str, set[Look]]]


NOTHING_SAID: Final = Said(MappingProxyType({}), MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Vote:
    """What a person called one shape in one crop of some height, in px.

    `is_as_read`: the net had read that character there.
    """

    look: Look
    character: str
    is_as_read: bool
    crop_digest: str
    height: int
    confirmation: Confirmation


def votes_of(found: Iterable[Confirmation]) -> list[Vote]:
    """What confirmations say of shapes; none where ink does not part into the characters."""
    votes: list[Vote] = []
    for one in found:
        height, crop_digest, looks = _looks(one.crop)
        if len(looks) != len(one.text):
            continue
        read = one.shown if len(one.shown) == len(one.text) else " " * len(one.text)
        for look, character, other in zip(looks, one.text, read, strict=True):
            if character in TOLD_APART:
                votes.append(Vote(look, character, character == other, crop_digest, height, one))
    return votes


def contradicted(votes: Iterable[Vote]) -> list[list[Vote]]:
    """The votes on each shape that persons called different characters, of one console's votes."""
    return [found for found in _by_look(votes) if len(_characters(found)) > 1]


def said_of(profile: ScreenProfile, votes: Iterable[Vote]) -> Said:
    """What votes on the screens of a profile come to; of a cell that it lacks, nothing."""
    tables = {cell.name: one.name for one in profile.table for cell in one.column}
    names = {cell.name: tables.get(cell.name, "") for cell in profile.cells}
    agreed = _agreed(votes)
    found: dict[str, dict[str, set[Look]]] = defaultdict(lambda: defaultdict(set))
    for vote in (vote for same in agreed if _is_enough(same) for vote in same):
        name = vote.confirmation.path.removeprefix(PATH).partition("[")[0]
        if name in names:
            found[face_of(names[name], vote.height)][vote.character].add(vote.look)
    return Said({same[0].look: same[0].character for same in agreed}, found)


def taught(votes: Iterable[Vote]) -> set[str]:
    """The characters of which some shape was confirmed often enough."""
    return {same[0].character for same in _agreed(votes) if _is_enough(same)}


@dataclass(frozen=True, slots=True)
class SaidByPersons:
    """What persons said of a profile's screens until now; `confirmed` is asked each time."""

    confirmed: Callable[[], Sequence[Confirmation]]

    def __call__(self, profile: ScreenProfile) -> Said:
        """What counts; raises what `confirmed` does."""
        own = [one for one in self.confirmed() if one.profile == profile.id]
        return said_of(profile, votes_of(own))


def nobody(_: ScreenProfile) -> Said:
    """Nothing was confirmed."""
    return NOTHING_SAID


def _by_look(votes: Iterable[Vote]) -> Iterable[list[Vote]]:
    looks: dict[Look, list[Vote]] = defaultdict(list)
    for vote in votes:
        looks[vote.look].append(vote)
    return looks.values()


def _agreed(votes: Iterable[Vote]) -> list[list[Vote]]:
    return [found for found in _by_look(votes) if len(_characters(found)) == 1]


def _is_enough(votes: Sequence[Vote]) -> bool:
    return (
        any(one.is_as_read for one in votes) or len({one.crop_digest for one in votes}) >= _ENOUGH
    )


def _characters(votes: Iterable[Vote]) -> set[str]:
    return {vote.character for vote in votes}


@lru_cache(_KEPT)
def _looks(png: bytes) -> tuple[int, str, tuple[Look, ...]]:
    """Height and digest of a crop, and its shapes from left to right."""
    try:
        crop = from_png(png)
    except PictureError:
        return 0, "", ()
    return crop.shape[0], digest(crop), tuple(shape[1:] for shape in shapes_of(crop))
