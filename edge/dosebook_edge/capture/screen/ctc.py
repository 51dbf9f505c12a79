"""From rows of symbol probabilities to texts: connectionist temporal classification.

Graves et al., "Connectionist Temporal Classification", ICML 2006: a text is read from a row of
frames by joining equal neighbours and dropping blanks; its probability is the sum over all rows
of symbols that give it (section 4.1, the forward algorithm).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosebook_edge.capture.screen.symbols import BLANK, LOOK_ALIKES, SYMBOLS

Probabilities = NDArray[np.float64]
"""Shape (frames, symbols + 1)."""

_DOUBT: Final = 0.02  # a second choice less likely than this is none
_SURELY_BLANK: Final = 0.999
_MOST_VARIANTS: Final = 6


@dataclass(frozen=True, slots=True)
class Peak:
    """One character on the most likely path: its class, its frames, and how sure it is."""

    symbol: int
    first: int
    last: int
    probability: float


def probabilities(scores: NDArray[np.float64], allowed: str | None) -> Probabilities:
    """Softmax of the net's scores, shape (…, symbols + 1), kept to what a cell may hold.

    Look-alikes count for the allowed symbol they resemble. What is left for other symbols is lost
    to every text: digits are not read into a word with any confidence.
    """
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Probabilities = raised / raised.sum(axis=-1, keepdims=True)
    if allowed is None:
        return shares
    kept = np.zeros_like(shares)
    kept[..., BLANK] = shares[..., BLANK]
    for index, symbol in enumerate(SYMBOLS, start=1):
        if symbol in allowed:
            kept[..., index] += shares[..., index]
        elif (meant := LOOK_ALIKES.get(symbol, "")) and meant in allowed:
            kept[..., SYMBOLS.index(meant) + 1] += shares[..., index]
    return kept


def best_path(rows: Probabilities) -> tuple[Peak, ...]:
    """The characters of the most likely symbol of each frame."""
    likely = rows.argmax(axis=1)
    starts = np.flatnonzero(np.diff(likely, prepend=-1))
    ends = np.append(starts[1:], len(likely))
    return tuple(
        Peak(
            int(likely[start]),
            int(start),
            int(end) - 1,
            float(rows[start:end, likely[start]].max()),
        )
        for start, end in zip(starts, ends, strict=True)
        if likely[start] != BLANK
    )


def text_of(peaks: Sequence[Peak]) -> str:
    """The characters as text."""
    return "".join(SYMBOLS[peak.symbol - 1] for peak in peaks)


def variants(rows: Probabilities, peaks: Sequence[Peak]) -> list[str]:
    """Texts that differ from the most likely path where a frame had a second choice."""
    doubts: list[tuple[float, str]] = []
    for at, peak in enumerate(peaks):
        before, after = text_of(peaks[:at]), text_of(peaks[at + 1 :])
        frame = rows[peak.first : peak.last + 1].max(axis=0).copy()
        frame[peak.symbol] = 0.0
        second = int(frame.argmax())
        other = "" if second == BLANK else SYMBOLS[second - 1]
        doubts.append((float(frame[second]), before + other + after))
    doubts += _missed(rows, peaks)
    doubts.sort(key=lambda doubt: -doubt[0])
    return [text for doubt, text in doubts[:_MOST_VARIANTS] if doubt > _DOUBT]


def _missed(rows: Probabilities, peaks: Sequence[Peak]) -> list[tuple[float, str]]:
    """Characters that a blank between two others may have swallowed."""
    found = []
    edges = [-1, *(peak.last for peak in peaks)], [*(peak.first for peak in peaks), len(rows)]
    for at, (last, first) in enumerate(zip(*edges, strict=True)):
        gap = rows[last + 1 : first, 1:]
        if gap.size:
            strongest = int(gap.max(axis=0).argmax())
            text = text_of(peaks[:at]) + SYMBOLS[strongest] + text_of(peaks[at:])
            found.append((float(gap[:, strongest].max()), text))
    return found


def _telling(views: Probabilities) -> Probabilities:
    """The views without frames that repeat a blank: most of a line, and they change nothing."""
    blank: NDArray[np.bool_] = np.all(views[..., BLANK] > _SURELY_BLANK, axis=0)
    repeats = blank & np.concatenate([[False], blank[:-1]])
    return views[:, ~repeats]


def text_probabilities(views: Probabilities, texts: Sequence[str]) -> Probabilities:
    """Probability of each text in each view, shape (views, texts).

    Args:
        views: shape (views, frames, symbols + 1).
        texts: at least one.
    """
    states = 2 * max(map(len, texts)) + 1
    labels = np.full((len(texts), states), BLANK)
    for row, text in zip(labels, texts, strict=True):
        row[1 : 2 * len(text) : 2] = [SYMBOLS.index(symbol) + 1 for symbol in text]
    # From a character straight to the next, over the blank, only where the two differ.
    skips = np.zeros(labels.shape)
    skips[:, 2:] = (labels[:, 2:] != BLANK) & (labels[:, 2:] != labels[:, :-2])
    emitted = _telling(views).transpose(1, 0, 2)[:, :, labels]  # (frames, views, texts, states)
    reached = np.zeros((len(views), len(texts), states + 2))  # two empty states stand in front
    reached[..., 2:4] = emitted[0, ..., :2]
    for frame in emitted[1:]:
        came = reached[..., 2:] + reached[..., 1:-1] + reached[..., :-2] * skips
        reached[..., 2:] = came * frame
    lengths = np.array([len(text) for text in texts])
    every = np.arange(len(texts))
    final: Probabilities = reached[:, every, 2 * lengths + 2]
    before = np.where(lengths > 0, reached[:, every, 2 * lengths + 1], 0.0)
    return np.minimum(final + before, 1.0)
