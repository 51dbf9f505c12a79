"""A source that watches one screen and writes a record of each dose screen that stands still."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from dosebook_edge.capture.screen.equipped import Equipped, Reader
from dosebook_edge.capture.screen.falls import kept_falls
from dosebook_edge.capture.screen.grabbing import Grabber, ScreenLostError, open_screen
from dosebook_edge.capture.screen.lookout import Lookout
from dosebook_edge.capture.screen.picture import Grey, Picture
from dosebook_edge.capture.screen.reading import Exam, ScreenReading
from dosebook_edge.capture.screen.recorder import (
    NotRecordableError,
    RecorderSettings,
    ScreenOutbox,
    ScreenRecorder,
)
from dosebook_edge.capture.screen.standing import Standing
from dosebook_edge.capture.screen.still_up import StillUp
from dosebook_edge.capture.screen.to_reading import Whose
from dosebook_edge.capture.screen.video_signal import said_of
from dosebook_edge.capture.screen.watch import Patience, Watch
from dosebook_edge.capture.source import CaptureError, SourceStatus
from dosebook_edge.outbox import OutboxError
from dosebook_protocol.logs import log
from dosebook_protocol.record import Clock

_logger = logging.getLogger(__name__)

_STOP_S: Final = 10.0
_LONGEST_WAIT_S: Final = 30.0
_MOST_FRAMES: Final = 4
_KEPT_SCREENS: Final = 3
_NOTHING_AFTER_S: Final = 10.0
_LOOK_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """One `[[source]]` of kind `screen`; times in seconds.

    A picture that stays the very same for `frozen_after_s` is reported; 0 never.
    """

    name: str
    box_id: str
    address: str
    interval_s: float = 0.5
    settle_s: float = 1.0
    frozen_after_s: float = 0.0
    mask_patient_text: bool = False


class ScreenSource:
    """Fulfils `Source`. One thread: looks, waits until the screen stands still, reads, records."""

    def __init__(
        self,
        settings: ScreenSettings,
        outbox: ScreenOutbox,
        clock: Callable[[], Clock],
        equip: Callable[[], Equipped],
        *,
        running: Callable[[datetime], Whose],
        refuse: Callable[[str], None],
        opening: Callable[[str], Grabber] = open_screen,
    ) -> None:
        """`running` names the exam in the room at a moment; `refuse` notes a refusal in words.

        `equip` loads reader and profiles once; it raises `CaptureError` with the cure.
        """
        self._settings = settings
        self._outbox = outbox
        self._clock = clock
        self._equip = equip
        self._running = running
        self._refuse = refuse
        self._opening = opening
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._standing = Standing(settings.name)
        self._lookout = Lookout()
        self._equipped: Equipped | None = None
        self._scope = ""
        self._before: list[ScreenReading] = []
        self._still_up = StillUp()

    def start(self) -> None:
        """Begin to watch; raises `CaptureError` where pictures could not be read at all."""
        if self._thread is not None and self._thread.is_alive():
            return
        settings = self._settings
        if self._equipped is None:
            try:
                self._equipped = self._equip()
            except CaptureError as error:
                self._standing.say("failed", str(error))
                raise
        recorded = RecorderSettings(settings.box_id, settings.name, settings.mask_patient_text)
        recorder = ScreenRecorder(recorded, self._equipped.profiles, self._outbox, self._clock)
        self._stopping.clear()
        self._standing.say("listening", settings.address)
        self._thread = threading.Thread(
            target=self._run, args=(_Eye(self._equipped.reader, recorder),), name=settings.name
        )
        self._thread.start()
        log(_logger, logging.INFO, "screen_watched", source=settings.name)

    def stop(self) -> None:
        """Stop watching; a screen that is being read is recorded first."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)
            self._thread = None
        self._standing.state = "stopped"

    def health(self) -> SourceStatus:
        """State now."""
        return self._standing.status()

    def renew(self) -> None:
        """Begin anew with the profiles of now; raises `CaptureError`."""
        self.stop()
        self._equipped = None
        self.start()

    def look(self) -> Picture:
        """The screen now, for whoever draws a profile; raises `CaptureError`."""
        try:
            if self._thread is None:  # nobody else has the device
                with contextlib.closing(self._opening(self._settings.address)) as grabber:
                    return _picture(grabber.grab(), grabber)
        except ScreenLostError as error:
            raise CaptureError(str(error)) from None
        if (picture := self._lookout.ask(_LOOK_S)) is None:
            raise CaptureError(self._standing.detail)
        return picture

    def _run(self, eye: "_Eye") -> None:
        wait = self._settings.interval_s
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                with contextlib.closing(self._opening(self._settings.address)) as grabber:
                    self._follow(grabber, eye)
            except ScreenLostError as error:
                self._lose(error)
            except Exception:
                # Whatever a picture holds, the next one is another chance.
                _logger.exception("screen_failed")
            went_well = time.monotonic() - began > _LONGEST_WAIT_S
            wait = self._settings.interval_s if went_well else min(2 * wait, _LONGEST_WAIT_S)
            self._stopping.wait(wait)

    def _follow(self, grabber: Grabber, eye: "_Eye") -> None:
        """Look again and again until stopped; raises `ScreenLostError`."""
        settings = self._settings
        watch = Watch(grabber.way, Patience(settings.settle_s))
        is_due = False
        while not self._stopping.wait(settings.interval_s):
            grey = grabber.grab()
            now = time.monotonic()
            seen = watch.see(grey, now)
            self._note_sight(grey, grabber, watch, now)
            self._lookout.offer(partial(_copied, grey, grabber))
            is_due = seen == "settled" or (is_due and seen == "still")
            if is_due and watch.flat_since is None:
                came_at = watch.came_at
                age = None if came_at is None else timedelta(seconds=now - came_at)
                is_due = not self._take(eye, grabber, grey, age)

    def _take(self, eye: "_Eye", grabber: Grabber, grey: Grey, age: timedelta | None) -> bool:
        """Read a settled screen and record it; whether that is done, or has to be tried again.

        `age` is how long ago it came up, None where that was before the box looked.
        """
        now = datetime.now(UTC)
        whose = self._running(now)
        scope = whose.performed_step_uid or whose.study.uid
        if scope != self._scope:
            self._scope, self._before = scope, []
        picture, seen = self._read(eye.reader, grabber, grey, whose.exam)
        refusal = seen.refusal or self._still_up.refusal(
            seen, whose, None if age is None else now - age
        )
        if refusal is not None:
            self._note_refusal(f"{refusal.code}: {refusal.detail}")
            return True
        try:
            transport = {"screen": grabber.words, "way": grabber.way, **_signal(grabber)}
            appended = eye.recorder.record(picture, seen, whose, transport)
        except NotRecordableError as error:
            self._note_refusal(f"not-recordable: {error}")
            return True
        except OutboxError as error:
            log(
                _logger, logging.ERROR, "screen_not_stored", source=self._settings.name,
                code=error.code,
            )  # fmt: skip
            return False
        self._still_up.note(seen, whose)
        self._before = [*self._before, seen][-_KEPT_SCREENS:]
        if appended is not None:
            self._standing.last_record_at = seen.taken_at
        return True

    def _read(
        self, reader: Reader, grabber: Grabber, grey: Grey, exam: Exam | None
    ) -> tuple[Picture, ScreenReading]:
        """Read a screen; a grabbed one from several frames, until they agree or are enough."""
        picture = _picture(grey, grabber)
        first = seen = reader.read(picture, self._before, exam)
        tries = [first]
        while (
            grabber.way == "grabbed"
            and len(tries) < _MOST_FRAMES
            and seen.refusal is None
            and any(one.state == "review" for one in seen.values)
            and not self._stopping.wait(self._settings.interval_s)
        ):
            more = _picture(grabber.grab(), grabber)
            again = reader.read(more, [*self._before, *tries], exam)
            if again.refusal is not None:
                break  # the console shows something else by now
            picture, seen = more, again
            tries.append(seen)
        return picture, kept_falls(first, seen)

    def _note_refusal(self, reason: str) -> None:
        self._standing.refused += 1
        self._refuse(reason)

    def _note_sight(self, grey: Grey, grabber: Grabber, watch: Watch, now: float) -> None:
        """Say in health what is seen: size, signal, nothing, or a picture that never changes."""
        settings = self._settings
        high, wide = grey.shape
        detail = f"{settings.address}, {wide} x {high}"
        if grabber.way == "grabbed":
            detail += f", {said_of(grabber.signal, wide, high)}"
        unchanged = now - watch.identical_since
        if watch.flat_since is not None and now - watch.flat_since > _NOTHING_AFTER_S:
            detail += ": it shows nothing. No signal, screen off, or copy protection (HDCP)"
        elif 0 < settings.frozen_after_s < unchanged:
            detail += f": the very same picture for {unchanged:.0f} s. Is the source frozen?"
        self._standing.say("listening", detail)

    def _lose(self, error: ScreenLostError) -> None:
        if self._standing.state != "failed":
            log(
                _logger, logging.WARNING, "screen_lost", source=self._settings.name,
                reason=str(error),
            )  # fmt: skip
        self._standing.say("failed", str(error))


def _picture(grey: Grey, grabber: Grabber) -> Picture:
    return Picture(grey, grabber.way, datetime.now(UTC), grabber.words, grabber.signal)


def _copied(grey: Grey, grabber: Grabber) -> Picture:
    """A picture of its own: a grabber may draw the next one over this."""
    return _picture(grey.copy(), grabber)


def _signal(grabber: Grabber) -> dict[str, str]:
    signal = grabber.signal
    if signal is None:
        return {}
    said = {"signal": signal.words, "monitor": signal.monitor}
    return {name: text for name, text in said.items() if text}


@dataclass(frozen=True, slots=True)
class _Eye:
    """What a screen is read and recorded with."""

    reader: Reader
    recorder: ScreenRecorder
