"""The fast SR tree: bytes to light nodes with lazily decoded values, little endian only.

pydicom spends some 16 µs an element on conversion; a dose report needs few of its elements, so
this walk only notes where each value lies. File meta, every other transfer syntax and the character
sets stay pydicom's. The walk is strict where pydicom is lax by accident, and refuses:

- a value, item or sequence that does not fill its container exactly, a delimiter where the length
  is defined, one with a length or one that is missing (zeros, or fewer than 8 bytes, at the end
  are padding);
- a tag that occurs twice in a data set, a command or file meta group, a stray item tag;
- an unknown VR, a change to implicit VR amid a data set (a whole item may be it, PS3.5 6.2.2),
  an undefined length on anything but a sequence;
- more nesting, bytes or elements than any report has.
"""

import io
from functools import lru_cache
from struct import Struct
from typing import Final

from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset

from dosebook_protocol.dicom.errors import UnreadableError
from dosebook_protocol.dicom.node import DEFAULT_ENCODINGS, Node, SharedNode, decode_text

MAX_DEPTH: Final = 64
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_ELEMENTS: Final = 1_000_000

_SR_CLASSES: Final = "1.2.840.10008.5.1.4.1.1.88."
_EXPLICIT: Final = "1.2.840.10008.1.2.1"
_IMPLICIT: Final = "1.2.840.10008.1.2"

_SHORT: Final = Struct("<HH2sH").unpack_from
_LONG: Final = Struct("<I").unpack_from
_PLAIN: Final = Struct("<HHI").unpack_from
_MARK: Final = Struct("<II").unpack_from

_UNDEFINED: Final = 0xFFFFFFFF
_ITEM: Final = 0xE000FFFE  # the tag (FFFE,E000) as one little endian number
_ITEM_END: Final = b"\xfe\xff\x0d\xe0\0\0\0\0"
_SEQUENCE_END: Final = b"\xfe\xff\xdd\xe0\0\0\0\0"
_CHARACTER_SET: Final = 0x00080005
# Concept name, concept code, measurement units: the same few, hundreds of times in a report.
_CODED: Final = frozenset({0x0040A043, 0x0040A168, 0x004008EA})
_CODED_LENGTH: Final = 256
# Whole content items too: what stays the same from one event to the next.
_ALIKE_LENGTH: Final = 1024

_SHORT_VRS: Final = frozenset(
    b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split()
)
_LONG_VRS: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
# Codecs that pydicom would take by their Python name and that are slow on hostile text.
_SLOW_CODECS: Final = frozenset({"idna", "punycode"})


class TreeError(UnreadableError):
    """The bytes are no well-formed data set."""


def read_sr(data: bytes, sop_class: str, syntax: str, start: int) -> Node | None:
    """Walk a DICOM file that its meta calls a native little endian SR; None for any other.

    Raises:
        TreeError: it is such a file, and its data set is malformed.
    """
    if not sop_class.startswith(_SR_CLASSES) or syntax not in (_EXPLICIT, _IMPLICIT):
        return None
    return parse(data, start, is_implicit=syntax == _IMPLICIT)


def from_dataset(dataset: Dataset) -> Node:
    """Turn a data set that pydicom read into the same nodes, by way of explicit little endian."""
    stream = io.BytesIO()
    try:
        for _ in dataset.iterall():
            pass  # pydicom converts on access; raw values would be written in their own byte order
        plain = Dataset()
        plain.update({element.tag: element for element in dataset})
        plain.save_as(stream, implicit_vr=False, little_endian=True, enforce_file_format=False)
    except Exception as failure:
        reason = f"its data set cannot be written as explicit VR ({type(failure).__name__})"
        raise TreeError(reason) from failure
    return parse(stream.getvalue(), 0, is_implicit=False)


def parse(data: bytes, start: int, *, is_implicit: bool) -> Node:
    """Walk the data set that begins at `start` and fills the rest of `data`.

    Raises:
        TreeError: it is malformed, or larger or deeper than any report.
    """
    if len(data) > MAX_BYTES:
        raise TreeError(f"{len(data)} bytes are more than the limit {MAX_BYTES} of a report")
    # As pydicom does: the first element shows whether the meta names the right kind of VR.
    if len(data) - start >= 6:
        is_implicit = not _looks_like_vr(data, start + 4)
    walker = _Walker(data)
    node = Node(data, DEFAULT_ENCODINGS)
    end = walker.data_set(node, start, len(data), is_implicit, 0)
    if len(data) - end >= 8 and any(data[end:]):
        raise _malformed("a delimiter outside of a sequence", end)
    return node


def _looks_like_vr(data: bytes, at: int) -> bool:
    return 0x40 < data[at] < 0x5B and 0x40 < data[at + 1] < 0x5B


def _malformed(what: str, at: int) -> TreeError:
    return TreeError(f"malformed data set: {what} at byte {at}")


@lru_cache(maxsize=16384)
def _public_vr(tag: int) -> bytes:
    """Look a tag of implicit VR up; a private or unknown one is UN."""
    if tag & 0x00010000:
        return b"UN"
    if not tag & 0xFFFF:
        return b"UL"
    try:
        return dictionary_VR(tag).encode()
    except KeyError:
        return b"UN"


class _Walker:
    """One walk over one buffer."""

    __slots__ = ("alike", "coded", "count", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.count = 0
        # Items of short coded sequences by their bytes: equal ones are walked once.
        self.coded: dict[tuple[bytes, bool, int], list[Node]] = {}
        # Other short items likewise, with the number of elements in them.
        self.alike: dict[tuple[bytes, bool, int, int], tuple[Node, int]] = {}

    # In the walk itself arguments go by position: keywords cost a tenth of its time.

    def data_set(
        self,
        node: Node,
        at: int,
        end: int,
        is_implicit: bool,
        depth: int,
    ) -> int:
        """Fill `node` from `at` until `end` or an item delimiter; return where it stopped."""
        at = (self._implicit if is_implicit else self._explicit)(node, at, end, depth)
        if _CHARACTER_SET in node.elements:
            node.encodings = _encodings(node)
        self.count += len(node.elements)
        if self.count > MAX_ELEMENTS:
            raise TreeError(f"more than {MAX_ELEMENTS} elements, the limit of a report")
        return at

    def _explicit(self, node: Node, at: int, end: int, depth: int) -> int:
        data, elements = self.data, node.elements
        while end - at >= 8:
            group, number, vr, length = _SHORT(data, at)
            tag = group << 16 | number
            if tag in elements or group < 4 or group == 0xFFFE:
                if tag == 0xFFFEE00D or self._is_padding(tag, at, depth):
                    return at
                raise _malformed(f"tag ({group:04X},{number:04X}) not allowed", at)
            if vr in _SHORT_VRS:
                at += 8
            elif vr in _LONG_VRS:
                if end - at < 12:
                    raise _malformed(f"({group:04X},{number:04X}) is cut off", at)
                length = _LONG(data, at + 8)[0]
                at += 12
                if vr == b"SQ" or length == _UNDEFINED:
                    at = self._sequence(node, tag, vr, at, end, length, False, depth)
                    continue
            else:
                raise _malformed(f"({group:04X},{number:04X}) has an unknown VR", at)
            stop = at + length
            if stop > end:
                raise _malformed(f"({group:04X},{number:04X}) is cut off", at)
            elements[tag] = (vr, at, stop, None)
            at = stop
        return at

    def _implicit(self, node: Node, at: int, end: int, depth: int) -> int:
        data, elements = self.data, node.elements
        while end - at >= 8:
            group, number, length = _PLAIN(data, at)
            tag = group << 16 | number
            if tag in elements or group < 4 or group == 0xFFFE:
                if tag == 0xFFFEE00D or self._is_padding(tag, at, depth):
                    return at
                raise _malformed(f"tag ({group:04X},{number:04X}) not allowed", at)
            vr = _public_vr(tag)
            at += 8
            if vr == b"SQ" or length == _UNDEFINED:
                at = self._sequence(node, tag, vr, at, end, length, True, depth)
                continue
            stop = at + length
            if stop > end:
                raise _malformed(f"({group:04X},{number:04X}) is cut off", at)
            elements[tag] = (vr, at, stop, None)
            at = stop
        return at

    def _is_padding(self, tag: int, at: int, depth: int) -> bool:
        """Say whether nothing but zeros follows: files are padded to the block of their medium."""
        return tag == 0 and depth == 0 and not any(self.data[at:])

    def _sequence(
        self,
        node: Node,
        tag: int,
        vr: bytes,
        at: int,
        end: int,
        length: int,
        is_implicit: bool,
        depth: int,
    ) -> int:
        """Note the sequence whose value begins at `at`; return where it ended."""
        if depth >= MAX_DEPTH:
            raise _malformed(f"more than {MAX_DEPTH} sequences in each other", at)
        if vr not in (b"SQ", b"UN"):
            raise _malformed(f"undefined length with VR {vr.decode()}", at)
        is_open = length == _UNDEFINED
        stop = end if is_open else at + length
        if stop > end:
            raise _malformed("a sequence is cut off", at)
        if _CHARACTER_SET in node.elements:
            node.encodings = _encodings(node)
        walk = self._coded_items if tag in _CODED else self._items
        items, after = walk(node.encodings, at, stop, is_open, is_implicit, depth)
        node.elements[tag] = (b"SQ", at, after - 8 if is_open else after, items)
        return after

    def _coded_items(
        self,
        encodings: list[str],
        at: int,
        stop: int,
        is_open: bool,
        is_implicit: bool,
        depth: int,
    ) -> tuple[list[Node], int]:
        """Walk a coded sequence, or take the items of the same bytes before."""
        data, tail = self.data, stop
        if is_open:
            tail = data.find(_SEQUENCE_END, at, min(stop, at + _CODED_LENGTH)) + 8
        if not 0 <= tail - at <= _CODED_LENGTH:
            return self._items(encodings, at, stop, is_open, is_implicit, depth, SharedNode)
        # Items keep their encodings, so that this id is no other list's while they are known.
        key = (data[at:tail], is_implicit, id(encodings))
        known = self.coded.get(key)
        if known is not None:
            self.count += sum([len(item.elements) for item in known])
            return known, tail
        items, after = self._items(encodings, at, stop, is_open, is_implicit, depth, SharedNode)
        if after == tail and not any(e[3] for item in items for e in item.elements.values()):
            self.coded[key] = items
        return items, after

    def _items(
        self,
        encodings: list[str],
        at: int,
        stop: int,
        is_open: bool,
        is_implicit: bool,
        depth: int,
        make: type[Node] = Node,
    ) -> tuple[list[Node], int]:
        """Walk the items of a sequence; return them and where it ended."""
        data = self.data
        items: list[Node] = []
        while stop - at >= 8:
            mark, size = _MARK(data, at)
            if mark != _ITEM:
                break
            at += 8
            if size > _ALIKE_LENGTH or at + size > stop:
                item = make(data, encodings)
                at = self._item(item, at, stop, size, is_implicit, depth + 1)
                items.append(item)
                continue
            # The depth belongs to it: deeper, the same bytes may be nested too far.
            key = (data[at : at + size], is_implicit, id(encodings), depth)
            known = self.alike.get(key)
            if known is not None:
                item, count = known
                self.count += count
                at += size
            else:
                item = make(data, encodings)
                before = self.count
                at = self._item(item, at, stop, size, is_implicit, depth + 1)
                self.alike[key] = item, self.count - before
            items.append(item)
        if is_open:
            if data[at : at + 8] != _SEQUENCE_END or stop - at < 8:
                raise _malformed("a sequence without its delimiter", at)
            return items, at + 8
        if at != stop:
            raise _malformed("a sequence holds something else than items", at)
        return items, at

    def _item(
        self,
        item: Node,
        at: int,
        end: int,
        size: int,
        is_implicit: bool,
        depth: int,
    ) -> int:
        """Fill `item` from its content at `at`; return where the next one begins."""
        data = self.data
        stop = end if size == _UNDEFINED else at + size
        if stop > end:
            raise _malformed("an item is cut off", at)
        if not is_implicit and stop - at >= 8 and data[at : at + 2] != b"\xfe\xff":
            is_implicit = not _looks_like_vr(data, at + 4)
        at = self.data_set(item, at, stop, is_implicit, depth)
        if size == _UNDEFINED:
            if data[at : at + 8] != _ITEM_END or stop - at < 8:
                raise _malformed("an item without its delimiter", at)
            return at + 8
        if at != stop:
            raise _malformed("an item is longer or shorter than its elements", at)
        return at


def _encodings(node: Node) -> list[str]:
    vr, start, end, _ = node.elements[_CHARACTER_SET]
    named = decode_text(node.buffer[start:end], vr, DEFAULT_ENCODINGS).split("\\")
    try:
        if _SLOW_CODECS.isdisjoint(name.lower() for name in named):
            return list(convert_encodings(named))
    except (LookupError, ValueError):
        pass
    raise _malformed(f"an unknown character set {named!r}", start)
