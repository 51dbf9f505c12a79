"""The recipe of the reading net: reproducible from its seed, with faces that were held out."""

import tomllib
from fnmatch import fnmatch
from random import Random

import numpy as np
import pytest

from dosebook_edge.capture.screen.model import texts
from dosebook_edge.capture.screen.model.damage import DEGREES, damage, place
from dosebook_edge.capture.screen.model.samples import samples
from dosebook_edge.capture.screen.model.segments import DRAWABLE, draw
from dosebook_edge.capture.screen.model.typefaces import LIST
from dosebook_edge.capture.screen.normalise import HEIGHT, find_ink, normal_forms
from dosebook_edge.capture.screen.symbols import SYMBOLS, fold

POLYGONS = {"polygons": 1}


def test_the_same_seed_draws_the_same_lines():
    """Crops and texts of one seed are equal, those of another seed are not."""
    first, again, other = (
        list(samples((), seed, 12, kinds=POLYGONS)) for seed in ("a", "a", "b")
    )  # fmt: skip
    assert [one.text for one in first] == [one.text for one in again]
    assert all(np.array_equal(x.crop, y.crop) for x, y in zip(first, again, strict=True))
    assert [one.text for one in first] != [one.text for one in other]


def test_no_face_is_both_trained_on_and_evaluated():
    """What is held out is held out by file: no pattern of one use matches one of the other."""
    packages = tomllib.loads(LIST.read_text())["package"]
    train = [pattern for one in packages for pattern in one.get("train", [])]
    held_out = [pattern for one in packages for pattern in one.get("evaluate", [])]
    assert len(held_out) >= 15
    assert not [name for name in held_out for pattern in train if fnmatch(name, pattern)]
    assert all(len(one["sha256"]) == 64 and one["version"] for one in packages)


def test_numbers_have_runs_of_one_digit_and_both_marks():
    """Dropped digits hide in runs, so runs are common; points and commas both occur."""
    rng = Random(3)
    numbers = [texts.number(rng) for _ in range(2000)]
    assert 300 < sum(any(digit * 3 in one for digit in "0123456789") for one in numbers) < 1200
    assert min(sum(mark in one for one in numbers) for mark in ".,") > 300
    assert sum(one.startswith("-") for one in numbers) > 50


def test_every_label_and_unit_can_be_written():
    """All words of the seven languages fold onto the symbols of the net."""
    for word in (*texts.LABELS, *texts.UNITS):
        assert set(fold(word)) <= set(SYMBOLS)


@pytest.mark.parametrize("degree", DEGREES)
def test_a_damaged_line_still_comes_into_normal_form(degree):
    """Whatever the damage, a line is found and brought to 24 px with its ink light."""
    rng = Random(9)
    for _ in range(10):
        crop = damage(place(draw("8088.5", rng), rng), degree, rng)
        ink = find_ink(crop)
        assert ink is not None
        line = normal_forms(ink)[0]
        assert line.shape[0] == HEIGHT
        assert 40 < line.shape[1] < 200
        assert line.max() > 150


def test_every_drawable_segment_text_leaves_ink():
    """Each character of a seven-segment display but the space is drawn."""
    for character in DRAWABLE - {" "}:
        assert draw(f"8{character}", Random(1)).getextrema()[1] == 255
