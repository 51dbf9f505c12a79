"""Data sets up to their pixels, found by stepping over lengths, without decoding (PS3.5 §7)."""

import struct
import zlib
from typing import Final

from dosebook_protocol.dicom.part10 import MAX_INFLATED_BYTES, file_meta

EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
LONG_VRS: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)

_UNDEFINED: Final = 0xFFFFFFFF
# Float Pixel Data, Double Float Pixel Data, Pixel Data; what follows them is theirs or padding.
_PIXELS: Final = frozenset({(0x7FE0, 0x0008), (0x7FE0, 0x0009), (0x7FE0, 0x0010)})
_ITEM_GROUP: Final = 0xFFFE
_ITEM: Final = 0xE000
_ITEM_END: Final = 0xE00D
_SEQUENCE_END: Final = 0xE0DD


class EncodingError(ValueError):
    """Bytes that are not a data set in their transfer syntax."""


def without_pixels(dataset: bytes, transfer_syntax_uid: str) -> bytes | None:
    """Return a data set up to its pixels, None where it has none; raises `EncodingError`."""
    if transfer_syntax_uid == DEFLATED:
        return _deflated_without_pixels(dataset)
    end = _Walker(dataset, transfer_syntax_uid).pixels_at()
    return None if end is None else dataset[:end]


def file_without_pixels(data: bytes) -> bytes:
    """Return a file, with or without file meta, up to its pixels; whole where they are not found.

    What is wrong with a broken one is for the readers to say.
    """
    try:
        meta = file_meta(data)
        syntax, start = (meta[1], meta[2]) if meta is not None else (_guess(data), 0)
        header = without_pixels(data[start:], syntax)
    except Exception:  # noqa: BLE001 - pydicom raises anything on a broken file meta
        return data
    return data if header is None else data[:start] + header


def _guess(data: bytes) -> str:
    """Which byte order a data set without file meta is in: its first group is a low one."""
    little, big = struct.unpack_from("<H", data)[0], struct.unpack_from(">H", data)[0]
    return EXPLICIT_BIG if big < little else EXPLICIT_LITTLE


def _deflated_without_pixels(dataset: bytes) -> bytes | None:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(dataset, MAX_INFLATED_BYTES)
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
        # Some files say another little-endian syntax than the one that they are in.
        self._is_implicit = transfer_syntax_uid != EXPLICIT_BIG and not _is_vr(data[4:6])
        order = ">" if transfer_syntax_uid == EXPLICIT_BIG else "<"
        self._tag = struct.Struct(order + "HH")
        self._short = struct.Struct(order + "H")
        self._long = struct.Struct(order + "I")

    def pixels_at(self) -> int | None:
        """Offset of the first pixel element of the data set itself, not of its sequences."""
        at = 0
        try:
            while at < len(self._data):
                if self._tag.unpack_from(self._data, at) in _PIXELS:
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
        vr = self._data[at + 4 : at + 6]
        if vr in LONG_VRS:
            return at + 12, self._long.unpack_from(self._data, at + 8)[0]
        if not _is_vr(vr):
            raise EncodingError("an element has no value representation")
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


def _is_vr(two: bytes) -> bool:
    return two.isalpha() and two.isupper()
