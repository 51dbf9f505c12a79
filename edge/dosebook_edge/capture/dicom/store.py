"""C-STORE (PS3.4 annex B): success only after the record is on disk."""

import hashlib
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from pydicom.dataset import Dataset

from dosebook_edge.capture.dicom.contexts import IMAGE_CLASSES
from dosebook_edge.capture.dicom.part10 import file_of
from dosebook_edge.capture.screen.pending import PendingCaptures
from dosebook_edge.outbox import Appended, Draft, OutboxError
from dosebook_protocol.dicom.pixels import EncodingError, without_pixels
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.logs import log
from dosebook_protocol.record import Clock, SourceKind

SUCCESS: Final = 0x0000
OUT_OF_RESOURCES: Final = 0xA700
CANNOT_UNDERSTAND: Final = 0xC000
MEDIA_TYPE: Final = "application/dicom"
_COMMENT_LENGTH: Final = 64  # LO, PS3.7 annex C

_logger = logging.getLogger(__name__)
_images = frozenset(IMAGE_CLASSES)


class Appender(Protocol):
    """The part of the outbox that a source needs."""

    def append(
        self, draft: Draft, also: Callable[[sqlite3.Connection], None] | None = None
    ) -> Appended:
        """Make a record durable, with what else is written then; raises `OutboxError`."""
        ...

    def find_repeat(self, source: str, evidence: bytes) -> Appended | None:
        """The record that holds this evidence already."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """One object as it arrived."""

    dataset: bytes
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    transport: dict[str, str]


class StoreHandler:
    """Turns C-STORE requests of one source into records."""

    def __init__(
        self,
        source: str,
        outbox: Appender,
        clock: Callable[[], Clock],
        *,
        keep_pixels: bool = False,
        captures: PendingCaptures | None = None,
        on_stored: Callable[[datetime], None] | None = None,
    ) -> None:
        self._source = source
        self._outbox = outbox
        self._clock = clock
        self._keep_pixels = keep_pixels
        self._captures = captures
        self._on_stored = on_stored or (lambda _: None)

    def handle(self, event: Any) -> int | Dataset:
        """Handler of EVT_C_STORE: the status for the peer."""
        received = received_of(event)
        if not received.dataset:
            log(_logger, logging.WARNING, "store_empty", source=self._source)
            return failure(CANNOT_UNDERSTAND, "The request has no data set")
        try:
            appended = self.store(received)
        except OutboxError as error:
            log(_logger, logging.ERROR, "store_refused", source=self._source, code=error.code)
            return failure(OUT_OF_RESOURCES, f"{error.code}: not stored, send again")
        except Exception:
            # The peer must hear that nothing was stored, whatever went wrong here.
            _logger.exception("store_failed")
            return failure(OUT_OF_RESOURCES, "DOSEBOOK-STORE-FAILED: not stored, send again")
        log(
            _logger,
            logging.INFO,
            "object_repeated" if appended.is_repeat else "object_stored",
            source=self._source,
            record_id=appended.record_id,
            sequence=appended.sequence,
        )
        return SUCCESS

    def store(self, received: Received) -> Appended:
        """Append one object; a repeat of the same bytes is the record that was there (P6)."""
        at = datetime.now(UTC)
        evidence, transport = self._evidence(received)
        repeat = self._outbox.find_repeat(self._source, evidence)
        if repeat is not None:
            return repeat
        reading = read_object(evidence, MEDIA_TYPE)
        draft = Draft(
            source=self._source,
            source_kind=SourceKind.DICOM_STORE,
            captured_at=at,
            evidence=evidence,
            media_type=MEDIA_TYPE,
            transport=transport,
            reading=reading,
            clock=self._clock(),
            sop_instance_uid=received.sop_instance_uid,
            once=True,
        )
        captures = self._captures
        if captures is not None and captures.is_to_be_read(received.sop_class_uid, reading):
            appended = self._outbox.append(draft, captures.note)
            captures.wake()
        else:
            appended = self._outbox.append(draft)
        self._on_stored(at)
        return appended

    def _evidence(self, received: Received) -> tuple[bytes, dict[str, str]]:
        """The file to keep; images without their pixels unless the source keeps them."""
        transport = dict(received.transport)
        dataset = received.dataset
        if received.sop_class_uid in _images and not self._keeps_pixels(received):
            try:
                header = without_pixels(dataset, received.transfer_syntax_uid)
            except EncodingError:
                header = None  # kept whole: the reader says what is wrong with it
            if header is not None:
                transport["pixels"] = "dropped"
                transport["original_sha256"] = hashlib.sha256(dataset).hexdigest()
                transport["original_size"] = str(len(dataset))
                dataset = header
        evidence = file_of(
            dataset,
            received.sop_class_uid,
            received.sop_instance_uid,
            received.transfer_syntax_uid,
        )
        return evidence, transport

    def _keeps_pixels(self, received: Received) -> bool:
        captures = self._captures
        return self._keep_pixels or (
            captures is not None
            and captures.wants_pixels(received.sop_class_uid, len(received.dataset))
        )


def received_of(event: Any) -> Received:
    """What a C-STORE request holds."""
    request, context = event.request, event.context
    return Received(
        dataset=request.DataSet.getvalue() if request.DataSet is not None else b"",
        sop_class_uid=str(request.AffectedSOPClassUID),
        sop_instance_uid=str(request.AffectedSOPInstanceUID),
        transfer_syntax_uid=str(context.transfer_syntax),
        transport=transport_of(event.assoc, "C-STORE"),
    )


def transport_of(association: Any, dimse: str) -> dict[str, str]:
    """How a request came: AE titles, peer, implementation and service."""
    requestor = association.requestor
    primitive = requestor.primitive
    return {
        "dimse": dimse,
        "calling_ae_title": str(requestor.ae_title).strip(),
        "called_ae_title": str(primitive.called_ae_title).strip(),
        "peer": str(requestor.address),
        "implementation_class_uid": str(requestor.implementation_class_uid or ""),
        "implementation_version": str(requestor.implementation_version_name or ""),
    }


def failure(status: int, comment: str) -> Dataset:
    """A status with an Error Comment (0000,0902) for the peer's log."""
    answer = Dataset()
    answer.Status = status
    answer.ErrorComment = comment[:_COMMENT_LENGTH]
    return answer
