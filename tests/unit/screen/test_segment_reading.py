"""Seven-segment numbers read by their bars: other drawings than the simulator's, and damage."""

from random import Random

import numpy as np
import pytest
from PIL import Image

from dosebook_edge.capture.screen.model.segments import draw
from dosebook_edge.capture.screen.segment_geometry import NotSegmentsError
from dosebook_edge.capture.screen.segment_reading import read_segments
from dosebook_edge.simulate.screens.segments import draw_display
from tests.support.screen_reading import grey_of
from tests.support.segments import WISH


def crop_of(text, seed):
    """A number in bars whose size, lean, thickness, gaps and ghosts come from a seed."""
    rng = Random(seed)
    high = np.asarray(draw(text, rng), dtype=np.float64) / 255
    paper, ink = rng.choice(((8, 220), (30, 150), (225, 40)))
    grey = paper + (ink - paper) * np.pad(high, ((6, 6), (8, 8)))
    return np.clip(grey, 0, 255).astype(np.uint8)


def texts(count, seed):
    """Numbers of one to seven digits, most with a point."""
    rng = Random(seed)
    for _ in range(count):
        digits = "".join(rng.choices("0123456789", k=rng.randint(1, 7)))
        point = rng.randint(1, len(digits))
        yield digits[:point] + ("." + digits[point:] if point < len(digits) else "")


def said(grey):
    """What the bars say, None where they are not sure."""
    try:
        return read_segments(grey).text
    except NotSegmentsError:
        return None


def test_bars_of_any_shape_are_read_or_refused_and_never_wrong():
    """Of 300 drawings that nothing was tuned on, most are read, and each rightly."""
    pairs = [(text, said(crop_of(text, f"bars:{text}"))) for text in texts(300, "other")]
    assert [pair for pair in pairs if pair[1] not in (None, pair[0])] == []
    assert sum(read is not None for _, read in pairs) > 220


def test_a_display_is_read_with_its_ghosts_its_lean_and_its_point():
    """The simulator's display: dark bars shine through, and the point touches its digit's box."""
    screen = draw_display(WISH, "1408.75", "362")
    grey = grey_of(screen)
    for one in screen.cells:
        x, y, wide, high = one.box
        assert said(grey[y : y + high, x : x + wide]) == one.text


@pytest.mark.parametrize("broken", [
    pytest.param(lambda grey: grey // 20, id="no contrast"),
    pytest.param(lambda grey: np.full_like(grey, 9), id="nothing"),
    pytest.param(lambda grey: grey[:, : grey.shape[1] // 40], id="a sliver"),
    pytest.param(lambda grey: np.random.default_rng(1).integers(0, 255, grey.shape, np.uint8),
                 id="noise alone"),
])  # fmt: skip
def test_what_is_no_row_of_bars_is_refused(broken):
    """No guess where there is nothing to measure."""
    x, y, wide, high = (screen := draw_display(WISH, "1408.75", "362")).cells[0].box
    assert said(broken(grey_of(screen)[y : y + high, x : x + wide])) is None


def test_a_word_in_a_typeface_is_not_taken_for_bars():
    """Text of any other kind is refused, or shows a pattern that is no digit."""
    from PIL import ImageDraw, ImageFont

    for text in ("Error", "HELP", "---", "mGy", "Ab4"):
        image = Image.new("L", (240, 64))
        ImageDraw.Draw(image).text((8, 6), text, 240, ImageFont.load_default(44))
        assert not said(np.asarray(image)), text


def test_a_half_lit_bar_is_refused():
    """A bar that is covered or fading along half of it is neither lit nor dark."""
    screen = draw_display(WISH, "888888", "888888")
    x, y, wide, high = screen.cells[0].box
    grey = grey_of(screen)[y : y + high, x : x + wide].copy()
    paper = int(np.bincount(grey.ravel()).argmax())
    # The middle bar of the first place lies half-way down, 4 px of margin from the left.
    grey[high // 2 - 6 : high // 2 + 6, 23:29] = paper
    assert said(grey) is None


def test_weak_bars_are_refused():
    """A bar at half the light of the others could be lit or not."""
    screen = draw_display(WISH, "888888", "1")
    x, y, wide, high = screen.cells[0].box
    grey = grey_of(screen)[y : y + high, x : x + wide].copy()
    paper = int(np.bincount(grey.ravel()).argmax())
    middle = grey[high // 2 - 6 : high // 2 + 6, 4:42]
    middle[:] = (middle.astype(int) + paper) // 2
    assert said(grey) is None
