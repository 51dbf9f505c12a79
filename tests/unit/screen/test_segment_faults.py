"""Broken bars of a seven-segment display: what no reader can see is not released."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.segment_digits import ALL, DARK, DIGITS, hidden
from dosebook_edge.capture.screen.segment_memory import DisplayMemory
from dosebook_edge.simulate.screens.segments import draw_display, draw_self_test
from tests.support.screen_reading import TAKEN_AT, picture_of
from tests.support.segments import WISH

NET = LineNet.load()
PROFILE = [find("dap-display-7-segment")]
BARS = {digit: bars for bars, digit in reversed(DIGITS.items())}
PITCH = 50.0
DAY = timedelta(hours=24)


def shown(text):
    """The lit bars of each digit of a text."""
    return [BARS[digit] for digit in text]


def see(memory, text, when=TAKEN_AT, end=300.0):
    """What a memory makes of a number."""
    return memory.see(shown(text), end, PITCH, when)


def warm(places=3):
    """A memory that saw each bar of each place lit and dark."""
    memory = DisplayMemory(places)
    for digit in "8125":
        see(memory, digit * places)
    return memory


@pytest.mark.parametrize(("digit", "bar", "other"), [
    ("0", "g", "8"), ("6", "b", "8"), ("9", "e", "8"), ("3", "f", "9"), ("5", "b", "9"),
    ("5", "e", "6"), ("1", "a", "7"),
])  # fmt: skip
def test_a_dead_bar_may_hide_another_digit(digit, bar, other):
    """An 8 without its middle bar is a 0, and so on: each such digit is in doubt (P51)."""
    assert hidden(BARS[digit], frozenset(bar), DARK) == other


def test_a_digit_whose_bars_all_work_hides_nothing():
    """Every bar was seen lit and dark: the digit is what it shows."""
    assert all(hidden(bars, DARK, DARK) == "" for bars in DIGITS)


def test_a_place_that_never_lit_may_hide_any_digit():
    """Its driver may be dead; of a place where a 1 was seen, that is no longer so."""
    assert hidden(DARK, ALL, ALL) == "0123456789"
    assert hidden(DARK, ALL - BARS["1"], ALL) == ""


def test_a_number_is_trusted_once_each_bar_was_seen_at_work():
    """An 8 after 1, 2 and 5 at the same place; the first of all is in doubt."""
    memory = DisplayMemory(3)
    assert see(memory, "888") == (
        "the 8 at place 1 from the right may be 0: not all of its bars were seen to go on and off "
        "today"
    )
    for text in ("111", "222", "555"):
        see(memory, text)
    assert see(memory, "808") == ""


def test_what_was_seen_to_work_counts_for_a_day():
    """A bar may die overnight."""
    memory = warm()
    assert see(memory, "365", TAKEN_AT + DAY) == ""
    assert "may be" in see(warm(), "365", TAKEN_AT + DAY + timedelta(minutes=1))


def test_a_dark_place_counts_as_working_once_it_showed_a_digit():
    """65 on three places: the first is dark, and was seen lit today, or was not."""
    assert see(warm(), "65") == ""
    cold = DisplayMemory(3)
    for text in ("88", "11", "22", "55"):
        see(cold, text)
    assert see(cold, "65") == "place 3 from the right is dark, and was not seen lit today"


def test_a_pattern_that_is_no_digit_makes_its_place_prove_itself_anew():
    """A dead bar gives itself away by the first 2 or 3 that it spoils."""
    memory = warm()
    spoilt = [BARS["3"], BARS["2"] - {"g"}, BARS["1"]]
    told = memory.see(spoilt, 300.0, PITCH, TAKEN_AT)
    assert told == "place 2 from the right shows no digit: a bar is broken, or changing"
    assert see(memory, "301").startswith("the 0 at place 2 from the right may be")


def test_a_dark_last_place_is_noticed():
    """1234 of 12345 ends a place further left than numbers did before."""
    memory = warm()
    assert see(memory, "36", end=300.0 - PITCH) == "its last place is dark"
    assert see(memory, "365") == ""


@pytest.mark.parametrize("moved", [PITCH / 2, -PITCH / 2, -PITCH])
def test_a_display_that_lies_elsewhere_begins_anew(moved):
    """Half a pitch beside, or a place further right: its places are others than were known."""
    memory = warm()
    assert "may be" in see(memory, "365", end=300.0 - moved)
    assert see(memory, "365", end=300.0) != ""


def test_a_number_without_a_point_may_have_lost_it():
    """12345 may be 123.45 until each point was seen lit."""
    memory = DisplayMemory(3)
    lost = "it has no point, and not all of its points were seen lit today"
    assert memory.see_points([False] * 3, TAKEN_AT) == lost
    assert memory.see_points([True, True, False], TAKEN_AT) == ""
    assert memory.see_points([False] * 3, TAKEN_AT) == ""
    assert memory.see_points([False] * 3, TAKEN_AT + 2 * DAY) == lost


def exams(count, seed):
    """Numbers of exams: product in 0.01 µGy·m², seconds."""
    rng = Random(seed)
    return [(rng.randrange(1, 999_999), rng.randrange(1, 4000)) for _ in range(count)]


def switched_on(dead=frozenset()):
    """A reader that saw a display being switched on: all bars lit, then zero."""
    reader = ScreenReader(PROFILE, NET)
    first = reader.read(picture_of(draw_self_test(WISH, dead)))
    reader.read(picture_of(draw_display(WISH, "0.00", "0", dead)))
    return reader, first


def test_a_display_that_tests_itself_is_refused_and_remembered():
    """888888 is no dose; what it shows of the bars makes later values count."""
    reader, first = switched_on()
    assert first.refusal is not None
    assert first.refusal.code == "self-test"
    accepted = 0
    for product, seconds in exams(20, "day"):
        reading = reader.read(picture_of(draw_display(WISH, f"{product / 100:.2f}", f"{seconds}")))
        for one in reading.accepted:
            assert one.value == {"dose_area_product": Decimal(product) / 100}.get(one.name, seconds)
        accepted += len(reading.accepted)
    assert accepted >= 28


def test_no_dose_counts_where_a_bar_is_dead_that_could_change_it():
    """Each bar of one place dead in turn, from the start: nothing wrong is released."""
    released = 0
    for bar in sorted(ALL):
        dead = frozenset({("dose_area_product", 1, bar)})
        reader, first = switched_on(dead)
        assert first.accepted == ()
        for product, seconds in exams(8, f"dead:{bar}"):
            screen = draw_display(WISH, f"{product / 100:.2f}", f"{seconds}", dead)
            for one in reader.read(picture_of(screen)).accepted:
                truth = {"dose_area_product": Decimal(product) / 100}.get(one.name, seconds)
                assert one.value == truth, (bar, one.text)
                released += 1
    assert released > 0


def test_without_bars_seen_at_work_the_first_picture_waits_and_says_why():
    """The net and the bars agree, and a dead bar would fool both."""
    reading = ScreenReader(PROFILE, NET).read(picture_of(draw_display(WISH, "1408.75", "362")))
    assert {one.text for one in reading.values} == {"1408.75", "362"}
    assert all(one.reason.startswith("bars: ") for one in reading.values)
