"""Makes exposures durable: a record for each that ended, and what goes on every few seconds."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from dosebook_edge.capture.instrument.dialogue.session import SystemClock
from dosebook_edge.capture.instrument.exposures.exposure import Exposure, Memory
from dosebook_edge.capture.instrument.exposures.following import Exposures
from dosebook_edge.capture.instrument.recording.journal import Journal
from dosebook_edge.capture.instrument.recording.records import Instrument, reading_of
from dosebook_edge.capture.room import Room, Span
from dosebook_edge.outbox import Draft, Outbox, OutboxError
from dosebook_protocol.logs import log
from dosebook_protocol.record import Clock, SourceKind

_logger = logging.getLogger(__name__)

_SAVE_EVERY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Whose:
    """Where to look for the procedure step of an exposure."""

    room: Room
    steps_from: frozenset[str] = frozenset()
    late_step: timedelta = timedelta(seconds=10)


class Recorder:
    """Writes the exposures of one instrument to the outbox, each with its account.

    Not thread-safe. What cannot be written waits here; the account does not move without it.
    """

    def __init__(
        self,
        instrument: Instrument,
        address: str,
        outbox: Outbox,
        clock: Callable[[], Clock],
        whose: Whose,
    ) -> None:
        self._instrument = instrument
        self._address = address
        self._outbox = outbox
        self._clock = clock
        self._whose = whose
        self.journal = Journal(instrument.source, outbox)
        self._unwritten: deque[Exposure] = deque()
        self._saved: Memory | None = None
        self._saved_at = 0.0
        self._step_of: tuple[str | None, str] = (None, "")  # instrument, step of its last exposure
        self.trouble = ""
        self.last_record_at: datetime | None = None

    def begin(self, exposures: Exposures) -> None:
        """Tell what went on when the box ended, before anything is heard; raises `OutboxError`.

        So the account is right whichever instrument is there now.
        """
        self._saved = None
        self._write()
        for memory in self.journal.interrupted():
            self._append(exposures.interrupted(memory))

    def keep(
        self, exposures: Exposures, ended: Sequence[Exposure], *, at_once: bool = False
    ) -> None:
        """Make durable what ended, and now and then (or at once) what goes on."""
        self._unwritten.extend(ended)
        try:
            self._write()
            self._save(exposures.memory(), at_once=at_once)
        except OutboxError as error:
            if not self.trouble:
                log(
                    _logger,
                    logging.ERROR,
                    "exposure_not_written",
                    source=self._instrument.source,
                    code=error.code,
                    reason=str(error),
                )
            waiting = len(self._unwritten)
            self.trouble = f"{error.code}: {waiting} exposures wait until the outbox has room"
        else:
            self.trouble = ""

    def _write(self) -> None:
        while self._unwritten:
            self._append(self._unwritten[0])
            self._unwritten.popleft()

    def _append(self, exposure: Exposure) -> None:
        instrument = self._instrument
        segment = exposure.segment
        before = self._step_before(exposure.serial)
        span = Span(
            segment.after.at,
            segment.started.at,
            is_observed=not exposure.is_unobserved,
            is_identified="incomplete:unidentified" not in segment.flags,
        )
        attachment = self._whose.room.attach(span, self._whose.steps_from, self._whose.late_step)
        reading = reading_of(exposure, instrument, attachment, step_before=before)
        step = before if attachment.step is None else attachment.step.uid
        memory = replace(exposure.memory, step=step)
        at = datetime.now(UTC)
        self._outbox.append(
            Draft(
                source=instrument.source,
                source_kind=SourceKind.INSTRUMENT,
                captured_at=at,
                evidence=exposure.transcript.encode(),
                media_type=instrument.media_type,
                transport={"profile": instrument.profile_id, "address": self._address},
                reading=reading,
                clock=self._clock(),
            ),
            also=self.journal.with_record(memory),
        )
        self.journal.is_recorded()
        self._saved = memory
        self.last_record_at = at
        self._step_of = (exposure.serial, step)
        log(
            _logger,
            logging.INFO,
            "exposure_stored",
            source=instrument.source,
            number=exposure.number,
            attached=attachment.step is not None,
            flags=",".join(exposure.flags),
        )

    def _step_before(self, serial: str) -> str:
        """The procedure step of the instrument's last exposure, also from before a restart."""
        if self._step_of[0] != serial:
            known = self.journal.recall(serial)
            self._step_of = (serial, known.step if known else "")
        return self._step_of[1]

    def _save(self, memory: Memory | None, *, at_once: bool) -> None:
        """Keep the memory: at once what is new, now and then what grows."""
        if memory is None or not _differs(memory, self._saved):
            return
        # Without an exposure the account moves by itself only where a counter was set to zero.
        is_new = memory.open is None or self._saved is None or self._saved.open is None
        is_due = _now_s() - self._saved_at >= _SAVE_EVERY_S
        if is_new or is_due or at_once:
            self.journal.save(replace(memory, step=self._step_before(memory.serial)))
            self._saved, self._saved_at = memory, _now_s()


def _now_s() -> float:
    return SystemClock().monotonic()


def _differs(memory: Memory, saved: Memory | None) -> bool:
    """Whether something is known that would be missed after a crash."""
    if saved is None:
        return memory.account is not None or memory.open is not None
    return _essence(memory) != _essence(saved)


def _essence(memory: Memory) -> tuple[object, ...]:
    account, segment = memory.account, memory.open
    return (
        memory.serial,
        account and (account.quantity, account.value, account.text_unit, account.number),
        segment and (segment.started, segment.total, segment.flags),
    )
