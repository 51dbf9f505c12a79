"""What came from the broker and is not yet processed: bounded, handed out in batches.

Beyond its bounds nothing is kept: a record that is dropped here gets no receipt and comes again. Of
health only the last few matter, so the oldest make room.
"""

import threading
import time
from collections import deque
from typing import Final

from dosebook_central.ingest.verify import Incoming
from dosebook_protocol.topics import Channel

_MAX_HEALTH: Final = 1000
_IS_HEALTH: Final = f"/{Channel.HEALTH}"


class Intake:
    """A queue between the broker's thread and the one that commits."""

    def __init__(self, max_records: int, max_bytes: int) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._records: deque[Incoming] = deque()
        self._health: deque[Incoming] = deque(maxlen=_MAX_HEALTH)
        self._bytes = 0
        self._is_closed = False
        self._changed = threading.Condition()
        self.dropped = 0

    def put(self, incoming: Incoming) -> bool:
        """Take a message; whether there was room for it."""
        with self._changed:
            if incoming.topic.endswith(_IS_HEALTH):
                self._health.append(incoming)
            elif (
                len(self._records) >= self._max_records
                or self._bytes + len(incoming.payload) > self._max_bytes
            ):
                self.dropped += 1
                return False
            else:
                self._records.append(incoming)
                self._bytes += len(incoming.payload)
            self._changed.notify()
            return True

    def batch(self, most: int, within_s: float) -> list[Incoming]:
        """Wait for a message, then gather for a moment; empty once the intake is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._count() or self._is_closed)
            until = time.monotonic() + within_s
            while self._count() < most and not self._is_closed:
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            taken = [self._take() for _ in range(min(most, self._count()))]
            return [] if self._is_closed else taken

    def close(self) -> None:
        """End the waiting of whoever asks for a batch."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _count(self) -> int:
        return len(self._records) + len(self._health)

    def _take(self) -> Incoming:
        if self._health:
            return self._health.popleft()
        incoming = self._records.popleft()
        self._bytes -= len(incoming.payload)
        return incoming
