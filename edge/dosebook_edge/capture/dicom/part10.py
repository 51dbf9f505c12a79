"""DICOM file bytes from received data sets, without decoding them (PS3.10 §7)."""

import struct
from typing import Final

from dosebook_protocol.dicom.pixels import LONG_VRS

IMPLEMENTATION_CLASS_UID: Final = "2.25.211478260341207745216640733419325834017"
IMPLEMENTATION_VERSION: Final = "DOSEBOOK_BOX_1"

_PREAMBLE: Final = b"\x00" * 128 + b"DICM"


def file_of(
    dataset: bytes, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str
) -> bytes:
    """A DICOM file: preamble, file meta information, and the data set exactly as it came."""
    meta = b"".join(
        (
            _element(0x0001, b"OB", b"\x00\x01"),
            _element(0x0002, b"UI", sop_class_uid.encode()),
            _element(0x0003, b"UI", sop_instance_uid.encode()),
            _element(0x0010, b"UI", transfer_syntax_uid.encode()),
            _element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID.encode()),
            _element(0x0013, b"SH", IMPLEMENTATION_VERSION.encode()),
        )
    )
    length = _element(0x0000, b"UL", struct.pack("<I", len(meta)))
    return b"".join((_PREAMBLE, length, meta, dataset))


def _element(element: int, vr: bytes, value: bytes) -> bytes:
    if len(value) % 2:
        value += b" " if vr == b"SH" else b"\x00"
    if vr in LONG_VRS:
        return struct.pack("<HH2sHI", 2, element, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", 2, element, vr, len(value)) + value
