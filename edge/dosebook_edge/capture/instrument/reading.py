"""What a parser tells of the bytes of an instrument: answers with readings, and notices."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

State = Literal[
    "idle", "measuring", "hold", "zeroing", "reset", "starting", "alarm", "low-signal",
    "uncalibrated", "overload", "fault", "no-value", "unverified",
]  # fmt: skip

INVALID: Final[frozenset[State]] = frozenset({"overload", "fault", "no-value"})
"""States in which a number that stands beside them is not a measurement."""

Kind = Literal[
    "garbage", "checksum", "too-long", "incomplete", "unknown-answer", "unasked", "ambiguous",
    "no-answer", "not-a-question", "device-error", "overload", "no-value", "not-a-number",
    "out-of-range", "unknown-unit", "unknown-code", "invalid-state", "frozen",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """One number that an instrument stated.

    `text` and `unit` are as sent (the unit in UCUM spelling), `value` is the number in that unit;
    `raw` is it in `stored_unit`, `corrected` is raw times the calibration factor (P18).
    """

    name: str
    quantity: str
    text: str
    value: Decimal
    unit: str
    unit_from: Literal["instrument", "profile"]
    raw: Decimal
    corrected: Decimal
    stored_unit: str
    counter: Literal["", "wrapped", "decreased"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer, or unasked telegram, of an instrument, with the bytes it was read from."""

    telegram: str
    readings: tuple[Reading, ...]
    states: tuple[State, ...]
    facts: Mapping[str, str]
    offset: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Notice:
    """Bytes that gave no reading, and why."""

    kind: Kind
    text: str
    offset: int
    raw: bytes


Outcome = Answer | Notice


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes that belong together, from `offset` of the stream on."""

    offset: int
    raw: bytes
