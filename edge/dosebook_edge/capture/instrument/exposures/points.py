"""Finds the value that is followed, and the serial number, in what an instrument says."""

from decimal import Decimal
from typing import Final

from dosebook_edge.capture.instrument.exposures.exposure import Flag, Moment, Point
from dosebook_edge.capture.instrument.exposures.rules import Rules
from dosebook_edge.capture.instrument.parsing.codec import questions_of
from dosebook_edge.capture.instrument.profile.measures import stored
from dosebook_edge.capture.instrument.profile.model import Profile
from dosebook_edge.capture.instrument.reading import Answer, Kind

_GARBAGE: Final[frozenset[Flag]] = frozenset({"incomplete:garbage"})
_LOST: Final[frozenset[Flag]] = frozenset({"incomplete:lost-poll"})
_OVERLOAD: Final[frozenset[Flag]] = frozenset({"incomplete:overload"})

TROUBLES: Final[dict[Kind, frozenset[Flag]]] = {
    "garbage": _GARBAGE, "checksum": _GARBAGE, "too-long": _GARBAGE, "incomplete": _GARBAGE,
    "unknown-answer": _GARBAGE, "ambiguous": _GARBAGE, "unknown-code": _GARBAGE,
    "not-a-number": _GARBAGE, "out-of-range": _GARBAGE, "no-answer": _LOST,
    "device-error": _LOST, "no-value": _LOST, "unknown-unit": _LOST, "overload": _OVERLOAD,
    "invalid-state": _OVERLOAD,
}  # fmt: skip
"""What a notice means for the exposure in which it comes; a second answer means nothing."""


class Reader:
    """Reads answers of one profile."""

    def __init__(self, profile: Profile, rules: Rules) -> None:
        self._rules = rules.exposing
        known = questions_of(profile)
        self._question = known.get(self._rules.question or "")
        self._asked = b""
        self._wraps = {one.name: rules.wraps_at(profile, one.name) for one in profile.telegram}

    def asked(self, data: bytes) -> None:
        """The box has sent a question."""
        self._asked = data

    def serial(self, answer: Answer) -> str | None:
        """The serial number, where an answer tells it."""
        return answer.facts.get(self._rules.serial) if self._rules.serial else None

    def point(self, answer: Answer, when: Moment) -> Point | None:
        """The reading of the value that is followed, where an answer has one."""
        found = {one.name: one for one in answer.readings}
        reading = found.get(self._rules.value)
        if reading is None or self._question not in (None, self._asked):
            return None
        time = found.get(self._rules.time or "")
        last_digit = Decimal((0, (1,), int(reading.value.as_tuple().exponent)))
        return Point(
            when=when,
            quantity=reading.quantity,
            unit=reading.stored_unit,
            value=reading.raw,
            text=reading.text,
            text_unit=reading.unit,
            step=stored(last_digit, reading.unit)[0],
            telegram=answer.telegram,
            seconds=None if time is None else time.raw,
            states=frozenset(answer.states),
            facts=answer.facts,
            wraps_at=self._wraps[answer.telegram],
        )
