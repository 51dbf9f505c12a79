"""The file meta of a DICOM file, by pydicom, and a bound on what a deflated one may unpack to."""

import io
import zlib
from typing import Final

from pydicom.filereader import _read_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dosebook_protocol.dicom.errors import UnreadableError

MAX_INFLATED_BYTES: Final = 64 * 1024 * 1024
PREAMBLE: Final = bytes(128)
PREFIX: Final = b"DICM"
_META: Final = len(PREAMBLE) + len(PREFIX)


def file_meta(data: bytes) -> tuple[str, str, int] | None:
    """Return SOP class, transfer syntax and start of the data set; None without file meta."""
    if data[len(PREAMBLE) : _META] != PREFIX:
        return None
    stream = io.BytesIO(data)
    stream.seek(_META)
    meta = _read_file_meta_info(stream)
    sop_class = str(meta.get("MediaStorageSOPClassUID", "") or "")
    return sop_class, str(meta.get("TransferSyntaxUID", "") or ""), stream.tell()


def refuse_bomb(data: bytes, syntax: str, start: int) -> None:
    """Unpack a deflated data set as far as its limit, before anyone unpacks it whole.

    Raises:
        UnreadableError: it unpacks to more than any object without pixels has, or not at all.
    """
    if syntax != DeflatedExplicitVRLittleEndian:
        return
    try:
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[start:], MAX_INFLATED_BYTES)
    except zlib.error:
        raise UnreadableError("its deflated data set cannot be unpacked") from None
    if len(inflated) >= MAX_INFLATED_BYTES:
        raise UnreadableError(f"it unpacks to more than {MAX_INFLATED_BYTES} bytes: refused")
