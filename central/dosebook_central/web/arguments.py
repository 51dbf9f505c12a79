"""What an address or a form states; what nothing can be counts as not stated."""

from datetime import date
from typing import Final

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.routing import IntegerConverter, Map

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


def asked_days(arguments: Arguments) -> tuple[str, str]:
    """First and last day that are asked for, in their order; each empty where it is not stated."""
    since, until = iso_day(arguments.get("since", "")), iso_day(arguments.get("until", ""))
    return (until, since) if since and until and since > until else (since, until)


def has_nul(request: Request) -> bool:
    """Whether anything that a request states holds a NUL, which no browser sends in a form.

    PostgreSQL raises for one wherever it is bound to a statement.
    """
    stated = (one for fields in (request.args, request.form) for one in fields.items(multi=True))
    return "\0" in request.path or any("\0" in text for pair in stated for text in pair)


class WholeNumber(IntegerConverter):
    """A number in an address that a table can hold; one beyond is of no page."""

    def __init__(self, map: Map) -> None:  # noqa: A002  # werkzeug's name
        super().__init__(map, max=10**_MOST_DIGITS - 1)
