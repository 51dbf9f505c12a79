"""DICOM file bytes from received data sets, without decoding them (PS3.10 §7, PS3.5 §7)."""

import struct
import zlib
from typing import Final

from dosebook_edge.capture.dicom.contexts import DEFLATED, EXPLICIT_BIG, IMPLICIT_LITTLE

IMPLEMENTATION_CLASS_UID: Final = "2.25.211478260341207745216640733419325834017"
IMPLEMENTATION_VERSION: Final = "DOSEBOOK_BOX_1"

_PREAMBLE: Final = b"\x00" * 128 + b"DICM"
_UNDEFINED: Final = 0xFFFFFFFF
_LONG_VRS: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
# Float Pixel Data, Double Float Pixel Data, Pixel Data, and all that follows them.
_FIRST_PIXELS: Final = (0x7FE0, 0x0008)
_ITEM_GROUP: Final = 0xFFFE
_ITEM: Final = 0xE000
_ITEM_END: Final = 0xE00D
_SEQUENCE_END: Final = 0xE0DD


class EncodingError(ValueError):
    """Bytes that are not a data set in their transfer syntax."""


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
    if vr in _LONG_VRS:
        return struct.pack("<HH2sHI", 2, element, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", 2, element, vr, len(value)) + value


def without_pixels(dataset: bytes, transfer_syntax_uid: str) -> bytes | None:
    """The data set up to its pixels, None where it has none; raises `EncodingError`."""
    if transfer_syntax_uid == DEFLATED:
        return _deflated_without_pixels(dataset)
    end = _Walker(dataset, transfer_syntax_uid).pixels_at()
    return None if end is None else dataset[:end]


def _deflated_without_pixels(dataset: bytes) -> bytes | None:
    try:
        plain = zlib.decompress(dataset, -zlib.MAX_WBITS)
    except zlib.error as error:
        raise EncodingError("the data set is not deflated") from error
    end = _Walker(plain, DEFLATED).pixels_at()
    if end is None:
        return None
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(plain[:end]) + packer.flush()
    return packed + b"\x00" * (len(packed) % 2)


class _Walker:
    """Steps over the elements of a data set by their lengths."""

    def __init__(self, data: bytes, transfer_syntax_uid: str) -> None:
        self._data = data
        self._is_implicit = transfer_syntax_uid == IMPLICIT_LITTLE
        order = ">" if transfer_syntax_uid == EXPLICIT_BIG else "<"
        self._tag = struct.Struct(order + "HH")
        self._short = struct.Struct(order + "H")
        self._long = struct.Struct(order + "I")

    def pixels_at(self) -> int | None:
        """Offset of the first pixel element of the data set itself, not of its sequences."""
        at = 0
        try:
            while at < len(self._data):
                if self._tag.unpack_from(self._data, at) >= _FIRST_PIXELS:
                    return at
                at = self._after(at)
        except struct.error as error:
            raise EncodingError("the data set ends within an element") from error
        return None

    def _after(self, at: int) -> int:
        """Offset behind the element at an offset."""
        value_at, length = self._value(at)
        if length != _UNDEFINED:
            end = value_at + length
            if end > len(self._data):
                raise EncodingError("an element is longer than the data set")
            return end
        return self._after_sequence(value_at)

    def _value(self, at: int) -> tuple[int, int]:
        if self._is_implicit:
            return at + 8, self._long.unpack_from(self._data, at + 4)[0]
        if self._data[at + 4 : at + 6] in _LONG_VRS:
            return at + 12, self._long.unpack_from(self._data, at + 8)[0]
        return at + 8, self._short.unpack_from(self._data, at + 6)[0]

    def _after_sequence(self, at: int) -> int:
        """Offset behind a sequence of undefined length; iterative, for hostile depth."""
        # True for a sequence whose end is looked for, False for an item.
        open_ends = [True]
        while open_ends:
            group, element = self._tag.unpack_from(self._data, at)
            if group == _ITEM_GROUP:
                length = self._long.unpack_from(self._data, at + 4)[0]
                at += 8
                if element == _ITEM and length == _UNDEFINED:
                    open_ends.append(False)
                elif element == _ITEM:
                    at += length
                elif element in (_ITEM_END, _SEQUENCE_END):
                    open_ends.pop()
                continue
            value_at, length = self._value(at)
            if length == _UNDEFINED:
                open_ends.append(True)
                at = value_at
            else:
                at = value_at + length
        return at
