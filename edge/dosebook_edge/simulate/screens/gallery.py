"""Every layout that can be drawn, by name."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from dosebook_edge.simulate.screens import angio, canon, carm, ge, philips, segments, siemens
from dosebook_edge.simulate.screens.faces import DEJAVU, Faces
from dosebook_edge.simulate.screens.rows import CtRow
from dosebook_edge.simulate.screens.truth import Screen
from dosebook_edge.simulate.screens.visit import Visit, Wish
from dosebook_edge.simulate.screens.words import LANGUAGES

LAYOUTS: Final[Mapping[str, Callable[[Random, Wish], Screen]]] = {
    ge.LAYOUT: ge.draw_ge,
    siemens.LAYOUT: siemens.draw_siemens,
    philips.LAYOUT: philips.draw_philips,
    canon.LAYOUT: canon.draw_canon,
    angio.LAYOUT: angio.draw_angio,
    carm.LAYOUT: carm.draw_carm,
    segments.LAYOUT: segments.draw_segments,
}


def draw(
    layout: str,
    seed: int,
    *,
    language: str = "en",
    mark: str = ".",
    visit: Visit | None = None,
    faces: Faces = DEJAVU,
    rows: tuple[CtRow, ...] = (),
) -> Screen:
    """Draw the screen of a seed: the same pixels for the same arguments.

    `rows` are the irradiations that a CT's report lists; none: they are invented.

    Raises `ValueError` for an unknown layout or language, `FontMissingError` without typefaces.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"no layout {layout!r}: there are {', '.join(LAYOUTS)}")
    if language not in LANGUAGES:
        raise ValueError(f"no language {language!r}: there are {', '.join(LANGUAGES)}")
    rng = Random(f"{seed}:{layout}:{language}:{mark}")
    return LAYOUTS[layout](rng, Wish(visit or Visit.of(rng), language, mark, faces, rows))
