"""When two texts are the same to a reader: labels, units and identities, each in its own way."""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_JOINTS: Final = str.maketrans(dict.fromkeys(" .·∙⋅*×-^_()[]"))
_LOOSE: Final = str.maketrans(dict.fromkeys(" .·∙⋅*×-^_"))
_UNIT_SIGNS: Final = str.maketrans({"µ": "u", "μ": "u", "²": "2", "³": "3"})
# Characters that a screen and a reader of it confuse; the first of each pair becomes the second.
_CONFUSED: Final = str.maketrans("OQDILSBZ", "00011582")
SAME_LABEL: Final = 0.5
"""Least similarity of a label that was read to the words that the profile gives."""


@lru_cache(maxsize=512)  # labels: the same few all day
def similarity(read: str, wanted: str) -> float:
    """1 for the same label, 0 for nothing in common: 1 − edit distance / length, accents off."""
    one, two = _plain(read), _plain(wanted)
    longest = max(len(one), len(two))
    return 1.0 if longest == 0 else 1.0 - _distance(one, two) / longest


def unit_letters(text: str) -> str:
    """Letters and digits of a unit as shown: `cGy·cm²` and `cGy*cm2` are `cGycm2`.

    The case is kept, m is not M. A v behind a G is a y whose tail is cut: no unit is a Gv.
    """
    return text.translate(_UNIT_SIGNS).translate(_JOINTS).replace("Gv", "Gy")


def unit_of(text: str, units: Mapping[str, str]) -> str:
    """The unit of a text by what the screen may show → UCUM; "" where it is none of them.

    A key that begins with `*` is what the text ends with, as the unit behind a heading.
    """
    for shown, unit in units.items():
        if shown.startswith("*"):
            if _in_brackets(text).endswith(_in_brackets(shown[1:])):
                return unit
        elif unit_letters(text) == unit_letters(shown):
            return unit
    return ""


def _in_brackets(text: str) -> str:
    return text.translate(_UNIT_SIGNS).translate(_LOOSE).replace("Gv", "Gy")


def identity(text: str) -> str:
    """A number of a patient or order without what screens and readers confuse: O is 0, I is 1."""
    letters = "".join(letter for letter in text.upper() if letter.isalnum())
    return letters.translate(_CONFUSED)


def differing(one: str, two: str) -> int:
    """Edit distance of two identities."""
    return _distance(identity(one), identity(two))


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.translate(_UNIT_SIGNS).casefold())
    return "".join(part for part in parts if part.isalnum() or part == "/").replace("ł", "l")


def _distance(one: str, two: str) -> int:
    """Levenshtein's."""
    if one == two:
        return 0
    row = list(range(len(two) + 1))
    for index, left in enumerate(one, start=1):
        before, row[0] = row[0], index
        for place, right in enumerate(two, start=1):
            before, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, before + (left != right)),
            )
    return row[-1]
