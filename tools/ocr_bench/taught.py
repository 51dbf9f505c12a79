"""What the first picture of a console gains where persons confirmed earlier ones; what if they err.

Each screen is lossless, and read by a box that has just started: nothing is known but what persons
confirmed before. Of some screens a person decides on each value that waits; of others is counted
what is accepted then.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any, Final

import numpy as np

from dosebook_edge.capture.screen.confirmation import Confirmation
from dosebook_edge.capture.screen.confirmed_shapes import SaidByPersons
from dosebook_edge.capture.screen.loader import LoadedProfile, find
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.picture import Picture, to_png
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.reading import ReadValue
from dosebook_edge.simulate.screens.truth import Screen
from tools.ocr_bench.bounds import upper_bound
from tools.ocr_bench.reader_dosebook import WHEN
from tools.ocr_bench.screens import PROFILES, Plan

TAUGHT: Final = (0, 1, 2, 5)
"""After so many screens of a console is measured."""
_PROBES: Final = 2
_ERRS_IN: Final = 10

Person = Callable[[ReadValue, str, Random], str]
"""What a person confirms of a value that waits, of which the truth is given; "" nothing."""


def careful(_: ReadValue, truth: str, __: Random) -> str:
    """Reads the crop."""
    return truth


def hasty(value: ReadValue, _: str, __: Random) -> str:
    """Accepts whatever was read, unless the page does not take it."""
    return value.text if value.value is not None else ""


def erring(_: ReadValue, truth: str, rng: Random) -> str:
    """Types one digit wrongly in every tenth value."""
    if rng.randrange(_ERRS_IN):
        return truth
    at = rng.choice([place for place, one in enumerate(truth) if one.isdigit()])
    wrong = rng.choice([one for one in "0123456789" if one != truth[at]])
    return truth[:at] + wrong + truth[at + 1 :]


PERSONS: Final[dict[str, Person]] = {"careful": careful, "hasty": hasty, "erring": erring}


@dataclass(slots=True)
class _Console:
    """One console beside a box, and what was confirmed of its screens so far."""

    profile: LoadedProfile
    net: LineNet
    found: list[Confirmation] = field(default_factory=list)

    def reader(self) -> ScreenReader:
        """The reader of a box that has just started."""
        return ScreenReader([self.profile], self.net, None, SaidByPersons(lambda: self.found))

    def confirm(self, screen: Screen, person: Person, rng: Random) -> None:
        """Read a screen, and let a person decide on what waits."""
        picture = _picture(screen)
        for one in self.reader().read(picture).values:
            if not one.quantity or one.state != "review" or one.form not in ("number", "clock"):
                continue
            text = person(one, screen.cell(one.name).text, rng)
            if text:
                number = f"{len(self.found)}"
                crop = to_png(picture.crop(one.crop))
                said = ("console", self.profile.profile.id, f"SCREEN/{one.name}", one.text)
                self.found.append(Confirmation(number, *said, text, crop, "bench", number))

    def count(self, screen: Screen) -> Counter[str]:
        """What a box that has just started makes of a screen."""
        row: Counter[str] = Counter()
        for one in self.reader().read(_picture(screen)).values:
            if one.quantity and one.form in ("number", "clock"):
                truth = screen.cell(one.name).value
                right = bool(truth) and one.value == Decimal(truth)
                taken = "accepted" if right else "wrong"
                row.update({"values": 1, taken if one.state == "accepted" else "reviewed": 1})
        return row


def measure_taught(plan: Plan, *, persons: tuple[str, ...] = tuple(PERSONS)) -> dict[str, Any]:
    """Count and print by person and number of screens confirmed, for all layouts and each."""
    counts: dict[str, dict[int, dict[str, Counter[str]]]] = {
        name: {screens: defaultdict(Counter) for screens in TAUGHT} for name in persons
    }
    net = LineNet.load()
    for name, layout, screens, row in _measured(plan, persons, net):
        counts[name][screens][layout] += row
    for name, by_screens in counts.items():
        print(f"\n{_HEAD.format(name)}")
        for screens, layouts in by_screens.items():
            print(_row(screens, sum(layouts.values(), Counter()), layouts))
    return {
        name: {str(screens): {one: dict(row) for one, row in layouts.items()}
               for screens, layouts in by_screens.items()}
        for name, by_screens in counts.items()
    }  # fmt: skip


_HEAD: Final = "confirmed by a {} person\nscreens  values  accepted  wrong   at most  by layout"


def _measured(
    plan: Plan, persons: tuple[str, ...], net: LineNet
) -> Iterator[tuple[str, str, int, Counter[str]]]:
    each = product(range(plan.rounds), plan.layouts, plan.languages, plan.marks, persons)
    for turn, layout, language, mark, name in each:
        rng = Random(f"{plan.seed}:{turn}:{layout}:{language}:{mark}")
        console = _Console(find(PROFILES[layout]), net)
        probes = [plan.draw(layout, 900 - turn * _PROBES - one, language, mark)
                  for one in range(_PROBES)]  # fmt: skip
        for screens in range(max(TAUGHT) + 1):
            if screens:
                shown = plan.draw(layout, 10 * turn + screens, language, mark)
                console.confirm(shown, PERSONS[name], rng)
            if screens in TAUGHT:
                for probe in probes:
                    yield name, layout, screens, console.count(probe)


def _picture(screen: Screen) -> Picture:
    grey = np.asarray(screen.picture.convert("L"), dtype=np.uint8)
    return Picture(grey, "lossless", WHEN, "bench")


def _row(screens: int, row: Counter[str], layouts: dict[str, Counter[str]]) -> str:
    taken = row["accepted"] + row["wrong"]
    each = " ".join(
        f"{name} {100 * one['accepted'] / max(1, one['values']):.0f}%"
        for name, one in layouts.items()
    )
    return (
        f"{screens:7} {row['values']:7}   {100 * row['accepted'] / max(1, row['values']):6.2f}%"
        f"  {row['wrong']:5}  {100 * upper_bound(row['wrong'], max(1, taken)):7.3f}%  {each}"
    )
