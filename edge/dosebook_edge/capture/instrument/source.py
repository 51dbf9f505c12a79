"""One instrument as a source of a box: its line, its exposures, and a record for each of them."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from dosebook_edge.capture.instrument.dialogue.session import Session, SystemClock
from dosebook_edge.capture.instrument.exposures.following import Exposures
from dosebook_edge.capture.instrument.exposures.rules import INTEGRALS, Rules
from dosebook_edge.capture.instrument.links.link import Opener
from dosebook_edge.capture.instrument.profile.model import Profile
from dosebook_edge.capture.instrument.recording.recorder import Recorder, Whose
from dosebook_edge.capture.instrument.recording.records import Instrument
from dosebook_edge.capture.instrument.wire.heard import Heard
from dosebook_edge.capture.source import CaptureError, SourceStatus, State
from dosebook_edge.outbox import Outbox, OutboxError
from dosebook_protocol.logs import log
from dosebook_protocol.record import Clock, SourceKind

_logger = logging.getLogger(__name__)

_TICK_S: Final = 1.0
_STOP_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class InstrumentSettings:
    """One `[[source]]` of kind `instrument`, read and checked."""

    instrument: Instrument
    profile: Profile
    rules: Rules
    opener: Opener
    address: str
    whose: Whose
    serial: str = ""

    @property
    def name(self) -> str:
        """Name of the source."""
        return self.instrument.source


class InstrumentSource:
    """Reads one instrument in threads of its own, whatever becomes of others. Fulfils `Source`."""

    def __init__(
        self, settings: InstrumentSettings, outbox: Outbox, clock: Callable[[], Clock]
    ) -> None:
        self._settings = settings
        self._recorder = Recorder(
            settings.instrument, settings.address, outbox, clock, settings.whose
        )
        self._lock = threading.Lock()  # over all that follows from what is heard
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._session: Session | None = None
        self._exposures: Exposures | None = None
        self._has_signal = threading.Event()
        self._trouble = ""
        settings.whose.room.listen(self._on_step)

    def start(self) -> None:
        """Begin to listen; what is wrong with the line is told by `health` and tried again.

        Raises:
            CaptureError: an exposure of before cannot be written to the outbox.
        """
        if any(one.is_alive() for one in self._threads):
            return
        settings = self._settings
        self._stopping.clear()
        journal = self._recorder.journal
        self._exposures = Exposures(
            settings.profile,
            settings.rules,
            recall=journal.recall,
            serial=settings.serial,
            before=journal.newest_serial(),
        )
        try:
            self._recorder.begin(self._exposures)
        except OutboxError as error:
            self._trouble = f"{error.code}: an exposure of before cannot be written: {error}"
            raise CaptureError(f"source {settings.name!r}: {self._trouble}") from error
        self._trouble = ""
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
            with self._lock:
                self._recorder.keep(self._exposures, (), at_once=True)

    def health(self) -> SourceStatus:
        """State now."""
        state, detail = self._state()
        return SourceStatus(
            name=self._settings.name,
            kind=SourceKind.INSTRUMENT,
            state=state,
            detail=detail,
            last_record_at=self._recorder.last_record_at,
        )

    def _state(self) -> tuple[State, str]:
        session, exposures = self._session, self._exposures
        if session is None or exposures is None or not any(t.is_alive() for t in self._threads):
            return ("failed", self._trouble) if self._trouble else ("stopped", "")
        line = session.state()
        where = f"{self._settings.instrument.name} at {self._settings.address}"
        if line.state in ("stale", "connecting"):
            return ("failed", f"{where}: {line.detail}") if line.detail else ("listening", where)
        parts = [where, self._recorder.trouble, *_now(exposures)]
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
                    ended = exposures.tick(SystemClock().monotonic())
                    self._recorder.keep(exposures, ended)

    def _hear(self, heard: Heard) -> None:
        with self._lock:
            exposures = self._exposures
            assert exposures is not None  # noqa: S101 - `start` has made it
            if self._has_signal.is_set():
                self._has_signal.clear()
                exposures.signal()
            self._recorder.keep(exposures, exposures.take(heard))

    def _on_step(self, source: str) -> None:
        """Called by the room, from the thread of a modality."""
        steps_from = self._settings.whose.steps_from
        if not steps_from or source in steps_from:
            self._has_signal.set()


def _now(exposures: Exposures) -> Iterator[str]:
    """What is worth saying of an instrument that is heard; not what changes at each reading."""
    if exposures.serial is None and exposures.newest is not None:
        yield "it has not told its serial number yet, so nothing is counted"
    point = exposures.newest
    if point is not None and point.quantity not in INTEGRALS and point.quantity != "indication":
        yield f"shows {point.text} {point.text_unit}"
    if exposures.is_active:
        yield "measures"
