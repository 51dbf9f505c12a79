"""Learns the shapes of a console's characters from lossless pictures that a person confirmed."""

from collections.abc import Mapping
from dataclasses import dataclass

from dosebook_edge.capture.screen.glyphs import GlyphSet
from dosebook_edge.capture.screen.loader import LoadedProfile
from dosebook_edge.capture.screen.picture import Picture
from dosebook_edge.capture.screen.reading import ScreenReading

_TAUGHT = ("number", "clock", "range")


@dataclass(frozen=True, slots=True)
class Taught:
    """A set of glyphs after one more picture; `silent` are values that taught nothing.

    A value teaches nothing where its characters touch.
    """

    glyphs: GlyphSet
    values: int
    silent: tuple[str, ...]


def teach(
    glyphs: GlyphSet,
    loaded: LoadedProfile,
    picture: Picture,
    reading: ScreenReading,
    confirmed: Mapping[str, str],
) -> Taught:
    """Learn the values of a picture whose texts a person confirmed, by name as `dlp[2]`.

    Raises:
        GlyphError: two confirmed texts contradict each other.
        ValueError: the picture is not lossless, was refused, or has no value of that name.
    """
    if picture.way != "lossless":
        raise ValueError("only a lossless picture shows characters to the last pixel")
    if reading.refusal is not None:
        raise ValueError(f"{reading.refusal.code}: {reading.refusal.detail}")
    known = {one.name: one for one in reading.values}
    if unknown := sorted(confirmed.keys() - known.keys()):
        raise ValueError(f"{loaded.profile.id} shows no {', '.join(unknown)} here")
    silent: list[str] = []
    for name, text in confirmed.items():
        if known[name].form not in _TAUGHT:
            continue
        crop = picture.crop(known[name].crop)
        glyphs = glyphs.learn(crop, text)
        if glyphs.read(crop) != text:
            silent.append(name)
    return Taught(glyphs, len(confirmed), tuple(silent))
