"""One ready connection: records go out within the window, receipts empty the outbox."""

import logging
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dosebook_edge.identity.identity import Enrolled
from dosebook_edge.outbox import OutboxError
from dosebook_edge.uplink.again import let_wait_again
from dosebook_edge.uplink.connection import (
    Connection,
    ConnectionEvent,
    Gone,
    Received,
    Undelivered,
)
from dosebook_edge.uplink.settings import Outbox, UplinkSettings
from dosebook_edge.uplink.state import Backoff
from dosebook_edge.uplink.trust import DistrustError, keep_config, open_answer, open_config
from dosebook_edge.uplink.window import Window
from dosebook_protocol.logs import log
from dosebook_protocol.record import Missing, Receipts
from dosebook_protocol.topics import Channel, topic

_LOG = logging.getLogger(__name__)
_BATCH: Final = 64
_LONGEST_WAIT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class News:
    """The outbox has a new record."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The uplink is to end."""


Inbox = queue.SimpleQueue[ConnectionEvent | News | Stop]


class Session:
    """Sends what waits until the connection is gone or the uplink stops."""

    def __init__(
        self,
        enrolled: Enrolled,
        connection: Connection,
        inbox: Inbox,
        outbox: Outbox,
        settings: UplinkSettings,
        health: Callable[[], bytes | None],
        want_news: Callable[[int], None],
    ) -> None:
        self._enrolled = enrolled
        self._connection = connection
        self._inbox = inbox
        self._outbox = outbox
        self._settings = settings
        self._health = health
        self._want_news = want_news
        box_id = enrolled.bundle.box_id
        self._topics = {channel: topic(box_id, channel) for channel in Channel}
        self._window = Window(
            settings.window_records,
            settings.window_bytes,
            settings.receipt_timeout_s,
            settings.longest_timeout_s,
        )
        self._cursor = 0
        self._newest = 0
        self._next_scan = 0.0
        self._next_health = 0.0
        self._quiet_until = 0.0
        self._is_probing = False
        self._quiet = Backoff(settings.backoff_first_s, settings.backoff_limit_s)
        self.last_receipt_at: float | None = None

    @property
    def under_way(self) -> int:
        """Records sent and not receipted."""
        return len(self._window)

    @property
    def aside(self) -> int:
        """Records that others overtook: sent again now and then, in nobody's way."""
        return self._window.aside

    def run(self) -> Gone | None:
        """Return why the connection ended, or None where the uplink is to stop."""
        while True:
            now = time.monotonic()
            self._say_health(now)
            self._scan_anew(now)
            if now >= self._quiet_until:
                self._send_again(now)
                self._send_new(now)
            ending = self._handle(self._wait())
            if ending is not None:
                return ending if isinstance(ending, Gone) else None

    def _say_health(self, now: float) -> None:
        if now < self._next_health:
            return
        self._next_health = now + self._settings.health_every_s
        message = self._health()
        if message is not None:
            self._connection.publish(self._topics[Channel.HEALTH], message)

    def _scan_anew(self, now: float) -> None:
        """Look at the whole outbox now and then: a replayed record waits behind the cursor."""
        if now >= self._next_scan:
            self._next_scan = now + _LONGEST_WAIT_S
            self._cursor = 0

    def _send_new(self, now: float) -> None:
        while True:
            records, size = self._window.room
            if self._is_probing:
                records = min(records, 1 - len(self._window))
            if records <= 0 or size <= 0:
                return
            batch = self._outbox.unacknowledged(self._cursor, min(records, _BATCH), size)
            if not batch:
                self._want_news(self._newest)
                return
            for waiting in batch:
                self._cursor = waiting.sequence
                self._newest = max(self._newest, waiting.sequence)
                if waiting.record_id not in self._window:
                    self._publish(waiting.sequence, waiting.record_id, waiting.message, now)

    def _send_again(self, now: float) -> None:
        for item in self._window.overdue(now):
            found = self._outbox.unacknowledged(item.sequence - 1, 1, 1)
            if found and found[0].record_id == item.record_id:
                self._publish(item.sequence, item.record_id, found[0].message, now)
            else:
                self._window.forget(item.record_id)

    def _publish(self, sequence: int, record_id: str, message: bytes, now: float) -> None:
        self._connection.publish(self._topics[Channel.RECORDS], message)
        self._window.sent(sequence, record_id, len(message), now)

    def _wait(self) -> list[ConnectionEvent | News | Stop]:
        now = time.monotonic()
        times = [self._next_health, now + _LONGEST_WAIT_S]
        if (due := self._window.next_due()) is not None:
            times.append(due)
        until = min(times)
        if now < self._quiet_until:
            until = min(self._next_health, self._quiet_until)
        events = []
        try:
            events.append(self._inbox.get(timeout=max(0.0, until - now)))
            while True:
                events.append(self._inbox.get_nowait())
        except queue.Empty:
            return events

    def _handle(self, events: list[ConnectionEvent | News | Stop]) -> Gone | Stop | None:
        receipts: list[Receipts] = []
        ending: Gone | Stop | None = None
        for event in events:
            if isinstance(event, Received):
                self._hear(event, receipts)
            elif isinstance(event, Undelivered):
                self._pause()
            elif isinstance(event, Gone | Stop):
                ending = event
                break
        if receipts:
            self._acknowledge(receipts)
        return ending

    def _hear(self, event: Received, receipts: list[Receipts]) -> None:
        try:
            if event.topic == self._topics[Channel.RECEIPTS]:
                answer = open_answer(event.payload, self._enrolled)
                if isinstance(answer, Receipts):
                    receipts.append(answer)
                else:
                    self._give_again(answer)
            elif event.topic == self._topics[Channel.CONFIG]:
                config = open_config(event.payload, self._enrolled)
                if keep_config(self._settings.desired_config, config):
                    log(_LOG, logging.INFO, "config_received", revision=config.revision)
        except DistrustError as error:
            log(_LOG, logging.WARNING, "message_distrusted", reason=str(error))

    def _give_again(self, missing: Missing) -> None:
        try:
            again = let_wait_again(self._outbox, missing)
        except OutboxError as error:  # a full disk: what waits is emptied first
            log(_LOG, logging.WARNING, "missing_records_not_given", reason=str(error))
            return
        if again:
            log(_LOG, logging.WARNING, "missing_records_wait_again", count=again)
            self._next_scan = 0.0

    def _acknowledge(self, received: list[Receipts]) -> None:
        # One transaction for all that came in one turn: each costs the disk a flush.
        together = received[-1].model_copy(
            update={"receipts": tuple(one for some in received for one in some.receipts)}
        )
        self._outbox.acknowledge(together)
        for receipt in together.receipts:
            self._window.receipted(receipt.record_id)
        self.last_receipt_at = time.monotonic()
        self._is_probing = False
        self._quiet.reset()

    def _pause(self) -> None:
        """Nobody listens at the broker: all that is under way is lost, one record probes later.

        So does the box's word on itself: a registry back from a backup asks for more only after it.
        """
        now = time.monotonic()
        if now < self._quiet_until:
            return
        self._window.clear()
        self._cursor = 0
        self._is_probing = True
        self._quiet_until = now + self._quiet.next_wait()
        self._next_health = min(self._next_health, self._quiet_until)
        log(_LOG, logging.WARNING, "registry_not_listening")
