"""What readings become: exposures, each with its value, its time, and what is not sure of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from dosebook_edge.capture.instrument.reading import State

Flag = Literal[
    "incomplete:restart", "incomplete:stale", "incomplete:lost-poll", "incomplete:garbage",
    "incomplete:reset", "incomplete:overload", "incomplete:unit-changed",
    "incomplete:unidentified", "integrated-by-host", "highest-value", "wrapped",
]  # fmt: skip

UNOBSERVED: Final[frozenset[Flag]] = frozenset({"incomplete:restart", "incomplete:stale"})
"""The instrument was not heard for a while in which it may have measured."""

Ending = Literal[
    "inactivity", "reset", "state", "signal", "longest", "telegram", "settled", "unit", "restart",
    "other-instrument",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moment:
    """When: `at` in UTC, `monotonic` in s since the machine started."""

    at: datetime
    monotonic: float


@dataclass(frozen=True, slots=True)
class Point:
    """One reading of the value that is followed.

    `value` is in `unit`, the storage unit of `quantity`, uncorrected; `text` and `text_unit` are as
    sent, `step` is one of the last digit sent. `seconds` is the instrument's own clock of the
    measurement. `flags` tell what went wrong since the reading before.
    """

    when: Moment
    quantity: str
    unit: str
    value: Decimal
    text: str
    text_unit: str
    step: Decimal
    telegram: str
    seconds: Decimal | None = None
    states: frozenset[State] = frozenset()
    facts: Mapping[str, str] | None = None
    flags: frozenset[Flag] = frozenset()
    wraps_at: Decimal | None = None

    def with_flags(self, *flags: Flag) -> "Point":
        """The same with more flags."""
        return replace(self, flags=self.flags | frozenset(flags))


@dataclass(frozen=True, slots=True)
class Segment:
    """An exposure while it goes on, or as it was: what the instrument added between two readings.

    It began after `after` and was seen first at `started`; `ended` is when its value last changed.
    `total` is in `unit`; a counter stood at `base` before and at `upto` after. `first` and `last`
    are the readings as sent.
    """

    quantity: str
    unit: str
    total: Decimal
    base: Decimal
    upto: Decimal
    after: Moment
    started: Moment
    ended: Moment
    first: str
    last: str
    text_unit: str
    telegram: str
    seconds: Decimal | None = None
    flags: frozenset[Flag] = frozenset()
    facts: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What of an instrument is in records already; what is above it is not.

    `value` is the counter up to which it is accounted for (the last recorded value of another
    instrument), `number` counts its exposures, `telegram` is the number that the instrument gave
    its own last one.
    """

    quantity: str
    unit: str
    value: Decimal
    text_unit: str
    when: Moment
    number: int = 0
    telegram: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """All that has to outlive a crash: what is accounted for, and the exposure that goes on.

    `lines` is the transcript of that exposure so far, `step` the UID of the procedure step of the
    last one that has ended.
    """

    serial: str
    account: Account | None = None
    open: Segment | None = None
    lines: tuple[str, ...] = ()
    step: str = ""


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure that has ended.

    `raw` and `corrected` (P18) are in the storage unit. `memory` is to be made durable together
    with its record. `transcript` is what went over the wire, so that it can be replayed.
    """

    segment: Segment
    corrected: Decimal
    reason: Ending
    serial: str
    memory: Memory
    transcript: str

    @property
    def raw(self) -> Decimal:
        """Uncorrected value, in `unit`."""
        return self.segment.total

    @property
    def quantity(self) -> str:
        """What was measured (`measures.InstrumentQuantity`)."""
        return self.segment.quantity

    @property
    def unit(self) -> str:
        """Storage unit of the quantity."""
        return self.segment.unit

    @property
    def number(self) -> int:
        """Counted per instrument, from 1."""
        return self.memory.account.number if self.memory.account else 0

    @property
    def flags(self) -> list[Flag]:
        """What is not sure of it, in order."""
        return sorted(self.segment.flags)

    @property
    def is_incomplete(self) -> bool:
        """Whether the instrument may have measured more."""
        return any(flag.startswith("incomplete:") for flag in self.segment.flags)

    @property
    def is_unobserved(self) -> bool:
        """Whether part of it happened while the instrument was not heard."""
        return bool(UNOBSERVED & self.segment.flags)
