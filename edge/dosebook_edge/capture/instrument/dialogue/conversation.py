"""One connection to one instrument: the questions in their time, and all that comes."""

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from dosebook_edge.capture.instrument.links.link import Link
from dosebook_edge.capture.instrument.parsing.parser import Parser
from dosebook_edge.capture.instrument.parsing.questions import Questions
from dosebook_edge.capture.instrument.profile.model import Polling, Profile
from dosebook_edge.capture.instrument.reading import Outcome
from dosebook_edge.capture.instrument.wire.heard import Event

SLICE_S: Final = 0.5
"""Longest single wait for bytes, so that stopping is noticed."""

_NO_TIME_S: Final = 0.001
_MOST_READS: Final = 64


class Listener(Protocol):
    """Whom a conversation tells what happened."""

    def told(self, event: Event, data: bytes, outcomes: Sequence[Outcome]) -> None:
        """Something was sent or received."""
        ...

    def check(self) -> None:
        """Time has passed; raises `LinkError` where the line has been silent for too long."""
        ...


class Conversation:
    """Asks, waits for each answer, and listens between; never has two questions open."""

    def __init__(
        self,
        profile: Profile,
        link: Link,
        parser: Parser,
        listener: Listener,
        stopping: threading.Event,
        monotonic: Callable[[], float],
        is_active: Callable[[], bool],
    ) -> None:
        self._timing = profile.timing
        self._link = link
        self._parser = parser
        self._listener = listener
        self._stopping = stopping
        self._monotonic = monotonic
        self._is_active = is_active
        self._questions = Questions(profile)

    def run(self) -> None:
        """Ask and listen until stopping; raises `LinkError` when the line breaks."""
        self._listen(lambda: self._timing.settle_s)
        if isinstance(self._timing, Polling):
            self._ask_in_rounds(self._timing)
        else:
            while not self._stopping.is_set():
                self._take(SLICE_S)

    def _ask_in_rounds(self, timing: Polling) -> None:
        missing = [name for name in timing.at_open if not self._ask(timing, name, 1)]
        rounds = 0
        while not self._stopping.is_set():
            started = self._monotonic()
            # A question that the instrument does not know must not keep it from being read.
            if 0 < rounds <= timing.tries:
                missing = [name for name in missing if not self._ask(timing, name, 1)]
            for name in timing.poll:
                self._ask(timing, name, timing.tries)
            rounds += 1
            self._listen(lambda: self._every(timing), started)

    def _every(self, timing: Polling) -> float:
        return timing.every_active_s if self._is_active() else timing.every_s

    def _ask(self, timing: Polling, name: str, tries: int) -> bool:
        """Put a question until it is answered; says whether it was."""
        for attempt in range(tries):
            if self._stopping.is_set():
                return False
            self._drain()
            data = self._questions.put(name)
            self._link.write(data)
            self._listener.told("sent", data, self._parser.sent(data))
            self._listen(lambda: timing.answer_within_s, until_answered=True)
            if not self._parser.is_waiting:
                # After a second try the answer to the first may still come.
                rest = timing.answer_within_s if attempt else timing.pause_s
                self._listen(lambda: rest)  # noqa: B023 - called before the next turn
                return True
        return False

    def _drain(self) -> None:
        """Take what lies there: it must not be taken for the answer to the next question."""
        for _ in range(_MOST_READS):
            if not self._take(0):
                return

    def _listen(
        self,
        seconds: Callable[[], float],
        since: float | None = None,
        *,
        until_answered: bool = False,
    ) -> None:
        """Take what comes for some seconds; how many may change while it listens."""
        started = self._monotonic() if since is None else since
        while not self._stopping.is_set():
            left = started + seconds() - self._monotonic()
            if left < _NO_TIME_S:
                return
            self._take(min(left, SLICE_S))
            if until_answered and not self._parser.is_waiting:
                return

    def _take(self, timeout_s: float) -> bytes:
        data = self._link.read(timeout_s)
        if data:
            self._listener.told("received", data, self._parser.feed(data))
        self._listener.check()
        return data
