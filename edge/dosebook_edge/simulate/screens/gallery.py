"""Every layout that can be drawn, by name."""

from collections.abc import Mapping
from random import Random
from typing import Final, Protocol

from dosebook_edge.simulate.screens import carm, ge
from dosebook_edge.simulate.screens.ct import Visit
from dosebook_edge.simulate.screens.faces import DEJAVU, Faces
from dosebook_edge.simulate.screens.truth import Screen
from dosebook_edge.simulate.screens.words import LANGUAGES


class Draw(Protocol):
    """Draws one screen of a layout."""

    def __call__(
        self,
        rng: Random,
        *,
        language: str = "en",
        mark: str = ".",
        visit: Visit | None = None,
        faces: Faces = DEJAVU,
    ) -> Screen:
        """Return the screen and its truth."""
        ...


LAYOUTS: Final[Mapping[str, Draw]] = {
    ge.LAYOUT: ge.draw_ge,
    carm.LAYOUT: carm.draw_carm,
}


def draw(
    layout: str,
    seed: int,
    *,
    language: str = "en",
    mark: str = ".",
    visit: Visit | None = None,
    faces: Faces = DEJAVU,
) -> Screen:
    """Draw the screen of a seed: the same pixels for the same arguments.

    Raises `ValueError` for an unknown layout or language, `FontMissingError` without typefaces.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"no layout {layout!r}: there are {', '.join(LAYOUTS)}")
    if language not in LANGUAGES:
        raise ValueError(f"no language {language!r}: there are {', '.join(LANGUAGES)}")
    rng = Random(f"{seed}:{layout}:{language}:{mark}")
    return LAYOUTS[layout](rng, language=language, mark=mark, visit=visit, faces=faces)
