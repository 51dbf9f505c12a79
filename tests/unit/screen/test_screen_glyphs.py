"""Exact glyphs: every pixel is explained, or nothing is read; a person taught the set."""

import io
import zipfile
from random import Random

import numpy as np
import pytest
from PIL import Image

from dosebook_edge.capture.screen.glyphs import NO_GLYPHS, GlyphError, from_json, to_json
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.teaching import teach
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.screen_reading import PROFILES, picture_of, reader_for

NAMES = {"period": ".", "dot": ".", "point": "."} | {digit: digit for digit in "0123456789"}


def shape(seed):
    """A character of random pixels, 9 rows high, with ink in each column and in the first row."""
    pixels = np.random.default_rng(seed).integers(0, 2, (9, 5), dtype=np.uint8) * 200
    pixels[0], pixels[-1] = 200, 200
    return pixels


def line(text, shapes):
    """A crop with characters of one typeface, two columns apart, on black."""
    parts = [np.zeros((15, 3), np.uint8)]
    for character in text:
        cell = np.zeros((15, shapes[character].shape[1] + 2), np.uint8)
        cell[3 : 3 + shapes[character].shape[0], :-2] = shapes[character]
        parts.append(cell)
    return np.concatenate(parts, axis=1)


SHAPES = {digit: shape(int(digit)) for digit in "0123456789"}


@pytest.fixture
def digits():
    """A set that was taught all digits."""
    return NO_GLYPHS.learn(line("0123456789", SHAPES), "0123456789")


def test_known_shapes_are_read_to_the_last_pixel(digits):
    """Any string of known characters is read; one pixel that differs leaves all unread."""
    crop = line("90210", SHAPES)
    assert digits.read(crop) == "90210"
    rows, columns = np.nonzero(crop)
    for row, column in zip(rows[::7], columns[::7], strict=True):
        wrong = crop.copy()
        wrong[row, column] ^= 64
        assert digits.read(wrong) is None


def test_a_character_that_is_not_known_leaves_the_cell_unread(digits):
    """Part of a number is no number."""
    assert digits.read(line("12", SHAPES | {"2": shape(99)})) is None
    assert digits.read(np.zeros((15, 40), np.uint8)) is None
    assert digits.read(np.zeros((0, 0), np.uint8)) is None
    assert NO_GLYPHS.read(line("1", SHAPES)) is None


def test_a_wide_gap_parts_two_numbers(digits):
    """Two numbers in one cell are not read as one."""
    gap = np.zeros((15, 20), np.uint8)
    assert digits.read(np.concatenate([line("1", SHAPES), gap, line("2", SHAPES)], 1)) is None


def test_two_texts_that_contradict_each_other_teach_nothing(digits):
    """A wrongly confirmed capture is found by the next right one."""
    with pytest.raises(GlyphError, match="'1' in one crop and '7' in another"):
        digits.learn(line("12", SHAPES), "72")


def test_characters_that_touch_are_learned_once_the_others_are_known(digits):
    """A point in its digit's cell is one shape of two characters."""
    touching = SHAPES | {"x": np.concatenate([shape(5), shape(50)], 1)}
    crop = line("1x2", touching)
    assert NO_GLYPHS.learn(crop, "15.2") is NO_GLYPHS
    taught = digits.learn(crop, "15.2")
    assert taught.read(crop) == "15.2"
    assert taught.read(line("9x", touching)) == "95."


def test_a_set_goes_to_a_file_and_back(digits):
    """JSON, the same for the same set."""
    text = to_json(digits, "carm-panel")
    assert from_json(text) == (digits, "carm-panel")
    assert to_json(from_json(text)[0], "carm-panel") == text


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 1}', '{"version": 2, "profile": "x", "glyphs": []}',
     '{"version": 1, "profile": "x", "glyphs": [{"text": "12345", "down": 0, "png": ""}]}',
     '{"version": 1, "profile": "x", "glyphs": [{"text": "1", "down": "0", "png": ""}]}',
     '{"version": 1, "profile": "x", "glyphs": [{"text": "1", "down": 0, "png": "AAAA"}]}',
     '{"version": 1, "profile": "x", "glyphs": [{"text": "1", "down": 0, "png": "*"}]}',
     '{"version": 1, "profile": "x", "glyphs": 7}', "[" * 9999],
)  # fmt: skip
def test_a_damaged_file_is_no_set(text):
    """Anything but a set is refused with one sentence."""
    with pytest.raises(GlyphError):
        from_json(text)


def test_only_lossless_pictures_and_known_values_teach():
    """A grabbed picture has other pixels each time; a name that is not there is a slip."""
    screen = draw("carm-panel", 1)
    loaded = find(PROFILES[screen.layout])
    picture = picture_of(screen)
    found = reader_for(screen).read(picture)
    with pytest.raises(ValueError, match="only a lossless picture"):
        teach(NO_GLYPHS, loaded, picture_of(screen, way="grabbed"), found, {})
    with pytest.raises(ValueError, match="shows no dlp here"):
        teach(NO_GLYPHS, loaded, picture, found, {"dlp": "1.00"})


@pytest.mark.parametrize("maker", ["ge", "siemens", "philips", "toshiba"])
def test_characters_of_real_consoles_are_told_apart(corpus, maker):
    """Third-party cuts of real screens: ten digits, ten shapes, any number read exactly."""
    shapes = {}
    with zipfile.ZipFile(corpus / f"ocr/chars_{maker}.zip") as archive:
        for name in archive.namelist():
            stem = name.rpartition("/")[2].removesuffix(".png")
            if stem in NAMES:
                data = io.BytesIO(archive.read(name))
                shapes[NAMES[stem]] = np.asarray(Image.open(data).convert("L"))
    known = "".join(sorted(set(shapes) & set("0123456789")))
    assert len(known) == 10
    background = int(np.bincount(np.concatenate([one.ravel() for one in shapes.values()])).argmax())

    def drawn(text):
        parts = [np.full((24, 2), background, np.uint8)]
        for character in text:
            pixels = shapes[character]
            cell = np.full((24, pixels.shape[1] + 1), background, np.uint8)
            cell[4 : 4 + pixels.shape[0], :-1] = pixels
            parts.append(cell)
        return np.concatenate(parts, axis=1)

    rng, glyphs = Random(maker), NO_GLYPHS
    for _ in range(40):
        text = "".join(rng.choices(known, k=6))
        glyphs = glyphs.learn(drawn(text), text)
    read = [glyphs.read(drawn(text)) for text in (known, known[::-1], "907316")]
    assert read == [known, known[::-1], "907316"]
