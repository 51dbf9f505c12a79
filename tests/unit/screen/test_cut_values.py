"""A value of which a part may lie outside its cell is never released."""

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


def test_ink_within_a_cell_passes_unmentioned():
    """A value with background on both sides has no such check, nor has one without strokes."""
    assert outcome((40, 46), (50, 58)) == "none"
    assert outcome() == "none"
