"""Effective dose per activity of an agent at an age: which published coefficient holds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from dosebook_central.dosimetry.ages import AgedFactor, at_age
from dosebook_central.dosimetry.factors import Factor, published
from dosebook_central.dosimetry.patient import ADULT
from dosebook_central.dosimetry.sets import Library, view

# Conditions of a coefficient that an examination meets unless something says otherwise; any other
# condition, such as a thyroid without uptake, would have to be stated, and no object states it.
_USUAL: Final = frozenset({"", "IV, no blocking", "no blocking", "FET"})
_PHASES: Final = {
    "rest": re.compile(r"\b(?:REST|RUHE|REPOS|RIPOSO|REPOSO)\b"),
    "exercise": re.compile(r"\b(?:STRESS|EXERCISE|EFFORT|BELASTUNG|SFORZO|ESFUERZO)\b"),
}


@dataclass(frozen=True, slots=True)
class Coefficient:
    """mSv/MBq at an age with the bounds of what is published; `phase` is "" where it has none."""

    value: Decimal
    low: Decimal
    high: Decimal
    row: Factor
    words: str
    phase: str
    is_phase_known: bool
    is_alone: bool  # no other published value, and no interpolation: there is no range


@dataclass(frozen=True, slots=True)
class NoCoefficient:
    """Why no coefficient holds, in one sentence."""

    reason: str


def coefficient_of(
    library: Library, agent: str, age: Decimal, texts: Sequence[str]
) -> Coefficient | NoCoefficient:
    """Return the coefficient in force for an agent at an age in years.

    `texts` may say whether the injection was at rest or at exercise, the most telling one first;
    where none does, the higher of the two is used and its bounds hold both.
    """
    rows = view(library, _by_agent).get(agent, ())
    if not rows:
        return NoCoefficient(f"no coefficient set has {agent}")
    usable = [row for row in rows if row.view in _USUAL or row.view in _PHASES]
    if not any(row.is_in_force for row in usable):
        conditions = " or ".join(sorted({row.view for row in rows if row not in usable}))
        if conditions:
            return NoCoefficient(
                f"published coefficients of {agent} hold for {conditions} only, which is not stated"
            )
        return NoCoefficient(f"no coefficient set in force has {agent}")
    stated = _stated_phase(tuple(texts))
    fitting = [row for row in usable if not stated or row.view in {stated, ""}] or usable
    found = _at_age(fitting, age)
    chosen = _chosen(found)
    if chosen is None:
        for_whom = "a child of this age" if age < ADULT else "adults"
        return NoCoefficient(f"no coefficient set in force has {agent} for {for_whom}")
    row = chosen.rows[0]
    low, high = min(one.low for one in found), max(one.high for one in found)
    phase = row.view if row.view in _PHASES else ""
    return Coefficient(
        chosen.factor, low, high, row, chosen.words, phase,
        is_phase_known=not phase or phase == stated,
        is_alone=low == high,
    )  # fmt: skip


def _at_age(rows: Sequence[Factor], age: Decimal) -> list[AgedFactor]:
    """Return what each set has at an age for each condition, by precedence."""
    series: dict[tuple[str, str, bool], list[Factor]] = {}
    for row in rows:
        series.setdefault((row.set_id, row.view, row.is_in_force), []).append(row)
    return [found for one in series.values() if (found := at_age(one, age)) is not None]


def _chosen(found: Sequence[AgedFactor]) -> AgedFactor | None:
    """Return the first in force; of one set at rest and at exercise, the higher."""
    in_force = [one for one in found if one.rows[0].is_in_force]
    if not in_force:
        return None
    same_set = [one for one in in_force if one.rows[0].set_id == in_force[0].rows[0].set_id]
    return max(same_set, key=lambda one: one.factor)


@lru_cache(maxsize=4096)
def _stated_phase(texts: tuple[str, ...]) -> str:
    """Return the phase that the first telling text names; "" where none or both are named."""
    for text in texts:
        named = [phase for phase, words in _PHASES.items() if words.search(text.upper())]
        if named:
            return named[0] if len(named) == 1 else ""
    return ""


def _by_agent(library: Library) -> Mapping[str, tuple[Factor, ...]]:
    found: dict[str, list[Factor]] = {}
    for row in published(library, "effective-dose-nm"):
        found.setdefault(row.subject, []).append(row)
    return {agent: tuple(rows) for agent, rows in found.items()}
