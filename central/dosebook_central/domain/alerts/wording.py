"""Numbers and units in the sentences of alerts."""

from decimal import Decimal
from typing import Final

_PRINTED: Final = {"mGy.cm": "mGy·cm", "Gy.cm2": "Gy·cm²"}


def number_beside(value: Decimal, threshold: Decimal) -> str:
    """A value at four digits, or at all of them where four hide how it stands to a threshold."""
    rounded = Decimal(f"{value:.4g}")
    same = (rounded > threshold, rounded < threshold) == (value > threshold, value < threshold)
    return plain_text(rounded if same else value)


def plain_text(value: Decimal) -> str:
    """A number with every digit it has and no exponent."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def printed(unit: str) -> str:
    """A unit as print sets it."""
    return _PRINTED.get(unit, unit)
