"""What a text may be, by the type of its cell; everything else is a sentence that says why not."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_edge.capture.screen.profile import Cell, ScreenProfile
from dosebook_edge.capture.screen.reading import Form
from dosebook_edge.capture.screen.spelling import similarity

FORMS: Final[dict[str, Form]] = {
    "decimal": "number", "integer": "number", "clock": "clock", "range": "range",
    "choice": "choice", "text": "text",
}  # fmt: skip
_DIGITS: Final = "0123456789"
_SIDES: Final = {"S": 1, "I": -1, "L": 1, "R": -1, "P": 1, "A": -1, "H": 1, "F": -1}
_OPPOSITE: Final = {"S": "SI", "I": "SI", "L": "LR", "R": "LR", "P": "PA", "A": "PA"} | {
    "H": "HF", "F": "HF"
}  # fmt: skip
_END: Final = r"([SILRPAHF]?)(-?\d{1,4}(?:[.,]\d{1,3})?)"
_RANGE: Final = re.compile(rf"{_END}\s?(?:-|–|to)\s?{_END}", re.ASCII)
_CLOCK: Final = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})", re.ASCII)
_LEAST_SIMILAR: Final = 0.7
_LEAST_APART: Final = 0.2


@dataclass(frozen=True, slots=True)
class Meant:
    """What a text means: `value` of a number, `meaning` of a choice, or `fault`, why it is none.

    `mark` is the decimal mark that it shows, "" without one.
    """

    value: Decimal | None = None
    meaning: str = ""
    mark: str = ""
    fault: str = ""


def allowed(cell: Cell, profile: ScreenProfile) -> str | None:
    """The only characters that a cell can hold; None where any may come."""
    marks = "".join(profile.decimal_marks)
    dashes = "".join(cell.empty)
    if cell.type == "decimal":
        return _ordered(_DIGITS + ("" if cell.decimals == 0 else marks) + dashes)
    if cell.type == "integer":
        return _ordered(_DIGITS + dashes)
    if cell.type == "clock":
        return _ordered(_DIGITS + ":" + dashes)
    if cell.type == "choice" and not any(key.startswith("*") for key in cell.choices):
        return _ordered("".join(cell.choices) + dashes)
    if cell.type == "range":
        return _ordered(_DIGITS + marks + "-" + "".join(_SIDES) + dashes)
    return None


def means(text: str, cell: Cell, profile: ScreenProfile) -> Meant:
    """What the text of a cell means, in the unit of the cell: seconds of a clock are its value."""
    if not text:
        return Meant(fault="nothing could be read")
    if cell.one_of and text not in cell.one_of:
        return Meant(fault="it is none of the texts that can stand here")
    if cell.type in ("decimal", "integer"):
        return _number(text, cell, profile)
    if cell.type == "clock":
        return _clock(text)
    if cell.type == "range":
        return _range(text, profile)
    if cell.type == "choice":
        return _choice(text, cell.choices)
    return Meant()


def beyond(value: Decimal, cell: Cell) -> str:
    """A sentence where a value lies beyond the limits of its cell, else ""."""
    if cell.minimum is not None and value < cell.minimum:
        return f"it is below {cell.minimum}, the least that is plausible"
    if cell.maximum is not None and value > cell.maximum:
        return f"it is above {cell.maximum}, the most that is plausible"
    return ""


def _ordered(symbols: str) -> str:
    return "".join(dict.fromkeys(symbols))


def _number(text: str, cell: Cell, profile: ScreenProfile) -> Meant:
    marks = "" if cell.type == "integer" else "".join(profile.decimal_marks)
    part = rf"(?:([{re.escape(marks)}])(\d{{1,6}}))?" if marks else "()()"
    match = re.fullmatch(rf"(\d{{1,7}}){part}", text, re.ASCII)
    if not match:
        return Meant(fault="it is not a number as this cell shows it")
    whole, mark, rest = match[1], match[2] or "", match[3] or ""
    if len(whole) > 1 and whole.startswith("0"):
        return Meant(fault="a number here does not begin with 0")
    if cell.decimals is not None and len(rest) != cell.decimals:
        return Meant(fault=f"it has {len(rest)} decimals, this cell always {cell.decimals}")
    return Meant(value=Decimal(f"{whole}.{rest}" if rest else whole), mark=mark)


def _clock(text: str) -> Meant:
    match = _CLOCK.fullmatch(text)
    if not match:
        return Meant(fault="it is not a time as mm:ss or hh:mm:ss")
    hours, minutes, seconds = int(match[1] or 0), int(match[2]), int(match[3])
    if seconds > 59 or (match[1] and minutes > 59):
        return Meant(fault="it is no time: there are 60 seconds in a minute")
    return Meant(value=Decimal(hours * 3600 + minutes * 60 + seconds))


def _range(text: str, profile: ScreenProfile) -> Meant:
    match = _RANGE.fullmatch(text)
    if not match or bool(match[1]) != bool(match[3]):
        return Meant(fault="it is not a range of two positions")
    marks = {mark for mark in ".," if mark in match[2] + match[4]}
    if len(marks) > 1 or not marks <= set(profile.decimal_marks):
        return Meant(fault="its two positions have different decimal marks")
    if match[3] not in _OPPOSITE.get(match[1], "") and match[1]:
        return Meant(fault="its two positions lie along different axes")
    start, end = (
        _SIDES.get(side, 1) * Decimal(number.replace(",", "."))
        for side, number in ((match[1], match[2]), (match[3], match[4]))
    )
    return Meant(value=abs(start - end), mark="".join(marks))


def _choice(text: str, choices: dict[str, str]) -> Meant:
    """The choice that is meant; a key that begins with `*` is what the text ends with."""
    for key, meaning in choices.items():
        if key.startswith("*") and text.replace(" ", "").endswith(key[1:]):
            return Meant(meaning=meaning)
    whole = [key for key in choices if not key.startswith("*")]
    ranked = sorted(((similarity(text, key), key) for key in whole), reverse=True)
    if not ranked or ranked[0][0] < _LEAST_SIMILAR:
        return Meant(fault="it is none of the words that can stand here")
    rivals = [score for score, key in ranked[1:] if choices[key] != choices[ranked[0][1]]]
    if rivals and ranked[0][0] - rivals[0] < _LEAST_APART:
        return Meant(fault="it could be one or another of the words that can stand here")
    return Meant(meaning=choices[ranked[0][1]])
