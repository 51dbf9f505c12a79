"""Structured reports: a light tree of content items, and its writing as a pydicom data set."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dosebook_edge.simulate.codes import Code, dcm
from dosebook_edge.simulate.values import Measured, ds
from dosebook_edge.simulate.vendors import Vendor

_UNIT_MEANINGS: Final = {"1": "no units", "deg": "degree", "{pulse}/s": "pulse/s"}
_VALUE_TAGS: Final = {  # (tag, VR) of a content item's value, PS3.3 C.17.3
    "TEXT": (0x0040A160, "UT"),
    "UIDREF": (0x0040A124, "UI"),
    "DATETIME": (0x0040A120, "DT"),
    "PNAME": (0x0040A123, "PN"),
}
_MEASURED_VALUE: Final = 0x0040A300


@dataclass(frozen=True, slots=True)
class Item:
    """One content item; an image's value is its (SOP class, SOP instance UID)."""

    relationship: str
    value_type: str
    concept: Code
    value: str | Code | Measured | tuple[str, str] | None = None
    children: tuple["Item", ...] = ()
    template: str = ""


def container(concept: Code, children: Iterable[Item], *, template: str = "") -> Item:
    """Return a CONTAINER item."""
    return Item("CONTAINS", "CONTAINER", concept, None, tuple(children), template)


def num(concept: Code, value: Measured | None, *children: Item, rel: str = "CONTAINS") -> Item:
    """Return a NUM item; None writes an empty measured value."""
    return Item(rel, "NUM", concept, value, children)


def number(concept: Code, value: Decimal | int | str, unit: str) -> Item:
    """Return a NUM item of a plain number and its UCUM unit."""
    return num(concept, Measured(Decimal(value), unit))


def code(concept: Code, value: Code, *children: Item, rel: str = "CONTAINS") -> Item:
    """Return a CODE item."""
    return Item(rel, "CODE", concept, value, children)


def text(concept: Code, value: str, *children: Item, rel: str = "CONTAINS") -> Item:
    """Return a TEXT item."""
    return Item(rel, "TEXT", concept, value, children)


def uidref(concept: Code, value: str, *, rel: str = "CONTAINS") -> Item:
    """Return a UIDREF item."""
    return Item(rel, "UIDREF", concept, value)


def moment(concept: Code, value: str, *, rel: str = "CONTAINS") -> Item:
    """Return a DATETIME item of a DICOM DT text."""
    return Item(rel, "DATETIME", concept, value)


def image(sop_class: str, sop_instance_uid: str) -> Item:
    """Return an IMAGE item: Acquired Image (113795, DCM)."""
    return Item("CONTAINS", "IMAGE", dcm("113795", "Acquired Image"), (sop_class, sop_instance_uid))


def code_item(value: Code) -> Dataset:
    """Return one item of a code sequence."""
    item = Dataset()
    item[0x00080100] = DataElement(0x00080100, "SH", value.value, already_converted=True)
    item[0x00080102] = DataElement(0x00080102, "SH", value.scheme, already_converted=True)
    item[0x00080104] = DataElement(0x00080104, "LO", value.meaning, already_converted=True)
    return item


def sequence(dataset: Dataset, tag: int, *items: Dataset) -> None:
    """Put a sequence into a data set."""
    dataset[tag] = DataElement(tag, "SQ", Sequence(items))


def _write_number(item: Dataset, value: Measured | None, vendor: Vendor) -> None:
    if value is None:
        sequence(item, _MEASURED_VALUE)
        return
    spelled = vendor.unit(value.unit)
    measured = Dataset()
    meaning = _UNIT_MEANINGS.get(value.unit, spelled.strip("{}"))
    sequence(measured, 0x004008EA, code_item(Code(spelled, "UCUM", meaning)))
    written = ds(value.value, vendor.number_style)
    measured[0x0040A30A] = DataElement(0x0040A30A, "DS", written)
    sequence(item, _MEASURED_VALUE, measured)


def _write_value(item: Dataset, source: Item, vendor: Vendor) -> None:
    value = source.value
    if source.value_type == "NUM":
        _write_number(item, value if isinstance(value, Measured) else None, vendor)
    elif isinstance(value, Code):
        sequence(item, 0x0040A168, code_item(vendor.code(value)))
    elif isinstance(value, tuple):
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = value
        sequence(item, 0x00081199, reference)
    elif isinstance(value, str):
        tag, vr = _VALUE_TAGS[source.value_type]
        item[tag] = DataElement(tag, vr, value)


def write_item(source: Item, vendor: Vendor) -> Dataset:
    """Return one content item, its children included, in a maker's manner."""
    item = Dataset()
    if source.relationship:
        item[0x0040A010] = DataElement(0x0040A010, "CS", source.relationship)
    item[0x0040A040] = DataElement(0x0040A040, "CS", source.value_type)
    sequence(item, 0x0040A043, code_item(vendor.code(source.concept)))
    _write_value(item, source, vendor)
    if source.value_type == "CONTAINER":
        item[0x0040A050] = DataElement(0x0040A050, "CS", "SEPARATE")
        if source.template and vendor.template_id:
            sequence(item, 0x0040A504, _template(source.template))
    if source.children:
        written = (write_item(child, vendor) for child in source.children)
        sequence(item, 0x0040A730, *written)
    return item


def _template(identifier: str) -> Dataset:
    template = Dataset()
    template.MappingResource = "DCMR"
    template.TemplateIdentifier = identifier
    return template
