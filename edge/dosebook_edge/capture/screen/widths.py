"""Whether a text is as wide as its characters: a reader that drops a digit does not notice it.

The widths of characters are measured on the same screen, in the other cells of one typeface: no
typeface is known or needed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Final

from dosebook_edge.capture.screen.reading import Check
from dosebook_edge.capture.screen.seen import Seen

_MOST_OFF: Final = 0.5
"""Of the width of a digit; a lost digit is a whole one, a lost 1 in a narrow face a little less."""
_LEAST_OTHERS: Final = 2
_NUMERIC: Final = frozenset("0123456789.,:-")
_DIGITS: Final = "00"

Sizes = Mapping[str, Sequence[tuple[str, int]]]
"""Kinds of a character and the one behind it → cell and pixels from the one's left edge to the
other's; the kind of a last character alone → cell and pixels of its ink."""


def widths(cells: Sequence[Seen]) -> dict[str, Check]:
    """Name → check of each numeric cell."""
    usable = [one for one in cells if one.text and set(one.text) <= _NUMERIC and one.strokes.edges]
    groups: dict[str, list[Seen]] = defaultdict(list)
    for one in usable:
        groups[face(one)].append(one)
    return {name: check for group in groups.values() for name, check in _within(group)}


def face(one: Seen) -> str:
    """Cells of one key are taken to be in one typeface: rows of a table, fields of one height."""
    return face_of(one.table, one.crop.height)


def face_of(table: str, height: int) -> str:
    """The key of a cell of a table ("" where it stands alone) and a height in px."""
    return f"{table}/{0 if table else height}"


def _within(group: Sequence[Seen]) -> Iterator[tuple[str, Check]]:
    sizes: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for one in group:
        edges = one.strokes.edges
        if len(edges) == len(one.text):
            ends = (*(left for left, _ in edges[1:]), edges[-1][1])
            for key, (left, _), end in zip(_keys(one.text), edges, ends, strict=True):
                sizes[key].append((one.name, end - left))
    for one in group:
        yield one.name, _check(one, sizes)


def _keys(text: str) -> list[str]:
    """What the width of each character depends on: what it is, and what stands behind it."""
    kinds = ["0" if character in "023456789" else character for character in text]
    return [one + other for one, other in zip(kinds, [*kinds[1:], ""], strict=True)]


def _check(one: Seen, sizes: Sizes) -> Check:
    edges = one.strokes.edges
    if len(edges) > len(one.text):
        said = f"{len(edges)} strokes of ink, {len(one.text)} characters"
        return Check("width", "fail", said)
    expected = [_usual(key, one.name, sizes) for key in _keys(one.text)]
    digit = _usual(_DIGITS, one.name, sizes)
    known = [size for size in expected if size is not None]
    if digit is None or len(known) < len(expected):
        return Check("width", "not applicable", "too few other characters to measure by")
    off = (edges[-1][1] - edges[0][0] - sum(known)) / digit
    said = f"{off:+.2f} digits wider than its characters"
    return Check("width", "fail" if abs(off) > _MOST_OFF else "pass", said)


def _usual(key: str, name: str, sizes: Sizes) -> float | None:
    """The usual size in other cells; None where too few show it."""
    others = [size for cell, size in sizes.get(key, ()) if cell != name]
    return median(others) if len(others) >= _LEAST_OTHERS else None
