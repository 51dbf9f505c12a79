"""A published factor at the age of a patient: adults apart, children by reference age or band.

Between two reference ages the factor is interpolated linearly, with the two neighbours as its
bounds; from the age of the last child phantom (15 years) to 18 it is held. Adult factors are never
used for a child, nor those of a child for a younger one than the source has (P30).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Final

from dosebook_central.dosimetry.factors import Factor
from dosebook_central.dosimetry.intervals import rounded
from dosebook_central.dosimetry.patient import ADULT

_OLDEST_CHILD: Final = Decimal(15)
_BAND: Final = re.compile(r"(?:(\d+)-)?<(\d+) y")


@dataclass(frozen=True, slots=True)
class AgedFactor:
    """A factor that holds at an age, its bounds, the rows it came from, and how in words."""

    factor: Decimal
    low: Decimal
    high: Decimal
    rows: tuple[Factor, ...]
    words: str


def at_age(
    rows: Sequence[Factor], age: Decimal, held_from: Decimal = _OLDEST_CHILD
) -> AgedFactor | None:
    """Return the factor of one set for one subject and view at an age, None where it has none.

    `held_from` is the youngest last reference age in years whose factor holds up to 18.
    """
    if age >= ADULT:
        adult = next((row for row in rows if row.is_adult), None)
        return _single(adult, "adult") if adult is not None else None
    children = [row for row in rows if not row.is_adult and row.age_years is not None]
    for row in children:
        band = _band(row.age_group)
        if band is not None:
            if band[0] <= age < band[1]:
                return _single(row, f"age {row.age_group}")
            continue
    reference = sorted((row for row in children if _band(row.age_group) is None), key=_years)
    return _between(reference, age, held_from) if reference else None


def _between(rows: Sequence[Factor], age: Decimal, held_from: Decimal) -> AgedFactor | None:
    """Interpolate between reference ages, hold the last one if it is old enough."""
    if age < _years(rows[0]):
        return None
    for younger, older in pairwise(rows):
        if _years(younger) <= age < _years(older):
            part = (age - _years(younger)) / (_years(older) - _years(younger))
            if part == 0:
                break
            factor = younger.factor + part * (older.factor - younger.factor)
            words = f"linear between {younger.age_group} and {older.age_group} (4 digits)"
            both = (_single(younger, ""), _single(older, ""))
            return AgedFactor(
                rounded(factor),
                min(one.low for one in both),
                max(one.high for one in both),
                (younger, older),
                words,
            )
    exact = next((row for row in rows if _years(row) == age), None)
    if exact is not None:
        return _single(exact, f"reference age {exact.age_group}")
    last = rows[-1]
    return _single(last, f"held from {last.age_group}") if _years(last) >= held_from else None


def _single(row: Factor, words: str) -> AgedFactor:
    spread = row.spread or Decimal(0)
    return AgedFactor(row.factor, row.factor - spread, row.factor + spread, (row,), words)


def _years(row: Factor) -> Decimal:
    return row.age_years if row.age_years is not None else Decimal(0)


@lru_cache(maxsize=256)
def _band(age_group: str) -> tuple[Decimal, Decimal] | None:
    """Read an age band such as "1-<5 y"; None for a reference age such as "5 y"."""
    found = _BAND.fullmatch(age_group)
    return (Decimal(found[1] or 0), Decimal(found[2])) if found else None
