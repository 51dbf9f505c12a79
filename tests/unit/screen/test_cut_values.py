"""A value of which a part may lie outside its cell is never released."""

import numpy as np
import pytest

from dosebook_edge.capture.screen.cut_off import is_cut_off
from dosebook_edge.capture.screen.ink import Strokes
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.release import formal
from tests.support.screen_reading import seen


def outcome(*edges):
    """The outcome of the check of edges, for strokes in a cell that is 60 px wide."""
    one = seen(find("carm-panel").profile, "number_of_events", "1", strokes=Strokes(edges, 14))
    return {check.name: check.outcome for check in formal(one)}.get("edge", "none")


def test_ink_at_the_edge_of_a_cell_fails():
    """19 with its last digit cut off reads as a sure 1: ink at an edge goes to a person."""
    assert outcome((40, 46), (52, 60)) == "fail"
    assert outcome((0, 7), (12, 20)) == "fail"


def test_a_blank_where_a_digit_should_stand_fails():
    """20.8 of which something covers the 0 reads as a sure 2.8; two ones stand less far apart."""
    for end, said in ((31, "fail"), (28, "none")):
        strokes = Strokes(((12, 20), (end, end + 8)), 14)
        one = seen(find("carm-panel").profile, "number_of_events", "28", strokes=strokes)
        assert {check.name: check.outcome for check in formal(one)}.get("gap", "none") == said


def test_ink_within_a_cell_passes_unmentioned():
    """A value with background on both sides has no such check, nor has one without strokes."""
    assert outcome((40, 46), (50, 58)) == "none"
    assert outcome() == "none"


def line(*columns, top=8, bottom=22, wide=120):
    """Strokes of ink on a line that is 30 px high, at these first columns and the ones after."""
    grey = np.full((30, wide), 20, np.uint8)
    for left, right in columns:
        grey[top:bottom, left:right] = 230
    return grey


@pytest.mark.parametrize("gap", [1, 3, 5])
def test_a_digit_that_stands_wholly_outside_shows_in_its_nearness(gap):
    """999.9 became 1000.1: the cell is drawn for five characters, and the 1 stands before it."""
    left = 50 - gap - 4
    grown = line((left, left + 4), (50, 58), (61, 69))
    assert is_cut_off(grown, (49, 90))
    assert is_cut_off(grown[:, ::-1].copy(), (30, 71))  # or behind it, as a count does


def test_a_label_or_unit_beside_a_value_does_not_cut_it():
    """Words are farther apart than the digits of a number, and a drawn frame is no digit."""
    assert not is_cut_off(line((20, 40), (50, 58), (61, 69), (78, 90)), (45, 72))
    framed = line((50, 58), (61, 69))
    framed[:, 46:48] = 230
    assert not is_cut_off(framed, (49, 90))


def test_wide_gaps_of_its_own_widen_what_counts_as_near():
    """Two ones of seven segments stand six tenths of their height apart."""
    assert is_cut_off(line((41, 43), (50, 52), (59, 61)), (45, 90))
    assert not is_cut_off(line((36, 38), (50, 52), (59, 61)), (45, 90))


def test_ink_at_the_upper_or_lower_edge_may_be_half_a_digit():
    """A 9 without its lower part reads as a sure 0: another version of a console moved its rows."""
    assert is_cut_off(line((50, 58), top=0), (45, 90))
    assert is_cut_off(line((50, 58), bottom=30), (45, 90))
    assert not is_cut_off(line((50, 58)), (45, 90))
    assert not is_cut_off(np.full((30, 120), 20, np.uint8), (45, 90))
