"""The signal that a grabber takes pictures of, and whether a picture still has its pixels."""

from dataclasses import dataclass
from typing import Final

from dosebook_edge.capture.screen.edid import Edid

SCALED: Final = "screen-scaled"
"""Code of the deviation that a scaled picture is recorded with."""


@dataclass(frozen=True, slots=True)
class VideoSignal:
    """What a console sends: active pixels, frames a second, and the EDID that it is shown.

    `rate_hz` is 0 where the receiver does not know it; `edid` is None where it shows none.
    """

    width: int
    height: int
    rate_hz: float = 0.0
    is_interlaced: bool = False
    edid: Edid | None = None

    @property
    def words(self) -> str:
        """Size and rate: `1920 x 1080 at 60.00 Hz`."""
        text = f"{self.width} x {self.height}"
        if self.is_interlaced:
            text += " interlaced"
        return f"{text} at {self.rate_hz:.2f} Hz" if self.rate_hz else text

    @property
    def monitor(self) -> str:
        """What the console takes the grabber for: `DELL, prefers 1920 x 1200`; "" unknown."""
        if self.edid is None:
            return ""
        name = self.edid.name or "unnamed"
        if not self.edid.width:
            return name
        return f"{name}, prefers {self.edid.width} x {self.edid.height}"

    def scaling(self, width: int, height: int) -> str:
        """What is wrong with a picture of that size; "" where it has the pixels of the signal."""
        if (width, height) == (self.width, self.height):
            return ""
        return (
            f"the grabber scales {self.width} x {self.height} to {width} x {height}: characters "
            "may lose their shape"
        )

    def shrinks(self, width: int, height: int) -> bool:
        """Whether a picture of that size has fewer pixels than the signal in a direction."""
        return width < self.width or height < self.height


def said_of(signal: VideoSignal | None, width: int, height: int) -> str:
    """What a source says of the signal behind its pictures of that size, a problem with its cure.

    A receiver without V4L2's digital timings does not know it.
    """
    if signal is None:
        return "signal unknown"
    text = f"signal {signal.words}, EDID {signal.monitor or 'unknown'}"
    problem = signal.scaling(width, height)
    if not problem:
        return text
    return f"{text}: {problem}; set the console to {width} x {height}, or take another grabber"
