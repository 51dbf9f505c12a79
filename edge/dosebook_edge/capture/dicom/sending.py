"""How messages leave an association: one after the other, and the commonest of them quickly.

The commonest is the answer "stored" (C-STORE-RSP with status 0x0000). pynetdicom builds a pydicom
data set for each and writes it twice, which takes a fifth as long as reading a dose report.
"""

import struct
import threading
from typing import Any, Final

from pynetdicom import evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu_primitives import P_DATA

_STORED: Final = 0x0000
_C_STORE_RSP: Final = 0x8001
_NO_DATA_SET: Final = 0x0101
_LAST_OF_COMMAND: Final = b"\x03"  # message control header (PS3.8 annex E.2)
_PDV_OVERHEAD: Final = 6


def order_messages(event: evt.Event) -> None:
    """Handler of EVT_CONN_OPEN: messages of two threads do not mix on this association.

    A commitment report is sent by a thread of its own, and each message is several PDUs.
    """
    dimse: Any = event.assoc.dimse
    send = dimse.send_msg
    one_at_a_time = threading.Lock()

    def send_msg(primitive: Any, context_id: int) -> None:
        with one_at_a_time:
            command = _command_of(primitive)
            if command and _fits(command, dimse.maximum_pdu_size):
                data = P_DATA()
                fragment = (context_id, _LAST_OF_COMMAND + command)
                data.presentation_data_value_list.append(fragment)
                dimse.dul.send_pdu(data)
            else:
                send(primitive, context_id)

    dimse.send_msg = send_msg


def _command_of(primitive: Any) -> bytes:
    """The command set where it is the commonest answer; nothing for any other message."""
    if not isinstance(primitive, C_STORE) or primitive.Status != _STORED:
        return b""
    return stored(
        int(primitive.MessageIDBeingRespondedTo or 0),
        str(primitive.AffectedSOPClassUID),
        str(primitive.AffectedSOPInstanceUID),
    )


def _fits(command: bytes, largest_pdu: int) -> bool:
    return largest_pdu == 0 or len(command) + _PDV_OVERHEAD <= largest_pdu


def stored(message_id: int, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """The command set of C-STORE-RSP (PS3.7 table 9.3-2), implicit VR little endian."""
    elements = b"".join(
        (
            _element(0x0002, _uid(sop_class_uid)),
            _element(0x0100, struct.pack("<H", _C_STORE_RSP)),
            _element(0x0120, struct.pack("<H", message_id)),
            _element(0x0800, struct.pack("<H", _NO_DATA_SET)),
            _element(0x0900, struct.pack("<H", _STORED)),
            _element(0x1000, _uid(sop_instance_uid)),
        )
    )
    return _element(0x0000, struct.pack("<I", len(elements))) + elements


def _element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0, number, len(value)) + value


def _uid(value: str) -> bytes:
    encoded = value.encode()
    return encoded + b"\0" * (len(encoded) % 2)
