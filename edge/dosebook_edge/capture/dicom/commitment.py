"""Storage Commitment Push Model as SCP (PS3.4 annex J): says which instances the outbox holds."""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.dimse_messages import N_ACTION_RSP
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.dsutils import encode

from dosebook_edge.capture.dicom.contexts import STORAGE_COMMITMENT, UNCOMPRESSED
from dosebook_edge.capture.dicom.store import failure
from dosebook_edge.reactor_pause import pause_surely
from dosebook_protocol.logs import log

WELL_KNOWN_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
SUCCESS: Final = 0x0000
REQUEST: Final = 1
ALL_STORED: Final = 1
SOME_FAILED: Final = 2
NO_SUCH_INSTANCE: Final = 0x0112
NO_SUCH_ACTION: Final = 0x0123
MISSING_VALUE: Final = 0x0115  # invalid argument value, PS3.7 annex C

_RETRIES_S: Final = (0.0, 5.0, 30.0, 120.0)
_ANSWER_S: Final = 30
_SLICE_S: Final = 0.1
_MESSAGE_IDS: Final = 65535

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a modality listens for reports."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class _Report:
    event_type: int
    information: Dataset


class _Awaited:
    """The answer to one report, once it is there."""

    def __init__(self) -> None:
        self._came = threading.Event()
        self._status: int | None = None

    def give(self, status: int | None) -> None:
        self._status = status
        self._came.set()

    def is_success(self, goes_on: Callable[[], bool]) -> bool:
        """Wait for the answer as long as one may come; whether it says success."""
        until = time.monotonic() + _ANSWER_S
        while not self._came.wait(_SLICE_S):
            if not goes_on() or time.monotonic() > until:
                return False
        return self._status == SUCCESS


class CommitmentHandler:
    """Answers requests of one source and reports, on the same association or on a new one.

    A modality whose address is configured gets its report on a new association, as most expect;
    any other on the one that it asked on. There its next request may cross the report, so the loop
    of the association goes on meanwhile and hands over the answer.
    """

    def __init__(
        self,
        source: str,
        ae_title: str,
        has_instance: Callable[[str], bool],
        peers: Mapping[str, Peer],
    ) -> None:
        self._source = source
        self._ae_title = ae_title
        self._has_instance = has_instance
        self._peers = peers
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._due: dict[int, list[_Report]] = {}
        self._threads: set[threading.Thread] = set()
        self._message_ids = itertools.count(1)
        self._awaited: dict[tuple[int, int], _Awaited] = {}

    def take_answers(self, event: evt.Event) -> None:
        """Handler of EVT_CONN_OPEN: answers to reports go to who sent them, all else on."""
        association: Any = event.assoc
        take = association.dimse.get_msg

        def get_msg(block: bool = False) -> Any:
            context_id, message = take(block)
            if not isinstance(message, N_EVENT_REPORT):
                return context_id, message
            key = id(association), int(message.MessageIDBeingRespondedTo or 0)
            if awaited := self._awaited.get(key):
                awaited.give(message.Status)
            return None, None

        association.dimse.get_msg = get_msg

    def action(self, event: Any) -> tuple[int | Dataset, Dataset | None]:
        """Handler of EVT_N_ACTION."""
        if event.request.ActionTypeID != REQUEST:
            return failure(NO_SUCH_ACTION, "Action type 1 is the one there is"), None
        try:
            asked = event.action_information
            report = self._report(asked)
        except Exception:
            _logger.exception("commitment_request_unreadable")
            return failure(MISSING_VALUE, "Transaction UID or references cannot be read"), None
        with self._lock:
            self._due.setdefault(id(event.assoc), []).append(report)
        return SUCCESS, None

    def after_message(self, event: Any) -> None:
        """Handler of EVT_DIMSE_SENT: the report follows the answer, never overtakes it."""
        if not isinstance(event.message, N_ACTION_RSP):
            return
        with self._lock:
            reports = self._due.pop(id(event.assoc), [])
        for report in reports:
            thread = threading.Thread(
                target=self._deliver, args=(event.assoc, report), name="storage commitment"
            )
            with self._lock:
                self._threads = {one for one in self._threads if one.is_alive()} | {thread}
            thread.start()

    def stop(self) -> None:
        """Give up reports that wait for a retry; a modality asks again."""
        self._stopping.set()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(_ANSWER_S)

    def _report(self, asked: Dataset) -> _Report:
        stored: list[Dataset] = []
        failed: list[Dataset] = []
        for reference in asked.ReferencedSOPSequence:
            item = Dataset()
            item.ReferencedSOPClassUID = reference.ReferencedSOPClassUID
            item.ReferencedSOPInstanceUID = reference.ReferencedSOPInstanceUID
            if self._has_instance(str(reference.ReferencedSOPInstanceUID)):
                stored.append(item)
            else:
                item.FailureReason = NO_SUCH_INSTANCE
                failed.append(item)
        information = Dataset()
        information.TransactionUID = asked.TransactionUID
        if stored:
            information.ReferencedSOPSequence = stored
        if failed:
            information.FailedSOPSequence = failed
        log(
            _logger,
            logging.INFO,
            "commitment_requested",
            source=self._source,
            stored=len(stored),
            failed=len(failed),
        )
        return _Report(SOME_FAILED if failed else ALL_STORED, information)

    def _deliver(self, association: Any, report: _Report) -> None:
        calling = str(association.requestor.ae_title).strip()
        peer = self._peers.get(calling)
        for delay in _RETRIES_S if peer else _RETRIES_S[:1]:
            if self._stopping.wait(delay):
                return
            try:
                if peer is None:
                    delivered = self._send_beside(association, report)
                else:
                    delivered = self._call(calling, peer, report)
            except (RuntimeError, ValueError, OSError):
                delivered = False
            if delivered:
                log(_logger, logging.INFO, "commitment_reported", source=self._source, to=calling)
                return
        log(
            _logger,
            logging.WARNING,
            "commitment_not_reported",
            source=self._source,
            to=calling,
            hint="add the modality's address to storage_commitment_peers",
        )

    def _send_beside(self, association: Any, report: _Report) -> bool:
        """Report on the association that the modality uses meanwhile."""
        context = next(
            one
            for one in association.accepted_contexts
            if one.abstract_syntax == STORAGE_COMMITMENT
        )
        syntax = context.transfer_syntax[0]
        information = encode(
            report.information, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated
        )
        request = N_EVENT_REPORT()
        request.MessageID = next(self._message_ids) % _MESSAGE_IDS + 1
        request.AffectedSOPClassUID = STORAGE_COMMITMENT
        request.AffectedSOPInstanceUID = WELL_KNOWN_INSTANCE
        request.EventTypeID = report.event_type
        request.EventInformation = BytesIO(information or b"")
        key = id(association), request.MessageID
        awaited = self._awaited[key] = _Awaited()
        try:
            association.dimse.send_msg(request, context.context_id)
            return awaited.is_success(
                lambda: association.is_established and not self._stopping.is_set()
            )
        finally:
            del self._awaited[key]

    def _call(self, ae_title: str, peer: Peer, report: _Report) -> bool:
        ae = AE(ae_title=self._ae_title)
        ae.acse_timeout = ae.dimse_timeout = ae.connection_timeout = _ANSWER_S
        ae.add_requested_context(STORAGE_COMMITMENT, list(UNCOMPRESSED[:2]))
        # The box reports as SCP although it opens the association (PS3.4 J.3.3).
        role = build_role(STORAGE_COMMITMENT, scp_role=True)
        association = ae.associate(
            peer.host,
            peer.port,
            ae_title=ae_title,
            ext_neg=[role],
            evt_handlers=[(evt.EVT_CONN_OPEN, pause_surely)],
        )
        if not association.is_established:
            return False
        try:
            status, _ = association.send_n_event_report(
                report.information, report.event_type, STORAGE_COMMITMENT, WELL_KNOWN_INSTANCE
            )
            return "Status" in status and status.Status == SUCCESS
        finally:
            association.release()
