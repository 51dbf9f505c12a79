"""Content items of a structured report: concept, value type, children and the path to each.

Built once per report over the nodes of the tree; values stay undecoded until a reader asks.
"""

from collections.abc import Container, Mapping
from functools import lru_cache
from typing import Final

from dosebook_protocol import codes
from dosebook_protocol.codes import Key
from dosebook_protocol.dicom.node import Node, decode_text
from dosebook_protocol.reading import Code

CONTENT: Final = 0x0040A730
_CONCEPT_NAME: Final = 0x0040A043
_VALUE_TYPE: Final = 0x0040A040
_CONCEPT_CODE: Final = 0x0040A168
_CODE_VALUE: Final = 0x00080100
_LONG_CODE_VALUE: Final = 0x00080119
_URN_CODE_VALUE: Final = 0x00080120
_SCHEME: Final = 0x00080102
_MEANING: Final = 0x00080104

# A hostile object must not fill caches and paths with codes of any length.
_CACHED_LENGTH: Final = 256
_LABEL_LENGTH: Final = 64

_NO_CONCEPT: Final[Key] = ("", "")
_STANDARD_SCHEMES: Final = frozenset({"DCM", "SCT", "SRT", "LN", "UCUM", ""})

_VALUE_TYPES: Final = frozenset(
    "CODE COMPOSITE CONTAINER DATE DATETIME IMAGE NUM PNAME SCOORD SCOORD3D TCOORD TABLE TEXT TIME "
    "UIDREF WAVEFORM".split()
)
# Value types that are no value type of PS3.3 C.17.3.2.1 but whose meaning is plain.
_VALUE_TYPE_REPAIRS: Final = {"PERSON NAME": "PNAME", "NUMERIC": "NUM", "UID": "UIDREF"}


class Item:
    """One content item; `concept` is canonical, `path` is written in the codes as sent."""

    __slots__ = ("children", "concept", "node", "path", "sent_value_type", "value_type")

    def __init__(self, node: Node, concept: Key, path: str, value_type: tuple[str, str]) -> None:
        """Hold what `content` found; its children follow."""
        self.node = node
        self.concept = concept
        self.path = path
        self.value_type, self.sent_value_type = value_type
        self.children: list[Item] = []

    def name_code(self) -> Code | None:
        """Return the concept name as sent."""
        for name in self.node.sequence(_CONCEPT_NAME):
            return coded(name)
        return None

    def code(self) -> Code | None:
        """Return the value of a CODE item."""
        for value in self.node.sequence(_CONCEPT_CODE):
            return coded(value)
        return None

    def text(self) -> str:
        """Return the value of an item of any textual type, "" where it has none."""
        for tag in _TEXT_TAGS:
            value = self.node.text(tag)
            if value:
                return value
        return ""

    def child(self, concept: Key) -> "Item | None":
        """Return the first child of that concept."""
        for child in self.children:
            if child.concept == concept:
                return child
        return None


# Text, UID, date-time, person name, date, time: a wrong value type still shows its value.
_TEXT_TAGS: Final = (0x0040A160, 0x0040A124, 0x0040A120, 0x0040A123, 0x0040A121, 0x0040A122)


def coded(item: Node) -> Code | None:
    """Read one coded entry as sent; None where it has neither value nor meaning."""
    value = item.text(_CODE_VALUE) or item.text(_LONG_CODE_VALUE) or item.text(_URN_CODE_VALUE)
    meaning = item.text(_MEANING)
    if not value and not meaning:
        return None
    make = _code if len(value) + len(meaning) < _CACHED_LENGTH else Code
    return make(value, item.text(_SCHEME), meaning)


@lru_cache(maxsize=8192)
def _code(value: str, scheme: str, meaning: str) -> Code:
    return Code(value, scheme, meaning)


def key_of(code: Code | None) -> Key:
    """Return the canonical identity of a code."""
    return codes.canonical(code.value, code.scheme) if code is not None else _NO_CONCEPT


def texts_of(root: Node, wanted: Container[Key]) -> dict[Key, set[str]]:
    """Return what the document's own items of the wanted concepts say, before it is read whole."""
    found: dict[Key, set[str]] = {}
    for node in root.sequence(CONTENT):
        concept, _ = _concept(node, {})
        text = Item(node, concept, "", ("", "")).text() if concept in wanted else ""
        if text:
            found.setdefault(concept, set()).add(text)
    return found


def content(root: Node, aliases: Mapping[Key, Key]) -> Item:
    """Build the content tree of a document whose root content item is the data set itself.

    `aliases` gives private concepts the standard concept that they stand for.
    """
    concept, _ = _concept(root, {})
    item = Item(root, concept, "", _value_type(root.raw(_VALUE_TYPE)))
    _add_children(item, aliases, {})
    return item


def _add_children(
    parent: Item, aliases: Mapping[Key, Key], known: dict[int, tuple[Key, str]]
) -> None:
    """Add the children with their paths: `113819[2]`, the position only where it is one of many.

    `known` remembers concepts by the identity of their nodes, which equal ones share.
    """
    nodes = parent.node.sequence(CONTENT)
    if not nodes:
        return
    named = [_concept(node, known) for node in nodes]
    counts: dict[str, int] = {}
    for _, label in named:
        counts[label] = counts.get(label, 0) + 1
    seen: dict[str, int] = {}
    prefix = f"{parent.path}/" if parent.path else ""
    children = parent.children
    for node, (concept, label) in zip(nodes, named, strict=True):
        if counts[label] > 1:
            position = seen[label] = seen.get(label, 0) + 1
            path = f"{prefix}{label}[{position}]"
        else:
            path = prefix + label
        meant = aliases.get(concept, concept)
        item = Item(node, meant, path, _value_type(node.raw(_VALUE_TYPE)))
        children.append(item)
        if CONTENT in node.elements:
            _add_children(item, aliases, known)


def _concept(node: Node, known: dict[int, tuple[Key, str]]) -> tuple[Key, str]:
    """Return the canonical concept of a content item and its label in paths."""
    names = node.sequence(_CONCEPT_NAME)
    if not names:
        return _NO_CONCEPT, node.text(_VALUE_TYPE) or "?"
    name = names[0]
    concept = known.get(id(name))
    if concept is None:
        concept = known[id(name)] = _named(name)
    return concept


def _named(name: Node) -> tuple[Key, str]:
    value = name.raw(_CODE_VALUE) or name.raw(_LONG_CODE_VALUE) or name.raw(_URN_CODE_VALUE)
    scheme = name.raw(_SCHEME)
    if len(value) + len(scheme) < _CACHED_LENGTH:
        return _concept_of_bytes(value, scheme)
    concept, label = _concept_of_bytes.__wrapped__(value, scheme)
    return concept, f"{label[:_LABEL_LENGTH]}…"


@lru_cache(maxsize=8192)
def _concept_of_bytes(value: bytes, scheme: bytes) -> tuple[Key, str]:
    text = decode_text(value, b"SH", ["iso8859"])
    designator = decode_text(scheme, b"SH", ["iso8859"])
    concept = codes.canonical(text, designator)
    is_standard = concept[1] in _STANDARD_SCHEMES
    return concept, text or "?" if is_standard else f"{designator}:{text}"


@lru_cache(maxsize=1024)
def _value_type(raw: bytes) -> tuple[str, str]:
    """Return the value type, repaired where its meaning is plain, and as sent."""
    sent = decode_text(raw, b"CS", ["iso8859"])
    upper = sent.upper()
    return (upper if upper in _VALUE_TYPES else _VALUE_TYPE_REPAIRS.get(upper, upper)), sent
