"""The benchmark of screens counts as it says."""

import pytest

from tools.ocr_bench.bounds import lower_bound, upper_bound
from tools.ocr_bench.score import of_dosebook, of_words, total
from tools.ocr_bench.screens import Shot, Wanted


@pytest.mark.parametrize(
    ("errors", "trials", "bound"),
    [
        (0, 3000, 0.000998),  # 1 - 0.05 ** (1 / 3000)
        (1, 5000, 0.000948),  # Clopper and Pearson, one-sided 95 %
        (0, 1, 0.95),
        (5, 100, 0.102253),
        (3, 3, 1.0),
    ],
)
def test_upper_bound_of_clopper_and_pearson(errors, trials, bound):
    """Exact binomial bounds, against closed forms and tabled values."""
    assert upper_bound(errors, trials) == pytest.approx(bound, abs=2e-6)


def test_lower_bound_mirrors_the_upper_one():
    """At least so many hits is at most so many misses."""
    assert lower_bound(95, 100) == pytest.approx(1 - upper_bound(5, 100))
    assert lower_bound(0, 10) == 0.0


def shot(*wanted):
    """A grabbed screen with the given values in cells of 100 x 20 px below each other."""
    cells = [
        Wanted(f"v{n}", text, text, (0, 30 * n, 100, 20)) for n, text in enumerate(wanted)
    ]  # fmt: skip
    return Shot("angio-console", "grabbed", "en", ("0.png",), tuple(cells))


def test_a_wrong_accepted_value_is_never_counted_as_reviewed():
    """Right and wrong are told apart among the accepted; equal numbers are equal (12.50, 12.5)."""
    answer = {
        "refusal": None,
        "values": {
            "v0": ["12.5", "12.5", "accepted"],
            "v1": ["7", "7", "accepted"],
            "v2": ["3.1", "3.1", "review"],
        },
    }
    row = total(of_dosebook([shot("12.50", "1", "3.1", "4")], [answer]))
    assert (row["accepted"], row["wrong"], row["reviewed"], row["values"]) == (1, 1, 2, 4)


def test_a_refused_screen_refuses_all_its_values():
    """No value of a refused screen is missing from the count."""
    row = total(of_dosebook([shot("1", "2")], [{"refusal": "half-drawn", "values": {}}]))
    assert (row["refused"], row["values"]) == (2, 2)


def test_words_count_where_they_stand():
    """A page reader is exact where the words of a cell are its text, in any number of pieces."""
    words = [["12.", 5, 2, 30, 15], ["50", 40, 2, 20, 15], ["8", 5, 32, 10, 15]]
    row = total(of_words([shot("12.50", "3", "9")], [{"words": words}]))
    assert (row["exact"], row["missing"], row["values"]) == (1, 1, 3)
