"""From a screen that was read to a record in the outbox: the same screen twice is one record."""

import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from dosebook_edge.capture.screen.picture import Picture
from dosebook_edge.capture.screen.profile import ScreenProfile
from dosebook_edge.capture.screen.reading import ScreenReading
from dosebook_edge.capture.screen.report import evidence_of
from dosebook_edge.capture.screen.review import noting
from dosebook_edge.capture.screen.to_reading import Screened, Whose, synthesised_uid, to_reading
from dosebook_edge.outbox import Appended, Draft, TooLargeError
from dosebook_edge.outbox.vault import Vault
from dosebook_protocol.logs import log
from dosebook_protocol.reading import Reading
from dosebook_protocol.record import Clock, SourceKind
from dosebook_protocol.screen import MEDIA_TYPE, ScreenError

_logger = logging.getLogger(__name__)

_KEY: Final = "screen"


class NotRecordableError(Exception):
    """What was read cannot become a record, now or later; the text says why."""


class ScreenOutbox(Protocol):
    """The part of the outbox that screens need."""

    vault: Vault

    def append(
        self, draft: Draft, also: Callable[[sqlite3.Connection], None] | None = None
    ) -> Appended:
        """Make a record durable, with what `also` writes; raises `OutboxError`."""
        ...

    def has_instance(self, sop_instance_uid: str) -> bool:
        """Whether a record under that UID is, or was, in the outbox."""
        ...


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """Which box and source the records are of, and whether patients' names are blank in them."""

    box_id: str
    source: str
    mask_patient_text: bool = False


class ScreenRecorder:
    """Writes what was read on the screens of one source."""

    def __init__(
        self,
        settings: RecorderSettings,
        profiles: Mapping[str, ScreenProfile],
        outbox: ScreenOutbox,
        clock: Callable[[], Clock],
    ) -> None:
        self._settings = settings
        self._profiles = profiles
        self._outbox = outbox
        self._clock = clock
        self._last_key = ""

    def record(
        self,
        picture: Picture,
        seen: ScreenReading,
        whose: Whose,
        transport: dict[str, str],
    ) -> Appended | None:
        """Append a screen that was not refused; None where it was recorded before.

        Raises `OutboxError`, `NotRecordableError`.
        """
        key, is_lasting = self._key(seen, whose)
        if key == self._last_key or (is_lasting and self._outbox.has_instance(key)):
            self._last_key = key
            return None
        draft = self._draft(picture, seen, whose, transport, key)
        try:
            note = noting(draft.reading, self._outbox.vault.identifier_hash)
            appended = self._outbox.append(draft, also=note)
        except TooLargeError as error:
            raise NotRecordableError(str(error)) from None
        self._last_key = key
        log(
            _logger,
            logging.INFO,
            "screen_stored",
            source=self._settings.source,
            profile=seen.profile,
            accepted=len([one for one in seen.accepted if one.quantity]),
            review=len([one for one in seen.values if one.state == "review"]),
            record_id=appended.record_id,
            sequence=appended.sequence,
        )
        return appended

    def reading(self, seen: ScreenReading, whose: Whose) -> Reading:
        """What would be recorded of a screen."""
        return self._screened(seen, whose).reading

    def _screened(self, seen: ScreenReading, whose: Whose) -> Screened:
        source = f"{self._settings.box_id}/{self._settings.source}"
        return to_reading(seen, self._profiles[seen.profile], whose, source=source)

    def _draft(
        self,
        picture: Picture,
        seen: ScreenReading,
        whose: Whose,
        transport: dict[str, str],
        key: str,
    ) -> Draft:
        settings = self._settings
        screened = self._screened(seen, whose)
        try:
            evidence = evidence_of(
                picture, seen, screened.places, is_masked=settings.mask_patient_text
            )
        except ScreenError as error:
            raise NotRecordableError(str(error)) from None
        return Draft(
            source=settings.source,
            source_kind=SourceKind.SCREEN,
            captured_at=seen.taken_at,
            evidence=evidence,
            media_type=MEDIA_TYPE,
            transport=transport,
            reading=screened.reading,
            clock=self._clock(),
            sop_instance_uid=key,
        )

    def _key(self, seen: ScreenReading, whose: Whose) -> tuple[str, bool]:
        """What tells a screen from every other, and whether it does so for good.

        Without an exam and without a patient on it, two exams may show the same screen.
        """
        exam = whose.performed_step_uid or whose.study.uid
        shown = [f"{one.what}={one.text}" for one in seen.patient]
        values = [f"{one.name}={one.text}" for one in seen.values if one.quantity]
        where = (_KEY, self._settings.box_id, self._settings.source)
        key = synthesised_uid(*where, exam, seen.profile, *shown, *values)
        return key, bool(exam or shown)
