"""What a reader of one line of text says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text as a reader understood it.

    Attributes:
        text: "" where the crop is empty or shows no line.
        confidence: 0 to 1, that of the text as a whole: one doubtful character makes it small.
        alternatives: other texts that were thought possible with their confidence, best first.
    """

    text: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()
