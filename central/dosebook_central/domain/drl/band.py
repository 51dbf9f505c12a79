"""Patient groups of reference levels: adults, age bands, weight bands.

A level for a nominal weight ("20 kg") is for the weight group of European Commission RP 185 that
holds it; the age that takes the place of a missing weight is RP 185's equivalence of that group.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final, Literal

ADULT_FROM: Final = Decimal(18)

# RP 185 (2018), weight groups for body examinations, kg, and their approximate ages, years.
_GROUPS: Final = (
    (Decimal(0), Decimal(5), Decimal(0), Decimal(1) / 12),
    (Decimal(5), Decimal(15), Decimal(1) / 12, Decimal(4)),
    (Decimal(15), Decimal(30), Decimal(4), Decimal(10)),
    (Decimal(30), Decimal(50), Decimal(10), Decimal(14)),
    (Decimal(50), Decimal(80), Decimal(14), ADULT_FROM),
)
_NUMBER: Final = r"(\d+(?:\.\d+)?)"
_AGES: Final = re.compile(rf"{_NUMBER}-<?{_NUMBER} (y|months)\Z")
_AGE_FROM: Final = re.compile(rf">={_NUMBER} y\Z")
_AGE: Final = re.compile(rf"{_NUMBER} y\Z")
_WEIGHTS: Final = re.compile(rf"{_NUMBER}-<{_NUMBER} kg\Z")
_WEIGHT_BELOW: Final = re.compile(rf"<{_NUMBER} kg\Z")
_WEIGHT: Final = re.compile(rf"{_NUMBER} kg(?: \(.*\))?\Z")


@dataclass(frozen=True, slots=True)
class Size:
    """What is known of a patient's size at an exam."""

    age_years: Decimal | None = None
    weight_kg: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """Whether a patient belongs to a group, and by what."""

    holds: bool
    by: Literal["weight", "age", "unknown"]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A patient group: weight in kg or age in years, from low up to, not including, high."""

    text: str
    by: Literal["weight", "age"]
    low: Decimal
    high: Decimal | None

    @property
    def is_adult(self) -> bool:
        """Whether it is the group of adults."""
        return self.by == "age" and self.low == ADULT_FROM

    def match(self, size: Size) -> Match:
        """Say whether a patient belongs here; by weight, by age only where weight is missing."""
        if self.by == "age":
            if size.age_years is None:
                return Match(False, "unknown", "the age at the exam is not known")
            return Match(self._holds(size.age_years), "age")
        if size.age_years is not None and size.age_years >= ADULT_FROM:
            return Match(False, "age")
        if size.weight_kg is not None:
            return Match(self._holds(size.weight_kg), "weight")
        if size.age_years is None:
            return Match(False, "unknown", "neither weight nor age is known")
        low, high = _ages_of(self)
        holds = low <= size.age_years < high
        return Match(holds, "age", "by age, because the weight is not known")

    def _holds(self, number: Decimal) -> bool:
        return self.low <= number and (self.high is None or number < self.high)


@cache
def group_of(text: str) -> Group | None:
    """Read a patient group as reference levels spell it; None for one that is not understood."""
    if text == "adult":
        return Group(text, "age", ADULT_FROM, None)
    if match := _AGES.match(text):
        per_year = 12 if match[3] == "months" else 1
        return Group(text, "age", Decimal(match[1]) / per_year, Decimal(match[2]) / per_year)
    if match := _AGE_FROM.match(text):
        return Group(text, "age", Decimal(match[1]), ADULT_FROM)
    if match := _AGE.match(text):
        return Group(text, "age", Decimal(match[1]), Decimal(match[1]) + 1)
    if match := _WEIGHTS.match(text):
        return Group(text, "weight", Decimal(match[1]), Decimal(match[2]))
    if match := _WEIGHT_BELOW.match(text):
        return Group(text, "weight", Decimal(0), Decimal(match[1]))
    if match := _WEIGHT.match(text):
        return _nominal(text, Decimal(match[1]))
    return None


def _nominal(text: str, weight: Decimal) -> Group | None:
    for low, high, _, _ in _GROUPS:
        if low <= weight < high:
            return Group(text, "weight", low, high)
    return None


def _ages_of(group: Group) -> tuple[Decimal, Decimal]:
    """The ages of the RP 185 groups that a weight group meets."""
    met = [
        (young, old)
        for low, high, young, old in _GROUPS
        if low < (group.high or high) and group.low < high
    ]
    return (min(young for young, _ in met), max(old for _, old in met)) if met else (
        ADULT_FROM, ADULT_FROM,
    )  # fmt: skip
