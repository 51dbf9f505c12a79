"""What the reading net can write: its symbols, and how other characters fold onto them."""

import unicodedata
from typing import Final

SYMBOLS: Final = (
    "0123456789.,:;-+/%()ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz *=#&'<>[]_!?@|µ·²³°×"
)
"""Class `n + 1` of the net is `SYMBOLS[n]`; class 0 is the blank between characters."""

BLANK: Final = 0

# In a cell of numbers these are digits, for typefaces draw them so. An S, a B or a G is none: it
# helps to read no digit, and an S before a number would make another number of it.
LOOK_ALIKES: Final = {"l": "1", "I": "1", "|": "1", "O": "0", "o": "0"}

# Looks alike on a screen, or is the same letter with a mark: what a label needs, not what a
# dictionary wants.
_FOLDED: Final = {
    "−": "-",
    "–": "-",
    "—": "-",
    "μ": "µ",
    "∙": "·",
    "•": "·",
    "⋅": "·",
    "ł": "l",
    "Ł": "L",
    "ß": "ss",
    "ø": "o",
    "Ø": "O",
    "æ": "ae",
    "œ": "oe",
    "\u00a0": " ",
    "\u202f": " ",
    "’": "'",
}


def fold(text: str) -> str:
    """The text as the net would write it: accents off, dashes one, look-alikes joined.

    Raises:
        ValueError: a character has no counterpart among the symbols.
    """
    folded = "".join(_fold_character(character) for character in text)
    unknown = sorted({character for character in folded if character not in SYMBOLS})
    if unknown:
        raise ValueError(f"no symbol of the net stands for {' '.join(unknown)}")
    return folded


def _fold_character(character: str) -> str:
    if character in SYMBOLS:
        return character
    if character in _FOLDED:
        return _FOLDED[character]
    parts = unicodedata.normalize("NFD", character)
    return "".join(part for part in parts if not unicodedata.combining(part))
