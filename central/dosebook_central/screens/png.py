"""Paint rectangles of an 8-bit grey PNG black, with nothing but the standard library.

Filters are those of the PNG specification (W3C, third edition), section 9: the picture is read
line by line and written again without them.
"""

import struct
import zlib
from collections.abc import Iterable
from typing import Final

from dosebook_protocol.screen import Area

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_MAX_BYTES: Final = 16 * 1024 * 1024


class PngError(ValueError):
    """A picture whose data is damaged."""


def masked(png: bytes, areas: Iterable[Area]) -> bytes:
    """Return the picture with these areas black; what lies outside of it is left out.

    Other chunks than the pixels are dropped: texts may hold anything. Raises `PngError`.
    """
    width, height, lines = _lines(png)
    for area in areas:
        right, bottom = min(area.x + area.width, width), min(area.y + area.height, height)
        for line in lines[area.y : bottom]:
            if right > area.x:
                line[area.x : right] = bytes(right - area.x)
    data = zlib.compress(b"".join(b"\0" + bytes(line) for line in lines), 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return _SIGNATURE + b"".join(
        _chunk(name, body) for name, body in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )


def _lines(png: bytes) -> tuple[int, int, list[bytearray]]:
    data = bytearray()
    width = height = 0
    at = len(_SIGNATURE)
    while at + 12 <= len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        name, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        if name == b"IHDR":
            width, height = struct.unpack(">II", body[:8])
        elif name == b"IDAT":
            data += body
        at += 12 + size
    if width * height > _MAX_BYTES:
        raise PngError(f"{width} x {height} pixels are too many to mask")
    try:
        raw = zlib.decompressobj().decompress(bytes(data), (width + 1) * height + 1)
    except zlib.error as error:
        raise PngError(f"its pixels cannot be unpacked: {error}") from None
    if len(raw) != (width + 1) * height or not raw:
        raise PngError("it has another number of pixels than its header says")
    lines: list[bytearray] = []
    above = bytearray(width)
    for number in range(height):
        start = number * (width + 1)
        above = _unfiltered(raw[start], raw[start + 1 : start + 1 + width], above)
        lines.append(above)
    return width, height, lines


def _unfiltered(kind: int, line: bytes, above: bytearray) -> bytearray:
    """Undo one line's filter; one byte is one pixel here."""
    if kind == 0:
        return bytearray(line)
    if kind > 4:
        raise PngError(f"a line has filter {kind}, which no PNG has")
    out = bytearray(len(line))
    left = corner = 0
    for x, byte in enumerate(line):
        up = above[x]
        guess = (left, up, (left + up) // 2, _paeth(left, up, corner))[kind - 1]
        left = out[x] = (byte + guess) & 0xFF
        corner = up
    return out


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    distances = (abs(estimate - left), abs(estimate - up), abs(estimate - corner))
    return (left, up, corner)[distances.index(min(distances))]


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
