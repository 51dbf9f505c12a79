"""The rows of the set `aapm-ssde` as fits: factor over diameter, diameter over what is known."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.sets import Library, Row
from dosebook_protocol.reading import Phantom

KIND: Final = "size-specific"
_PHANTOMS: Final[dict[str, Phantom]] = {"16": "16cm", "32": "32cm"}
_UNREAD_RANGE_CM: Final = ("6", "55")
"""The range of AAPM 204, 16 cm phantom, where a report's own was not read (AAPM 293)."""
_TERM: Final = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<number>\d+(?:\.\d+)?)"
    r"(?:\*(?:exp\((?P<exp>-?)\w+\)|(?P<name>\w+|\(AP\+LAT\))(?:\^(?P<power>[\d.]+))?))?"
)
_DIAMETER_OF: Final = {
    "AP width": "ap",
    "lateral width": "lateral",
    "sum of AP and lateral widths": "sum",
    "age": "age",
}


@dataclass(frozen=True, slots=True)
class FactorFit:
    """f = a·exp(−b·d) with d in cm, for diameters between the bounds."""

    report: str
    a: float
    b: float
    low_cm: Decimal
    high_cm: Decimal
    source: str

    @property
    def text(self) -> str:
        """The formula with its numbers."""
        return f"f = {self.a}·exp(−{self.b}·d)"

    def holds(self, diameter_cm: Decimal) -> bool:
        """Whether a diameter lies in the range of the report."""
        return self.low_cm <= diameter_cm <= self.high_cm

    def factor(self, diameter_cm: Decimal) -> Decimal:
        """Return the factor for a diameter."""
        return Decimal(repr(self.a * math.exp(-self.b * float(diameter_cm))))


@dataclass(frozen=True, slots=True)
class DiameterFit:
    """An effective diameter in cm from one number: a width in cm, or an age in years."""

    report: str
    formula: str
    low: Decimal
    high: Decimal
    source: str
    compute: Callable[[float], float]

    def diameter(self, known: Decimal) -> Decimal:
        """Return the diameter in cm, to a tenth of a millimetre."""
        return Decimal(f"{self.compute(float(known)):.2f}")


@dataclass(frozen=True, slots=True)
class SizeTables:
    """What a library says of size-specific dose."""

    set_id: str
    set_version: str
    factors: Mapping[tuple[str, Phantom], FactorFit]  # by body or head, and phantom
    diameters: Mapping[str, DiameterFit]  # by ap, lateral, sum, age


def size_tables(library: Library) -> SizeTables:
    """Make the fits of a library; use through `sets.view`."""
    factors: dict[tuple[str, Phantom], FactorFit] = {}
    diameters: dict[str, DiameterFit] = {}
    names = ["", ""]
    for package, row in reversed(library.rows_by_precedence(KIND)):
        names = [package.manifest.id, package.manifest.version]
        if row["a"] and row["phantom_cm"] in _PHANTOMS:
            kind = "head" if row["body_part"] == "head" else "body"
            factors[kind, _PHANTOMS[row["phantom_cm"]]] = _factor_fit(row)
        elif row["input"] in _DIAMETER_OF:
            diameters[_DIAMETER_OF[row["input"]]] = _diameter_fit(row)
    return SizeTables(names[0], names[1], factors, diameters)


def _factor_fit(row: Row) -> FactorFit:
    low, high = _UNREAD_RANGE_CM
    return FactorFit(
        row["report"],
        float(row["a"]),
        float(row["b"]),
        Decimal(row["valid_min_cm"] or low),
        Decimal(row["valid_max_cm"] or high),
        row["source"],
    )


def _diameter_fit(row: Row) -> DiameterFit:
    return DiameterFit(
        row["report"],
        row["formula"],
        Decimal(row["valid_min_cm"]),
        Decimal(row["valid_max_cm"]),
        row["source"],
        polynomial(row["formula"]),
    )


def polynomial(formula: str) -> Callable[[float], float]:
    """Read `d_eff = c0 + c1*X - c2*X^p - c3*exp(-X)` as a function of its one variable X.

    Raises:
        ValueError: the formula has another form.
    """
    right = formula.partition("=")[2].strip()
    terms: list[tuple[float, float, float]] = []  # coefficient, power, exponent's sign
    position = 0
    while position < len(right):
        match = _TERM.match(right, position)
        if match is None:
            raise ValueError(f"not a sum of powers: {formula!r}")
        coefficient = float(match["number"]) * (-1 if match["sign"] == "-" else 1)
        is_exponential = match["exp"] is not None
        power = float(match["power"] or 1) if match["name"] else 0.0
        sign = (-1.0 if match["exp"] else 1.0) if is_exponential else 0.0
        terms.append((coefficient, power, sign))
        position = match.end()
        while right[position : position + 1] == " ":
            position += 1

    def value(x: float) -> float:
        return sum(
            coefficient * (math.exp(sign * x) if sign else x**power)
            for coefficient, power, sign in terms
        )

    return value
