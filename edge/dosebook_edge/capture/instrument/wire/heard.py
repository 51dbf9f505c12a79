"""What a conversation with an instrument tells: each thing that happened on the line, in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dosebook_edge.capture.instrument.reading import Outcome

LineState = Literal["connecting", "silent", "listening", "stale"]
Event = Literal["opened", "sent", "received", "lost", "stale", "alive"]


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that happened on the line, in order.

    `at` is UTC, `monotonic` in s since the box started; `data` is as on the wire, empty for
    opened, lost, stale and alive; `detail` is the reason of lost and stale.
    """

    at: datetime
    monotonic: float
    event: Event
    data: bytes
    outcomes: tuple[Outcome, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SessionState:
    """How the line is: `silent` is open but nothing understood yet, `stale` no longer.

    `last_heard_at` is when the instrument last said something that its profile knows.
    """

    state: LineState
    last_heard_at: datetime | None = None
    detail: str = ""
