"""Dose screens among DICOM secondary captures: read after the object is safe, never before.

The C-STORE answer does not wait: the object is a record of its own, and in the same transaction it
is noted to be read. What was not read when the box stopped is read when it starts again.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from dosebook_edge.capture.screen.equipped import Equipped
from dosebook_edge.capture.screen.header_check import disagreement
from dosebook_edge.capture.screen.pending import PendingCaptures
from dosebook_edge.capture.screen.picture import PictureError
from dosebook_edge.capture.screen.pixel_data import WORDS, pictures_of
from dosebook_edge.capture.screen.recorder import (
    NotRecordableError,
    RecorderSettings,
    ScreenOutbox,
    ScreenRecorder,
)
from dosebook_edge.capture.screen.standing import Standing
from dosebook_edge.capture.screen.to_reading import Whose
from dosebook_edge.capture.source import CaptureError, SourceStatus
from dosebook_edge.outbox import Content, OutboxError
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.logs import log
from dosebook_protocol.reading import Equipment, Moment, Outcome, Reading
from dosebook_protocol.record import Clock

_logger = logging.getLogger(__name__)

_DICOM: Final = "application/dicom"
_AGAIN_S: Final = 30.0
_STOP_S: Final = 10.0


class CaptureReading:
    """Reads what `PendingCaptures` notes, on a thread of its own. Fulfils `Source`."""

    def __init__(
        self,
        settings: RecorderSettings,
        outbox: ScreenOutbox,
        clock: Callable[[], Clock],
        pending: PendingCaptures,
        equip: Callable[[], Equipped],
        refuse: Callable[[str], None],
        step_of: Callable[[str], str] = lambda _: "",
    ) -> None:
        """`step_of` names the procedure step of a study, "" where the box knows none.

        With it a page on the monitor and its secondary capture are the same events.
        """
        self._settings = settings
        self._outbox = outbox
        self._clock = clock
        self._pending = pending
        self._equip = equip
        self._refuse = refuse
        self._step_of = step_of
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._standing = Standing(settings.source)

    def start(self) -> None:
        """Load reader and profiles and begin; raises `CaptureError`."""
        if self._thread is not None and self._thread.is_alive():
            return
        try:
            equipped = self._equip()
        except CaptureError as error:
            self._standing.say("failed", str(error))
            raise
        recorder = ScreenRecorder(self._settings, equipped.profiles, self._outbox, self._clock)
        self._stopping.clear()
        self._thread = threading.Thread(
            target=self._run, args=(equipped, recorder), name=self._settings.source
        )
        self._thread.start()
        self._standing.say("listening", f"reads {', '.join(equipped.profiles)}")

    def stop(self) -> None:
        """Stop after the object that is being read; the others wait for the next start."""
        self._stopping.set()
        self._pending.wake()
        if self._thread is not None:
            self._thread.join(_STOP_S)
            self._thread = None
        self._standing.state = "stopped"

    def renew(self) -> None:
        """Begin anew with the profiles of now; raises `CaptureError`."""
        self.stop()
        self.start()

    def health(self) -> SourceStatus:
        """State now."""
        return self._standing.status()

    def _run(self, equipped: Equipped, recorder: ScreenRecorder) -> None:
        while not self._stopping.is_set():
            try:
                one = self._pending.first()
                if one is None:
                    self._pending.wait(_AGAIN_S)
                    continue
                if isinstance(one, Content):
                    self._try(one, equipped, recorder)
                self._pending.done(one.sequence if isinstance(one, Content) else one)
            except OutboxError as error:
                log(
                    _logger,
                    logging.ERROR,
                    "capture_not_stored",
                    source=self._settings.source,
                    code=error.code,
                )
                self._stopping.wait(_AGAIN_S)

    def _try(self, capture: Content, equipped: Equipped, recorder: ScreenRecorder) -> None:
        """Read an object, once: it is safe whatever comes of its picture. Raises `OutboxError`."""
        try:
            self._read(capture, equipped, recorder)
        except OutboxError:
            raise
        except PictureError as error:
            self._note(f"unreadable: {error}")
        except NotRecordableError as error:
            self._note(f"not-recordable: {error}")
        except Exception:
            _logger.exception("capture_failed")
            self._note("failed: the log says why")

    def _read(self, capture: Content, equipped: Equipped, recorder: ScreenRecorder) -> None:
        """Record each frame of an object that is a dose screen.

        A header that states the dose is the record of it already: it only checks the picture.
        """
        header = read_object(capture.evidence, _DICOM)
        whose = _whose(header, header.performed_step_uid or self._step_of(header.study.uid))
        transport = {
            "screen": WORDS,
            "object": header.sop_instance_uid,
            "series": header.series_uid,
            "record": capture.record_id,
        }
        console = _console(header.equipment)
        for frame in pictures_of(capture.evidence, datetime.now(UTC)):
            picture = replace(frame, console=console)
            seen = equipped.reader.read(picture, (), whose.exam)
            if seen.refusal is not None:
                self._note(f"{seen.refusal.code}: {seen.refusal.detail}")
            elif header.outcome is Outcome.READ:
                if said := disagreement(header, recorder.reading(seen, whose)):
                    self._note(f"header-disagrees: {said}")
            elif (
                recorder.record(picture, seen, whose, transport | {"way": picture.way}) is not None
            ):
                self._standing.last_record_at = seen.taken_at

    def _note(self, reason: str) -> None:
        self._standing.refused += 1
        self._refuse(reason)


def _whose(header: Reading, step_uid: str) -> Whose:
    """The exam that an object's own header names."""
    return Whose(
        patient=header.patient,
        study=header.study,
        equipment=header.equipment,
        modality=header.modality,
        performed_step_uid=step_uid,
        created=header.created or _content_moment(header),
    )


def _console(named: Equipment) -> str:
    """What tells one console from another; an update may bring other characters."""
    said = (
        named.manufacturer,
        named.model,
        named.serial_number,
        named.station_name,
        named.software_versions,
    )
    return "\n".join(said)


def _content_moment(header: Reading) -> Moment | None:
    """Content Date (0008,0023) and Time (0008,0033) of an object, as it wrote them."""
    original = f"{header.content_date}{header.content_time}"
    try:
        at = datetime.strptime(original.partition(".")[0], "%Y%m%d%H%M%S")  # noqa: DTZ007 - as sent
    except ValueError:
        return None
    return Moment(original, at.isoformat())
