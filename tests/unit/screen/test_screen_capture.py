"""Pictures of screens: framebuffers decoded by their own description, and when one is read."""

import struct
from pathlib import Path

import numpy as np
import pytest

from dosebook_edge.capture.screen.framebuffer import XwdScreen, device_arrangement
from dosebook_edge.capture.screen.grabbing import ScreenLostError, open_screen
from dosebook_edge.capture.screen.pixels import Arrangement, ArrangementError, Channel, grey_of
from dosebook_edge.capture.screen.v4l2 import GrabberDevice
from dosebook_edge.capture.screen.watch import Patience, Watch, is_changed, is_flat

RGB565 = (Channel(11, 5), Channel(5, 6), Channel(0, 5))
BGRX = (Channel(16, 8), Channel(8, 8), Channel(0, 8))


def picture(seed: int = 1, shape: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_pixels_are_read_by_channel_line_length_and_byte_order():
    """Offsets, padding at the end of a line and byte order all come from the description."""
    pixels = [[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (255, 255, 255)]]
    expected = [[76, 150], [29, 255]]
    little = b"".join(
        b"".join(struct.pack("<I", r << 16 | g << 8 | b) for r, g, b in row) + b"\xee" * 6
        for row in pixels
    )
    big = b"".join(
        b"".join(struct.pack(">I", r << 16 | g << 8 | b) for r, g, b in row) for row in pixels
    )
    assert grey_of(little, Arrangement(2, 2, 32, 14, *BGRX)).tolist() == expected
    assert grey_of(big, Arrangement(2, 2, 32, 8, *BGRX, is_big_endian=True)).tolist() == expected
    small = b"".join(
        b"".join(struct.pack("<H", r >> 3 << 11 | g >> 2 << 5 | b >> 3) for r, g, b in row)
        for row in pixels
    )
    assert grey_of(small, Arrangement(2, 2, 16, 4, *RGB565)).tolist() == expected


@pytest.mark.parametrize(
    "wrong",
    [{"bits_per_pixel": 8}, {"line_length": 7}, {"width": 0}, {"red": Channel(30, 8)}],
)
def test_an_arrangement_that_is_not_read_is_refused(wrong):
    """Palettes, lines too short and channels outside of the pixel are errors, not pictures."""
    whole = {"width": 2, "height": 2, "bits_per_pixel": 32, "line_length": 8}
    channels = {"red": BGRX[0], "green": BGRX[1], "blue": BGRX[2]}
    with pytest.raises(ArrangementError):
        Arrangement(**whole | channels | wrong)


def test_the_kernels_description_of_a_framebuffer():
    """Size, panning, depth and channels come from the ioctls; a palette is refused."""
    variable = struct.pack(
        "@40I", 800, 480, 800, 960, 0, 480, 16, 0, 11, 5, 0, 5, 6, 0, 0, 5, 0, *[0] * 23
    )
    fixed = struct.pack("@16sL4I3HI", b"BCM2708 FB", 0, 0, 0, 0, 2, 0, 0, 0, 1664).ljust(128, b"\0")
    how = device_arrangement(variable, fixed)
    assert (how.width, how.height, how.bits_per_pixel, how.line_length) == (800, 480, 16, 1664)
    assert how.start == 480 * 1664
    assert (how.red, how.green, how.blue) == RGB565
    palette = struct.pack("@16sL4I3HI", b"VGA16", 0, 0, 0, 0, 3, 0, 0, 0, 800).ljust(128, b"\0")
    with pytest.raises(ArrangementError, match="palette"):
        device_arrangement(variable, palette)


def test_a_file_that_is_no_framebuffer_is_lost_with_the_cure(tmp_path):
    """A missing, empty or foreign file says what to look at."""
    for content in (None, b"", b"GIF89a" + b"\0" * 200):
        path = tmp_path / "screen"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ScreenLostError, match="-fbdir"):
            XwdScreen(path).grab()


def test_an_address_names_its_way(tmp_path):
    """xwd, fb and v4l2 open; anything else is refused with the forms that there are."""
    assert open_screen(f"xwd:{tmp_path}/x").way == "lossless"
    with pytest.raises(ScreenLostError, match="xwd:PATH"):
        open_screen("hdmi:1")
    with pytest.raises(ScreenLostError, match="group video"):
        open_screen(f"fb:{tmp_path}/none")


class FakeCapture:
    """What OpenCV hands out of a grabber: blue first, one frame after the other."""

    def __init__(self, frames: list[np.ndarray | None]) -> None:
        self.frames = frames
        self.is_released = False

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return bool(self.frames)

    def grab(self) -> bool:
        return self.frames[0] is not None

    def retrieve(self):
        return self.frames[0] is not None, self.frames[0]

    def release(self) -> None:
        self.is_released = True


def test_a_grabber_gives_luma_and_says_when_there_is_no_signal(tmp_path):
    """Colour becomes the luma of a framebuffer; no frame, or no device, is an error with a cure."""
    blue = np.zeros((2, 2, 3), np.uint8)
    blue[:, :, 0] = 255
    device = GrabberDevice(tmp_path, lambda *_: FakeCapture([blue]))
    assert device.grab().tolist() == [[29, 29], [29, 29]]
    silent = GrabberDevice(tmp_path, lambda *_: FakeCapture([None]))
    with pytest.raises(ScreenLostError, match="signal"):
        silent.grab()
    with pytest.raises(ScreenLostError, match="plugged in"):
        GrabberDevice(tmp_path, lambda *_: FakeCapture([]))


def test_a_screen_settles_once_it_stood_still():
    """A change starts the wait anew; a settled screen is told once."""
    watch = Watch("lossless", Patience(settle_s=1.0))
    first, second = picture(1), picture(2)
    seen = [watch.see(first, 0.0), watch.see(first, 0.5), watch.see(second, 0.9)]
    assert seen == ["moving", "moving", "moving"]
    assert watch.see(second, 1.5) == "moving"
    assert watch.see(second, 2.0) == "settled"
    assert watch.see(second, 9.0) == "still"
    assert watch.see(first, 9.5) == "moving"


def test_a_screen_that_never_rests_is_read_all_the_same():
    """A clock that ticks on the screen must not keep its doses from being read."""
    watch = Watch("lossless", Patience(settle_s=1.0, restless_s=10.0))
    told = [watch.see(picture(tick), float(tick)) for tick in range(32)]
    assert [tick for tick, seen in enumerate(told) if seen == "settled"] == [10, 21]


def test_noise_is_no_change_on_a_grabbed_screen_but_a_digit_is():
    """Between two grabs of one screen only noise differs; a digit is larger than that."""
    rng = np.random.default_rng(5)
    screen = np.full((128, 160), 60, np.uint8)
    noisy = [
        np.clip(screen + rng.normal(0, 6, screen.shape), 0, 255).astype(np.uint8) for _ in range(2)
    ]
    assert not is_changed(noisy[0], noisy[1], "grabbed")
    assert is_changed(noisy[0], noisy[1], "lossless")
    digit = noisy[1].copy()
    digit[40:50, 60:62] = 250
    assert is_changed(noisy[0], digit, "grabbed")
    assert is_changed(noisy[0], noisy[0][:64], "grabbed")


def test_a_flat_picture_is_no_screen():
    """Black from a copy-protected source and a monitor's blue are told from a screen."""
    assert is_flat(np.zeros((480, 640), np.uint8))
    assert is_flat(np.full((480, 640), 29, np.uint8))
    assert not is_flat(picture())


def test_opening_the_package_needs_no_opencv(tmp_path):
    """Without OpenCV a grabber says how to get it."""
    from dosebook_edge.capture.screen import v4l2

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(v4l2.importlib, "import_module", _missing)
        with pytest.raises(ScreenLostError, match="python3-opencv"):
            v4l2.opencv_capture(Path("/dev/video0"), None)


class FakeOpenCV:
    """OpenCV on a device that has sizes for raw pictures and for Motion JPEG."""

    CAP_V4L2, CAP_PROP_FRAME_WIDTH, CAP_PROP_FRAME_HEIGHT, CAP_PROP_FOURCC = 200, 3, 4, 6

    def __init__(self, raw: set[tuple[int, int]], jpeg: set[tuple[int, int]]) -> None:
        self.sizes = {"raw": raw, "MJPG": jpeg}
        self.form, self.size, self.asked = "raw", (640, 480), [0, 0]

    def VideoCapture(self, path: str, how: int):  # noqa: N802 - OpenCV's name
        assert how == self.CAP_V4L2
        return self

    def VideoWriter_fourcc(self, *letters: str) -> str:  # noqa: N802 - OpenCV's name
        return "".join(letters)

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def set(self, which: int, value) -> None:
        if which == self.CAP_PROP_FOURCC:
            self.form = value
            return
        self.asked[which - 3] = value
        width, height = self.asked
        if (width, height) in self.sizes[self.form]:
            self.size = (width, height)

    def get(self, which: int) -> float:
        return float(self.size[which - 3])


@pytest.mark.parametrize(
    ("raw", "jpeg", "size", "form"),
    [
        ({(1920, 1080)}, set(), (1920, 1080), "raw"),
        (set(), {(1920, 1080)}, (1920, 1080), "MJPG"),
        (set(), set(), (640, 480), "MJPG"),
    ],
)
def test_opencv_is_told_the_size_it_would_choose_640_by_480(monkeypatch, raw, jpeg, size, form):
    """Raw pictures of the full size first, then Motion JPEG; never OpenCV's own small choice."""
    from dosebook_edge.capture.screen import v4l2

    fake = FakeOpenCV(raw, jpeg)
    monkeypatch.setattr(v4l2.importlib, "import_module", lambda _: fake)
    v4l2.opencv_capture(Path("/dev/video0"), (1920, 1080))
    assert (fake.size, fake.form) == (size, form)


def _missing(name: str):
    raise ImportError(name)
