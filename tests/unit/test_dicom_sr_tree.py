"""The fast SR tree equals pydicom: the same tree, or both refuse."""

import io
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from dosebook_protocol.dicom import part10, tree
from dosebook_protocol.dicom.node import Node
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import Outcome
from tests.conftest import CORPUS
from tests.support.sr import ct_event, ct_totals, document, encoded, odd_structures, text
from tests.support.strict_pydicom import data_set_start, strict_tree

pytestmark = pytest.mark.filterwarnings("ignore")

SEED = int(os.environ.get("DOSEBOOK_SEED", "20260"))
MUTANTS = int(os.environ.get("DOSEBOOK_TREE_MUTANTS", "10000"))
CHUNKS = 10
SMALL = 32 * 1024
STRINGS = set("AE AS CS DA DS DT IS TM UI LO SH UC PN ST LT UT".split())


def _compared(data: bytes, start: int, *, is_implicit: bool) -> tuple[bool, bool]:
    """Whether pydicom reads a data set, and whether we read the same, or nothing as it does."""
    theirs = strict_tree(data, start)
    try:
        ours = _listed(tree.parse(data, start, is_implicit=is_implicit))
    except tree.TreeError:
        ours = None
    return theirs is not None, _normal(ours) == _normal(theirs)


def _listed(node: Node) -> list[Any]:
    found: list[Any] = []
    for tag, (vr, start, end, items) in node.elements.items():
        if items is not None:
            found.append((tag, "SQ", [_listed(item) for item in items], ""))
        else:
            name = vr.decode()
            text = node.text(tag) if name in STRINGS else ""
            found.append((tag, name, node.buffer[start:end], text))
    return found


def _normal(elements: list[Any] | None) -> Any:
    """Compare person names without the empty trailing parts that mean nothing (PS3.5 6.2.1)."""
    if elements is None:
        return None
    return [
        (tag, vr, [_normal(item) for item in value], "")
        if vr == "SQ"
        else (tag, vr, value, _name(text) if vr == "PN" else text)
        for tag, vr, value, text in elements
    ]


def _name(text: str) -> str:
    names = text.rstrip("\\").split("\\")
    return "\\".join(
        "=".join(group.strip(" \0").rstrip("^ \0") for group in name.split("=")).rstrip("=")
        for name in names
    )


def _files() -> Iterator[tuple[str, bytes]]:
    yield from odd_structures()
    if CORPUS.is_dir():
        for path in sorted(CORPUS.rglob("*.dcm")):
            yield path.relative_to(CORPUS).as_posix(), path.read_bytes()


def _mutated(data: bytes, start: int, dice: random.Random) -> bytes:
    """Damage a file the way that disks, cables and bad writers do."""
    changed = bytearray(data)
    at = dice.randrange(start, len(data) - 4)
    match dice.randrange(6):
        case 0:
            for _ in range(dice.randint(1, 8)):
                changed[dice.randrange(start, len(data))] ^= 1 << dice.randrange(8)
        case 1:
            del changed[at:]
        case 2:
            changed[at : at + 2] = dice.choice((0, 1, 2, 0x7FFF, 0xFFFF)).to_bytes(2, "little")
        case 3:
            changed[at : at + 4] = dice.choice((0, 8, 0xFFFFFFFF, len(data))).to_bytes(4, "little")
        case 4:
            size = dice.randint(1, 64)
            other = dice.randrange(start, len(data))
            changed[at : at + dice.choice((0, size))] = data[other : other + size]
        case _:
            _edit_length(changed, start, dice)
    return bytes(changed)


def _edit_length(changed: bytearray, start: int, dice: random.Random) -> None:
    """Change the length of one item or sequence by a little: the hardest case to notice."""
    marks = [
        at
        for at in range(start, len(changed) - 8, 2)
        if changed[at : at + 4] == b"\xfe\xff\x00\xe0"
    ]
    at = dice.choice(marks or [start]) + 4
    length = int.from_bytes(changed[at : at + 4], "little") + dice.choice((-8, -2, -1, 1, 2, 8))
    changed[at : at + 4] = (length & 0xFFFFFFFF).to_bytes(4, "little")


def test_every_file_gives_the_same_tree_as_pydicom():
    """Tags, VRs, raw values, decoded text and nesting equal pydicom's for every native file."""
    compared = 0
    for name, data in _files():
        if (where := data_set_start(data)) is not None:
            is_read, is_same = _compared(data, where[0], is_implicit=where[1])
            assert is_same, name
            compared += is_read
    assert compared >= len(odd_structures())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_mutated_files_give_the_same_tree_or_both_refuse(chunk):
    """Flipped, cut, spliced and mis-sized files: the fast tree and strict pydicom always agree."""
    dice = random.Random(f"{SEED}/{chunk}")
    sources = [
        (name, data, where)
        for name, data in _files()
        if len(data) <= SMALL and (where := data_set_start(data)) is not None
    ]
    read = 0
    for number in range(MUTANTS // CHUNKS):
        name, data, (start, is_implicit) = dice.choice(sources)
        mutant = _mutated(data, start, dice)
        is_read, is_same = _compared(mutant, start, is_implicit=is_implicit)
        assert is_same, f"{name}: mutant {number} of chunk {chunk}, seed {SEED}"
        read += is_read
    assert read


def test_p40_nesting_beyond_any_report_is_refused():
    """A hostile object nested deeper than any report is refused, not recursed into (P40)."""
    value = b""
    for _ in range(tree.MAX_DEPTH + 1):
        item = b"\xfe\xff\x00\xe0" + len(value).to_bytes(4, "little") + value
        value = b"\x40\x00\x30\xa7SQ\0\0" + len(item).to_bytes(4, "little") + item
    with pytest.raises(tree.TreeError, match="sequences in each other"):
        tree.parse(value, 0, is_implicit=False)


def test_an_object_larger_than_any_report_is_refused(monkeypatch):
    """Bytes and elements of a report are bounded before memory is spent on them (P40)."""
    data = encoded(document(ct_totals(0, "0")))
    monkeypatch.setattr(tree, "MAX_BYTES", 100)
    with pytest.raises(tree.TreeError, match="limit"):
        tree.parse(data, 0, is_implicit=False)
    monkeypatch.setattr(tree, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr(tree, "MAX_ELEMENTS", 5)
    reading = read_object(data)
    assert reading.outcome is Outcome.QUARANTINED
    assert "limit" in reading.reason


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"]
)
def test_other_transfer_syntaxes_give_the_same_reading(syntax):
    """Implicit, big endian and deflated copies of a report read exactly as the explicit one."""
    report = document(ct_totals(1, "100.0"), ct_event("2.25.7", ctdi="1.5", dlp="100.0"))
    plain = read_object(encoded(report))
    assert plain.outcome is Outcome.READ
    assert read_object(encoded(report, syntax=syntax)) == plain


@pytest.mark.parametrize("count", [1, 8, 500])
def test_p39_zeros_after_the_report_are_padding(count):
    """A file padded with zeros to the block of its medium reads like the one without (P39)."""
    data = encoded(document(ct_totals(1, "100.0"), ct_event("2.25.7", ctdi="1.5", dlp="100.0")))
    padded = data + bytes(count)
    assert read_object(padded) == read_object(data)
    start, is_implicit = data_set_start(padded)
    assert _compared(padded, start, is_implicit=is_implicit) == (True, True)


@pytest.mark.parametrize("data", [bytes(1_000_000), bytes(128) + b"DICM" + bytes(1_000_000)])
def test_p40_endless_empty_elements_are_refused_at_once(data):
    """Millions of empty command elements are no object, and cost no time (P40)."""
    reading = read_object(data)
    assert reading.outcome is Outcome.QUARANTINED
    assert "command" in reading.reason


def test_a_report_without_preamble_and_meta_is_read():
    """A bare data set, as some tools save it, is read like the whole file (P39)."""
    report = document(ct_totals(1, "100.0"), ct_event("2.25.7", ctdi="1.5", dlp="100.0"))
    stream = io.BytesIO()
    report.save_as(stream, implicit_vr=False, little_endian=True, enforce_file_format=False)
    assert read_object(stream.getvalue()) == read_object(encoded(report))


def test_p40_a_deflated_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    """A small file that would unpack to a large one is refused in words (P40)."""
    data = encoded(document(text("121106", "x" * 100_000)), syntax="1.2.840.10008.1.2.1.99")
    monkeypatch.setattr(part10, "MAX_INFLATED_BYTES", 50_000)
    reading = read_object(data)
    assert reading.outcome is Outcome.QUARANTINED
    assert "unpacks" in reading.reason


def test_p40_codes_of_any_length_do_not_grow_paths():
    """A concept whose code is a megabyte long is read, and its path stays short (P40)."""
    item = text("1", "kept")
    name = item.ConceptNameCodeSequence[0]
    del name.CodeValue
    name.LongCodeValue = "9" * 1_000_000
    reading = read_object(encoded(document(item, ct_totals(0, "0"))))
    assert reading.outcome is Outcome.READ
    assert all(len(entry.path) < 100 for entry in reading.items)


def _sequence(*items: bytes) -> bytes:
    marked = [b"\xfe\xff\x00\xe0" + len(one).to_bytes(4, "little") + one for one in items]
    value = b"".join(marked)
    return b"\x40\x00\x30\xa7SQ\0\0" + len(value).to_bytes(4, "little") + value


def test_p40_equal_items_are_walked_once_and_counted_each_time(monkeypatch):
    """Items that repeat cost no time, yet count towards the bound on elements (P40)."""
    item = b"\x40\x00\x60\xa1UT\0\0\x02\0\0\0ab"
    data = _sequence(*[item] * 50)
    (first, *others) = tree.parse(data, 0, is_implicit=False).sequence(0x0040A730)
    assert len(others) == 49
    assert all(one is first for one in others)
    assert first.text(0x0040A160) == "ab"
    monkeypatch.setattr(tree, "MAX_ELEMENTS", 50)
    with pytest.raises(tree.TreeError, match="limit"):
        tree.parse(data, 0, is_implicit=False)


def test_p40_equal_items_at_another_depth_are_measured_anew():
    """An item that is fine near the root is refused where it makes the nesting too deep (P40)."""
    deep = b""
    for _ in range(10):
        deep = _sequence(deep)
    deeper = deep
    for _ in range(tree.MAX_DEPTH - 5):
        deeper = _sequence(deeper)
    tree.parse(_sequence(deep), 0, is_implicit=False)
    with pytest.raises(tree.TreeError, match="sequences in each other"):
        tree.parse(_sequence(deep, deeper), 0, is_implicit=False)
