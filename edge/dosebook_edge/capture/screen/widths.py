"""Whether a text is as wide as its characters: a reader that drops a digit does not notice it.

The widths of characters are measured on the same screen, in the other cells of one typeface, and
lines are compared at equal height: no typeface is known or needed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from dosebook_edge.capture.screen.reading import Check
from dosebook_edge.capture.screen.seen import Seen

_MOST_OFF: Final = 0.5
"""Of the width of a digit; a lost digit is a whole one, a lost 1 in a narrow face a little less."""
_LEAST_OTHERS: Final = 2
_NUMERIC: Final = frozenset("0123456789.,:-")


@dataclass(frozen=True, slots=True)
class _Sample:
    """Width of one character in one cell, in heights: to the next one, and of its ink alone."""

    cell: str
    advance: float | None
    ink: float


def widths(cells: Sequence[Seen]) -> dict[str, Check]:
    """Name → check of each numeric cell."""
    usable = [one for one in cells if one.text and set(one.text) <= _NUMERIC and one.strokes.edges]
    groups: dict[str, list[Seen]] = defaultdict(list)
    for one in usable:
        groups[_face(one)].append(one)
    return {name: check for group in groups.values() for name, check in _within(group)}


def _face(one: Seen) -> str:
    """Cells of one key are taken to be in one typeface: rows of a table, fields of one height."""
    return f"{one.table}/{0 if one.table else one.crop.height}"


def _within(group: Sequence[Seen]) -> Iterator[tuple[str, Check]]:
    samples: dict[str, list[_Sample]] = defaultdict(list)
    for one in group:
        for character, sample in _samples(one):
            samples[character].append(sample)
    for one in group:
        yield one.name, _check(one, samples)


def _samples(one: Seen) -> list[tuple[str, _Sample]]:
    edges, height = one.strokes.edges, one.strokes.height
    if len(edges) != len(one.text):
        return []
    following = (*(left for left, _ in edges[1:]), None)
    found: list[tuple[str, _Sample]] = []
    for character, (left, right), after in zip(one.text, edges, following, strict=True):
        advance = None if after is None else (after - left) / height
        found.append((_kind(character), _Sample(one.name, advance, (right - left) / height)))
    return found


def _kind(character: str) -> str:
    return "0" if character in "023456789" else character


def _check(one: Seen, samples: Mapping[str, list[_Sample]]) -> Check:
    edges = one.strokes.edges
    if len(edges) > len(one.text):
        said = f"{len(edges)} strokes of ink, {len(one.text)} characters"
        return Check("width", "fail", said)
    digit = _advance("0", one.name, samples)
    expected = 0.0
    for character in one.text[:-1]:
        advance = _advance(_kind(character), one.name, samples)
        if advance is None:
            return Check("width", "not applicable", "too few other characters to measure by")
        expected += advance
    inks = [s.ink for s in samples.get(_kind(one.text[-1]), ()) if s.cell != one.name]
    if digit is None or len(inks) < _LEAST_OTHERS:
        return Check("width", "not applicable", "too few other characters to measure by")
    off = (edges[-1][1] - edges[0][0]) / one.strokes.height - expected - median(inks)
    said = f"{off / digit:+.2f} digits wider than its characters"
    return Check("width", "fail" if abs(off) > _MOST_OFF * digit else "pass", said)


def _advance(kind: str, name: str, samples: Mapping[str, list[_Sample]]) -> float | None:
    known = [s.advance for s in samples.get(kind, ()) if s.cell != name and s.advance is not None]
    return median(known) if len(known) >= _LEAST_OTHERS else None
