"""What a person types for a value on a screen: one reading of it, or a sentence what is wrong.

A lost or moved decimal point is the worst error of a screen (P51), so a typed number must have as
many decimals as the screen always shows, and no separators of thousands.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_protocol.quantities import convert, plain
from dosebook_protocol.screen import ScreenValue

_NUMBER: Final = re.compile(r"(?P<whole>\d{1,9})(?:[.,](?P<decimals>\d{1,9}))?\Z", re.ASCII)
_CLOCK: Final = re.compile(
    r"(?:(?P<h>\d{1,2}):)?(?P<m>\d{1,3}):(?P<s>[0-5]\d(?:[.,]\d{1,3})?)\Z", re.ASCII
)


class TypedError(ValueError):
    """A text that cannot stand for the value; the text says what to type."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A number in the unit of the screen, and a sentence where it is outside the limits."""

    number: Decimal
    doubt: str = ""


def number_in(value: ScreenValue, text: str) -> Typed:
    """Read what was typed in the place of a value; raises `TypedError`."""
    number = _clock(value, text) if value.form == "clock" else _number(value, text)
    low, high = value.minimum, value.maximum
    is_outside = (low is not None and number < low) or (high is not None and number > high)
    doubt = ""
    if is_outside:
        between = f"{'' if low is None else low} to {'' if high is None else high}".strip()
        doubt = f"{number} is outside the limits of this screen ({between} {value.unit})."
    return Typed(number, doubt)


def is_as_read(value: ScreenValue, text: str) -> bool:
    """Whether a person typed what the reader had read."""
    return text.strip().replace(",", ".") == value.text.replace(",", ".")


def _number(value: ScreenValue, text: str) -> Decimal:
    found = _NUMBER.match(text.strip())
    if found is None:
        raise TypedError("Type digits with one decimal point or comma, no spaces between them.")
    decimals = found["decimals"] or ""
    if value.decimals is not None and len(decimals) != value.decimals:
        count = f"{value.decimals} decimal{'' if value.decimals == 1 else 's'}"
        raise TypedError(f"This screen always shows {count} here: type all that the crop shows.")
    return Decimal(f"{found['whole']}.{decimals}" if decimals else found["whole"])


def _clock(value: ScreenValue, text: str) -> Decimal:
    found = _CLOCK.match(text.strip())
    if found is None:
        raise TypedError("Type minutes and seconds, as 12:05.")
    seconds = Decimal(found["s"].replace(",", "."))
    seconds += 60 * Decimal(found["m"]) + 3600 * Decimal(found["h"] or 0)
    return plain(convert(seconds, "s", value.unit))
