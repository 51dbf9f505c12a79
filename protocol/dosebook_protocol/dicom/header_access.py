"""Attribute access that keeps the sender's own spelling and never fails on a malformed value.

pydicom's element conversion refuses or rounds what real devices send (a decimal comma in a DS, a
fraction in an IS), so numbers are read from the raw bytes wherever the element is still raw.
"""

import struct
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from dosebook_protocol.dicom import context
from dosebook_protocol.dicom.context import tag_path
from dosebook_protocol.dicom.dataset import DatasetAttributes
from dosebook_protocol.quantities import parse_decimal
from dosebook_protocol.reading import Code

_ENHANCED_GROUPS: Final = (0x52009229, 0x00189507, 0x52009230)
_DOSE_MACRO: Final = 0x00189542  # X-Ray Acquisition Dose Sequence
_BINARY: Final = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}


def shortest_float(value: float, *, single: bool = False) -> str:
    """Return the shortest decimal text that reads back as the same binary number."""
    if not single:
        return repr(float(value))
    packed = struct.pack("<f", value)
    for digits in range(6, 9):
        text = f"{value:.{digits}g}"
        if struct.pack("<f", float(text)) == packed:
            return text
    return f"{value:.9g}"


def _binary_texts(content: bytes, vr: str, order: str) -> list[str]:
    code = _BINARY[vr]
    size = struct.calcsize(code)
    numbers = struct.unpack(
        f"{order}{len(content) // size}{code}", content[: len(content) // size * size]
    )
    return [shortest_float(n, single=vr == "FL") if vr in {"FL", "FD"} else str(n) for n in numbers]


def _vr_of(raw: RawDataElement) -> str:
    if raw.VR and raw.VR != "UN":
        return raw.VR
    try:
        return dictionary_VR(raw.tag)
    except KeyError:
        return "LO"


def _raw_texts(raw: RawDataElement) -> list[str]:
    content = raw.value or b""
    vr = _vr_of(raw)
    if vr in _BINARY:
        return _binary_texts(content, vr, "<" if raw.is_little_endian else ">")
    return [part.strip(" \0\r\n\t") for part in content.decode("latin-1").split("\\")]


def _one_text(value: Any) -> str:
    original = getattr(value, "original_string", None)
    if isinstance(original, str):
        return original.strip()
    if isinstance(value, float):
        return shortest_float(value)
    return "" if value is None else str(value).strip()


def raw_texts(ds: Dataset, tag: int) -> list[str]:
    """Return the values of a number or code string as sent; none where absent or empty."""
    try:
        element = ds.get_item(Tag(tag))
    except (KeyError, NotImplementedError):
        return []
    if element is None:
        return []
    if isinstance(element, RawDataElement):
        texts = _raw_texts(element)
    else:
        value = element.value
        several = value if isinstance(value, list | tuple) or hasattr(value, "insert") else [value]
        texts = [part for one in several for part in _one_text(one).split("\\")]
    return texts if any(texts) else []


def first(ds: Dataset, tag: int) -> str:
    """Return the first value of an attribute as sent, "" where there is none."""
    texts = raw_texts(ds, tag)
    return texts[0] if texts else ""


def text(ds: Dataset, tag: int) -> str:
    """Return a textual attribute, decoded by the object's character set."""
    return DatasetAttributes(ds).text(tag)


def number(ds: Dataset, tag: int) -> Decimal | None:
    """Return the first value as a number, None where there is none that is one."""
    sent = first(ds, tag)
    try:
        return parse_decimal(sent) if sent else None
    except ValueError:
        return None


def items(ds: Dataset, tag: int) -> list[Dataset]:
    """Return the items of a sequence; empty where absent, empty or not a sequence."""
    return [item.dataset for item in DatasetAttributes(ds).sequence(tag)]


def code(ds: Dataset, tag: int) -> Code | None:
    """Return the first code of a code sequence, None where there is none."""
    return context.first_code(DatasetAttributes(ds), tag)


def private_tag(ds: Dataset, group: int, creator: str, offset: int) -> BaseTag | None:
    """Return the tag of a private attribute in the block that `creator` reserved."""
    for element in range(0x10, 0x100):
        tag = Tag(group, element)
        if tag in ds and first(ds, tag).upper() == creator:
            found = Tag(group, (element << 8) | offset)
            return found if found in ds else None
    return None


def nested(ds: Dataset, prefix: str = "") -> Iterator[tuple[Dataset, str]]:
    """Yield the data sets that can hold acquisition attributes, each with its path prefix.

    These are the object itself, then, for enhanced multi-frame objects, the macros of the Shared
    Functional Groups, the X-Ray 3D Acquisition items, and the macros of the first frame
    (PS3.3 C.7.6.16).
    """
    yield ds, prefix
    for group_tag in _ENHANCED_GROUPS:
        for group in items(ds, group_tag)[:1]:
            where = f"{prefix}{tag_path(group_tag)}[1]/"
            yield group, where
            for tag in list(group.keys()):
                for macro in items(group, tag)[:1]:
                    yield macro, f"{where}{tag_path(tag)}[1]/"
                    for dose in items(macro, _DOSE_MACRO)[:1]:
                        yield dose, f"{where}{tag_path(tag)}[1]/{tag_path(_DOSE_MACRO)}[1]/"
