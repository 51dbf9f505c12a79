"""What pictures take of a small box's memory: one at a time, and given back."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from dosebook_edge.capture.screen.picture import from_png
from dosebook_edge.capture.screen.pixels import Arrangement, Channel, grey_of

_HOLDS = """
import numpy as np
from dosebook_edge.capture.screen.buffers import return_large_buffers

def held():
    status = open("/proc/self/status").read()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024

return_large_buffers()
first = np.ones(20 << 20, np.uint8)
del first
before = held()
second = np.ones(20 << 20, np.uint8)
small = np.ones(200_000, np.uint8)  # above it in the heap, if it came from there
del second
print(held() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc of Linux")
def test_what_a_large_picture_took_is_given_back():
    """A box that read one picture of megapixels does not hold its memory ever after."""
    told = subprocess.run(
        [sys.executable, "-c", _HOLDS], capture_output=True, text=True, check=True
    )
    assert int(told.stdout) < 5


def test_a_tall_picture_is_grey_in_every_row():
    """Framebuffers are converted some rows at a time, files at once: both as Pillow has them."""
    dice = np.random.default_rng(3)
    colours = dice.integers(0, 256, (301, 40, 3), dtype=np.uint8)
    image = Image.fromarray(colours)
    wanted = np.asarray(image.convert("L"))
    file = io.BytesIO()
    image.save(file, "PNG")
    assert np.array_equal(from_png(file.getvalue()), wanted)
    channels = [Channel(offset, 8) for offset in (0, 8, 16)]
    arrangement = Arrangement(40, 301, 24, 120, *channels)
    assert np.array_equal(grey_of(colours.tobytes(), arrangement), wanted)


def test_a_reader_of_screens_needs_neither_outbox_nor_keys():
    """It stands alone, as where the registry asks it: what keeps records takes 10 MB more."""
    looks = "import sys, dosebook_edge.capture.screen.equip; print(*sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", looks], capture_output=True, text=True, check=True)
    assert not {"dosebook_edge.outbox", "cryptography", "sqlite3"} & set(told.stdout.split())
