"""Ask boxes for what they gave and the registry does not hold, as after a restored backup.

What a box says of itself once a minute names its highest number and how many records wait. Where
the ledger lacks more than wait, a receipt was given for a record that is no longer here; the box
keeps delivered records for a month and lets them wait again.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, func, select

from dosebook_central.store.models import Record
from dosebook_central.store.queries.boxes import find_gaps
from dosebook_protocol.logs import log
from dosebook_protocol.record import MAX_SPANS, Health, Missing, Span

# A number beyond what the database holds is no number that was ever committed.
_LARGEST: Final = 2**31 - 1
# A database may go back beneath a registry that runs: restored in place, or failed over to a copy.
_COMPLETE_FOR_S: Final = 600.0
_FIRST_PAUSE_S: Final = 30.0
_LONGEST_PAUSE_S: Final = 3600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    """How many records a box was last asked for, and when it is asked for as many again."""

    lost: int
    pause_s: float
    again_at: float


class MissingRecords:
    """Compares what boxes gave with the ledger; what no box gives is asked for ever more seldom."""

    def __init__(
        self,
        engine: Engine,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._now = now
        self._clock = clock
        # By box: every number up to this one is held, and until when that is believed.
        self._complete: dict[str, tuple[int, float]] = {}
        self._asked: dict[str, _Asked] = {}

    def of(self, health: Health) -> Missing | None:
        """What to ask a box for after its word on itself; None where nothing is lost."""
        box_id = health.box_id
        complete, until = self._complete.get(box_id, (0, 0.0))
        after = complete if self._clock() < until else 0
        last = min(health.outbox_last_sequence, _LARGEST)
        if last <= after:
            return None
        with self._engine.connect() as connection:
            lacking = last - after - _held(connection, box_id, after, last)
            if lacking == 0:
                self._note_complete(box_id, last, after, until)
            lost = lacking - health.outbox_waiting
            if lost <= 0 or not self._is_due(box_id, lost):
                return None
            gaps = find_gaps(connection, {box_id: last})[box_id]
        log(_log, logging.WARNING, "records_missing", box=box_id, count=lacking)
        # The newest first: of these the box still has the content.
        spans = tuple(Span(first=gap.first, last=gap.last) for gap in reversed(gaps[-MAX_SPANS:]))
        return Missing(box_id=box_id, at=self._now(), missing=spans) if spans else None

    def _note_complete(self, box_id: str, last: int, after: int, until: float) -> None:
        """Note that all is held; counted from the beginning it is believed for a while anew."""
        self._asked.pop(box_id, None)
        self._complete[box_id] = (last, until if after else self._clock() + _COMPLETE_FOR_S)

    def _is_due(self, box_id: str, lost: int) -> bool:
        """Whether to ask now: at once where the number changed, else after twice the last pause."""
        now = self._clock()
        asked = self._asked.get(box_id)
        pause = _FIRST_PAUSE_S
        if asked is not None and asked.lost == lost:
            if now < asked.again_at:
                return False
            pause = min(2 * asked.pause_s, _LONGEST_PAUSE_S)
        self._asked[box_id] = _Asked(lost, pause, now + pause)
        return True


def _held(connection: Connection, box_id: str, after: int, last: int) -> int:
    """How many numbers of a stretch are in the ledger."""
    within = Record.sequence.between(after + 1, last)
    statement = select(func.count()).where(Record.box_id == box_id, Record.reuse == 0, within)
    return connection.scalar(statement) or 0
