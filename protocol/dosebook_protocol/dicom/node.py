"""Light nodes of an SR tree: where each value lies, decoded when a reader asks for it."""

from typing import Final

from pydicom.charset import decode_bytes
from pydicom.valuerep import TEXT_VR_DELIMS, PersonName
from pydicom.values import convert_PN

from dosebook_protocol.dicom.dataset import person_name

Element = tuple[bytes, int, int, "list[Node] | None"]
"""VR, start and end of the value, and the items where it is a sequence."""

_OWN_CHARACTER_SET_VRS: Final = frozenset((b"SH", b"LO", b"UC", b"ST", b"LT", b"UT"))
_SPLIT_TEXT: Final = frozenset(
    (b"AE", b"AS", b"CS", b"DA", b"DS", b"DT", b"IS", b"LO", b"SH", b"TM", b"UC", b"UI")
)
_UNSPLIT_TEXT: Final = frozenset((b"ST", b"LT", b"UT", b"UR"))
_NUMBER_VRS: Final = frozenset((b"US", b"SS", b"UL", b"SL", b"FL", b"FD", b"AT", b"SV", b"UV"))
DEFAULT_ENCODINGS: Final = ["iso8859"]


class Node:
    """One data set or item: tag to element, values decoded when asked for."""

    __slots__ = ("buffer", "elements", "encodings")

    def __init__(self, buffer: bytes, encodings: list[str]) -> None:
        """Start empty; the walk fills `elements`."""
        self.buffer = buffer
        self.elements: dict[int, Element] = {}
        self.encodings = encodings

    def raw(self, tag: int) -> bytes:
        """Return the value's bytes as they are; absent is empty."""
        element = self.elements.get(tag)
        return self.buffer[element[1] : element[2]] if element is not None else b""

    def sequence(self, tag: int) -> "list[Node]":
        """Return the items of a sequence; absent or no sequence is no item."""
        element = self.elements.get(tag)
        return (element[3] or []) if element is not None else []

    def text(self, tag: int) -> str:
        r"""Return the decoded value without padding, several joined by a backslash; "" if none."""
        element = self.elements.get(tag)
        if element is None or element[3] is not None:
            return ""
        return decode_text(self.buffer[element[1] : element[2]], element[0], self.encodings)


class SharedNode(Node):
    """An item of a code that many places name: each of its texts is decoded once."""

    __slots__ = ("_texts",)

    def __init__(self, buffer: bytes, encodings: list[str]) -> None:
        """As a node."""
        super().__init__(buffer, encodings)
        self._texts: dict[int, str] = {}

    def text(self, tag: int) -> str:
        """As of a node."""
        known = self._texts.get(tag)
        if known is None:
            known = self._texts[tag] = super().text(tag)
        return known


def decode_text(value: bytes, vr: bytes, encodings: list[str]) -> str:
    """Decode a value of a text VR by its character sets and drop its padding."""
    # Most values by far, told apart with as little as can be.
    if vr in _SPLIT_TEXT and value.isascii() and b"\x1b" not in value and b"\\" not in value:
        return value.decode("ascii").strip("\0 ")
    if vr in _NUMBER_VRS or vr[:1] == b"O":
        return ""
    if vr == b"PN":
        return _person_names(value, encodings)
    if value.isascii() and b"\x1b" not in value:
        text = value.decode("ascii")
        if vr in _UNSPLIT_TEXT or "\\" not in text:
            return text.rstrip("\0 ") if vr in _UNSPLIT_TEXT else text.strip("\0 ")
        return "\\".join(part.strip("\0 ") for part in text.split("\\"))
    if (
        vr not in _OWN_CHARACTER_SET_VRS
    ):  # PS3.5 6.1.2.3: the other VRs are of the default repertoire
        encodings = DEFAULT_ENCODINGS
    if vr in _UNSPLIT_TEXT:
        return decode_bytes(value, encodings, TEXT_VR_DELIMS).rstrip("\0 ")
    parts_of_text = (decode_bytes(part, encodings, TEXT_VR_DELIMS) for part in value.split(b"\\"))
    return "\\".join(part.strip("\0 ") for part in parts_of_text)


def _person_names(value: bytes, encodings: list[str]) -> str:
    if value.isascii() and b"\x1b" not in value:
        parts = value.decode("ascii").rstrip("\0 ").split("\\")
    else:
        names = convert_PN(value, encodings)
        parts = [str(names)] if isinstance(names, PersonName) else [str(name) for name in names]
    return "\\".join(person_name(part) for part in parts).rstrip("\\")
