"""The conversation with one instrument for ever: reconnects, and tells what it hears."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Protocol

from dosebook_edge.capture.instrument.dialogue.confirm import Confirmation
from dosebook_edge.capture.instrument.dialogue.conversation import Conversation
from dosebook_edge.capture.instrument.dialogue.watch import Frozen, Staleness, is_understood
from dosebook_edge.capture.instrument.links.link import Link, LinkError, NobodyYetError
from dosebook_edge.capture.instrument.parsing.parser import Parser
from dosebook_edge.capture.instrument.profile.model import Profile
from dosebook_edge.capture.instrument.reading import Notice, Outcome
from dosebook_edge.capture.instrument.wire.heard import Event, Heard, LineState, SessionState

__all__ = ["Heard", "Session", "SessionClock", "SessionState", "SystemClock"]

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_MOST_DOUBLINGS: Final = 10
_UNCORRECTED: Final = Decimal(1)


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


class Session:
    """Talks to one instrument for ever; one thread each, so a hung one stops no other.

    A line that is open and says nothing known for `timing.stale_after_s` is stale: that is told
    once, and the line is opened anew, as the far end of some lines can go away unnoticed.

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
        self._is_active = is_active
        self._clock = clock or SystemClock()
        self._state = SessionState("connecting")
        self._parser = Parser(profile, factor=factor)
        self._stale = Staleness(profile.timing.stale_after_s)
        self._frozen = Frozen(profile)
        self._confirmation = Confirmation(profile)
        self._hear: Callable[[Heard], None] = lambda _: None

    def state(self) -> SessionState:
        """State now; never blocks."""
        return self._state

    def run(self, stopping: threading.Event, hear: Callable[[Heard], None]) -> None:
        """Ask and listen until `stopping`; what happens on the line is told, never raised."""
        self._hear = hear
        failures = 0
        while not stopping.is_set():
            try:
                link = self._open_link()
            except NobodyYetError as error:
                self._now("connecting", str(error))
                self._clock.wait(stopping, _FIRST_PAUSE_S)
                continue
            except LinkError as error:
                self._now("connecting", str(error))
            else:
                self._converse(link, stopping)
                failures = 0 if self._stale.answered else failures
            self._clock.wait(stopping, _pause_s(failures))
            failures += 1
        for one in self._confirmation.end():
            hear(one)

    def told(self, event: Event, data: bytes, outcomes: Sequence[Outcome]) -> None:
        """Something was sent or received on the open line."""
        now = self._clock.monotonic()
        frozen = self._frozen.notices(outcomes, now)
        notices = [*(one for one in outcomes if isinstance(one, Notice)), *frozen]
        detail = f"{notices[-1].kind}: {notices[-1].text}" if notices else ""
        if is_understood(outcomes):
            if self._stale.understood(now):
                self._tell("alive")
            self._state = SessionState("listening", self._clock.utc(), detail)
        elif detail:
            self._state = replace(self._state, detail=detail)
        self._tell(event, data, (*outcomes, *frozen))

    def check(self) -> None:
        """Raise `LinkError` where the open line has been silent for too long."""
        if not self._stale.is_overdue(self._clock.monotonic()):
            return
        said = self._state.detail or "nothing came"
        reason = (
            f"for {self._profile.timing.stale_after_s:g} s nothing that {self._profile.id} knows "
            f"({said}): is the instrument on, the cable in, the baud rate right?"
        )
        if not self._stale.is_stale:
            self._stale.is_stale = True
            self._tell("stale", detail=reason)
        raise LinkError(reason)

    def _converse(self, link: Link, stopping: threading.Event) -> None:
        self._stale.opened(self._clock.monotonic())
        self._now("stale" if self._stale.is_stale else "silent", "")
        try:
            self._tell("opened", outcomes=self._parser.opened())
            Conversation(
                self._profile, link, self._parser, self, stopping,
                self._clock.monotonic, self._is_active,
            ).run()  # fmt: skip
        except LinkError as error:
            self._now("stale" if self._stale.is_stale else "connecting", str(error))
            self._tell("lost", outcomes=self._parser.end(), detail=str(error))
        finally:
            link.close()

    def _now(self, state: LineState, detail: str) -> None:
        self._state = SessionState(state, self._state.last_heard_at, detail)

    def _tell(
        self, event: Event, data: bytes = b"", outcomes: Sequence[Outcome] = (), detail: str = ""
    ) -> None:
        now = self._clock.monotonic()
        heard = Heard(self._clock.utc(), now, event, data, tuple(outcomes), detail)
        for one in self._confirmation.hear(heard):
            self._hear(one)


def _pause_s(failures: int) -> float:
    """Longer from one failure to the next, so that a broken line is not hammered."""
    return min(_FIRST_PAUSE_S * (1 << min(failures, _MOST_DOUBLINGS)), _LONGEST_PAUSE_S)
