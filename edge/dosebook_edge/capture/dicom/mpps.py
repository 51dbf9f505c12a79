"""Modality Performed Procedure Step as SCP (PS3.4 annex F.7): a state machine on disk.

Each accepted message is a record; its evidence is the step as it stands after the message. Record
and state are one transaction, so a box that restarts in the middle of a procedure goes on with it.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final, Literal

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from dosebook_edge.capture.dicom.contexts import EXPLICIT_LITTLE, MPPS
from dosebook_edge.capture.dicom.part10 import file_of
from dosebook_edge.capture.dicom.store import failure, transport_of
from dosebook_edge.outbox import Draft, Outbox, OutboxError
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.logs import log
from dosebook_protocol.reading import Reading
from dosebook_protocol.record import Clock, SourceKind

SUCCESS: Final = 0x0000
INVALID_VALUE: Final = 0x0106
PROCESSING_FAILURE: Final = 0x0110
DUPLICATE: Final = 0x0111
UNKNOWN_INSTANCE: Final = 0x0112
INVALID_INSTANCE: Final = 0x0117
MISSING_ATTRIBUTE: Final = 0x0120
RESOURCE_LIMITATION: Final = 0x0213
NO_LONGER_UPDATED: Final = 0xA710
"""Error ID: Performed Procedure Step Object may no longer be updated (PS3.4 F.7.2.2.2)."""

IN_PROGRESS: Final = "IN PROGRESS"
FINAL: Final = frozenset(("COMPLETED", "DISCONTINUED"))
_STATES: Final = FINAL | {IN_PROGRESS}

_LOAD: Final = "SELECT state, sealed FROM procedure_step WHERE uid_hash = ?"
_SAVE: Final = """
INSERT INTO procedure_step (uid_hash, state, changed_at, sealed) VALUES (?, ?, ?, ?)
ON CONFLICT (uid_hash)
DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at, sealed = excluded.sealed
"""

Message = Literal["n-create", "n-set"]
Answer = tuple[int | Dataset, Dataset | None]
OnStep = Callable[[str, Reading, datetime], None]
"""Told of each step that was taken: by which source, what it says now, and when."""

_logger = logging.getLogger(__name__)


class _RefusedError(Exception):
    """A message that the state machine does not allow, with the status to answer."""

    def __init__(self, status: int, comment: str, error_id: int | None = None) -> None:
        super().__init__(comment)
        self.answer = failure(status, comment)
        if error_id is not None:
            self.answer.ErrorID = error_id


@dataclass(frozen=True, slots=True)
class Step:
    """A performed procedure step: its state and all its attributes so far."""

    state: str
    attributes: Dataset


class MppsHandler:
    """Turns N-CREATE and N-SET of one source into states and records."""

    def __init__(
        self,
        source: str,
        outbox: Outbox,
        clock: Callable[[], Clock],
        on_stored: Callable[[datetime], None] | None = None,
        on_step: OnStep | None = None,
    ) -> None:
        self._source = source
        self._outbox = outbox
        self._clock = clock
        self._on_stored = on_stored or (lambda _: None)
        self._on_step = on_step or (lambda *_: None)
        self._lock = threading.Lock()

    def create(self, event: Any) -> Answer:
        """Handler of EVT_N_CREATE."""
        return self._answer(
            event,
            "n-create",
            str(event.request.AffectedSOPInstanceUID or ""),
            lambda: event.attribute_list,
        )

    def set(self, event: Any) -> Answer:
        """Handler of EVT_N_SET."""
        return self._answer(
            event,
            "n-set",
            str(event.request.RequestedSOPInstanceUID or ""),
            lambda: event.modification_list,
        )

    def _answer(
        self, event: Any, message: Message, uid: str, attributes: Callable[[], Dataset]
    ) -> Answer:
        try:
            if not uid:
                raise _RefusedError(INVALID_INSTANCE, "The request names no SOP Instance")
            with self._lock:
                state = self._accept(event, message, uid, attributes())
        except _RefusedError as refusal:
            self._log_refusal(message, refusal.answer)
            return refusal.answer, None
        except OutboxError as error:
            answer = failure(RESOURCE_LIMITATION, f"{error.code}: not stored, send again")
            self._log_refusal(message, answer)
            return answer, None
        except Exception:
            _logger.exception("procedure_step_failed")
            comment = "DOSEBOOK-MPPS-FAILED: the message could not be read"
            return failure(PROCESSING_FAILURE, comment), None
        log(
            _logger,
            logging.INFO,
            "procedure_step_stored",
            source=self._source,
            message=message,
            state=state,
        )
        return SUCCESS, None

    def _accept(self, event: Any, message: Message, uid: str, changes: Dataset) -> str:
        known = self._load(uid)
        if message == "n-set" and known is None:
            # This box was set up anew within the procedure, or another took its beginning: the
            # registry joins the two, and a modality does not send its dose a second time.
            self._outbox.append(self._draft(event, message, uid, changes, once=True))
        step = _created(known, changes) if message == "n-create" else _changed(known, changes)
        draft = self._draft(event, message, uid, step.attributes)
        uid_hash = self._outbox.vault.identifier_hash(uid)
        sealed = self._outbox.vault.seal(place_of(uid_hash), _encode(step.attributes))
        at = draft.captured_at

        def save(connection: sqlite3.Connection) -> None:
            connection.execute(_SAVE, (uid_hash, step.state, at.isoformat(), sealed))

        self._outbox.append(draft, also=save)
        self._on_stored(at)
        self._on_step(self._source, draft.reading, at)
        return step.state

    def _draft(
        self, event: Any, message: Message, uid: str, attributes: Dataset, *, once: bool = False
    ) -> Draft:
        attributes.SOPClassUID = MPPS
        attributes.SOPInstanceUID = uid
        evidence = file_of(_encode(attributes), MPPS, uid, EXPLICIT_LITTLE)
        media_type = f"application/dicom; mpps={message}"
        return Draft(
            source=self._source,
            source_kind=SourceKind.DICOM_MPPS,
            captured_at=datetime.now(UTC),
            evidence=evidence,
            media_type=media_type,
            transport=transport_of(event.assoc, message.upper()),
            reading=read_object(evidence, media_type),
            clock=self._clock(),
            sop_instance_uid=uid,
            once=once,
        )

    def _load(self, uid: str) -> Step | None:
        uid_hash = self._outbox.vault.identifier_hash(uid)
        row = self._outbox.read(
            lambda connection: connection.execute(_LOAD, (uid_hash,)).fetchone()
        )
        if row is None:
            return None
        state, sealed = row
        dataset = self._outbox.vault.unseal(place_of(uid_hash), sealed)
        return Step(state, dcmread(BytesIO(file_of(dataset, MPPS, uid, EXPLICIT_LITTLE))))

    def _log_refusal(self, message: Message, answer: Dataset) -> None:
        log(
            _logger,
            logging.WARNING,
            "procedure_step_refused",
            source=self._source,
            message=message,
            status=f"0x{answer.Status:04X}",
            reason=answer.ErrorComment,
        )


def _created(known: Step | None, attributes: Dataset) -> Step:
    """The step that an N-CREATE begins."""
    if known is not None:
        raise _RefusedError(DUPLICATE, "This procedure step was created before")
    if "PerformedProcedureStepStatus" not in attributes:
        raise _RefusedError(MISSING_ATTRIBUTE, "Performed Procedure Step Status is missing")
    state = str(attributes.PerformedProcedureStepStatus or "").strip()
    if state != IN_PROGRESS:
        raise _RefusedError(INVALID_VALUE, "A procedure step begins as IN PROGRESS")
    return Step(state, attributes)


def _changed(known: Step | None, changes: Dataset) -> Step:
    """The step after an N-SET."""
    if known is None:
        raise _RefusedError(UNKNOWN_INSTANCE, "Kept, but no N-CREATE of this step was received")
    if known.state in FINAL:
        raise _RefusedError(
            PROCESSING_FAILURE,
            f"The procedure step is {known.state} and may no longer be updated",
            NO_LONGER_UPDATED,
        )
    state = str(changes.get("PerformedProcedureStepStatus", "") or known.state).strip()
    if state not in _STATES:
        raise _RefusedError(INVALID_VALUE, "Performed Procedure Step Status has no defined term")
    return Step(state, _merged(known.attributes, changes))


def _merged(attributes: Dataset, changes: Dataset) -> Dataset:
    """Attributes after a change; in UTF-8 where the two are in different character sets."""
    before = attributes.get("SpecificCharacterSet")
    after = changes.get("SpecificCharacterSet", before)
    if after != before:
        attributes.decode()
        changes.decode()
        changes.SpecificCharacterSet = "ISO_IR 192"
    attributes.update(changes)
    return attributes


def _encode(attributes: Dataset) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_little_endian = True
    buffer.is_implicit_VR = False
    encoding = attributes.get("SpecificCharacterSet", "ISO_IR 6")
    write_dataset(buffer, attributes, encoding)
    return buffer.getvalue()


def place_of(uid_hash: str) -> str:
    """Where the vault seals the attributes of a step."""
    return f"mpps|{uid_hash}"
