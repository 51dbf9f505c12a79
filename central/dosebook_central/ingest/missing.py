"""Ask boxes for what they gave and the registry does not hold, as after a restored backup.

What a box says of itself once a minute names its highest number and how many records wait. Where
the ledger lacks more than wait, a receipt was given for a record that is no longer here; the box
keeps delivered records for a month and lets them wait again.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, func, select

from dosebook_central.store.models import Record
from dosebook_central.store.queries.boxes import find_gaps
from dosebook_protocol.logs import log
from dosebook_protocol.record import MAX_SPANS, Health, Missing, Span

# A number beyond what the database holds is no number that was ever committed.
_LARGEST: Final = 2**31 - 1

_log = logging.getLogger(__name__)


class MissingRecords:
    """Compares what boxes gave with the ledger."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        # By box: every number up to this one is held. The ledger never loses one while this runs.
        self._complete: dict[str, int] = {}

    def of(self, health: Health) -> Missing | None:
        """What to ask a box for after its word on itself; None where nothing is lost."""
        box_id = health.box_id
        after = self._complete.get(box_id, 0)
        last = min(health.outbox_last_sequence, _LARGEST)
        if last <= after:
            return None
        with self._engine.connect() as connection:
            lacking = last - after - _held(connection, box_id, after, last)
            if lacking == 0:
                self._complete[box_id] = last
            if lacking <= health.outbox_waiting:
                return None
            gaps = find_gaps(connection, {box_id: last})[box_id]
        log(_log, logging.WARNING, "records_missing", box=box_id, count=lacking)
        # The newest first: of these the box still has the content.
        spans = tuple(Span(first=gap.first, last=gap.last) for gap in reversed(gaps[-MAX_SPANS:]))
        return Missing(box_id=box_id, at=self._now(), missing=spans) if spans else None


def _held(connection: Connection, box_id: str, after: int, last: int) -> int:
    """How many numbers of a stretch are in the ledger."""
    within = Record.sequence.between(after + 1, last)
    statement = select(func.count()).where(Record.box_id == box_id, Record.reuse == 0, within)
    return connection.scalar(statement) or 0
