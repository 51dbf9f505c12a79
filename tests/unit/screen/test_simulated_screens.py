"""Simulated screens: the same seed draws the same pixels, and the truth says what is on them."""

from decimal import Decimal
from random import Random

import numpy as np
import pytest
from PIL import ImageChops

from dosebook_edge.simulate.scene import make_scene
from dosebook_edge.simulate.screens import sequences
from dosebook_edge.simulate.screens.capture import dose_capture, visit_of
from dosebook_edge.simulate.screens.damage import DAMAGES, damaged
from dosebook_edge.simulate.screens.faces import Faces, FontMissingError
from dosebook_edge.simulate.screens.gallery import LAYOUTS, draw
from dosebook_edge.simulate.screens.words import LANGUAGES
from dosebook_edge.simulate.vendors import VENDORS
from tests.support.fonts import need_fonts

pytestmark = pytest.mark.usefixtures("fonts")


@pytest.fixture(scope="module")
def fonts():
    need_fonts()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_seed_draws_one_screen(layout):
    """The same arguments give the same pixels and truth; another seed gives other values."""
    once, again, other = (draw(layout, seed) for seed in (7, 7, 8))
    assert once.picture.tobytes() == again.picture.tobytes()
    assert once.truth() == again.truth()
    assert once.truth() != other.truth()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_its_own_labels(language):
    """Seven languages draw: the values stand in the same places, the labels differ."""
    english, other = draw("carm-panel", 3), draw("carm-panel", 3, language=language)
    assert [cell.box for cell in english.cells] == [cell.box for cell in other.cells]
    is_same = ImageChops.difference(english.picture, other.picture).getbbox() is None
    assert is_same == (language == "en")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_cell_has_ink_inside_its_box_only(layout):
    """A box holds the whole text of its cell, so that a reader who cuts it out loses nothing."""
    screen = draw(layout, 5, mark=",")
    grey = np.asarray(screen.picture.convert("L"), dtype=int)
    for cell in screen.cells:
        x, y, width, height = cell.box
        assert x >= 0
        assert x + width <= screen.picture.width
        inside = grey[y : y + height, x : x + width]
        assert inside.max() - inside.min() > 40, cell.name
        for edge in (inside[:, :1], inside[:, -1:]):
            assert edge.max() - edge.min() < 25, cell.name


@pytest.mark.parametrize("layout", ["ge-ct", "siemens-protocol", "philips-dose"])
def test_rows_add_up_to_the_total(layout):
    """The printed total is the sum of the printed rows, in exact decimals."""
    for seed in range(12):
        screen = draw(layout, seed)
        rows = [Decimal(c.value) for c in screen.cells if c.field == "dlp" and c.value]
        assert sum(rows) == Decimal(screen.cell("total_dlp").value)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_keeps_the_truth_and_moves_its_boxes(damage):
    """A damaged screen says the same; its boxes lie where the values went, within the picture."""
    screen = draw("siemens-protocol", 4)
    seen = damaged(screen, damage, 9)
    assert [cell.text for cell in seen.cells] == [cell.text for cell in screen.cells]
    assert seen.picture.tobytes() == damaged(screen, damage, 9).picture.tobytes()
    grey = np.asarray(seen.picture.convert("L"), dtype=int)
    for cell in seen.cells:
        x, y, width, height = cell.box
        assert x >= 0
        assert y >= 0
        assert x + width <= seen.picture.width
        assert y + height <= seen.picture.height
        assert np.ptp(grey[y : y + height, x : x + width]) > 25, cell.name


def test_other_pictures_of_a_monitor():
    """A half-drawn frame keeps its upper part only; a torn one shows two screens."""
    first, second = draw("carm-panel", 1), draw("carm-panel", 2)
    whole, half = first.picture, sequences.half_drawn(first, 0.5)
    upper = (0, 0, 640, 240)
    assert whole.crop(upper).tobytes() == half.crop(upper).tobytes()
    assert len(half.crop((0, 240, 640, 480)).getcolors()) == 1
    torn = sequences.torn(first, second, 0.5)
    assert torn.crop(upper).tobytes() == second.picture.crop(upper).tobytes()
    assert torn.crop((0, 240, 640, 480)).tobytes() == whole.crop((0, 240, 640, 480)).tobytes()
    assert sequences.resized(first, (800, 600)).size == (800, 600)
    assert sequences.screensaver((640, 480), 1).getbbox() is not None
    assert sequences.black((640, 480)).getbbox() is None


def test_a_secondary_capture_holds_the_pixels_and_no_dose():
    """The object has the screen's pixels and the scene's patient, and states no dose itself."""
    rng = Random(3)
    scene = make_scene(rng, VENDORS["ge-ct"])
    screen = draw("ge-ct", 3, visit=visit_of(rng, scene))
    dataset = dose_capture(rng, scene, screen, at=scene.started)
    assert dataset.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
    assert (dataset.Columns, dataset.Rows) == screen.picture.size
    assert bytes(dataset.PixelData) == screen.picture.tobytes()
    assert screen.cell("patient_id").text == dataset.PatientID
    assert "ExposureDoseSequence" not in dataset


def test_unknown_names_are_refused():
    """A layout, language or typeface that is not there is an error with what there is."""
    with pytest.raises(ValueError, match="ge-ct"):
        draw("lunar", 1)
    with pytest.raises(ValueError, match="ja"):
        draw("ge-ct", 1, language="xx")
    with pytest.raises(FontMissingError, match="apt-get install"):
        draw("ge-ct", 1, faces=Faces(mono="NoSuchFace.ttf"))
