"""Dates and times as devices write them: local time kept as sent, its offset beside it (P26)."""

import re
from typing import Final

from dosebook_protocol.reading import Moment

_DATETIME: Final = re.compile(
    r"(?P<date>\d{4}(?:\d{2}(?:\d{2})?)?)"
    r"(?:(?P<time>\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?))?"
    r"(?P<offset>[+-]\d{4})?\Z"
)
# ISO 8601, a year first with slashes or dots, a decimal comma, no digit or more than six behind the
# point and `Z` are no DT, and can mean but one moment.
_ODD: Final = re.compile(
    r"(?P<date>\d{4}(?P<joint>[-/.])\d{2}(?P=joint)\d{2}|\d{8})"
    r"(?:[T]?(?P<time>\d{2}:?\d{2}(?::?\d{2}(?:[.,]\d{0,30})?)?))?"
    r"(?P<offset>Z|[+-]\d{2}:?\d{2})?\Z"
)
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?([+-])(\d{2}):?(\d{2})\Z")
_FRACTION_DIGITS: Final = 6
# Digits of a day, without and with what parts them: a year and a time are no day and a time.
_WHOLE_DAY: Final = (8, 10)
# Day zero of calendars of computers, written where a program had no date.
_NO_DATE: Final = frozenset({"00010101", "18991230", "19000101", "19700101"})


def moment(text: str, offset: str = "") -> Moment | None:
    """Read a DT value, its offset its own or else the object's; None if unreadable."""
    cleaned = text.strip().replace(" ", "")
    match = _DATETIME.match(cleaned)
    if match is None:
        cleaned = _plain(cleaned)
        match = _DATETIME.match(cleaned)
    if match is None:
        return None
    date, time = match["date"], match["time"]
    if date in _NO_DATE or not _is_calendar(date, time or ""):
        return None
    local = "-".join(part for part in (date[:4], date[4:6], date[6:8]) if part)
    if time:
        clock = ":".join(part for part in (time[:2], time[2:4], time[4:]) if part)
        local = f"{local}T{clock}"
    return Moment(text, local, utc_offset(match["offset"] or offset))


def date_and_time(date: str, time: str, offset: str = "") -> Moment | None:
    """Join a DA and a TM value to one moment; the old 1999.12.31 and 10:11:12 are accepted."""
    day = date.strip().replace(".", "") if len(date.strip()) == 10 else date.strip()
    clock = time.strip().replace(":", "") if len(day) in _WHOLE_DAY else ""
    joined = (moment(day + clock, offset) if clock else None) or moment(day, offset)
    if joined is None:
        return None
    return Moment(f"{date.strip()}{time.strip()}", joined.local, joined.offset)


def utc_offset(text: str) -> str:
    """Turn `+0100`, or the wrong `UTC+01:00`, into `+01:00`; anything else is ""."""
    match = _OFFSET.match(text.strip())
    return f"{match[1]}{match[2]}:{match[3]}" if match else ""


def _plain(text: str) -> str:
    """Write a date and time of another form as DT, "" where it is of none that is known."""
    match = _ODD.match(text)
    if match is None:
        return ""
    whole, _, fraction = (match["time"] or "").replace(":", "").replace(",", ".").partition(".")
    clock = f"{whole}.{fraction[:_FRACTION_DIGITS]}" if fraction else whole
    offset = (match["offset"] or "").replace(":", "").replace("Z", "+0000")
    return f"{re.sub('[-/.]', '', match['date'])}{clock}{offset}"


def _is_calendar(date: str, time: str) -> bool:
    month, day = date[4:6] or "01", date[6:8] or "01"
    hour, minute, second = time[:2] or "00", time[2:4] or "00", time[4:6] or "00"
    return (
        1 <= int(month) <= 12
        and 1 <= int(day) <= 31
        and int(hour) <= 23
        and int(minute) <= 59
        and int(second) <= 60
    )
