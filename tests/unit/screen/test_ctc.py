"""Decoding of the net's answer: paths, probabilities of texts, masks."""

from itertools import product

import numpy as np
import pytest

from dosebook_edge.capture.screen.ctc import (
    kept,
    likely_text,
    probabilities,
    telling,
    text_probabilities,
    variants,
)
from dosebook_edge.capture.screen.symbols import BLANK, SYMBOLS, fold

ONE, TWO = SYMBOLS.index("1") + 1, SYMBOLS.index("2") + 1


def rows(*frames):
    """Probabilities of frames, each given as class → share; the rest goes to the blank."""
    shares = np.zeros((len(frames), len(SYMBOLS) + 1))
    for row, frame in zip(shares, frames, strict=True):
        for symbol, share in frame.items():
            row[symbol] = share
        row[BLANK] += 1 - sum(frame.values())
    return shares


def by_hand(frames, text):
    """The sum over every path that gives the text: what the forward algorithm must equal."""
    total = 0.0
    for path in product((BLANK, ONE, TWO), repeat=len(frames)):
        kept = [s for s, before in zip(path, (None, *path), strict=False) if s != before]
        if "".join(SYMBOLS[s - 1] for s in kept if s != BLANK) == text:
            total += float(np.prod([frame[s] for frame, s in zip(frames, path, strict=True)]))
    return total


@pytest.mark.parametrize("text", ["", "1", "11", "12", "121", "112", "2"])
def test_probability_of_a_text_is_the_sum_of_all_its_paths(text):
    """The forward algorithm equals the sum by hand, runs of one digit included."""
    rng = np.random.default_rng(5)
    frames = rows(*({ONE: a, TWO: b} for a, b in rng.uniform(0.1, 0.4, (5, 2))))
    told = text_probabilities(frames[None], [text, "1212"])
    assert told[0, 0] == pytest.approx(by_hand(frames, text), rel=1e-9)


def test_a_repeated_blank_tells_nothing():
    """Frames that are surely blank may be left out without a change of any text's probability."""
    many = rows({}, {}, {ONE: 0.9}, {}, {}, {}, {TWO: 0.8}, {}, {})
    assert telling(many[None]).tolist() == [0, 2, 3, 6, 7]
    few = many[telling(many[None])]
    assert likely_text(few) == likely_text(many) == "12"
    told = [text_probabilities(frames[None], ["12"])[0, 0] for frames in (few, many)]
    assert told[0] == pytest.approx(told[1], rel=1e-3)


def test_a_blank_that_one_look_doubts_is_kept():
    """A frame is left out only where every look is sure that nothing stands there."""
    sure, unsure = rows({}, {}, {}), rows({}, {ONE: 0.01}, {})
    assert telling(np.stack([sure, sure])).tolist() == [0]
    assert telling(np.stack([sure, unsure])).tolist() == [0, 1, 2]


def test_a_run_of_one_digit_needs_a_blank_between():
    """11 is two characters where a blank parts them, one where none does."""
    assert likely_text(rows({ONE: 0.9}, {}, {ONE: 0.9})) == "11"
    assert likely_text(rows({ONE: 0.9}, {ONE: 0.9})) == "1"


def test_variants_name_a_digit_that_a_blank_swallowed():
    """A digit that was nearly seen between two others is among the alternatives."""
    frames = rows({TWO: 0.95}, {}, {ONE: 0.3}, {}, {TWO: 0.95})
    assert likely_text(frames) == "22"
    assert "212" in variants(frames)


def test_variants_name_what_stood_second():
    """What was nearly another character, or none, is among the alternatives, the nearest first."""
    assert variants(rows({TWO: 0.6, ONE: 0.3}, {}, {ONE: 0.55})) == ["2", "11"]
    assert variants(rows({TWO: 0.999})) == []


def test_look_alikes_count_for_what_a_cell_may_hold_and_others_are_lost():
    """In a cell of digits an l speaks for 1; an E speaks for nothing and lowers every text."""
    scores = np.full((2, len(SYMBOLS) + 1), -9.0)
    scores[0, SYMBOLS.index("l") + 1] = scores[1, SYMBOLS.index("E") + 1] = 9.0
    shares = probabilities(scores)
    assert shares.sum(axis=1) == pytest.approx([1.0, 1.0])
    digits = kept(shares, "0123456789")
    assert digits[0, ONE] > 0.99
    assert digits[1].sum() < 0.01


def test_folding_joins_what_looks_alike():
    """Accents come off, dashes and micro signs become one; what has no symbol is refused."""
    assert fold("Dosisflächenprodukt −1 μGy") == "Dosisflachenprodukt -1 µGy"
    assert fold("Głowa, Größe") == "Glowa, Grosse"
    with pytest.raises(ValueError, match="线"):
        fold("线")
