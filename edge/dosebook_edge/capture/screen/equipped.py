"""What a source reads screens with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from dosebook_edge.capture.screen.picture import Picture
from dosebook_edge.capture.screen.profile import ScreenProfile
from dosebook_edge.capture.screen.reading import Exam, ScreenReading


class Reader(Protocol):
    """Reads a picture; `ScreenReader` is one."""

    def read(
        self, picture: Picture, earlier: Sequence[ScreenReading] = (), exam: Exam | None = None
    ) -> ScreenReading:
        """All values of a picture, or a refusal; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Equipped:
    """A reader, and its profiles by id."""

    reader: Reader
    profiles: Mapping[str, ScreenProfile]
