"""Which digit the bars of a seven-segment place show, and which one broken bars may hide.

Bars are named as everywhere: a to f clockwise from the top, g in the middle.
"""

from typing import Final

Bars = frozenset[str]
"""Bars of one place that are lit."""

ALL: Final[Bars] = frozenset("abcdefg")
DARK: Final[Bars] = frozenset()

_DRAWN: Final = {
    "0": ("abcdef",), "1": ("bc",), "2": ("abdeg",), "3": ("abcdg",), "4": ("bcfg",),
    "5": ("acdfg",), "6": ("acdefg", "cdefg"), "7": ("abc", "abcf"), "8": ("abcdefg",),
    "9": ("abcdfg", "abcfg"),
}  # fmt: skip
"""The ways in which displays draw each digit: 6 and 9 with and without tail, 7 with a hook."""
DIGITS: Final = {frozenset(bars): digit for digit, ways in _DRAWN.items() for bars in ways}


def hidden(shown: Bars, never_lit: Bars, never_dark: Bars) -> str:
    """Digits that a place may truly stand for, other than the one it shows, in order.

    Any of `never_lit` may be dead, any of `never_dark` may be stuck alight. A place where all is
    dark may hide a digit, too.
    """
    own = DIGITS.get(shown, "")
    possible = {
        digit
        for bars, digit in DIGITS.items()
        if bars - shown <= never_lit and shown - bars <= never_dark
    }
    return "".join(sorted(possible - {own}))
