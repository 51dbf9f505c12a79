"""Decimal numbers as a modality writes them, and the same in Dosebook's storage units.

The factors stand here a second time on purpose: what was sent is known without the readers.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

NumberStyle = Literal["plain", "exponent", "long-exponent"]

_GY_CM2: Final = {
    "Gy.m2": Decimal(10000),
    "Gy.cm2": Decimal(1),
    "dGy.cm2": Decimal("0.1"),
    "cGy.cm2": Decimal("0.01"),
    "uGy.m2": Decimal("0.01"),
    "mGy.cm2": Decimal("0.001"),
}
_MGY: Final = {"Gy": Decimal(1000), "dGy": Decimal(100), "mGy": Decimal(1)}
_SECONDS: Final = {"s": Decimal(1), "ms": Decimal("0.001")}
_SAME: Final = {"mGy.cm": Decimal(1), "MBq": Decimal(1)}
_TO_STORAGE: Final = {**_GY_CM2, **_MGY, **_SECONDS, **_SAME}


@dataclass(frozen=True, slots=True)
class Measured:
    """A number with its UCUM unit."""

    value: Decimal
    unit: str

    @property
    def stored(self) -> Decimal:
        """The value in Dosebook's storage unit: Gy.cm2, mGy, mGy.cm, MBq or s."""
        return plain(self.value * _TO_STORAGE[self.unit])


def plain(value: Decimal) -> Decimal:
    """Return the value without trailing zeros and without an exponent."""
    return Decimal(f"{value.normalize():f}")


def rounded(value: Decimal | float, places: int) -> Decimal:
    """Round to a number of decimal places, as a modality does before it writes."""
    return Decimal(value).quantize(Decimal(1).scaleb(-places))


def in_unit(value: Decimal, from_unit: str, to_unit: str) -> Decimal:
    """Convert between two units of one quantity."""
    return value * _TO_STORAGE[from_unit] / _TO_STORAGE[to_unit]


def ds(value: Decimal | int, style: NumberStyle = "plain") -> str:
    """Write a decimal string (PS3.5: at most 16 characters)."""
    number = Decimal(value)
    text = f"{number:f}"
    small = number != 0 and abs(number) < Decimal("0.001")
    if small and style != "plain":
        digits = f"{number.normalize():e}".replace("e+", "e")
        mantissa, _, exponent = digits.partition("e")
        width = 3 if style == "long-exponent" else 2
        sign = "-" if exponent.startswith("-") else "+"
        mark = "e" if style == "long-exponent" else "E"
        text = f"{mantissa}{mark}{sign}{exponent.lstrip('+-').zfill(width)}"
    if len(text) > 16:
        raise ValueError(f"{number} does not fit a decimal string of 16 characters")
    return text
