"""Whole screens: drawn from a seed in all layouts, languages and ways, kept with their truth."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from dosebook_edge.capture.screen.loader import find
from dosebook_edge.simulate.screens.damage import grab, lossless
from dosebook_edge.simulate.screens.faces import DEJAVU, Faces
from dosebook_edge.simulate.screens.gallery import LAYOUTS, draw
from dosebook_edge.simulate.screens.segments import LAYOUT as SEGMENTS
from dosebook_edge.simulate.screens.segments import draw_display, draw_self_test
from dosebook_edge.simulate.screens.truth import Screen
from dosebook_edge.simulate.screens.visit import Visit, Wish
from dosebook_edge.simulate.screens.words import LANGUAGES

PROFILES = {
    "ge-ct": "ge-ct-dose-report",
    "siemens-protocol": "siemens-ct-patient-protocol",
    "philips-dose": "philips-ct-dose-report",
    "canon-summary": "canon-ct-dose-summary",
    "angio-console": "angio-console",
    "carm-panel": "carm-panel",
    "dap-display": "dap-display-7-segment",
}
CONFIRMED = 10  # lossless captures of each layout from which a site learned its characters
_WAYS = ("lossless", "grabbed")
FRAMES = 2  # pictures that a grabber takes of one screen; the profiles ask for as many


@dataclass(frozen=True, slots=True)
class Wanted:
    """One dose value as it truly stands on a screen: its cell, and its box on the last picture."""

    name: str
    text: str
    value: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Shot:
    """One screen as captured: pictures in order, and the dose values that it shows.

    `exam` is what a work list says of its patient: number and accession number, "" for none.
    """

    layout: str
    way: str
    language: str
    pictures: tuple[str, ...]
    wanted: tuple[Wanted, ...]
    exam: tuple[str, str] = ("", "")


class _Frame(Random):
    """The damage of a seed with another grain: a grabber's geometry stays, its noise does not."""

    def __init__(self, seed: str, frame: int) -> None:
        super().__init__(seed)
        self._frame = frame

    def getrandbits(self, k: int, /) -> int:
        bits = super().getrandbits(k)
        return bits ^ self._frame if k == 64 else bits


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn: `rounds` of each layout, language, decimal mark and way, in some faces.

    `switched_on`: displays of bars are seen being switched on first, as at the start of a day.
    """

    seed: int
    rounds: int = 1
    layouts: tuple[str, ...] = tuple(LAYOUTS)
    languages: tuple[str, ...] = LANGUAGES
    marks: tuple[str, ...] = (".", ",")
    faces: Faces = DEJAVU
    switched_on: bool = True

    def opening(self) -> Iterator[Screen]:
        """What displays of bars show when they are switched on: all of them lit, then zero."""
        if self.switched_on and SEGMENTS in self.layouts:
            wish = Wish(Visit.of(Random(self.seed)), faces=self.faces)
            yield replace(draw_self_test(wish), cells=())
            yield replace(draw_display(wish, "0.00", "0"), cells=())

    def draw(self, layout: str, turn: int, language: str, mark: str) -> Screen:
        """Draw one screen of the plan; another turn is another exam."""
        seed = self.seed * 1000 + turn
        return draw(layout, seed, language=language, mark=mark, faces=self.faces)


def draw_all(folder: Path, plan: Plan) -> None:
    """Draw a plan's screens into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    each = product(range(plan.rounds), plan.layouts, plan.languages, plan.marks, _WAYS)
    shots = []
    for number, screen in enumerate(plan.opening()):
        shots.append(asdict(_shot(folder, f"on-{number}", "", screen, "lossless")))
    for number, (turn, layout, language, mark, way) in enumerate(each):
        screen = plan.draw(layout, turn, language, mark)
        shots.append(asdict(_shot(folder, f"{number:04}", f"{plan.seed}:{number}", screen, way)))
    (folder / "shots.json").write_text(json.dumps(shots))
    (folder / "confirmed.json").write_text(json.dumps(list(_confirmed(folder, plan))))


def _confirmed(folder: Path, plan: Plan) -> Iterator[dict[str, Any]]:
    """Lossless captures of other exams, as a person confirmed them before the screens measured."""
    for number, layout in product(range(CONFIRMED), plan.layouts):
        language = LANGUAGES[number % len(LANGUAGES)]
        screen = plan.draw(layout, 500 + number, language, plan.marks[number % len(plan.marks)])
        picture = f"confirmed-{layout}-{number}.png"
        screen.picture.save(folder / picture, compress_level=1)
        texts = {one.name: one.text for one in _wanted(screen)}
        yield {"profile": PROFILES[layout], "picture": picture, "texts": texts}


def load_all(folder: Path) -> Iterator[Shot]:
    """The shots of a folder, in the order drawn."""
    for one in json.loads((folder / "shots.json").read_text()):
        wanted = tuple(Wanted(**{**each, "box": tuple(each["box"])}) for each in one.pop("wanted"))
        tuples = {key: tuple(one[key]) for key in ("pictures", "exam")}
        yield Shot(**{**one, **tuples}, wanted=wanted)


def _shot(folder: Path, name: str, seed: str, screen: Screen, way: str) -> Shot:
    frames = 1 if way == "lossless" else FRAMES
    damage = lossless if way == "lossless" else grab
    names = []
    for frame in range(frames):
        seen = damage(screen, _Frame(seed, frame))
        names.append(f"{name}-{frame}.png")
        seen.picture.save(folder / names[-1], compress_level=1)
    known = {one.name: one.text for one in screen.cells}
    exam = known.get("patient_id", ""), known.get("accession", "")
    return Shot(screen.layout, way, screen.language, tuple(names), tuple(_wanted(seen)), exam)


def _wanted(screen: Screen) -> Iterator[Wanted]:
    """The cells that hold a quantity: those that would count as dose or describe it."""
    cells: tuple[Any, ...] = find(PROFILES[screen.layout]).profile.cells
    quantities = {cell.name for cell in cells if cell.quantity}
    for cell in screen.cells:
        if cell.field in quantities and cell.value:
            yield Wanted(cell.name, cell.text, cell.value, cell.box)
