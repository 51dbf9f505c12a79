"""Which digits a sum could not do without.

A typeface may mislead the net everywhere alike: each 7 is read as a 1. Where a digit has the same
weight in the parts as in the total, as that of a first row which no other row changes, the sum
holds whatever it is taken for, and proves nothing of it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from dosebook_edge.capture.screen.grammar import FORMS
from dosebook_edge.capture.screen.seen import Seen
from dosebook_protocol.quantities import QUANTITIES, convert

Sign = tuple[str, tuple[object, ...]]
"""A digit as read, and its pixels wherever on its line they stand; () where they are not known."""

_MOST_SHAPES: Final = 8
"""Shapes of one digit, beyond the one asked, that are weighed; of more, nothing is proved."""


def is_told(one: Seen, weights: Mapping[Sign, Decimal]) -> bool:
    """Whether the sum would break if any digit of a cell were another wherever it stands.

    Be it in one shape alone, or in several that are read alike, as bold and plain ones.
    """
    return all(_breaks(sign, weights) for sign, _ in _places(one))


def _breaks(sign: Sign, weights: Mapping[Sign, Decimal]) -> bool:
    others = [weight for other, weight in weights.items() if other[0] == sign[0] and other != sign]
    sums = {weights[sign]}
    for weight in others[:_MOST_SHAPES]:
        sums |= {one + weight for one in sums}
    return len(others) <= _MOST_SHAPES and 0 not in sums


def weights(parts: Sequence[Seen], total: Seen) -> dict[Sign, Decimal]:
    """By how much the parts outgrow the total where a digit is greater by one, by digit."""
    found: dict[Sign, Decimal] = defaultdict(Decimal)
    for one in parts:
        for sign, weight in _places(one):
            found[sign] += weight
    for sign, weight in _places(total):
        found[sign] -= weight
    return found


def _places(one: Seen) -> list[tuple[Sign, Decimal]]:
    """The digits of a number with the weight of each, in the storage unit; none of a clock."""
    if FORMS[one.cell.type] != "number" or not one.unit:
        return []
    unit = QUANTITIES[one.cell.quantity].unit if one.cell.quantity else one.unit
    whole, _, _ = one.text.replace(",", ".").partition(".")
    found: list[tuple[Sign, Decimal]] = []
    place = len(whole) - 1
    for character, look in zip(one.text, _looks(one), strict=True):
        if character.isdigit():
            weight = convert(Decimal(1).scaleb(place), one.unit, unit)
            found.append(((character, look), weight))
            place -= 1
    return found


def _looks(one: Seen) -> list[tuple[object, ...]]:
    """The pixels of each character; where they do not part, each may be another digit's."""
    if not one.shapes:
        return [()] * len(one.text)
    if len(one.shapes) == len(one.text):
        return [shape[1:] for shape in one.shapes]
    return [(one.name, index) for index in range(len(one.text))]
