"""The status of a reference level in words: in force since a day, superseded on a day, or neither.

`in_force`, `in_force_since_2019-07-01`, `in_force_since_2023-01`, `superseded_2019-07-01`; what
follows a semicolon is a remark. Any other status, such as proposed, historical or registry_data, is
never in force by itself.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

_STATUS: Final = re.compile(
    r"(?P<word>in_force|superseded)(_since)?(_(?P<day>\d{4}-\d{2}(?P<rest>-\d{2})?))?(;.*)?"
)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from one to another, both included."""

    first: date = date.min
    last: date = date.max

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@cache
def period_of(status: str) -> Period:
    """Return the days that a status allows; all days where it names none."""
    found = _STATUS.fullmatch(status)
    if found is None or not found["day"]:
        return Period()
    text = found["day"]
    day = date.fromisoformat(text if found["rest"] else f"{text}-01")
    if found["word"] == "in_force":
        return Period(first=day)
    return Period(last=day - timedelta(days=1))


@cache
def is_dated(status: str) -> bool:
    """Whether a status lets a row be in force on some day without anybody's choice."""
    found = _STATUS.fullmatch(status)
    return found is not None and (found["word"] == "in_force" or bool(found["day"]))
