"""What the page needs of the outbox: values that wait, each with its crop, and their decisions."""

import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final

from dosebook_edge.capture.screen import confirmations, review
from dosebook_edge.capture.screen.confirmation import Confirmation
from dosebook_edge.capture.screen.review import Reviewed
from dosebook_edge.config.kiosk import KIOSK
from dosebook_edge.outbox import Appended, Draft, Outbox
from dosebook_protocol.reading import Patient
from dosebook_protocol.record import Clock, Record, SourceKind
from dosebook_protocol.screen import ScreenEvidence, ScreenValue, unpack
from dosebook_protocol.screen_decision import (
    MEDIA_TYPE,
    Act,
    BoxDecision,
    encode_decision,
    reading_on_the_wire,
)
from dosebook_protocol.screen_text import number_in

_SCREENS_KEPT: Final = 4


class GoneError(Exception):
    """A value that nobody can decide on here any more; the text says why."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as a person sees it: from the evidence that the registry gets, or has.

    `source` captured its screen; `profile` read it, "" where the picture has no pixels to learn of.
    """

    reviewed: Reviewed
    value: ScreenValue
    crop: bytes
    evidence_sha256: str
    patient: Patient
    taken_at: datetime
    source: str
    profile: str

    @property
    def key(self) -> str:
        """Names the value in an address, and nobody."""
        return key_of(self.reviewed)


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says of a value: `text` confirms a number, `note` says why it is none."""

    act: Act
    by: str
    text: str = ""
    note: str = ""


def key_of(one: Reviewed) -> str:
    """A short name of a value: of the record's random id and the field."""
    return sha256(f"{one.record_id} {one.path}".encode()).hexdigest()[:16]


class Review:
    """Values of this box's screens that wait for a person, and what persons decide on them."""

    def __init__(self, outbox: Outbox, clock: Callable[[], Clock], *, keep: timedelta) -> None:
        """`keep` is how long values stay after delivery."""
        self._outbox = outbox
        self._clock = clock
        self._keep = keep
        self._screen = lru_cache(_SCREENS_KEPT)(self._opened)

    def waiting(self) -> list[Reviewed]:
        """Values to review, the oldest first."""
        since = self._since()
        return self._outbox.read(lambda connection: review.waiting(connection, since, review.MOST))

    def counts(self) -> tuple[int, int]:
        """How many values wait here, and how many are left to the registry, which has them."""
        since = self._since()
        return self._outbox.read(lambda connection: review.counts(connection, since))

    def undelivered(self) -> int:
        """How many records wait for the registry."""
        return self._outbox.status().waiting

    def show(self, one: Reviewed) -> Shown:
        """A value with its crop; raises `GoneError`."""
        opened = self._screen(one.sequence)
        if opened is None:
            raise GoneError("This screen is no longer on the box: the registry has it.")
        record, evidence = opened
        value = next(value for value in evidence.report.values if value.path == one.path)
        return Shown(
            one,
            value,
            evidence.crops[one.path],
            record.evidence.sha256,
            record.reading.patient,
            evidence.report.taken_at,
            record.source,
            evidence.report.profile if evidence.report.way == "lossless" else "",
        )

    def find(self, record_id: str, path: str) -> Reviewed | None:
        """One value, decided or not."""
        return self._outbox.read(lambda connection: review.find(connection, record_id, path))

    def decide(self, shown: Shown, word: Word) -> Appended:
        """Make a decision durable, and only then return; raises `OutboxError`, `GoneError`.

        Raises `TypedError` for a number that the value cannot be.
        """
        one = shown.reviewed
        if (word.act == "undo") is not bool(one.act):
            raise GoneError("Somebody else decided on this value meanwhile.")
        if word.text:
            number_in(shown.value, word.text)
        now = datetime.now(UTC)
        decision = BoxDecision(
            id=uuid.uuid4().hex,
            after=one.decision_id,
            record_id=one.record_id,
            evidence_sha256=shown.evidence_sha256,
            path=one.path,
            crop_sha256=sha256(shown.crop).hexdigest(),
            shown=shown.value.text,
            act=word.act,
            text=word.text,
            note=word.note,
            by=word.by,
            at=now,
        )
        draft = Draft(
            source=KIOSK,
            source_kind=SourceKind.MANUAL,
            captured_at=now,
            evidence=encode_decision(decision),
            media_type=MEDIA_TYPE,
            transport={},
            reading=reading_on_the_wire(),
            clock=self._clock(),
        )
        stands = "" if word.act == "undo" else word.act

        def note(connection: sqlite3.Connection) -> None:
            if not review.decide(connection, one, stands, decision.id):
                raise GoneError("Somebody else decided on this value meanwhile.")
            self._learn(connection, shown, decision)

        return self._outbox.append(draft, also=note)

    def _learn(self, connection: sqlite3.Connection, shown: Shown, decision: BoxDecision) -> None:
        """Keep what a person says of the pixels of a lossless picture, until they take it back."""
        if decision.act == "undo":
            confirmations.forget(connection, decision.after, decision.by)
        elif decision.text and shown.profile:
            said = Confirmation(
                id=decision.id,
                source=shown.source,
                profile=shown.profile,
                path=decision.path,
                shown=decision.shown,
                text=decision.text,
                crop=shown.crop,
                by=decision.by,
                at=decision.at.isoformat(),
            )
            confirmations.add(connection, self._outbox.vault, said)

    def _since(self) -> datetime:
        return datetime.now(UTC) - self._keep

    def _opened(self, sequence: int) -> tuple[Record, ScreenEvidence] | None:
        content = self._outbox.content(sequence)
        return None if content is None else (content.record, unpack(content.evidence))
