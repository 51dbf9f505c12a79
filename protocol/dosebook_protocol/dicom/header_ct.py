"""What CT headers state beyond plain numbers: phantom, acquisition type, private doses."""

import struct
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from dosebook_protocol.codes import canonical
from dosebook_protocol.dicom import context
from dosebook_protocol.dicom import header_access as access
from dosebook_protocol.dicom.header_values import Notes
from dosebook_protocol.reading import Code, CodedItem, DoseValue, Phantom

_PHANTOM_TAG: Final = 0x00189346
_ELSCINT: Final = "ELSCINT1"
_TOSHIBA: Final = "TOSHIBA_MEC_CT3"

# PS3.16 CID 4052: only the two phantoms of IEC 60601-2-44 have a diameter that CTDI is defined for.
PHANTOMS: Final[dict[tuple[str, str], Phantom]] = {
    ("113690", "DCM"): "16cm",
    ("113691", "DCM"): "32cm",
}
# Acquisition Type (0018,9302) → PS3.16 CID 10013.
ACQUISITION_TYPES: Final[dict[str, Code]] = {
    "SPIRAL": Code("116152004", "SCT", "Spiral Acquisition"),
    "SEQUENCED": Code("113804", "DCM", "Sequenced Acquisition"),
    "CONSTANT_ANGLE": Code("113805", "DCM", "Constant Angle Acquisition"),
    "STATIONARY": Code("113806", "DCM", "Stationary Acquisition"),
    "FREE": Code("113807", "DCM", "Free Acquisition"),
}


def phantom_of(sources: Sequence[tuple[Dataset, str]], notes: Notes) -> Phantom | None:
    """Return the CTDI phantom that a header states; never one that it does not (P11)."""
    for dataset, prefix in sources:
        stated = access.code(dataset, _PHANTOM_TAG)
        if stated is not None:
            return _coded_phantom(stated, f"{prefix}{context.tag_path(_PHANTOM_TAG)}", notes)
        private = _elscint_phantom(dataset)
        if private is not None:
            return private
    return None


def _coded_phantom(stated: Code, path: str, notes: Notes) -> Phantom | None:
    phantom = PHANTOMS.get(canonical(stated.value, stated.scheme))
    notes.items.append(CodedItem("ctdi_phantom_type", stated, path=path))
    if phantom is None:
        detail = f"{stated.value} ({stated.scheme}) is no CTDI phantom of known diameter"
        notes.deviations.add("unknown-phantom", path, detail)
    return phantom


def _elscint_phantom(dataset: Dataset) -> Phantom | None:
    """Read Philips CT's (01E1,xx26): `16 CM` or `32 CM`."""
    tag = access.private_tag(dataset, 0x01E1, _ELSCINT, 0x26)
    stated = "".join(access.first(dataset, tag).upper().split()) if tag is not None else ""
    if stated == "16CM":
        return "16cm"
    return "32cm" if stated == "32CM" else None


def elscint_dlp(dataset: Dataset, path: str, notes: Notes) -> DoseValue | None:
    """Read Philips CT's (00E1,xx21), the DLP in mGy.cm of the object or the listed exposure."""
    tag = access.private_tag(dataset, 0x00E1, _ELSCINT, 0x21)
    sent = access.first(dataset, tag) if tag is not None else ""
    if tag is None or not sent:
        return None
    return notes.quantity("dlp", sent, "mGy.cm", f"{path}{context.tag_path(tag)}")


def elscint_protocol(dataset: Dataset) -> str:
    """Return Philips CT's (00E1,xx61), the name of the protocol file."""
    tag = access.private_tag(dataset, 0x00E1, _ELSCINT, 0x61)
    return access.text(dataset, tag) if tag is not None else ""


def toshiba_values(dataset: Dataset, notes: Notes) -> list[DoseValue]:
    """Read Toshiba's and Canon's (7005,xx63) CTDIvol and (7005,xx40) DLP, doubles even as UN."""
    found = []
    for quantity, offset, unit in (("ctdi_vol", 0x63, "mGy"), ("dlp", 0x40, "mGy.cm")):
        tag = access.private_tag(dataset, 0x7005, _TOSHIBA, offset)
        sent = _double(dataset, tag) if tag is not None else ""
        if tag is not None and sent:
            value = notes.quantity(quantity, sent, unit, context.tag_path(tag))
            if value is not None:
                found.append(value)
    return found


def _double(dataset: Dataset, tag: int) -> str:
    element = dataset.get_item(tag)
    content = element.value
    if isinstance(content, bytes) and len(content) == 8 and not _is_decimal_text(content):
        little = not isinstance(element, RawDataElement) or element.is_little_endian
        number: float = struct.unpack("<d" if little else ">d", content)[0]
        return access.shortest_float(number)
    return access.first(dataset, tag)


def _is_decimal_text(content: bytes) -> bool:
    try:
        Decimal(content.decode("ascii").strip(" \0"))
    except (ArithmeticError, UnicodeDecodeError):
        return False
    return True
