"""How people come to be irradiated over the years: mostly seldom, some often, few very often.

The shares are chosen so that the recurrently imaged are as many as multi-hospital surveys found:
0.6 to 3.4 % of patients with CT above 100 mSv (Rehani et al., Eur Radiol 2020).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from dosebook_edge.simulate.population.plan import Person

_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True)
class Visit:
    """One planned exam: days after the beginning, and what is done."""

    day: float
    procedure: str


Mix = tuple[tuple[str, float], ...]

_CHILD: Final[Mix] = (
    ("dx_hand", 5), ("dx_chest", 5), ("dx_knee", 3), ("px_panoramic", 2), ("ct_head", 0.6),
    ("dx_abdomen", 0.6), ("ct_abdomen_pelvis", 0.1),
)  # fmt: skip
_ADULT: Final[Mix] = (
    ("dx_chest", 24), ("dx_knee", 9), ("dx_hand", 9), ("px_panoramic", 9), ("dx_lumbar", 6),
    ("dx_pelvis", 5), ("dx_cervical", 3), ("dx_abdomen", 3), ("ct_head", 3.6), ("ct_chest", 2.2),
    ("ct_abdomen_pelvis", 2.8), ("ct_lumbar", 0.9), ("ct_neck", 0.6), ("ct_coronary", 0.6),
    ("rf_swallow", 1), ("xa_coronary", 1.2), ("nm_bone", 0.6), ("nm_heart", 0.8),
)  # fmt: skip
_CHRONIC: Final[Mix] = (
    ("dx_chest", 12), ("ct_chest", 4), ("ct_abdomen_pelvis", 3.5), ("dx_abdomen", 3),
    ("ct_head", 2),
    ("dx_pelvis", 3), ("dx_lumbar", 3), ("xa_coronary", 0.8), ("xa_pci", 0.6), ("ct_liver", 0.3),
)  # fmt: skip
_ONCOLOGY: Final[Mix] = (
    ("ct_chest_abdomen_pelvis", 11), ("pt_fdg", 2), ("dx_chest", 5), ("ct_chest", 2),
    ("nm_bone", 1),
    ("ct_liver", 0.8), ("xa_tace", 0.15),
)  # fmt: skip
_CARDIAC: Final[Mix] = (
    ("dx_chest", 6), ("xa_coronary", 3), ("xa_pci", 2), ("nm_heart", 2), ("ct_coronary", 1.5),
)  # fmt: skip


def visits(rng: Random, person: Person, age_at_begin: float, years: int) -> Iterator[Visit]:
    """Yield the visits of one person, unsorted; those before birth are left out."""
    yield from _over(rng, _CHILD, 0.28, max(0.0, -age_at_begin), min(18 - age_at_begin, years))
    rate = 0.22 + 0.005 * max(0.0, age_at_begin)
    yield from _over(rng, _ADULT, rate, max(0.0, 18 - age_at_begin), years)
    if person.sex == "F":
        yield from _screening(rng, age_at_begin, years)
    fate = rng.random()
    begin = rng.uniform(0, years)
    if age_at_begin + begin < 20:
        return
    if fate < 0.03:
        yield from _over(rng, _ONCOLOGY, 5.5, begin, min(begin + rng.uniform(1, 4.5), years))
    elif fate < 0.135:
        yield from _over(rng, _CHRONIC, 2.2, begin, min(begin + rng.uniform(1, 8), years))
    elif fate < 0.17:
        yield from _over(rng, _CARDIAC, 1.4, begin, min(begin + rng.uniform(1, 5), years))


def _over(rng: Random, mix: Mix, rate: float, begin: float, end: float) -> Iterator[Visit]:
    """Visits of a mix at a rate a year, between two years after the beginning."""
    names, weights = zip(*mix, strict=True)
    at = begin
    while True:
        at += rng.expovariate(rate)
        if at >= end:
            return
        yield Visit(at * _YEAR, rng.choices(names, weights)[0])


def _screening(rng: Random, age_at_begin: float, years: int) -> Iterator[Visit]:
    """A mammogram every two years between 50 and 70, for those who go."""
    if rng.random() < 0.4:
        return
    first = max(50.0, age_at_begin) - age_at_begin + rng.random()
    for round_ in range(10):
        at = first + 2.0 * round_
        if at >= years or age_at_begin + at > 70:
            return
        if rng.random() < 0.85:
            yield Visit(at * _YEAR, "mg_screening")
