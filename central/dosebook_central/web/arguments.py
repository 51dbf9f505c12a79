"""What an address or a form states; what nothing can be counts as not stated."""

from datetime import date
from typing import Final

from werkzeug.datastructures import MultiDict

Arguments = MultiDict[str, str]

_MOST_DIGITS: Final = 15  # more than any table counts, less than any database refuses
_YEARS: Final = range(1895, 9999)  # from the first X-rays to where each day still has a next one


def whole_number(text: str) -> int | None:
    """A number from zero on, written in digits."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None


def page_number(arguments: Arguments) -> int:
    """Which page of a list is meant; the first where none is stated."""
    return whole_number(arguments.get("page", "")) or 1


def day(text: str) -> date | None:
    """A day, written as ISO 8601 has it."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in _YEARS else None


def iso_day(text: str) -> str:
    """A day as YYYY-MM-DD; empty where it is none."""
    found = day(text)
    return found.isoformat() if found else ""
