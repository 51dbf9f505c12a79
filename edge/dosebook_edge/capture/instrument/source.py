"""One instrument as a source of a box: its line, its exposures, and a record for each of them."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from dosebook_edge.capture.instrument.exposure import Exposure, Memory
from dosebook_edge.capture.instrument.exposure_rules import INTEGRALS, Rules
from dosebook_edge.capture.instrument.exposures import Exposures
from dosebook_edge.capture.instrument.heard import Heard
from dosebook_edge.capture.instrument.journal import Journal
from dosebook_edge.capture.instrument.link import Opener
from dosebook_edge.capture.instrument.profile import Profile
from dosebook_edge.capture.instrument.records import Instrument, reading_of
from dosebook_edge.capture.instrument.session import Session, SystemClock
from dosebook_edge.capture.room import Room, Span
from dosebook_edge.capture.source import SourceStatus, State
from dosebook_edge.outbox import Draft, Outbox, OutboxError
from dosebook_protocol.logs import log
from dosebook_protocol.record import Clock, SourceKind

_logger = logging.getLogger(__name__)

_TICK_S: Final = 1.0
_SAVE_EVERY_S: Final = 5.0
_STOP_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class InstrumentSettings:
    """One `[[source]]` of kind `instrument`, read and checked."""

    instrument: Instrument
    profile: Profile
    rules: Rules
    opener: Opener
    address: str
    serial: str = ""
    steps_from: frozenset[str] = frozenset()
    late_step: timedelta = timedelta(seconds=10)

    @property
    def name(self) -> str:
        """Name of the source."""
        return self.instrument.source


class InstrumentSource:
    """Reads one instrument in threads of its own, whatever becomes of others. Fulfils `Source`."""

    def __init__(
        self, settings: InstrumentSettings, outbox: Outbox, clock: Callable[[], Clock], room: Room
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._clock = clock
        self._room = room
        self._journal = Journal(settings.name, outbox)
        self._lock = threading.Lock()  # over all that follows from what is heard
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._session: Session | None = None
        self._exposures: Exposures | None = None
        self._unwritten: deque[Exposure] = deque()
        self._saved: Memory | None = None
        self._saved_at = 0.0
        self._step_of: tuple[str | None, str] = (None, "")  # instrument, step of its last exposure
        self._has_signal = threading.Event()
        self._last_record_at: datetime | None = None
        self._trouble = ""
        room.listen(self._on_step)

    def start(self) -> None:
        """Begin to listen; what is wrong with the line is told by `health` and tried again."""
        if any(one.is_alive() for one in self._threads):
            return
        settings = self._settings
        self._stopping.clear()
        self._unwritten.clear()
        self._saved = None
        self._exposures = Exposures(
            settings.profile,
            settings.rules,
            recall=self._journal.recall,
            serial=settings.serial,
            before=self._journal.newest_serial(),
        )
        self._session = Session(
            settings.profile,
            settings.opener,
            factor=settings.rules.factor,
            is_active=lambda: self._exposures is not None and self._exposures.is_active,
        )
        self._threads = [
            threading.Thread(target=self._listen, name=f"source {settings.name}"),
            threading.Thread(target=self._watch, name=f"source {settings.name} time"),
        ]
        for one in self._threads:
            one.start()
        log(
            _logger,
            logging.INFO,
            "instrument_source_started",
            source=settings.name,
            profile=settings.profile.id,
        )

    def stop(self) -> None:
        """Listen no longer; an exposure that goes on is kept, and told at the next start."""
        self._stopping.set()
        for one in self._threads:
            one.join(_STOP_S)
        self._settings.opener.close()
        if self._exposures is not None:
            with self._lock, suppress(OutboxError):
                self._write()
                self._save(self._exposures, at_once=True)

    def health(self) -> SourceStatus:
        """State now."""
        state, detail = self._state()
        return SourceStatus(
            name=self._settings.name,
            kind=SourceKind.INSTRUMENT,
            state=state,
            detail=detail,
            last_record_at=self._last_record_at,
        )

    def _state(self) -> tuple[State, str]:
        session, exposures = self._session, self._exposures
        if session is None or exposures is None or not any(t.is_alive() for t in self._threads):
            return ("failed", self._trouble) if self._trouble else ("stopped", "")
        line = session.state()
        where = f"{self._settings.instrument.name} at {self._settings.address}"
        if line.state in ("stale", "connecting"):
            return ("failed", f"{where}: {line.detail}") if line.detail else ("listening", where)
        parts = [where, self._trouble, *_now(exposures)]
        return "listening", ": ".join(one for one in parts if one)

    def _listen(self) -> None:
        assert self._session is not None  # noqa: S101 - `start` has made it
        try:
            self._session.run(self._stopping, self._hear)
        except Exception:
            _logger.exception("instrument_source_broke")
            self._trouble = "DOSEBOOK-INSTRUMENT-FAILED: see the log of the box"
            self._stopping.set()

    def _watch(self) -> None:
        """Let time pass, also where nothing is heard."""
        while not self._stopping.wait(_TICK_S):
            with self._lock:
                exposures = self._exposures
                if exposures is not None:
                    self._keep(exposures, exposures.tick(_now_s()))

    def _hear(self, heard: Heard) -> None:
        with self._lock:
            exposures = self._exposures
            assert exposures is not None  # noqa: S101 - `start` has made it
            if self._has_signal.is_set():
                self._has_signal.clear()
                exposures.signal()
            self._keep(exposures, exposures.take(heard))

    def _on_step(self, source: str) -> None:
        """Called by the room, from the thread of a modality."""
        if not self._settings.steps_from or source in self._settings.steps_from:
            self._has_signal.set()

    def _keep(self, exposures: Exposures, ended: Sequence[Exposure]) -> None:
        """Make durable what ended, and from time to time what goes on."""
        self._unwritten.extend(ended)
        try:
            self._write()
            self._save(exposures)
        except OutboxError as error:
            if not self._trouble:
                log(
                    _logger,
                    logging.ERROR,
                    "exposure_not_written",
                    source=self._settings.name,
                    code=error.code,
                    reason=str(error),
                )
            waiting = len(self._unwritten)
            self._trouble = f"{error.code}: {waiting} exposures wait until the outbox has room"
        else:
            self._trouble = ""

    def _write(self) -> None:
        while self._unwritten:
            self._append(self._unwritten[0])
            self._unwritten.popleft()

    def _append(self, exposure: Exposure) -> None:
        settings = self._settings
        segment = exposure.segment
        before = self._step_before(exposure.serial)
        span = Span(
            segment.after.at,
            segment.started.at,
            is_observed=not exposure.is_unobserved,
            is_identified="incomplete:unidentified" not in segment.flags,
        )
        attachment = self._room.attach(span, settings.steps_from, settings.late_step)
        reading = reading_of(exposure, settings.instrument, attachment, step_before=before)
        step = before if attachment.step is None else attachment.step.uid
        memory = replace(exposure.memory, step=step)
        at = datetime.now(UTC)
        self._outbox.append(
            Draft(
                source=settings.name,
                source_kind=SourceKind.INSTRUMENT,
                captured_at=at,
                evidence=exposure.transcript.encode(),
                media_type=settings.instrument.media_type,
                transport={"profile": settings.profile.id, "address": settings.address},
                reading=reading,
                clock=self._clock(),
            ),
            also=self._journal.with_record(memory),
        )
        self._journal.is_recorded()
        self._saved = memory
        self._last_record_at = at
        self._step_of = (exposure.serial, step)
        log(
            _logger,
            logging.INFO,
            "exposure_stored",
            source=settings.name,
            number=exposure.number,
            attached=attachment.step is not None,
            flags=",".join(exposure.flags),
        )

    def _step_before(self, serial: str) -> str:
        """The procedure step of the instrument's last exposure, also from before a restart."""
        if self._step_of[0] != serial:
            known = self._journal.recall(serial)
            self._step_of = (serial, known.step if known else "")
        return self._step_of[1]

    def _save(self, exposures: Exposures, *, at_once: bool = False) -> None:
        """Keep the memory: at once what is new, now and then what grows."""
        memory = exposures.memory()
        if memory is None or not _differs(memory, self._saved):
            return
        is_new = self._saved is None or (memory.open is None) != (self._saved.open is None)
        is_due = _now_s() - self._saved_at >= _SAVE_EVERY_S
        if is_new or is_due or at_once:
            self._journal.save(replace(memory, step=self._step_before(memory.serial)))
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


def _now(exposures: Exposures) -> Iterator[str]:
    """What is worth saying of an instrument that is heard; not what changes at each reading."""
    if exposures.serial is None and exposures.newest is not None:
        yield "it has not told its serial number yet, so nothing is counted"
    point = exposures.newest
    if point is not None and point.quantity not in INTEGRALS and point.quantity != "indication":
        yield f"shows {point.text} {point.text_unit}"
    if exposures.is_active:
        yield "measures"
