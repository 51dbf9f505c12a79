"""DICOM objects written element by element, so that a test can send what no library would write."""

import struct
from collections.abc import Iterable, Mapping
from typing import Any

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_LONG = {"OB", "OW", "SQ", "UN", "UT", "UC"}
_BINARY = {"US": "<H", "UL": "<I", "FD": "<d", "FL": "<f"}

Elements = Mapping[int, tuple[str, Any]]


def dataset_bytes(elements: Elements) -> bytes:
    """Encode elements, tag → (VR, value), in explicit little endian without file meta."""
    return b"".join(_element(tag, *elements[tag]) for tag in sorted(elements))


def file_bytes(elements: Elements) -> bytes:
    """Encode a whole file: preamble, file meta and the elements."""
    meta = dataset_bytes(
        {
            0x00020002: ("UI", elements.get(0x00080016, ("UI", "1.2.3"))[1]),
            0x00020003: ("UI", elements.get(0x00080018, ("UI", "1.2.3.4"))[1]),
            0x00020010: ("UI", EXPLICIT_LITTLE),
        }
    )
    length = dataset_bytes({0x00020000: ("UL", len(meta))})
    return bytes(128) + b"DICM" + length + meta + dataset_bytes(elements)


def _element(tag: int, vr: str, value: Any) -> bytes:
    content = _content(vr, value)
    if len(content) % 2:
        content += b"\0" if vr in {"UI", "OB", "UN"} else b" "
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    if vr in _LONG:
        return head + struct.pack("<HI", 0, len(content)) + content
    return head + struct.pack("<H", len(content)) + content


def _content(vr: str, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if vr == "SQ":
        return b"".join(_item(item) for item in value)
    if vr in _BINARY:
        numbers: Iterable[Any] = value if isinstance(value, list) else [value]
        return b"".join(struct.pack(_BINARY[vr], number) for number in numbers)
    return str(value).encode()


def _item(elements: Elements) -> bytes:
    content = dataset_bytes(elements)
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content
