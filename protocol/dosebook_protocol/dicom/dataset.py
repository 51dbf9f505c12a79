"""A pydicom data set seen as `Attributes`."""

from pydicom.charset import decode_bytes
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName


class DatasetAttributes:
    """Text and items of a pydicom data set; a value that pydicom cannot convert is read as text."""

    __slots__ = ("dataset",)

    def __init__(self, dataset: Dataset) -> None:
        """Look at `dataset`, which is not changed but for pydicom's own lazy conversion."""
        self.dataset = dataset

    def text(self, tag: int) -> str:
        r"""Return the decoded value without padding, several joined by a backslash; "" if none."""
        if tag not in self.dataset:
            return ""
        try:
            element = self.dataset[tag]
        except Exception:  # noqa: BLE001 - pydicom raises many kinds on a value that breaks its VR
            return self._raw_text(tag)
        return _joined(element)

    def sequence(self, tag: int) -> "list[DatasetAttributes]":
        """Return the items of a sequence; absent, empty or broken is no item."""
        if tag not in self.dataset:
            return []
        try:
            element = self.dataset[tag]
        except Exception:  # noqa: BLE001 - as above
            return []
        if element.VR != "SQ" or not element.value:
            return []
        return [DatasetAttributes(item) for item in element.value]

    def _raw_text(self, tag: int) -> str:
        try:
            element = self.dataset.get_item(tag)
        except NotImplementedError:  # a VR that is none: this element alone is unreadable
            return ""
        if not isinstance(element, RawDataElement) or not isinstance(element.value, bytes):
            return ""
        text = decode_bytes(element.value, ["iso8859"], set())
        return "\\".join(part.strip(" \0") for part in text.split("\\")).strip("\\")


def _joined(element: DataElement) -> str:
    value = element.value
    if value is None or isinstance(value, bytes) or element.VR == "SQ":
        return _bytes_text(value) if isinstance(value, bytes) else ""
    if isinstance(value, MultiValue | list | tuple):
        return "\\".join(_clean(part) for part in value)
    return _clean(value)


def _clean(value: object) -> str:
    if isinstance(value, PersonName):
        return person_name(str(value))
    return str(value).strip(" \0")


def _bytes_text(value: bytes) -> str:
    """Read a UN value that is printable text as such; other bytes have no text."""
    text = value.rstrip(b" \0")
    return text.decode("ascii") if text.isascii() and text.decode("ascii").isprintable() else ""


def person_name(text: str) -> str:
    """Keep the component groups of a person name, dropping padding and empty trailing parts."""
    groups = [group.strip(" \0").rstrip("^ \0") for group in text.split("=")]
    return "=".join(groups).rstrip("=")
