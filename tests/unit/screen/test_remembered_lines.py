"""Equal crops are read once: a console shows the same labels and units all day."""

import numpy as np
import pytest

from dosebook_edge.capture.screen.line import Line
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.reading import Refusal
from dosebook_edge.capture.screen.remembered import RememberedLines
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.screen_reading import PROFILES, TruthNet, picture_of


class CountingNet:
    """Says how often it was asked, so that a second look at a crop is told from the first."""

    model_hash, runtime = "counting", "stub"

    def __init__(self):
        self.asked = 0

    def read(self, crop, allowed=None):
        """The number of the question."""
        self.asked += 1
        return Line(str(self.asked), 1.0)

    def glance(self, crop):
        """The number of the question."""
        return self.read(crop).text


@pytest.fixture
def lines():
    """What remembers, with a net that counts."""
    return RememberedLines(CountingNet())


def crop(level, shape=(4, 6)):
    """A crop of one grey level."""
    return np.full(shape, level, np.uint8)


def test_an_equal_crop_is_read_once(lines):
    """The same pixels get the answer they got before, and a look at a label its own."""
    assert lines.read(crop(1), "0123").text == lines.read(crop(1), "0123").text == "1"
    assert lines.glance(crop(1)) == lines.glance(crop(1)) == "2"
    assert (lines.model_hash, lines.runtime) == ("counting", "stub")


def test_what_differs_in_anything_is_read_anew(lines):
    """One pixel, another form of the same bytes or other symbols make another question."""
    other = crop(1)
    other[3, 5] = 2
    asked = [(crop(1), None), (other, None), (crop(1, (6, 4)), None), (crop(1), "01")]
    assert [lines.read(*one).text for one in asked] == ["1", "2", "3", "4"]
    looks = [lines.glance(one) for one in (crop(1), other, crop(1, (6, 4)))]
    assert looks == ["5", "6", "7"]


def test_memory_has_an_end(lines):
    """What was not seen for long is forgotten, and large crops are not kept at all."""
    assert lines.read(crop(0)).text == "1"
    for level in range(1, 200):
        lines.read(crop(level))
    assert lines.read(crop(0)).text == "201"
    large = crop(0, (100, 1000))
    assert [lines.read(large).text, lines.read(large).text] == ["202", "203"]
    assert [lines.glance(large), lines.glance(large)] == ["204", "205"]


def reads_twice(way):
    """Questions to the net at the first and the second look at one screen, and its last reading."""
    screen = draw("ge-ct", 3)
    loaded = find(PROFILES["ge-ct"])
    net = TruthNet(screen, loaded)
    reader, picture = ScreenReader([loaded], net), picture_of(screen, way=way)
    first = reader.read(picture)
    once = net.reads
    assert reader.read(picture) == first
    return once, net.reads - once, first


def test_a_lossless_screen_costs_little_the_second_time():
    """Labels, units and values are not read again; who the patient is is, for it was not kept."""
    once, again, seen = reads_twice("lossless")
    named = sum(one.what != "name" for one in seen.patient)
    assert 0 < named <= again < once / 4


def test_grabbed_pictures_leave_nothing_behind():
    """Noise makes every crop of them another one: nothing is kept that would never be asked."""
    once, again, _ = reads_twice("grabbed")
    assert 0 < once == again


def test_another_screen_of_equal_size_is_left_early():
    """A console whose labels are not there is given up before all of their places are read."""
    screen = draw("ge-ct", 3)
    other = find(PROFILES["siemens-protocol"])
    net = TruthNet(screen, find(PROFILES["ge-ct"]))
    found = ScreenReader([other], net).read(picture_of(screen))
    assert isinstance(found.refusal, Refusal)
    assert found.refusal.code == "unknown-layout"
    assert net.reads <= len(other.profile.anchor) // 2 + 1
