"""One shape, one digit: what the shapes of a lossless screen prove, and what they contradict."""

from collections import Counter
from decimal import Decimal

import pytest

from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.screen_reading import PROFILES, picture_of
from tests.support.typeface import FIELDS, ShapeNet, checks

ALL_TEN = ("102.34", "56.78", "901", "67", "3.4")


def outcomes(found):
    """How often each outcome."""
    return dict(Counter(one.outcome for one in found.values()))


def test_ten_digits_of_ten_shapes_prove_a_screen():
    """All ten digits stand there, each of one shape that is read alike wherever it stands."""
    found = checks(ShapeNet(), ALL_TEN)
    assert outcomes(found) == {"pass": 5}
    assert all(one.proves for one in found.values())


def test_nine_digits_prove_nothing_until_the_tenth_was_seen():
    """A digit that never stood there could be what another one is taken for."""
    earlier, net = {}, ShapeNet()
    found = checks(net, ("102.34", "56.78", "801"), earlier)
    assert outcomes(found) == {"not applicable": 3}
    assert "9 of the ten digits" in found["kvp" if "kvp" in found else "dose_rp"].detail
    assert outcomes(checks(net, ("92.10",), earlier)) == {"pass": 1}
    reads = net.reads
    assert outcomes(checks(net, ("33.30",), earlier)) == {"pass": 1}
    assert net.reads == reads + 1  # the cell; ten digits were compared once and for all


@pytest.mark.parametrize(("true", "taken"), [("1", "7"), ("5", "6"), ("3", "8")])
def test_a_typeface_that_misleads_the_net_is_never_released(true, taken):
    """Each 1 is read as a 7 with full confidence: on all pictures, whatever else they show."""
    earlier, net = {}, ShapeNet({true: taken})
    without = [text.replace(taken, "0") for text in ALL_TEN]
    for texts in (without, ALL_TEN, without, ALL_TEN):
        for name, one in checks(net, texts, earlier).items():
            assert one.outcome == "not applicable" or true not in texts[FIELDS.index(name)]


def test_a_misreading_at_one_place_is_contradicted():
    """The same shape is another digit elsewhere, so neither place is sure."""
    found = checks(ShapeNet(), ALL_TEN, said={"kvp": "61"})
    assert found["kvp"].outcome == "fail"
    assert found["dose_rp"].outcome == "fail"  # its 7 is the shape that was read as 1
    assert "is read as" in found["kvp"].detail
    assert not any(one.proves for name, one in found.items() if name in ("kvp", "dose_rp"))


def test_a_misreading_of_a_digit_that_stands_nowhere_else_shows_in_the_specimens():
    """Side by side with the other digits of the screen it is read rightly."""
    found = checks(ShapeNet(), ("10.23", "6"), said={"number_of_events": "8", "dose_rp": "8"})
    assert found["dose_rp"].outcome == "fail"
    assert "read as 6 elsewhere" in found["dose_rp"].detail


def test_what_known_glyphs_explain_is_beyond_doubt():
    """A cell that contradicts them fails, and they do not."""
    found = checks(ShapeNet(), ("11.11", "1"), said={"dose_rp": "7"},
                   glyphs={"dose_area_product": "11.11"})  # fmt: skip
    assert list(found) == ["dose_rp"]
    assert (found["dose_rp"].outcome, found["dose_rp"].proves) == ("fail", False)


def test_specimens_that_are_read_with_doubt_prove_nothing():
    """A typeface that the net hardly reads is left to a person, and not remembered."""
    earlier = {}
    found = checks(ShapeNet(confidence=0.49), ALL_TEN, earlier)
    assert outcomes(found) == {"not applicable": 5}
    assert earlier == {}


def test_ink_that_does_not_part_into_characters_proves_nothing():
    """As many pieces of ink as characters, or nobody knows which piece is which."""
    found = checks(ShapeNet(), ALL_TEN, said={"kvp": "670"})
    assert (found["kvp"].outcome, found["kvp"].proves) == ("not applicable", False)


def test_a_grabbed_picture_has_no_shapes():
    """Noise makes other pixels of each character."""
    assert checks(ShapeNet(), ALL_TEN, way="grabbed") == {}


@pytest.mark.parametrize("layout", ["angio-console", "carm-panel"])
def test_a_console_without_sums_is_released_from_its_first_pictures_on(layout):
    """The real net, a typeface it was not trained on: right, and nothing was confirmed before."""
    reader, states, wrong = ScreenReader([find(PROFILES[layout])], LineNet.load()), Counter(), []
    for seed in range(6):
        screen = draw(layout, seed)
        for one in reader.read(picture_of(screen)).values:
            states[one.state] += seed > 1
            if one.state == "accepted" and one.value != Decimal(screen.cell(one.name).value):
                wrong.append(one.name)
    assert wrong == []
    assert states["accepted"] >= 0.95 * states.total()


def test_what_one_console_shows_proves_nothing_on_another():
    """Two consoles send to one box: nine digits of one and the tenth of the other are no ten."""
    reader = ScreenReader([find(PROFILES["carm-panel"])], LineNet.load())

    def accepted(seed, console):
        read = reader.read(picture_of(draw("carm-panel", seed), console=console))
        return sum(one.state == "accepted" for one in read.values)

    assert sum(accepted(seed, "room 1") for seed in range(6)) > 0
    assert accepted(6, "room 2") == 0
    assert accepted(6, "room 1") > 0
