"""Random and damaged pictures, nets that lie, and broken profiles: no crash, nothing false."""

from contextlib import suppress
from random import Random

import numpy as np
import pytest

from dosebook_edge.capture.screen.line import Line
from dosebook_edge.capture.screen.loader import ScreenProfileError, find, load, shipped
from dosebook_edge.capture.screen.picture import Picture, PictureError, from_png, to_png
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.screen_reading import PROFILES, TAKEN_AT, grey_of, picture_of, reader_for

ALL = [find(name) for name in PROFILES.values()]


class LyingNet:
    """A net that is always sure: it sees the labels of a profile everywhere, and any number."""

    model_hash = "lies"
    runtime = "stub"

    def __init__(self, loaded, seed):
        self._rng = Random(seed)
        texts = [text for one in loaded.profile.anchor for text in one.texts.values()]
        self._words = [*texts, *(f for t in loaded.profile.table for g in t.footer
                                 for f in g.label_texts.values())]  # fmt: skip

    def read(self, crop, allowed=None):
        """A label, or a number of the characters that may come."""
        rng = self._rng
        if allowed is None:
            return Line(rng.choice(self._words), 0.99)
        return Line("".join(rng.choices(allowed, k=rng.randint(1, 7))), 0.99)

    def glance(self, crop):
        """A label."""
        return self.read(crop).text


def pictures(rng):
    """Noise, stripes, blocks and flat pictures, of the sizes of the profiles and of others."""
    sizes = [(one.profile.screen.height, one.profile.screen.width) for one in ALL]
    for _ in range(40):
        height, width = rng.choice([*sizes, (1, 1), (3, 900), (700, 2), (64, 64), (600, 800)])
        dice = np.random.default_rng(rng.getrandbits(32))
        kind = rng.randrange(4)
        if kind == 0:
            yield dice.integers(0, 256, (height, width), dtype=np.uint8)
        elif kind == 1:
            stripes = (np.arange(width) // rng.randint(1, 9) % 2 * 255).astype(np.uint8)
            yield np.repeat(stripes[None, :], height, axis=0)
        elif kind == 2:
            coarse = dice.integers(0, 2, (height // 12 + 1, width // 8 + 1), dtype=np.uint8)
            yield np.kron(coarse, np.full((12, 8), 220, np.uint8))[:height, :width]
        else:
            yield np.full((height, width), rng.randrange(256), np.uint8)


@pytest.mark.parametrize("way", ["lossless", "grabbed"])
def test_pictures_of_nothing_release_nothing_even_with_a_net_that_lies(way):
    """P51: a sure net is no proof; noise has no sum to the last digit and no second picture."""
    rng = Random(8)
    for index, grey in enumerate(pictures(rng)):
        loaded = ALL[index % len(ALL)]
        reader = ScreenReader([loaded], LyingNet(loaded, index))
        found = reader.read(Picture(grey, way, TAKEN_AT, "fuzz"))
        assert [one for one in found.accepted if one.quantity] == []
        assert found.refusal or found.values


def damaged(rng, grey):
    """A screen of which parts were painted over, moved, or given other grey levels."""
    grey = grey.copy()
    height, width = grey.shape
    for _ in range(rng.randint(1, 6)):
        top, left = rng.randrange(height), rng.randrange(width)
        tall, wide = rng.randint(1, height // 2), rng.randint(1, width // 2)
        part = grey[top : top + tall, left : left + wide]
        action = rng.randrange(4)
        if action == 0:
            part[...] = rng.randrange(256)
        elif action == 1:
            part[...] = 255 - part
        elif action == 2:
            part[...] = np.roll(part, rng.randint(-9, 9), axis=rng.randrange(2))
        else:
            part[...] = np.flip(part, axis=rng.randrange(2))
    return grey


@pytest.mark.parametrize("layout", PROFILES)
def test_a_damaged_screen_gives_true_values_or_none(layout):
    """Whatever is painted over a screen: an accepted value is one that it truly shows."""
    rng = Random(layout)
    for seed in range(12):
        screen = draw(layout, seed)
        grey = damaged(rng, grey_of(screen))
        found = reader_for(screen).read(picture_of(screen, grey=grey))
        true = {cell.name: cell.text for cell in screen.cells}
        for one in found.accepted:
            if one.quantity:
                assert one.text == true[one.name]


def test_damaged_profiles_load_or_are_refused_in_words(tmp_path):
    """Bytes of a profile that were lost, doubled or altered: an answer, never a crash."""
    rng = Random(11)
    path = tmp_path / "own.toml"
    outcomes = set()
    for index in range(150):
        data = bytearray(list(shipped().values())[index % len(shipped())].read_bytes())
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(data))
            action = rng.randrange(3)
            if action == 0:
                del data[place : place + rng.randint(1, 40)]
            elif action == 1:
                data[place] = rng.randrange(256)
            else:
                data[place:place] = data[place : place + rng.randint(1, 40)]
        path.write_bytes(data)
        try:
            loaded = load(path)
        except ScreenProfileError:
            outcomes.add("refused")
            continue
        outcomes.add("loaded")
        grey = np.zeros((loaded.profile.screen.height, loaded.profile.screen.width), np.uint8)
        grey[::7] = 200
        reader = ScreenReader([loaded], LyingNet(loaded, index))
        found = reader.read(Picture(grey, "lossless", TAKEN_AT, "fuzz"))
        assert [one for one in found.accepted if one.quantity] == []
    assert outcomes == {"loaded", "refused"}


def test_damaged_picture_files_are_refused_in_words():
    """A PNG that was cut or altered is a picture or an error, and nothing else."""
    rng = Random(12)
    whole = to_png(grey_of(draw("dap-display", 1)))
    for _ in range(200):
        data = bytearray(whole)
        del data[rng.randrange(len(data)) :]
        for _ in range(rng.randint(0, 4)):
            if data:
                data[rng.randrange(len(data))] = rng.randrange(256)
        with suppress(PictureError):
            assert from_png(bytes(data)).ndim == 2
