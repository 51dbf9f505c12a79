"""The conversation with one instrument: asks, listens, reconnects, and tells what it hears."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal, Protocol

from dosebook_edge.capture.instrument.link import Link
from dosebook_edge.capture.instrument.profile import Profile
from dosebook_edge.capture.instrument.reading import Outcome

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

    state: Literal["connecting", "silent", "listening", "stale"]
    last_heard_at: datetime | None = None
    detail: str = ""


class SessionClock(Protocol):
    """The time; a simulated one moves when a simulated line is read or `wait` is called."""

    def utc(self) -> datetime:
        """Now, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    def wait(self, stopping: threading.Event, seconds: float) -> None:
        """Return after some seconds, or as soon as `stopping` is set."""
        ...


class SystemClock:
    """The time of the machine; `monotonic` counts from its start, as in each record."""

    def utc(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since the machine started."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wait(self, stopping: threading.Event, seconds: float) -> None:
        """Return after some seconds, or as soon as `stopping` is set."""
        stopping.wait(seconds)


_UNCORRECTED: Final = Decimal(1)


class Session:
    """Talks to one instrument for ever; one thread each, so a hung one stops no other.

    Args:
        profile: what is known of the instrument.
        open_link: opens the line; called again after each loss.
        factor: its calibration factor.
        is_active: whether something is being measured, so that it is asked more often.
        clock: the time, and how to wait for it.
    """

    def __init__(
        self,
        profile: Profile,
        open_link: Callable[[], Link],
        *,
        factor: Decimal = _UNCORRECTED,
        is_active: Callable[[], bool] = lambda: False,
        clock: SessionClock | None = None,
    ) -> None:
        self._profile = profile
        self._open_link = open_link
        self._factor = factor
        self._is_active = is_active
        self._clock = clock or SystemClock()
        self._state = SessionState("connecting")

    def run(self, stopping: threading.Event, hear: Callable[[Heard], None]) -> None:
        """Ask and listen until `stopping`; what happens on the line is told, never raised."""
        raise NotImplementedError

    def state(self) -> SessionState:
        """State now; never blocks."""
        return self._state
