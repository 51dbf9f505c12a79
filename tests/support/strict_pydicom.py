"""pydicom made strict: the tree that it reads, or None where the bytes are malformed.

pydicom forgives much by accident. Here every element that it found must lie exactly behind the one
before, fill its container and be delimited as the standard says; the tree is pydicom's own.
"""

import io
from struct import unpack_from
from typing import Any

from pydicom import dcmread
from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.valuerep import PersonName
from pydicom.values import convert_PN, convert_single_string, convert_string, convert_text

NATIVE = {"1.2.840.10008.1.2": True, "1.2.840.10008.1.2.1": False}
MAX_DEPTH = 64
_SHORT = set("AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG = set("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_TEXT = {"LO", "SH", "UC"}
_UNSPLIT = {"ST", "LT", "UT"}
_STRING = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"}
_ITEM, _ITEM_END, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"
_OPEN = 0xFFFFFFFF


class MalformedError(Exception):
    """pydicom read something that is not there, or left something out."""


def data_set_start(data: bytes) -> tuple[int, bool] | None:
    """Return where the data set begins and if it is implicit, by pydicom; None if not native."""
    stream = io.BytesIO(data)
    try:
        meta = read_partial(stream, stop_when=lambda *_: True).file_meta
        syntax = str(meta.get("TransferSyntaxUID", ""))
    except Exception:  # noqa: BLE001 - pydicom raises many kinds
        return None
    return (stream.tell(), NATIVE[syntax]) if syntax in NATIVE else None


def strict_tree(data: bytes, start: int) -> list[Any] | None:
    """Return pydicom's tree of a data set in native little endian; None where it is malformed."""
    try:
        dataset = dcmread(io.BytesIO(data))
        elements, end = _data_set(dataset, data, start, len(data), 0, ["iso8859"], 0)
    except Exception:  # noqa: BLE001 - pydicom raises many kinds
        return None
    return elements if len(data) - end < 8 or not any(data[end:]) else None


def _need(condition: bool) -> None:
    if not condition:
        raise MalformedError


def _data_set(
    dataset: Dataset, data: bytes, at: int, end: int, base: int, encodings: list[str], depth: int
) -> tuple[list[Any], int]:
    _need(depth <= MAX_DEPTH)
    found: list[Any] = []
    texts: list[tuple[int, str, bytes]] = []
    for tag in list(dataset.keys()):
        element: Any = dataset.get_item(tag)
        group = int(tag) >> 16
        if depth == 0 and int(tag) == 0 and not any(data[at:]):
            break  # zeros that fill the block of a medium
        _need(group >= 4 and group != 0xFFFE)
        is_raw = isinstance(element, RawDataElement)
        if not is_raw and (element.VR != "SQ" or not element.is_undefined_length):
            element, is_raw = _raw_again(element, dataset, data, base), True
        if is_raw and element.length != _OPEN:
            vr, begin = _vr(element), base + element.value_tell
            value = element.value or b""
            _need(begin == at + _header(element, data, at))
            _need(len(value) == element.length and begin + len(value) <= end)
            at = begin + len(value)
            if vr == "SQ":
                items = list(dataset[tag].value)
                children, stop = _items(items, data, begin, at, begin, encodings, depth)
                _need(stop == at)
                found.append((int(tag), "SQ", children, ""))
                continue
            if int(tag) == 0x00080005:
                encodings = convert_encodings(_joined(convert_string(value, True)).split("\\"))
            texts.append((len(found), vr, value))
            found.append((int(tag), vr, value, ""))
            continue
        begin = base + (element.value_tell if is_raw else element.file_tell)
        _need(begin in (at + 8, at + 12) and data[begin - 4 : begin] == b"\xff\xff\xff\xff")
        _need(begin == at + 8 or data[at + 4 : at + 6] in (b"SQ", b"UN"))
        # Implicit, private, open and without items: pydicom cannot tell that it is a sequence.
        _need(not is_raw or (element.VR in (None, "UN") and not element.value))
        items = [] if is_raw else list(element.value)
        children, stop = _items(items, data, begin, end, base, encodings, depth)
        _need(data[stop : stop + 8] == _SEQUENCE_END + bytes(4) and stop + 8 <= end)
        at = stop + 8
        found.append((int(tag), "SQ", children, ""))
    for index, vr, value in texts:
        found[index] = (*found[index][:3], text_of(vr, value, encodings))
    return found, at


def _raw_again(element: Any, dataset: Dataset, data: bytes, base: int) -> RawDataElement:
    """Return the raw form of an element that pydicom converted by itself, on the way."""
    begin = base + element.file_tell
    is_implicit = bool(dataset.original_encoding[0])
    if is_implicit or data[begin - 4 : begin - 2].decode("latin-1") not in _SHORT:
        length = unpack_from("<I", data, begin - 4)[0]
        vr = None if is_implicit else data[begin - 8 : begin - 6].decode("latin-1")
    else:
        length = unpack_from("<H", data, begin - 2)[0]
        vr = data[begin - 4 : begin - 2].decode("latin-1")
    value = data[begin : begin + length]
    return RawDataElement(
        element.tag, vr, length, value, element.file_tell, is_implicit, is_little_endian=True
    )


def _items(
    items: list[Dataset],
    data: bytes,
    at: int,
    end: int,
    base: int,
    encodings: list[str],
    depth: int,
) -> tuple[list[Any], int]:
    _need(depth < MAX_DEPTH)
    children = []
    for item in items:
        _need(data[at : at + 4] == _ITEM and at + 8 <= end)
        length = unpack_from("<I", data, at + 4)[0]
        at += 8
        stop = end if length == _OPEN else at + length
        _need(stop <= end)
        elements, at = _data_set(item, data, at, stop, base, encodings, depth + 1)
        if length == _OPEN:
            _need(data[at : at + 8] == _ITEM_END + bytes(4) and at + 8 <= end)
            at += 8
        else:
            _need(at == stop)
        children.append(elements)
    return children, at


def _vr(raw: RawDataElement) -> str:
    if not raw.is_implicit_VR:
        _need(raw.VR in _SHORT | _LONG)
        return str(raw.VR)
    if raw.tag.is_private:
        return "UN"
    if not raw.tag.element:
        return "UL"
    try:
        return str(dictionary_VR(raw.tag))
    except KeyError:
        return "UN"


def _header(raw: RawDataElement, data: bytes, at: int) -> int:
    return 8 if raw.is_implicit_VR or data[at + 4 : at + 6].decode() in _SHORT else 12


def text_of(vr: str, value: bytes, encodings: list[str]) -> str:
    """Decode a value of a text VR with pydicom's own converters, padding dropped."""
    if vr == "PN":
        return _joined(convert_PN(value, encodings))
    if vr in _TEXT:
        return _joined(convert_text(value, encodings, vr))
    if vr in _UNSPLIT:
        return str(convert_single_string(value, encodings, vr)).rstrip(" \0")
    if vr in _STRING:
        return _joined(convert_string(value, True))
    return ""


def _joined(value: Any) -> str:
    parts = [value] if isinstance(value, str | PersonName) else list(value)
    return "\\".join(str(part).strip(" \0") for part in parts)
