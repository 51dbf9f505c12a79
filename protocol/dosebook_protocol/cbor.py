"""Strict CBOR for what arrives from a peer: one encoding of each message is accepted, no other.

Frames (arrays of byte strings, from anyone) are read by `Cursor`, which knows byte strings and
nothing else, so that no decoder runs on bytes whose signature was not checked. Signed payloads go
through cbor2 and must then encode to the same bytes again: that refuses duplicate keys, indefinite
lengths, padded integers, trailing bytes and tags at once (RFC 8949 §4.1).
"""

from typing import Final

import cbor2
from pydantic_core import PydanticSerializationError, from_json, to_json

MAX_PAYLOAD: Final = 8 * 1024 * 1024
"""Most bytes of one CBOR payload: an order of magnitude over a record with 1,000 events."""

_NOT_CANONICAL: Final = (
    "payload is not CBOR of plain values in its one accepted encoding (RFC 8949 §4.1)"
)
_NOT_PLAIN: Final = (
    cbor2.CBORError,
    PydanticSerializationError,
    ValueError,
    TypeError,
    ArithmeticError,
    RecursionError,
)
_BYTES_MAJOR: Final = 0x40
_WIDTHS: Final = {24: 1, 25: 2, 26: 4, 27: 8}


class CborError(ValueError):
    """Bytes that are not the one accepted encoding of anything."""


class Cursor:
    """Reads a frame from left to right; each method raises `CborError` where it cannot."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def expect(self, literal: bytes, what: str) -> None:
        """Pass over bytes that must stand here."""
        end = self._at + len(literal)
        if self._data[self._at : end] != literal:
            raise CborError(f"no {what} at byte {self._at}")
        self._at = end

    def byte_string(self, limit: int, what: str) -> bytes:
        """Return the byte string that stands here, of at most `limit` bytes."""
        size = self._length(what)
        if size > limit:
            raise CborError(f"{what} has {size} bytes, the limit is {limit}")
        start, self._at = self._at, self._at + size
        if self._at > len(self._data):
            raise CborError(f"{what} ends after {len(self._data) - start} of {size} bytes")
        return self._data[start : self._at]

    def end(self) -> None:
        """Check that nothing follows."""
        if self._at != len(self._data):
            raise CborError(f"{len(self._data) - self._at} bytes follow the end")

    def _length(self, what: str) -> int:
        if self._at >= len(self._data):
            raise CborError(f"ends before {what}")
        head = self._data[self._at]
        self._at += 1
        info = head & 0x1F
        if head & 0xE0 != _BYTES_MAJOR or (info >= 24 and info not in _WIDTHS):
            raise CborError(f"{what} is not a byte string of definite length")
        if info < 24:
            return info
        width = _WIDTHS[info]
        size = int.from_bytes(self._data[self._at : self._at + width], "big")
        if len(head_of(size)) != 1 + width or self._at + width > len(self._data):
            raise CborError(f"length of {what} is not in its shortest form")
        self._at += width
        return size


def head_of(size: int) -> bytes:
    """The shortest CBOR head of a byte string of that size."""
    if size < 24:
        return bytes((_BYTES_MAJOR | size,))
    for info, width in _WIDTHS.items():
        if size < 1 << (8 * width):
            return bytes((_BYTES_MAJOR | info,)) + size.to_bytes(width, "big")
    raise CborError(f"{size} bytes cannot be written")


def byte_string(data: bytes) -> bytes:
    """Encode one byte string."""
    return head_of(len(data)) + data


def encode(tree: object) -> bytes:
    """Encode a tree of what JSON can hold."""
    return cbor2.dumps(tree)


def decode_to_json(payload: bytes) -> bytes:
    """Return as compact JSON what `encode` made; raises `CborError` for any other bytes."""
    if len(payload) > MAX_PAYLOAD:
        raise CborError(f"payload has {len(payload)} bytes, the limit is {MAX_PAYLOAD}")
    try:
        tree = cbor2.loads(payload)
        text = to_json(tree, inf_nan_mode="constants")
        # Through JSON and back: what is no plain value, or a key that is no text, comes out as
        # another one.
        again = cbor2.dumps(from_json(text, allow_inf_nan=False))
    except _NOT_PLAIN as error:
        raise CborError(f"payload is not CBOR of plain values: {error}") from None
    if again != payload:
        raise CborError(_NOT_CANONICAL)
    return text
