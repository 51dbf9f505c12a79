"""Numbers and units as print sets them, the same wherever a person reads them."""

from decimal import Decimal
from typing import Final

_UNITS: Final = {
    "mGy.cm": "mGy·cm",
    "Gy.cm2": "Gy·cm²",
    "cGy.cm2": "cGy·cm²",
    "dGy.cm2": "dGy·cm²",
    "mGy.cm2": "mGy·cm²",
    "uGy.m2": "µGy·m²",
    "Gy.m2": "Gy·m²",
    "mA.s": "mAs",
    "uA.s": "µAs",
    "uGy": "µGy",
    "us": "µs",
    "um": "µm",
    "deg": "°",
    "cm2": "cm²",
    "mm2": "mm²",
    "m2": "m²",
    "cm3": "cm³",
    "{pulse}/s": "pulses/s",
    "{n}": "",
    "1": "",
}


def unit_text(unit: str) -> str:
    """A UCUM unit in print: `Gy.cm2` → `Gy·cm²`."""
    return _UNITS.get(unit, unit)


def full_text(value: Decimal) -> str:
    """A value with every digit it has and no exponent."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
