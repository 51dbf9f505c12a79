"""What a reader of one line of text says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Character:
    """One character: `left` and `right` in pixels of the crop it was read from."""

    text: str
    confidence: float
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; `confidence`, 0 to 1, is that of its least sure character.

    `alternatives` are other texts that were thought possible, each with its confidence.
    """

    text: str
    confidence: float
    characters: tuple[Character, ...] = ()
    alternatives: tuple[tuple[str, float], ...] = ()
