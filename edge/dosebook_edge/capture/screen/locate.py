"""Which profile a picture shows, and where it lies on it; what no profile shows is refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dosebook_edge.capture.screen.anchors import (
    MOST_MISSING,
    Match,
    around,
    fitted,
    language_of,
    match_in_place,
)
from dosebook_edge.capture.screen.ink import pieces
from dosebook_edge.capture.screen.loader import LoadedProfile
from dosebook_edge.capture.screen.patches import find_patches, same_patches
from dosebook_edge.capture.screen.picture import Picture
from dosebook_edge.capture.screen.profile import ScreenProfile
from dosebook_edge.capture.screen.reading import LineReader, Placement, Refusal

_BLACK: Final = 24
_SAME_SHAPE: Final = 0.08
"""Width to height of a grabbed picture and of the screen differ by no more."""
_SAME_PIXELS: Final = 0.04
"""How much wider or narrower than the picture's its pixels may come out by the labels found."""
_SAME_SCALE: Final = 0.02
_LEAST_PIECES: Final = 5


@dataclass(frozen=True, slots=True)
class Located:
    """A profile that a picture shows, the language of its labels ("" unknown), and its place."""

    loaded: LoadedProfile
    placement: Placement
    language: str


@dataclass(frozen=True, slots=True)
class _Try:
    """How well one profile fits: labels that were found, and those that were not."""

    loaded: LoadedProfile
    placement: Placement
    matches: Sequence[Match]
    language: str

    @classmethod
    def of(cls, loaded: LoadedProfile, placement: Placement, matches: Sequence[Match]) -> "_Try":
        """The try of a profile whose labels were looked for, in the language that fits best."""
        return cls(loaded, placement, matches, language_of(loaded.profile, matches))

    @property
    def sure(self) -> int:
        """Labels whose words were read."""
        return sum(one.is_sure(self.language) for one in self.matches)

    @property
    def missing(self) -> list[Match]:
        return [one for one in self.matches if one.is_missing(self.language)]

    @property
    def is_named(self) -> bool:
        """Whether it is this screen that is shown, be it in part."""
        return self.sure >= 2 and len(self.missing) <= MOST_MISSING * len(self.matches)


def locate(
    picture: Picture,
    profiles: Iterable[LoadedProfile],
    net: LineReader,
    before: tuple[str, Placement] | None = None,
) -> Located | Refusal:
    """Which profile a picture shows and where, or why none.

    `before` is the id of a profile and where it lay on an earlier picture of the same source.
    """
    if int(picture.grey.max(initial=0)) < _BLACK:
        return Refusal("black", "the picture is black: no signal, or a source that is protected")
    known = sorted(profiles, key=lambda one: _misshapen(picture, one.profile))
    tries: list[_Try] = []
    for loaded in known:
        found = _try(picture, loaded, net, before)
        if found is not None and found.is_named:
            tries.append(found)
            if not found.missing:
                break  # every label of it was found: it is no other screen
    if not tries:
        return _unknown(picture, known, net)
    best = max(tries, key=lambda one: one.sure + 2 * len(one.loaded.profile.patch))
    profile = best.loaded.profile
    if any(one.is_outside for one in best.missing):
        return Refusal("cut-off", f"{profile.id}: a part of the screen is not on the picture")
    if missing := ", ".join(one.anchor.name for one in best.missing):
        return Refusal("half-drawn", f"{profile.id}: not yet there: {missing}")
    if before is not None and before[0] == profile.id and _moved(before[1], best.placement):
        return Refusal("resolution-changed", f"{profile.id}: it lay at another scale before")
    return Located(best.loaded, best.placement, best.language)


def _try(
    picture: Picture,
    loaded: LoadedProfile,
    net: LineReader,
    before: tuple[str, Placement] | None,
) -> _Try | None:
    profile = loaded.profile
    if picture.way == "lossless":
        if (picture.width, picture.height) != (profile.screen.width, profile.screen.height):
            return None
        if not same_patches(picture, profile.patch):
            return None
        matches = match_in_place(picture, profile, Placement(), net)
        return _Try.of(loaded, Placement(), matches)
    if before is not None and before[0] == profile.id:
        matches = match_in_place(picture, profile, before[1], net)
        kept = _Try.of(loaded, before[1], matches)
        if not kept.missing and find_patches(picture, profile.patch, before[1]):
            return kept
    return _try_scaled(picture, loaded, net)


def _try_scaled(picture: Picture, loaded: LoadedProfile, net: LineReader) -> _Try | None:
    profile = loaded.profile
    if _misshapen(picture, profile) > _SAME_SHAPE:
        return None
    first = _filling(picture, profile)
    matches = around(picture, profile, first, net)
    placement = fitted(profile, matches, first)
    if placement is None or _stretched(placement, first) > _SAME_PIXELS:
        return None
    if not find_patches(picture, profile.patch, placement):
        return None
    return _Try.of(loaded, placement, matches)


def _stretched(placement: Placement, first: Placement) -> float:
    """How far the shape of pixels is from that of the whole picture; 0 is equal."""
    return abs(placement.scale_x / placement.scale_y * first.scale_y / first.scale_x - 1)


def _misshapen(picture: Picture, profile: ScreenProfile) -> float:
    """How far width to height of a picture is from that of a screen; 0 is equal."""
    first = _filling(picture, profile)
    return abs(first.scale_x / first.scale_y - 1)


def _filling(picture: Picture, profile: ScreenProfile) -> Placement:
    """Where the screen lies if it fills the picture."""
    return Placement(picture.width / profile.screen.width, picture.height / profile.screen.height)


def _unknown(picture: Picture, profiles: Iterable[LoadedProfile], net: LineReader) -> Refusal:
    if picture.way == "lossless":
        for loaded in profiles:
            size = loaded.profile.screen
            if (picture.width, picture.height) == (size.width, size.height):
                continue
            scaled = _try_scaled(picture, loaded, net)
            if scaled is not None and scaled.is_named:
                return Refusal(
                    "resolution-changed",
                    f"{loaded.profile.id}: the picture has {picture.width} x {picture.height} "
                    f"pixels, its profile is for {size.width} x {size.height}",
                )
    if len(pieces(picture.grey, most=_LEAST_PIECES)) < _LEAST_PIECES or _is_flat(picture):
        return Refusal(
            "screensaver", "there is hardly any text: a screen saver, or an empty screen"
        )
    return Refusal("unknown-layout", "no profile describes this screen")


def _is_flat(picture: Picture) -> bool:
    return int(np.ptp(picture.grey)) < _BLACK


def _moved(before: Placement, now: Placement) -> bool:
    return (
        abs(now.scale_x / before.scale_x - 1) > _SAME_SCALE
        or abs(now.scale_y / before.scale_y - 1) > _SAME_SCALE
    )
