"""DICOM JSON and Native DICOM Model XML to data sets; XML is hardened (P40)."""

import json
from typing import Any, Final, NoReturn
from xml.etree import ElementTree as ET
from xml.parsers import expat

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset

from dosebook_protocol.dicom.errors import UnreadableError

MAX_DEPTH: Final = 200

JsonObject = dict[str, Any]

_BINARY_INTEGERS: Final = frozenset({"US", "SS", "UL", "SL", "UV", "SV"})
_FLOATS: Final = frozenset({"FL", "FD"})
_DECIMAL_TEXTS: Final = frozenset({"DS", "IS"})
_NAME_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
_NAME_PARTS: Final = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_GROUP_LENGTH_LAST: Final = 0x0003FFFF


def json_objects(data: bytes) -> list[bytes]:
    """Split a DICOM JSON answer, which may hold many data sets, into one document for each."""
    return [json.dumps(entry).encode() for entry in _json_list(data)]


def from_json(data: bytes) -> Dataset:
    """Read one data set in the DICOM JSON model (PS3.18 annex F).

    Raises:
        UnreadableError: it is no such document, or holds more than one data set.
    """
    entries = _json_list(data)
    if len(entries) != 1:
        raise UnreadableError(f"{len(entries)} data sets in one JSON document: split it first")
    return _dataset(entries[0])


def from_xml(data: bytes) -> Dataset:
    """Read one data set in the Native DICOM Model (PS3.19 annex A).

    Raises:
        UnreadableError: it is no such document, or has a document type or an entity (P40).
    """
    _refuse_hostile(data)
    try:
        root = ET.fromstring(data)  # noqa: S314 - what makes XML hostile was refused above
    except ET.ParseError as failure:
        raise UnreadableError(f"not well-formed XML: {failure}") from None
    if _local(root) != "NativeDicomModel":
        raise UnreadableError(f"the XML root is {_local(root)!r}, not 'NativeDicomModel'")
    return _dataset(_xml_attributes(root))


def _json_list(data: bytes) -> list[JsonObject]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise UnreadableError("not a JSON document") from None
    entries = document if isinstance(document, list) else [document]
    if not all(isinstance(entry, dict) for entry in entries):
        raise UnreadableError("the JSON document holds no DICOM data set")
    return entries


def _dataset(attributes: JsonObject) -> Dataset:
    """Build the data set; JSON and XML are Unicode, so its character set becomes UTF-8."""
    kept = _with_vr(attributes)
    if not kept:
        raise UnreadableError("the document holds no DICOM data element")
    try:
        dataset = Dataset.from_json(kept, bulk_data_uri_handler=_no_bulk_data)
    except Exception as failure:
        reason = f"a data element that breaks the DICOM JSON model ({type(failure).__name__})"
        raise UnreadableError(reason) from failure
    dataset.SpecificCharacterSet = "ISO_IR 192"
    return dataset


def _no_bulk_data(_tag: str, _vr: str, _uri: str) -> None:
    """Leave values that lie elsewhere empty: nothing is ever fetched."""


def _with_vr(attributes: JsonObject) -> JsonObject:
    """Leave out what is no data tag, and give elements whose VR is missing that of the standard."""
    kept: JsonObject = {}
    for tag, attribute in attributes.items():
        if not _is_data_tag(tag) or not isinstance(attribute, dict):
            continue
        vr = attribute.get("vr") or _dictionary_vr(tag)
        kept[tag] = {**attribute, "vr": vr}
        if "Value" not in attribute:
            continue
        values = _listed(attribute["Value"])
        if vr == "SQ":
            kept[tag]["Value"] = [_with_vr(item) for item in values if isinstance(item, dict)]
        else:
            kept[tag]["vr"], kept[tag]["Value"] = _as_sent(vr, values)
    return kept


def _listed(value: Any) -> list[Any]:
    """Return the values as the list that the model demands, a bare one included."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _as_sent(vr: str, values: list[Any]) -> tuple[str, list[Any]]:
    """Keep numbers as they were written where their VR would refuse or round them.

    Readers judge `2,5` in a DS and 12.5 in an IS; pydicom would refuse one and cut the other.
    """
    number = int if vr in _BINARY_INTEGERS else float
    if vr in _BINARY_INTEGERS or vr in _FLOATS:
        try:
            if all(number(value) == float(value) for value in values if value is not None):
                return vr, [None if value is None else number(value) for value in values]
        except (TypeError, ValueError, OverflowError):
            pass
    elif vr not in _DECIMAL_TEXTS:
        return vr, values
    return "LO", ["" if value is None else str(value) for value in values]


def _dictionary_vr(tag: str) -> str:
    try:
        return dictionary_VR(int(tag, 16)).split()[0]
    except KeyError:
        return "UN" if int(tag, 16) & 0xFF00 else "LO"


def _is_data_tag(tag: str) -> bool:
    try:
        return len(tag) == 8 and int(tag, 16) > _GROUP_LENGTH_LAST
    except ValueError:
        return False


def _refuse_hostile(data: bytes) -> None:
    """Refuse a document type, which every entity needs, and nesting beyond any data set."""
    depth = 0

    def refuse(*_: object) -> NoReturn:
        raise UnreadableError("the XML has a document type or an entity: refused")

    def start(_name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise UnreadableError(f"the XML is nested more than {MAX_DEPTH} deep: refused")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(data, True)
    except expat.ExpatError as failure:
        raise UnreadableError(f"not well-formed XML: {failure}") from None


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _xml_attributes(parent: ET.Element) -> JsonObject:
    """Turn the attributes below an element into the DICOM JSON model."""
    attributes: JsonObject = {}
    for child in parent:
        if _local(child) != "DicomAttribute":
            continue
        tag, vr = child.get("tag", "").upper(), child.get("vr", "UN")
        attribute: JsonObject = {"vr": vr}
        values = _xml_values(child)
        if values:
            attribute["Value"] = values
        for binary in child:
            if _local(binary) == "InlineBinary":
                attribute["InlineBinary"] = (binary.text or "").strip()
        attributes[tag] = attribute
    return attributes


def _xml_values(attribute: ET.Element) -> list[Any]:
    values: list[Any] = []
    for child in attribute:
        name = _local(child)
        if name == "Item":
            values.append(_xml_attributes(child))
        elif name == "PersonName":
            values.append(_person_name(child))
        elif name == "Value":
            values.append(child.text or "")
    return values


def _person_name(name: ET.Element) -> JsonObject:
    groups: JsonObject = {}
    for group in name:
        if _local(group) in _NAME_GROUPS:
            parts = {_local(part): part.text or "" for part in group}
            joined = "^".join(parts.get(part, "") for part in _NAME_PARTS)
            groups[_local(group)] = joined.rstrip("^")
    return groups
