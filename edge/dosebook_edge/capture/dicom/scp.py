"""One DICOM source: an AE title on a port, and the services behind it."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pynetdicom import AE, evt

from dosebook_edge.capture.dicom.associations import Refusals
from dosebook_edge.capture.dicom.bounds import Bounds
from dosebook_edge.capture.dicom.commitment import CommitmentHandler, Peer
from dosebook_edge.capture.dicom.contexts import supported_contexts
from dosebook_edge.capture.dicom.mpps import MppsHandler, OnStep
from dosebook_edge.capture.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION
from dosebook_edge.capture.dicom.reasons import contexts_reason
from dosebook_edge.capture.dicom.sending import order_messages
from dosebook_edge.capture.dicom.server import SourceServer, keep_acknowledging
from dosebook_edge.capture.dicom.store import StoreHandler
from dosebook_edge.capture.dicom.tls import server_context
from dosebook_edge.capture.dicom.waiting import wait_for_work
from dosebook_edge.capture.dicom.watch import watch_over
from dosebook_edge.capture.screen.pending import PendingCaptures
from dosebook_edge.capture.source import CaptureError, SourceStatus, State
from dosebook_edge.outbox import Outbox
from dosebook_protocol.logs import log
from dosebook_protocol.record import Clock, SourceKind

_logger = logging.getLogger(__name__)

# One PDU holds any ordinary dose report: fewer turns of the protocol machine for each.
_MAX_PDU: Final = 256 * 1024
_IDLE_S: Final = 60
# Those that are being told that there are too many, or have not yet said what they want.
_CONNECTIONS_PER_ASSOCIATION: Final = 4
_STOP_S: Final = 5.0
# Source and reason of A-ASSOCIATE-RJ (PS3.8 table 9-21).
_REJECTIONS: Final = {
    (1, 3): "calling AE title {calling!r} is not allowed: add it to allowed_calling_ae_titles",
    (1, 7): "called AE title {called!r} is not {expected!r}, the title of this source",
    (3, 2): "too many associations at once",
}


@dataclass(frozen=True, slots=True)
class DicomSettings:
    """One `[[source]]` of kind `dicom`."""

    name: str
    ae_title: str
    port: int
    bind: str = "0.0.0.0"  # noqa: S104 - a modality must reach it; the firewall narrows it
    allowed_calling_ae_titles: tuple[str, ...] = ()
    accept_any_called_ae_title: bool = False
    keep_pixels: bool = False
    max_associations: int = 20
    storage_commitment_peers: Mapping[str, Peer] = field(default_factory=dict)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None


class DicomSource:
    """C-ECHO, C-STORE, Storage Commitment and MPPS as SCP. Fulfils `Source`."""

    def __init__(
        self,
        settings: DicomSettings,
        outbox: Outbox,
        clock: Callable[[], Clock],
        refusals: Refusals,
        captures: PendingCaptures | None = None,
        on_step: OnStep | None = None,
    ) -> None:
        """`captures` notes the secondary captures whose pictures are read afterwards."""
        self._settings = settings
        self._refusals = refusals
        self._server: SourceServer | None = None
        self._thread: threading.Thread | None = None
        self._state: State = "stopped"
        self._last_record_at: datetime | None = None
        self._store = StoreHandler(
            settings.name,
            outbox,
            clock,
            keep_pixels=settings.keep_pixels,
            captures=captures,
            on_stored=self._note_record,
        )
        self._mpps = MppsHandler(settings.name, outbox, clock, self._note_record, on_step)
        self._commitment = CommitmentHandler(
            settings.name,
            settings.ae_title,
            outbox.has_instance,
            settings.storage_commitment_peers,
        )
        self._bounds = Bounds(self._on_bound)
        self._ae = self._application_entity()

    def start(self) -> None:
        """Listen; raises `CaptureError` when the port or the certificate cannot be used."""
        settings = self._settings
        context = None
        if settings.tls_certificate is not None and settings.tls_key is not None:
            context = server_context(
                settings.tls_certificate, settings.tls_key, settings.tls_client_ca
            )
        try:
            server = SourceServer(
                self._ae,
                (settings.bind, settings.port),
                ae_title=settings.ae_title,
                contexts=supported_contexts(),
                ssl_context=context,
                evt_handlers=self._handlers(),
                on_refused_peer=self._on_refused_peer,
                most_connections=_CONNECTIONS_PER_ASSOCIATION * settings.max_associations,
            )
        except (OSError, OverflowError) as error:
            self._state = "failed"
            raise CaptureError(
                f"source {settings.name!r} cannot listen on {settings.bind} port {settings.port}: "
                f"{error}. Is another program on that port? Run: ss -ltnp"
            ) from error
        self._server = server
        self._ae._servers.append(server)  # the AE counts the associations of its servers
        self._thread = threading.Thread(
            target=server.serve_forever, args=(0.2,), name=f"source {settings.name}"
        )
        self._thread.start()
        self._state = "listening"
        log(
            _logger,
            logging.INFO,
            "source_listening",
            source=settings.name,
            ae_title=settings.ae_title,
            port=self.port,
            tls=context is not None,
        )

    def stop(self) -> None:
        """Stop listening, let running requests end, then abort idle associations."""
        if self._server is None:
            return
        server, self._server = self._server, None
        associations = server.active_associations
        server.shutdown()
        self._commitment.stop()
        for association in associations:
            association.abort()
        for association in associations:
            association.join(_STOP_S)
        if self._thread is not None:
            self._thread.join(_STOP_S)
        self._state = "stopped"

    @property
    def port(self) -> int:
        """Port that is listened on, also where 0 was configured."""
        return int(self._server.server_address[1]) if self._server else self._settings.port

    def health(self) -> SourceStatus:
        """State now."""
        return SourceStatus(
            name=self._settings.name,
            kind=SourceKind.DICOM_STORE,
            state=self._state,
            detail=f"{self._settings.ae_title} on port {self.port}",
            last_record_at=self._last_record_at,
            refused=self._refusals.count(self._settings.name),
            port=self.port,
        )

    def _application_entity(self) -> AE:
        settings = self._settings
        ae = AE(ae_title=settings.ae_title)
        ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        ae.implementation_version_name = IMPLEMENTATION_VERSION
        ae.maximum_pdu_size = _MAX_PDU
        ae.maximum_associations = settings.max_associations
        ae.network_timeout = _IDLE_S
        ae.acse_timeout = _IDLE_S
        ae.dimse_timeout = _IDLE_S
        ae.require_called_aet = not settings.accept_any_called_ae_title
        ae.require_calling_aet = list(settings.allowed_calling_ae_titles)
        return ae

    def _handlers(self) -> list[Any]:
        return [
            (evt.EVT_CONN_OPEN, watch_over),
            (evt.EVT_CONN_OPEN, order_messages),
            (evt.EVT_CONN_OPEN, wait_for_work),
            (evt.EVT_CONN_OPEN, self._commitment.take_answers),
            (evt.EVT_CONN_OPEN, self._bounds.keep),
            (evt.EVT_C_STORE, self._store.handle),
            (evt.EVT_N_CREATE, self._mpps.create),
            (evt.EVT_N_SET, self._mpps.set),
            (evt.EVT_N_ACTION, self._commitment.action),
            (evt.EVT_DIMSE_SENT, self._commitment.after_message),
            (evt.EVT_REJECTED, self._on_rejected),
            (evt.EVT_ACCEPTED, self._on_accepted),
            (evt.EVT_DATA_RECV, keep_acknowledging),
            (evt.EVT_DATA_SENT, keep_acknowledging),
        ]

    def _note_record(self, at: datetime) -> None:
        self._last_record_at = at

    def _on_refused_peer(self, peer: str, reason: str) -> None:
        self._refuse("", peer, reason)

    def _on_bound(self, association: Any, reason: str) -> None:
        requestor = association.requestor
        calling = str(requestor.ae_title if requestor.primitive is not None else "").strip()
        self._refuse(calling, str(requestor.address), reason)

    def _on_rejected(self, event: Any) -> None:
        association = event.assoc
        answer, asked = association.acceptor.primitive, association.requestor.primitive
        template = _REJECTIONS.get(
            (answer.result_source, answer.diagnostic),
            f"rejected (source {answer.result_source}, reason {answer.diagnostic})",
        )
        calling = str(asked.calling_ae_title).strip()
        self._refuse(
            calling,
            str(association.requestor.address),
            template.format(
                calling=calling,
                called=str(asked.called_ae_title).strip(),
                expected=self._settings.ae_title,
            ),
        )

    def _on_accepted(self, event: Any) -> None:
        association = event.assoc
        # A modality that proposes more than dose is in order; one that has nothing left is not.
        if association.rejected_contexts and not association.accepted_contexts:
            self._refuse(
                str(association.requestor.ae_title).strip(),
                str(association.requestor.address),
                contexts_reason(
                    association.requestor.requested_contexts, association.rejected_contexts
                ),
            )

    def _refuse(self, calling: str, peer: str, reason: str) -> None:
        self._refusals.note(self._settings.name, calling, peer, reason)
        log(
            _logger,
            logging.WARNING,
            "association_refused",
            source=self._settings.name,
            calling_ae_title=calling,
            peer=peer,
            reason=reason,
        )
