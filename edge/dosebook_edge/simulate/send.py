"""Sending simulated objects over real DICOM associations, as a modality does."""

import contextlib
import socket
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # named at run time
    ModalityPerformedProcedureStep,
    Verification,
)

from dosebook_edge.reactor_pause import pause_surely
from dosebook_edge.simulate.scene import IMPLEMENTATION_UID, SimObject

_MAXIMUM_CONTEXTS: Final = 120
_TIMEOUT_S: Final = 30


class SendError(ConnectionError):
    """The peer did not take the association, or gave it up."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """What the peer said to one object: its DICOM status, None where no answer came."""

    sop_instance_uid: str
    kind: str
    status: int | None

    @property
    def is_success(self) -> bool:
        """Whether the peer took the object (0x0000, or a warning of the 0xB000 range)."""
        return self.status is not None and (self.status == 0 or self.status & 0xF000 == 0xB000)


class Progress(Protocol):
    """Told after each object."""

    def __call__(self, result: SendResult, /) -> None:
        """Take note of one result."""


def _without_nagle(event: Event) -> None:
    # Nagle and delayed ACK together cost some 50 ms a message.
    transport = event.assoc.dul.socket
    if transport is not None and transport.socket is not None:
        transport.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@dataclass(frozen=True, slots=True)
class _Peer:
    host: str
    port: int
    called_ae_title: str
    calling_ae_title: str
    tls: ssl.SSLContext | None


@contextlib.contextmanager
def _association(
    peer: _Peer, contexts: Iterable[tuple[str, tuple[UID, ...]]]
) -> Iterator[Association]:
    ae = AE(ae_title=peer.calling_ae_title)
    ae.implementation_class_uid = UID(IMPLEMENTATION_UID)
    ae.implementation_version_name = "DOSEBOOK_SIM_1"
    ae.maximum_pdu_size = 131072
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = _TIMEOUT_S
    handlers: list[Any] = [
        (evt.EVT_CONN_OPEN, _without_nagle),
        (evt.EVT_CONN_OPEN, pause_surely),
    ]
    association = ae.associate(
        peer.host,
        peer.port,
        contexts=[build_context(sop_class, list(syntaxes)) for sop_class, syntaxes in contexts],
        ae_title=peer.called_ae_title,
        max_pdu=131072,
        tls_args=(peer.tls, peer.host) if peer.tls else None,
        evt_handlers=handlers,
    )
    if not association.is_established:
        raise SendError(_refusal(association, peer))
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def _refusal(association: Association, peer: _Peer) -> str:
    """Why there is no association, in a sentence, and where to look."""
    address = f"{peer.host}:{peer.port}"
    if not association.is_rejected:
        return (
            f"There is no DICOM listener at {address}, or it hung up. Is the box running, and is "
            "this the port of one of its sources? On the box: dosebook-box status"
        )
    answer = association.acceptor.primitive
    reason = answer.reason_str if answer else "no reason was given"
    return (
        f"{address} rejected the association of {peer.calling_ae_title} with "
        f"{peer.called_ae_title}: {reason}. AE titles have to be those of the source. "
        "On the box: dosebook-box status"
    )


def _contexts(
    metas: Iterable[FileMetaDataset], *, with_mpps: bool = False
) -> list[tuple[str, tuple[UID, ...]]]:
    wanted = dict.fromkeys(
        (str(meta.MediaStorageSOPClassUID), (UID(meta.TransferSyntaxUID),)) for meta in metas
    )
    contexts: list[tuple[str, tuple[UID, ...]]] = list(wanted)
    if with_mpps:
        contexts.append(
            (ModalityPerformedProcedureStep, (ExplicitVRLittleEndian, ImplicitVRLittleEndian))
        )
    if len(contexts) > _MAXIMUM_CONTEXTS:
        raise ValueError("more kinds of object than one association can carry; send them in parts")
    return contexts


def _send_one(association: Association, item: SimObject, message_id: int) -> int | None:
    dataset = item.dataset
    if item.kind == "store":
        status = association.send_c_store(dataset, msg_id=message_id)
    elif item.kind == "mpps-create":
        status, _ = association.send_n_create(
            dataset, ModalityPerformedProcedureStep, item.sop_instance_uid, message_id
        )
    else:
        status, _ = association.send_n_set(
            dataset, ModalityPerformedProcedureStep, item.sop_instance_uid, message_id
        )
    return int(status.Status) if "Status" in status else None


def send(
    objects: Iterable[SimObject],
    host: str,
    port: int,
    called_ae_title: str,
    calling_ae_title: str,
    tls: ssl.SSLContext | None = None,
    *,
    progress: Progress | None = None,
) -> list[SendResult]:
    """Send objects in order over one association; a broken association leaves status None.

    Raises:
        SendError: the association was not accepted.
    """
    queue = list(objects)
    results: list[SendResult] = []
    if not queue:
        return results
    peer = _Peer(host, port, called_ae_title, calling_ae_title, tls)
    contexts = _contexts(
        (item.dataset.file_meta for item in queue if item.kind == "store"),
        with_mpps=any(item.kind != "store" for item in queue),
    )
    with _association(peer, contexts) as association:
        for index, item in enumerate(queue):
            status = None
            if association.is_established:
                with contextlib.suppress(RuntimeError, ValueError):  # context refused, link lost
                    status = _send_one(association, item, index % 65535 + 1)
            result = SendResult(item.sop_instance_uid, item.kind, status)
            results.append(result)
            if progress is not None:
                progress(result)
    return results


def send_files(
    paths: Iterable[Path],
    host: str,
    port: int,
    called_ae_title: str,
    calling_ae_title: str,
    tls: ssl.SSLContext | None = None,
) -> list[SendResult]:
    """Send DICOM files as they are over one association, without decoding them.

    A file that is no DICOM file gets a result with its name, kind "unreadable" and no status.

    Raises:
        SendError: the association was not accepted.
    """
    # Files go out as their bytes; otherwise pynetdicom would decode and encode each again.
    _config.STORE_SEND_CHUNKED_DATASET = True
    metas: dict[Path, FileMetaDataset] = {}
    results: list[SendResult] = []
    for path in paths:
        try:
            metas[path] = read_file_meta_info(path)
        except (InvalidDicomError, OSError):
            results.append(SendResult(path.name, "unreadable", None))
    if not metas:
        return results
    peer = _Peer(host, port, called_ae_title, calling_ae_title, tls)
    with _association(peer, _contexts(metas.values())) as association:
        for index, (path, meta) in enumerate(metas.items()):
            status = None
            if association.is_established:
                with contextlib.suppress(RuntimeError, ValueError):  # context refused, link lost
                    answer = association.send_c_store(path, msg_id=index % 65535 + 1)
                    status = int(answer.Status) if "Status" in answer else None
            results.append(SendResult(meta.MediaStorageSOPInstanceUID, "store", status))
    return results


def echo(
    host: str,
    port: int,
    called_ae_title: str,
    calling_ae_title: str,
    tls: ssl.SSLContext | None = None,
) -> int | None:
    """Send a C-ECHO and return its status.

    Raises:
        SendError: the association was not accepted.
    """
    contexts = [(str(Verification), (ExplicitVRLittleEndian, ImplicitVRLittleEndian))]
    peer = _Peer(host, port, called_ae_title, calling_ae_title, tls)
    with _association(peer, contexts) as association:
        status: Dataset = association.send_c_echo()
        return int(status.Status) if "Status" in status else None
