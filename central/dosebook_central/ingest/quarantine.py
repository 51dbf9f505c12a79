"""What ingest could not accept: kept whole, listed with its reason, and fed in again on demand."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from threading import Lock
from typing import Final

from dosebook_central.ingest.ledger import Candidate
from dosebook_central.ingest.verify import Refused
from dosebook_central.store.bulk import Row
from dosebook_protocol.logs import log
from dosebook_protocol.topics import Channel, topic

# What strangers may leave here: enough to see what they do, too little to fill a disk.
_STRANGER_MESSAGES: Final = 200
_STRANGER_BYTES: Final = 64 * 1024 * 1024
_STRANGER_PERIOD_S: Final = 3600.0

_log = logging.getLogger(__name__)


class StrangerLimit:
    """Bounds what messages without a valid signature may store in an hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._since = clock()
        self._messages = 0
        self._bytes = 0
        self._dropped = 0

    def admits(self, size: int) -> bool:
        """Whether one more such message of this size is kept."""
        with self._lock:
            now = self._clock()
            if now - self._since >= _STRANGER_PERIOD_S:
                self._since, self._messages, self._bytes = now, 0, 0
            if self._messages >= _STRANGER_MESSAGES or self._bytes + size > _STRANGER_BYTES:
                self._dropped += 1
                if self._dropped % 1000 == 1:
                    log(_log, logging.WARNING, "unsigned_messages_not_kept", dropped=self._dropped)
                return False
            self._messages += 1
            self._bytes += size
            return True


def refused_row(refused: Refused, now: datetime) -> Row:
    """The row of a message that could not be trusted."""
    return _row(
        now,
        box_id=refused.box_id,
        topic=refused.incoming.topic,
        code=refused.code,
        reason=refused.reason,
        message=(refused.message_sha256, len(refused.incoming.payload)),
    )


def unreadable_row(candidate: Candidate, reason: str, now: datetime) -> Row:
    """The row of a committed record whose evidence no reader understands."""
    evidence = candidate.record.evidence
    return _row(
        now,
        box_id=candidate.record.box_id,
        topic="",
        code="unreadable",
        reason=reason,
        message=(evidence.sha256, evidence.size),
        record_id=candidate.record.record_id,
    )


def uncommitted_row(
    candidate: Candidate, code: str, reason: str, message: bytes, now: datetime
) -> Row:
    """The row of a signed record that could not be committed; `message` is all of it."""
    record = candidate.record
    return _row(
        now,
        box_id=record.box_id,
        topic=topic(record.box_id, Channel.RECORDS),
        code=code,
        reason=reason,
        message=(sha256(message).hexdigest(), len(message)),
    )


def _row(
    now: datetime,
    *,
    box_id: str,
    topic: str,
    code: str,
    reason: str,
    message: tuple[str, int],
    record_id: str = "",
) -> Row:
    # The same bytes on the same topic are one entry, however often they come.
    entry = sha256(f"{topic}\x1f{message[0]}\x1f{record_id}".encode()).hexdigest()[:32]
    return {
        "id": entry,
        "received_at": now,
        "box_id": box_id,
        "topic": topic,
        "code": code,
        "reason": reason,
        "message_sha256": message[0],
        "message_size": message[1],
        "record_id": record_id,
        "state": "open",
        "state_note": "",
        "attempts": 0,
    }
