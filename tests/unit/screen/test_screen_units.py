"""A unit is what the screen says, not what the profile would like to read."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dosebook_edge.capture.screen.cells import CellReader, Sight
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.locate import Located
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.picture import Picture
from dosebook_edge.capture.screen.reading import Placement
from dosebook_edge.capture.screen.spelling import unit_of
from dosebook_edge.simulate.screens.faces import DEJAVU
from tests.support.fonts import need_fonts
from tests.support.screen_reading import TAKEN_AT

CARM = find("carm-panel")


@pytest.fixture(scope="module")
def net():
    """The model that ships."""
    return LineNet.load()


def unit_read(net, shown):
    """The unit of the C-arm's KAP on a screen that shows it so."""
    field = CARM.profile.field[0]
    x, y, *_ = field.unit_box
    picture = Image.new("L", (640, 480), 170)
    font = DEJAVU.font("sans", 15)
    ImageDraw.Draw(picture).text((x + 4, y + 6), shown, font=font, fill=25)
    seen = Picture(np.asarray(picture), "lossless", TAKEN_AT, "test")
    located = Located(CARM, Placement(), "en")
    return CellReader(Sight.of(seen, Placement()), located, net)._unit(field)[0]


@pytest.mark.parametrize(
    ("shown", "unit"),
    [
        ("cGy·cm²", "cGy.cm2"), ("cGycm2", "cGy.cm2"), ("Gy·cm²", "Gy.cm2"), ("µGy·m²", "uGy.m2"),
        ("dGy·cm²", ""), ("mGy·cm²", ""), ("nGy·m²", ""), ("mGy", ""), ("Gy/min", ""),
    ],
)  # fmt: skip
def test_a_unit_that_the_profile_does_not_know_is_none_of_those_it_knows(net, shown, unit):
    """P1: dGy·cm² is ten times cGy·cm², and looks like it to whoever knows only a c."""
    need_fonts()
    assert unit_read(net, shown) == unit


def test_a_tail_that_is_cut_off_makes_no_other_unit():
    """The place of a unit may cut the lower end of its y: no unit is a Gv, and Sv stays Sv."""
    units = {"mGy*cm": "mGy.cm", "(mGy)": "mGy"}
    assert [unit_of(one, units) for one in ("mGv*cm", "(mGv)", "mSv")] == ["mGy.cm", "mGy", ""]
