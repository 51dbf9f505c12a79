"""A modality that costs its machine next to nothing: requests stand ready, answers are waited for.

In a hospital it is another machine than the box. On the cores of a bench a sender that reads and
encodes each object (DCMTK's storescu: 18 ms for a report of 24 events) takes as much as the box.
"""

import socket
import struct
import threading
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from pydicom import dcmread
from pydicom.uid import UID
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu import A_ASSOCIATE_RQ, A_RELEASE_RQ, P_DATA_TF
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    A_RELEASE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import build_context

from tools.bench.receivers import AE_TITLE
from tools.terminal import ToolError

_HOST: Final = "127.0.0.1"
_TITLE: Final = "MODALITY"
_TIMEOUT_S: Final = 60.0
_CONTEXT: Final = 1
_META_BEGINS: Final = 132  # after preamble and prefix: the group length of 12 bytes, then so many
_APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
_P_DATA: Final = 0x04
_ACCEPTED: Final = 0x02
_RELEASED: Final = 0x06
_MAXIMUM: Final = b"\x51\x00\x00\x04"  # the peer's longest PDU, in A-ASSOCIATE-AC (PS3.8 D.1)
_STATUS: Final = b"\x00\x00\x00\x09\x02\x00\x00\x00"  # (0000,0900) of two bytes, implicit VR


class Modality:
    """One association over which prepared objects of one class and transfer syntax are sent."""

    def __init__(self, port: int, paths: Sequence[Path]) -> None:
        """Associate and encode every request; raises `ToolError` where the box does not accept."""
        self._socket = socket.create_connection((_HOST, port), timeout=_TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        meta = dcmread(paths[0], specific_tags=[]).file_meta
        self._socket.sendall(
            _association(meta.MediaStorageSOPClassUID, UID(meta.TransferSyntaxUID))
        )
        kind, accepted = self._answer()
        if kind != _ACCEPTED:
            raise ToolError(f"the box does not accept the association: PDU {kind:02X}")
        at = accepted.index(_MAXIMUM) + len(_MAXIMUM)
        longest = int.from_bytes(accepted[at : at + 4])
        self._requests = [
            _request(path, number % 65535 + 1, longest) for number, path in enumerate(paths)
        ]

    def send(self) -> None:
        """Send every object, each after the answer to the one before, and release; `ToolError`."""
        with self._socket:
            for request in self._requests:
                self._socket.sendall(request)
                kind, answer = self._answer()
                status = answer.partition(_STATUS)[2][:2]
                if kind != _P_DATA or status != b"\0\0":
                    raise ToolError(f"the box answers PDU {kind:02X}, status {status[::-1].hex()}")
            self._socket.sendall(_encoded(A_RELEASE_RQ, A_RELEASE()))
            if self._answer()[0] != _RELEASED:
                raise ToolError("the box does not release the association")

    def _answer(self) -> tuple[int, bytes]:
        kind, _, length = struct.unpack(">BBI", self._read(6))
        return kind, self._read(length)

    def _read(self, size: int) -> bytes:
        read = b""
        while len(read) < size:
            part = self._socket.recv(size - len(read))
            if not part:
                raise ToolError("the box hung up")
            read += part
        return read


def send_prepared(modalities: Sequence[Modality]) -> None:
    """Let modalities send at the same time; raises the first of their errors."""
    errors: list[Exception] = []

    def run(one: Modality) -> None:
        try:
            one.send()
        except (ToolError, OSError) as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in modalities]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _association(sop_class: str, syntax: UID) -> bytes:
    longest = MaximumLengthNotification()
    longest.maximum_length_received = 16384
    implementation = ImplementationClassUIDNotification()
    implementation.implementation_class_uid = UID("2.25.1")
    context = build_context(sop_class, [syntax])
    context.context_id = _CONTEXT
    request: Any = A_ASSOCIATE()
    request.application_context_name = _APPLICATION_CONTEXT
    request.calling_ae_title = _TITLE
    request.called_ae_title = AE_TITLE
    request.presentation_context_definition_list = [context]
    request.user_information = [longest, implementation]
    return _encoded(A_ASSOCIATE_RQ, request)


def _request(path: Path, message_id: int, longest: int) -> bytes:
    data = path.read_bytes()
    meta = dcmread(path, specific_tags=[]).file_meta
    request = C_STORE()
    request.MessageID = message_id
    request.Priority = 2
    request.AffectedSOPClassUID = meta.MediaStorageSOPClassUID
    request.AffectedSOPInstanceUID = meta.MediaStorageSOPInstanceUID
    start = _META_BEGINS + 12 + int(meta.FileMetaInformationGroupLength)
    request.DataSet = BytesIO(data[start:])
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    parts = message.encode_msg(_CONTEXT, longest)
    return b"".join(_encoded(P_DATA_TF, part) for part in parts)


def _encoded(kind: Any, primitive: Any) -> bytes:
    pdu = kind()
    pdu.from_primitive(primitive)
    encoded: bytes = pdu.encode()
    return encoded
