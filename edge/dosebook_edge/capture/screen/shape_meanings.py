"""Whether the digits of a lossless screen mean the same wherever they stand.

On such a picture a digit is the same pixels in every cell, so each shape has one meaning, and each
digit of a typeface one shape. A value is proved where all ten digits of its typeface were seen,
each shape is read alike in every cell, and again in two specimens: lines made here of the screen's
own digits, in other orders. What the net misreads at one place has two meanings then; what it
misreads at all places takes the digit of another shape, for all ten are taken.

What persons confirmed (`confirmed_shapes.py`) is one more witness, and proves nothing by itself: a
shape that they taught is among the ten only where the net, too, reads it so in the specimens.

A shape of a line whose text is known (`known_lines.py`), or of a cell that glyphs explain, is
known: it does not wait for the ten.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Final

from dosebook_edge.capture.screen.cells import Sight
from dosebook_edge.capture.screen.confirmed_shapes import NOTHING_SAID, TOLD_APART, Look, Said
from dosebook_edge.capture.screen.glyphs import drawn
from dosebook_edge.capture.screen.grammar import FORMS
from dosebook_edge.capture.screen.ink import background
from dosebook_edge.capture.screen.known_lines import KnownLine, told_by
from dosebook_edge.capture.screen.reading import Check, LineReader
from dosebook_edge.capture.screen.seen import Seen
from dosebook_edge.capture.screen.widths import face

_DIGITS: Final = "0123456789"
_FORMS: Final = ("number", "clock")
_LEAST_SURE: Final = 0.5
"""Confidence of a specimen below which it says nothing."""
_LEAST_TALL: Final = 0.7
"""Of the tallest digit: what is lower is no digit."""
_LOW: Final = 0.5
"""Of the tallest digit: no point or comma begins above that."""

Looks = Mapping[str, Look]
"""Digit → its shape in one typeface, where it has one and no other digit has the same."""


def shape_checks(
    sight: Sight,
    cells: Sequence[Seen],
    net: LineReader,
    earlier: MutableMapping[str, Looks],
    said: Said = NOTHING_SAID,
    lines: Sequence[KnownLine] = (),
) -> dict[str, Check]:
    """Name → check of each number of a lossless screen that known glyphs do not explain.

    `earlier` is what pictures of the same console showed before, by typeface; it is brought up to
    date. `said` is what persons confirmed, `lines` are those of this screen whose text is known.
    """
    if sight.picture.way != "lossless":
        return {}
    faces: dict[str, list[Seen]] = defaultdict(list)
    for one in cells:
        if FORMS[one.cell.type] in _FORMS and one.line.text:
            faces[face(one)].append(one)
    found: dict[str, Check] = {}
    for name, group in faces.items():
        asked = [one for one in group if one.glyphs is None]
        if asked:
            paper = background(sight.picture.crop(asked[0].crop))
            taught = {(one, look) for one, own in said.taught.get(name, {}).items() for look in own}
            beside = _Beside(earlier.get(name, {}), told_by(lines, group), taught)
            meanings = _meanings(group, beside, paper, net)
            found |= {one.name: _check(one, meanings, said.words) for one in asked}
            if not meanings.misread and not meanings.unsure:
                earlier[name] = meanings.own_seen
    return found


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is known of the digits of a typeface beside what the net reads in its cells.

    Attributes:
        earlier: what earlier pictures showed.
        told: digits and their shapes in lines whose text is known.
        taught: digits and their shapes as persons confirmed them.
    """

    earlier: Looks
    told: set[tuple[str, Look]]
    taught: set[tuple[str, Look]]


@dataclass(frozen=True, slots=True)
class _Meanings:
    """What the shapes of one typeface are read as, here and on earlier pictures.

    Attributes:
        looks: digit → its shapes; `digits` is shape → the digits that cells read it as.
        own: digit → its shape, of those that nothing contradicts; of them `own_seen` were read in
            cells, the others only taught by persons.
        known: shape → digit, where glyphs explain a cell, or the text of a line is known.
        misread: digit → what a specimen read in its place.
        unsure: whether the specimens were read with little confidence.
        tallest: height of the tallest digit, in px.
    """

    looks: Mapping[str, set[Look]]
    digits: Mapping[Look, set[str]]
    own: Looks
    own_seen: Looks
    known: Mapping[Look, str]
    misread: Mapping[str, str]
    unsure: bool
    tallest: int

    def others(self, digit: str, look: Look) -> set[str]:
        """What else a shape is read as; glyphs know best."""
        if look in self.known:
            return {self.known[look]} - {digit}
        return (self.digits[look] | {self.misread.get(digit, digit)}) - {digit}

    def doubt(self, digit: str, look: Look) -> str:
        """Why a shape that nothing contradicts is not proved to be that digit; "" where it is."""
        if len(self.looks[digit]) > 1 and look not in self.known:
            return f"another shape is read as {digit}, too"
        if digit in _DIGITS and look[0] < _LEAST_TALL * self.tallest:
            return f"its {digit} is lower than other digits"
        if look in self.known:
            return ""
        if len(self.own) < len(_DIGITS):
            return f"{len(self.own)} of the ten digits were seen so far: one may be another"
        if self.unsure:
            return "the screen's own digits, side by side, are not read with certainty"
        return ""


def _meanings(cells: Sequence[Seen], beside: _Beside, paper: int, net: LineReader) -> _Meanings:
    seen = beside.told | set(beside.earlier.items())
    told = Counter(look for _, look in beside.told)
    known = {look: digit for digit, look in beside.told if told[look] == 1}
    for one in cells:
        for digit, look in _digits(one):
            seen.add((digit, look))
            if one.glyphs is not None:
                known[look] = digit
    looks: dict[str, set[Look]] = defaultdict(set)
    digits: dict[Look, set[str]] = defaultdict(set)
    for digit, look in seen | beside.taught:
        looks[digit].add(look)
        digits[look].add(digit)
    own = {
        digit: look
        for digit, shapes in sorted(looks.items())
        for look in shapes
        if digit in _DIGITS and len(shapes) == 1 and digits[look] == {digit}
    }
    again = own != beside.earlier  # what was compared before need not be compared once more
    misread, unsure = _specimens(own, paper, net) if again else ({}, False)
    own_seen = {digit: look for digit, look in own.items() if (digit, look) in seen}
    # What only persons say, and the net does not read, does not count among the ten.
    own = {digit: look for digit, look in own.items() if digit in own_seen or digit not in misread}
    tallest = max((height for height, *_ in digits), default=0)
    return _Meanings(looks, digits, own, own_seen, known, misread, unsure, tallest)


def _digits(one: Seen) -> Iterator[tuple[str, Look]]:
    """The digits of a cell with their shapes; none where its ink does not part into characters.

    The colon of a clock is told apart from digits like one of them.
    """
    if len(one.shapes) == len(one.text):
        for character, shape in zip(one.text, one.shapes, strict=True):
            if character in TOLD_APART:
                yield character, shape[1:]


def _specimens(own: Looks, paper: int, net: LineReader) -> tuple[dict[str, str], bool]:
    """What the net reads otherwise in two lines of digits, and whether it is unsure of them."""
    ascending = list(own)
    orders = (ascending, [*ascending[1::2], *ascending[::2]])
    if len(own) < 2:  # there is but one order
        return {}, True
    misread: dict[str, str] = {}
    unsure = False
    for order in orders:
        line = net.read(drawn([(0, *own[digit]) for digit in order], paper), _DIGITS)
        if len(line.text) != len(order):
            return misread, True
        unsure = unsure or line.confidence < _LEAST_SURE
        both = zip(order, line.text, strict=True)
        misread |= {digit: other for digit, other in both if digit != other}
    return misread, unsure


def _check(one: Seen, meanings: _Meanings, words: Mapping[Look, str]) -> Check:
    """Whether the shapes of a cell mean the same everywhere; a proof where all do."""
    digits = list(_digits(one))
    for digit, look in digits:
        word = words.get(look, digit)
        if word != digit and look not in meanings.known:
            said = f"the shape of its {digit} was confirmed as {word} by a person"
            return Check("shapes", "fail", said)
        if others := meanings.others(digit, look):
            said = f"the shape of its {digit} is read as {min(others)} elsewhere"
            return Check("shapes", "fail", said)
    doubts = [meanings.doubt(digit, look) for digit, look in digits]
    if not digits:
        doubts.append("its ink does not part into its characters")
    elif any(top < _LOW * meanings.tallest for top in _marks(one)):
        doubts.append("a point or comma begins too high up")
    if doubt := next(filter(None, doubts), ""):
        return Check("shapes", "not applicable", doubt)
    told = "".join(digit for digit in meanings.own if digit not in meanings.own_seen)
    said = "each digit is read alike wherever it stands"
    said += f"; {', '.join(told)} as persons confirmed" if told else ""
    return Check("shapes", "pass", said, proves=True)


def _marks(one: Seen) -> Iterator[int]:
    """How far below the top of the line each point and comma begins, in px."""
    for character, (down, *_) in zip(one.text, one.shapes, strict=True):
        if character in ".,":
            yield down
