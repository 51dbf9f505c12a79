"""Which objects a file holds: DICOM with or without file meta, DICOM JSON, DICOM XML."""

import re
import struct
from dataclasses import dataclass
from typing import Final

from dosebook_protocol.dicom.convert import json_objects
from dosebook_protocol.dicom.errors import UnreadableError
from dosebook_protocol.dicom.pixels import file_without_pixels
from dosebook_protocol.dicom.read import DICOM, DICOM_JSON, DICOM_XML
from dosebook_protocol.wire import MAX_EVIDENCE

_MEDIA_DIRECTORY: Final = b"1.2.840.10008.1.3.10"
_FIRST_GROUPS: Final = frozenset({0x0002, 0x0004, 0x0008})
_TAG_KEY: Final = re.compile(rb'[{ ]"[0-9A-Fa-f]{8}": ?\{')


@dataclass(frozen=True, slots=True)
class FoundObject:
    """One object and how it is written."""

    data: bytes
    media_type: str


def objects_in(data: bytes) -> list[FoundObject]:
    """Return the objects of a file, images without their pixels; none where it holds no object."""
    if data[128:132] == b"DICM":
        if _MEDIA_DIRECTORY in data[132:1024]:
            return []
        return [FoundObject(file_without_pixels(data), DICOM)]
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] == b"<":
        return [FoundObject(data, DICOM_XML)] if b"NativeDicomModel" in start else []
    if start[:1] in {b"[", b"{"}:
        return [FoundObject(one, DICOM_JSON) for one in _json_objects(data)]
    return [FoundObject(file_without_pixels(data), DICOM)] if _looks_like_a_data_set(data) else []


def problem_of_size(found: FoundObject) -> str:
    """Say why an object is too large to be evidence; "" if it is not."""
    if len(found.data) <= MAX_EVIDENCE:
        return ""
    return f"the object has {len(found.data)} bytes without pixels, the limit is {MAX_EVIDENCE}"


def _json_objects(data: bytes) -> list[bytes]:
    """Split a DICOM JSON document; JSON without a tag as a key (00080018) is something else."""
    try:
        return [one for one in json_objects(data) if _TAG_KEY.search(one)]
    except UnreadableError:
        return []


def _looks_like_a_data_set(data: bytes) -> bool:
    """Whether the bytes begin with a data element of an early group, little or big endian."""
    if len(data) < 16:
        return False
    for order in ("<", ">"):
        group, element = struct.unpack_from(f"{order}HH", data)
        (length,) = struct.unpack_from(f"{order}I", data, 4)
        is_explicit = data[4:6].isalpha() and data[4:6].isupper()
        if group in _FIRST_GROUPS and element < 0x2000 and (is_explicit or length < len(data)):
            return True
    return False
