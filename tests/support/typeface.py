"""One typeface of random shapes, a net that knows it, and screens set in it."""

from dataclasses import replace

import numpy as np

from dosebook_edge.capture.screen.cells import Sight
from dosebook_edge.capture.screen.confirmed_shapes import NOTHING_SAID
from dosebook_edge.capture.screen.glyphs import drawn, shapes_of
from dosebook_edge.capture.screen.line import Line
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.picture import Box, Picture
from dosebook_edge.capture.screen.reading import Placement
from dosebook_edge.capture.screen.shape_meanings import shape_checks
from tests.support.screen_reading import TAKEN_AT, seen

CARM = find("carm-panel").profile
FIELDS = ("dose_area_product", "dose_rp", "number_of_events", "kvp", "xray_tube_current")


def shape(seed):
    """A digit of random pixels, 12 rows high, with ink in each column and each outer row."""
    pixels = np.random.default_rng(seed).integers(0, 2, (12, 7), dtype=np.uint8) * 200
    pixels[0], pixels[-1] = 200, 200
    return pixels


SHAPES = {digit: shape(int(digit)) for digit in "0123456789"}
POINT = np.full((2, 2), 200, np.uint8)


class ShapeNet:
    """A net that knows the digits of one typeface; `takes` are those it takes for others."""

    model_hash, runtime = "shapes", "stub"

    def __init__(self, takes=None, confidence=0.98):
        self.confidence = confidence
        self.takes = takes = takes or {}
        self.known = {one.tobytes(): takes.get(digit, digit) for digit, one in SHAPES.items()}
        self.reads = 0

    def read(self, crop, allowed=None):
        """Each shape by itself; what is no digit is a point."""
        self.reads += 1
        text = "".join(self.known.get(pixels, ".") for *_, pixels in shapes_of(crop))
        return Line(text, self.confidence)


def crop(text, **other):
    """A text in that typeface, light on black; `other` shapes are named by letters."""
    known = SHAPES | {".": POINT} | other
    return drawn([(0, *known[one].shape, known[one].tobytes()) for one in text], 0)


def checks(
    net, texts, earlier=None, *, way="lossless", said=None, glyphs=None, confirmed=NOTHING_SAID
):
    """Outcome by field of a screen that shows such texts, one below the other.

    `said` is what the net reads in a field instead of its pixels, `glyphs` what known shapes say,
    `confirmed` what persons said.
    """
    crops = [crop(text) for text in texts]
    wide = max(one.shape[1] for one in crops)
    grey = np.concatenate([np.pad(one, ((0, 0), (0, wide - one.shape[1]))) for one in crops])
    cells, top = [], 0
    for name, text, part in zip(FIELDS, texts, crops, strict=False):
        line = (said or {}).get(name) or net.read(part).text
        cell = seen(CARM, name, line)
        box = Box(0, top, wide, part.shape[0])
        explained = (glyphs or {}).get(name)
        shapes = shapes_of(crop(text))
        cells.append(replace(cell, crop=box, shapes=shapes, glyphs=explained))
        top += part.shape[0]
    sight = Sight.of(Picture(grey, way, TAKEN_AT, "test"), Placement())
    return shape_checks(sight, cells, net, {} if earlier is None else earlier, confirmed)
