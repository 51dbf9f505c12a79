"""From rows of symbol probabilities to texts: connectionist temporal classification.

Graves et al., "Connectionist Temporal Classification", ICML 2006: a text is read from a row of
frames by joining equal neighbours and dropping blanks; its probability is the sum over all rows
of symbols that give it (section 4.1, the forward algorithm).
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dosebook_edge.capture.screen.symbols import BLANK, LOOK_ALIKES, SYMBOLS

Probabilities = NDArray[Any]
"""Shape (frames, symbols + 1), of floats."""

_DOUBT: Final = 0.02  # a second choice less likely than this is none
_SURELY_BLANK: Final = 0.999
_MOST_VARIANTS: Final = 6
_SIGNS: Final = ("", *SYMBOLS)
"""What each class writes; the blank writes nothing."""
_CLASSES: Final = {symbol: index for index, symbol in enumerate(SYMBOLS, start=1)}


def probabilities(scores: NDArray[np.floating[Any]]) -> Probabilities:
    """Softmax of the net's scores, shape (…, frames, symbols + 1)."""
    shares: Probabilities = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares


def telling(views: Probabilities) -> NDArray[np.intp]:
    """The frames that tell a text: all but those that repeat, in every view, what is surely blank.

    These are most of a line, and leaving them out changes no text and no probability.
    """
    blank: NDArray[np.bool_] = np.all(views[..., BLANK] > _SURELY_BLANK, axis=0)
    blank[1:] &= blank[:-1]
    blank[0] = False
    return (~blank).nonzero()[0]


def kept(shares: Probabilities, allowed: str) -> Probabilities:
    """Probabilities kept to what a cell may hold.

    Look-alikes count for the allowed symbol they resemble. What is left for other symbols is lost
    to every text: digits are not read into a word with any confidence.
    """
    return shares @ _meant(allowed)


@lru_cache(maxsize=64)
def _meant(allowed: str) -> NDArray[np.float32]:
    """Which class counts for which in a cell, shape (classes, classes): 1 where it does."""
    meant = np.zeros((len(SYMBOLS) + 1, len(SYMBOLS) + 1), dtype=np.float32)
    meant[BLANK, BLANK] = 1.0
    for index, symbol in enumerate(SYMBOLS, start=1):
        other = symbol if symbol in allowed else LOOK_ALIKES.get(symbol, "")
        if other and other in allowed:
            meant[index, SYMBOLS.index(other) + 1] = 1.0
    return meant


def likely_text(rows: Probabilities) -> str:
    """The text of the most likely symbol of each frame."""
    return "".join(_SIGNS[one] for one, _ in groupby(rows.argmax(axis=1).tolist()))


def variants(rows: Probabilities) -> list[str]:
    """Texts that differ from the most likely path where a run of frames had a second choice.

    Another character or none for one that was read, or a character that a blank swallowed.
    """
    likely = rows.argmax(axis=1)
    starts = np.concatenate([[0], (likely[1:] != likely[:-1]).nonzero()[0] + 1])
    symbols = likely[starts]
    tops = np.maximum.reduceat(rows, starts, axis=0)
    tops[np.arange(len(starts)), symbols] = 0.0
    seconds = tops.argmax(axis=1)
    doubts = tops.max(axis=1)
    path = [_SIGNS[one] for one in symbols.tolist()]
    order = np.argsort(-doubts, kind="stable")[:_MOST_VARIANTS].tolist()
    return [
        "".join([*path[:at], _SIGNS[seconds[at]], *path[at + 1 :]])
        for at in order
        if doubts[at] > _DOUBT
    ]


def text_probabilities(views: Probabilities, texts: Sequence[str]) -> NDArray[np.float64]:
    """Probability of each text in each view, shape (views, texts).

    Args:
        views: shape (views, frames, symbols + 1).
        texts: at least one.
    """
    states = 2 * max(map(len, texts)) + 1
    labels = np.full((states, len(texts)), BLANK)
    for column, text in enumerate(texts):
        labels[1 : 2 * len(text) : 2, column] = [_CLASSES[symbol] for symbol in text]
    # From a character straight to the next, over the blank, only where the two differ.
    skips = np.zeros((states, len(texts), len(views)))
    skips[2:] = ((labels[2:] != BLANK) & (labels[2:] != labels[:-2]))[..., None]
    # As (frames, states, texts, views), so that a frame is one block.
    emitted = views.take(labels, axis=2).transpose(1, 2, 3, 0).astype(np.float64, order="C")
    reached = np.zeros((states + 2, len(texts), len(views)))  # two empty states stand in front
    here, before, skipped = reached[2:], reached[1:-1], reached[:-2]
    here[:2] = emitted[0, :2]
    came = np.empty_like(here)
    for frame in emitted[1:]:
        np.multiply(skipped, skips, out=came)
        came += before
        came += here
        np.multiply(came, frame, out=here)
    every = np.arange(len(texts))
    last = np.array([2 * len(text) for text in texts])
    told: NDArray[np.float64] = here[last, every] + (last > 0)[:, None] * before[last, every]
    return np.minimum(told.T, 1.0)
