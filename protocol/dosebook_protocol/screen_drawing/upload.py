"""Take in a picture that a person uploads: a PNG within bounds, and nothing of it but pixels.

Chunks are those of the PNG specification (W3C, third edition), section 5. Texts, times and colour
profiles are dropped: texts may hold anything, and the box reads pixels.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 8 * 1024 * 1024
MOST_PIXELS: Final = 16 * 1024 * 1024
_MOST_SIDE: Final = 8192
_LEAST_SIDE: Final = 32
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEPT: Final = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_DEEPEST: Final = 8
_HEADER_SIZE: Final = 13
_ADAM7: Final = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
    (0, 1, 1, 2),
)  # fmt: skip


class UploadError(ValueError):
    """A file that is not taken in; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture as it is kept."""

    png: bytes
    width: int
    height: int


def taken_in(data: bytes) -> Upload:
    """The picture of a file; raises `UploadError`."""
    if len(data) > MOST_BYTES:
        raise UploadError(f"it is larger than {MOST_BYTES >> 20} MB: save the screen alone as PNG")
    if not data.startswith(_SIGNATURE):
        raise UploadError("it is no PNG: save the capture as PNG, never as JPEG, which smears")
    chunks = [(name, body) for name, body in _chunks(data) if name in _KEPT]
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != _HEADER_SIZE:
        raise UploadError("it is a damaged PNG: save it again")
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", chunks[0][1])
    if not (_LEAST_SIDE <= width <= _MOST_SIDE and _LEAST_SIDE <= height <= _MOST_SIDE):
        raise UploadError(f"{width} x {height} pixels are no screen: 32 to {_MOST_SIDE} each way")
    if width * height > MOST_PIXELS:
        raise UploadError(f"{width} x {height} pixels are too many: 16 million at most")
    if colour not in _CHANNELS or depth > _DEEPEST:
        raise UploadError("it has more than 8 bits a colour: save it as 8-bit grey or RGB")
    bits = depth * _CHANNELS[colour]
    packed = b"".join(body for name, body in chunks if name == b"IDAT")
    _need_pixels(packed, _raw_size(width, height, bits, is_interlaced=interlace == 1))
    return Upload(_SIGNATURE + b"".join(_chunk(*one) for one in chunks), width, height)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        if len(body) != size or data[at + 8 + size : at + 12 + size] != _crc(name + body):
            raise UploadError("it is a damaged PNG: copy or save it again")
        yield name, body
        at += 12 + size
        if name == b"IEND":
            return
    raise UploadError("it is a PNG that ends too early: copy it again")


def _need_pixels(packed: bytes, size: int) -> None:
    """Unpack no more than the picture may have: a small file can hold gigabytes."""
    unpacker = zlib.decompressobj()
    try:
        raw = unpacker.decompress(packed, size + 1)
    except zlib.error:
        raise UploadError("it is a damaged PNG: copy or save it again") from None
    if len(raw) != size:
        raise UploadError("it has another number of pixels than it says: save it again")


def _raw_size(width: int, height: int, bits: int, *, is_interlaced: bool) -> int:
    """Bytes of its lines, each with the number of its filter."""
    passes = _ADAM7 if is_interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        wide, high = -(-(width - left) // across), -(-(height - top) // down)
        if wide > 0:
            total += max(0, high) * (1 + -(-wide * bits // 8))
    return total


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + _crc(name + body)


def _crc(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))
