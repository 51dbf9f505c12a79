"""A screen shown on a real X server is the very same picture in its framebuffer file."""

import numpy as np
from PIL import Image

from dosebook_edge.capture.screen.framebuffer import XwdScreen
from dosebook_edge.simulate.screens.display import XDisplay
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.fonts import need_fonts
from tests.support.xvfb import virtual_screen


def test_a_shown_screen_is_read_back_pixel_by_pixel(tmp_path):
    """What a console draws on X arrives as grey without one pixel changed."""
    need_fonts()
    screen = draw("carm-panel", 11)
    expected = np.asarray(screen.picture.convert("L"))
    with virtual_screen(tmp_path / "fb", 640, 480) as server, XDisplay(server.display) as shown:
        assert shown.size == (640, 480)
        shown.show(screen.picture)
        grey = XwdScreen(server.file).grab()
        assert np.array_equal(grey, expected)
        shown.show(Image.new("RGB", (640, 480)))
        assert XwdScreen(server.file).grab().max() == 0
