"""The signal behind a grabber: timings and EDID as the kernel gives them, and scaled pictures."""

import ctypes
import errno
import os
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from dosebook_edge.capture.screen import receiver as v4l2
from dosebook_edge.capture.screen.edid import Edid, edid_of
from dosebook_edge.capture.screen.grabbing import ScreenLostError
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.picture import Picture
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.receiver import Receiver, signal_of
from dosebook_edge.capture.screen.to_reading import Whose, to_reading
from dosebook_edge.capture.screen.v4l2 import GrabberDevice
from dosebook_edge.capture.screen.video_signal import VideoSignal, said_of
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.fonts import need_fonts

# Recorded from the kernel's vivid driver, 6.1, its HDMI input at 1280 x 720, 60 Hz.
TIMINGS = bytes.fromhex(
    "0000000000050000d0020000000000000300000010f76c04000000006e00000028000000dc000000050000000500"
    "0000140000000000000000000000000000000100000092000000"
)
EDID = bytes.fromhex(
    "00ffffffffffff0031d8341200000000221a0103806036780fee91a3544c99260f50542fcf003159455981808140"
    "90409500a940b30008e80030f2705a80b0588a00c01c3200001e000000fd00185518873c000a202020202020"
    "000000fc0076697669640a20202020202020000000100000000000000000000000000000017b"
)
FORMAT = bytes.fromhex("010000000000000000050000d0020000")
INPUT = bytes.fromhex("0000000048444d49203000").ljust(48, b"\0")
HDMI = {
    v4l2.GET_INPUT: bytes(4),
    v4l2.ENUM_INPUT: INPUT,
    v4l2.QUERY_TIMINGS: TIMINGS,
    v4l2.GET_TIMINGS: TIMINGS,
    v4l2.GET_EDID: EDID,
    v4l2.GET_FORMAT: FORMAT,
}
USB = {v4l2.GET_INPUT: bytes(4), v4l2.ENUM_INPUT: INPUT, v4l2.GET_FORMAT: FORMAT}


class Kernel:
    """Answers ioctls as recorded: bytes, or the number of an error; the rest is not supported."""

    def __init__(self, answers: dict[int, bytes | int]) -> None:
        self.answers = dict(answers)
        self.asked: list[int] = []

    def __call__(self, descriptor: int, request: int, data: bytearray) -> None:
        self.asked.append(request)
        answer = self.answers.get(request, b"" if request == v4l2.SET_TIMINGS else errno.ENOTTY)
        if isinstance(answer, int):
            raise OSError(answer, os.strerror(answer))
        if request == v4l2.GET_EDID:
            ctypes.memmove(v4l2._EDID.unpack(data)[-1], answer, len(answer))
        else:
            data[: len(answer)] = answer


class Capture:
    """OpenCV's side: one flat frame of a size."""

    def __init__(self, width: int, height: int) -> None:
        self.frame = np.zeros((height, width), np.uint8)
        self.is_released = False

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def grab(self) -> bool:
        return True

    def retrieve(self):
        return True, self.frame

    def release(self) -> None:
        self.is_released = True


@pytest.fixture
def device(tmp_path):
    """A path that opens, as a device does."""
    path = tmp_path / "video0"
    path.touch()
    return path


def opened(device, kernel: Kernel, sizes: list | None = None) -> GrabberDevice:
    """A grabber on a kernel's answers; `sizes` gets what OpenCV was asked for."""

    def capture(_, size):
        if sizes is not None:
            sizes.append(size)
        return Capture(1280, 720)

    return GrabberDevice(device, capture, lambda path: Receiver(path, kernel))


def test_timings_of_the_kernel_are_a_size_and_a_rate():
    """The active size, and the pixel clock by all pixels of a frame, blanking included."""
    assert signal_of(TIMINGS) == VideoSignal(1280, 720, 60.0)
    assert signal_of(bytes(132)) is None


def test_an_edid_has_a_name_and_a_preferred_size():
    """Name and first timing are read; a damaged, short or foreign block is none."""
    assert edid_of(EDID) == Edid("vivid", 3840, 2160)
    assert edid_of(EDID[:-1] + b"\0") is None
    assert edid_of(EDID[:100]) is None
    assert edid_of(bytes(128)) is None


def test_an_edid_without_a_name_has_the_letters_of_its_maker():
    """A nameless monitor without a timing is told by its maker alone."""
    block = bytearray(EDID)
    block[8:10] = (4 << 10 | 5 << 5 | 12).to_bytes(2, "big")  # DEL
    block[54:56] = bytes(2)
    block[90:108] = bytes(18)
    block[127] = -sum(block[:127]) % 256
    assert edid_of(bytes(block)) == Edid("DEL", 0, 0)


def test_a_receiver_tells_signal_and_edid_and_opencv_is_asked_for_that_size(device):
    """The picture is asked for in the pixels of the signal: nothing scales it."""
    sizes: list = []
    grabber = opened(device, Kernel(HDMI), sizes)
    assert grabber.signal == VideoSignal(1280, 720, 60.0, edid=Edid("vivid", 3840, 2160))
    assert sizes == [(1280, 720)]
    assert grabber.grab().shape == (720, 1280)
    told = said_of(grabber.signal, 1280, 720)
    assert told == "signal 1280 x 720 at 60.00 Hz, EDID vivid, prefers 3840 x 2160"
    grabber.close()


def test_a_grabber_on_usb_knows_no_signal_and_works(device):
    """Without these calls the signal is unknown, and the device's own size is kept."""
    sizes: list = []
    grabber = opened(device, Kernel(USB), sizes)
    assert grabber.signal is None
    assert sizes == [(1280, 720)]
    assert grabber.grab().shape == (720, 1280)
    assert said_of(grabber.signal, 1280, 720) == "signal unknown"
    grabber.close()
    sizes.clear()
    opened(device, Kernel({}), sizes).close()
    assert sizes == [None]


def test_a_receiver_is_set_to_the_signal(device):
    """An HDMI bridge that stands at another size is set; one that follows is left alone."""
    kernel = Kernel(HDMI)
    opened(device, kernel).close()
    assert v4l2.SET_TIMINGS not in kernel.asked
    kernel = Kernel(HDMI | {v4l2.GET_TIMINGS: bytes(132)})
    opened(device, kernel).close()
    assert v4l2.SET_TIMINGS in kernel.asked
    busy = Kernel(kernel.answers | {v4l2.SET_TIMINGS: errno.EBUSY})
    opened(device, busy).close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({v4l2.QUERY_TIMINGS: errno.ENOLINK}, "no signal"),
        ({v4l2.QUERY_TIMINGS: errno.ENOLCK}, "unstable"),
        ({v4l2.QUERY_TIMINGS: errno.ERANGE}, "lower resolution"),
        ({v4l2.ENUM_INPUT: INPUT + bytes(8) + (2 << 24).to_bytes(4, "little")}, "HDCP"),
        ({v4l2.ENUM_INPUT: INPUT + bytes(8) + (2).to_bytes(4, "little")}, "no signal"),
    ],
)
def test_no_signal_an_unstable_one_and_a_protected_one_are_lost_in_words(device, answer, words):
    """At the opening and while it runs, what the receiver misses is said, and what to do."""
    kernel = Kernel(HDMI | answer)
    with pytest.raises(ScreenLostError, match=words):
        opened(device, kernel)
    kernel.answers = dict(HDMI)
    grabber = opened(device, kernel)
    kernel.answers |= answer
    with pytest.raises(ScreenLostError, match=words):
        grabber.grab()


def test_another_resolution_of_the_console_opens_the_grabber_anew(device):
    """A signal of another size under a running capture would be scaled, or torn."""
    kernel = Kernel(HDMI)
    grabber = opened(device, kernel)
    kernel.answers[v4l2.QUERY_TIMINGS] = TIMINGS[:4] + (1024).to_bytes(4, "little") + TIMINGS[8:]
    with pytest.raises(ScreenLostError, match=r"changed from 1280 x 720 .* to 1024 x 720"):
        grabber.grab()
    kernel.answers[v4l2.QUERY_TIMINGS] = errno.EBUSY  # it senses nothing while it streams
    assert grabber.grab().shape == (720, 1280)


def test_a_scaled_picture_is_a_problem_with_a_cure():
    """Size of the signal against that of the picture; larger ones are scaled, too."""
    signal = VideoSignal(1920, 1080, 60.0)
    told = said_of(signal, 1280, 720)
    assert "the grabber scales 1920 x 1080 to 1280 x 720" in told
    assert "set the console to 1280 x 720" in told
    assert "EDID unknown" in told
    assert "scales" in said_of(signal, 3840, 2160)
    assert not signal.shrinks(3840, 2160)
    assert "scales" not in said_of(signal, 1920, 1080)


@pytest.fixture(scope="module")
def reader():
    """The profile of a C-arm and the net that ships."""
    need_fonts()
    return ScreenReader([find("carm-panel")], LineNet.load())


def scaled_panel(scale: float, signal: VideoSignal | None) -> Picture:
    """A grabber's picture of a C-arm's panel, at a scale of the panel's own pixels."""
    drawn = draw("carm-panel", 22).picture.convert("L")
    size = (round(drawn.width * scale), round(drawn.height * scale))
    grey = np.asarray(drawn.resize(size, Image.Resampling.BICUBIC))
    return Picture(grey, "grabbed", datetime.now(UTC), "grabber", signal)


def panel_signal() -> VideoSignal:
    """What the console sends: the panel in its own pixels."""
    size = find("carm-panel").profile.screen
    return VideoSignal(size.width, size.height, 60.0, edid=Edid("SCREEN", 0, 0))


def test_a_screen_that_the_grabber_shrank_is_refused(reader):
    """Pixels that a profile was drawn with are gone: nothing is read, and the refusal says why."""
    shrunk = reader.read(scaled_panel(0.75, panel_signal()))
    assert shrunk.refusal.code == "scaled-down"
    assert "the grabber scales" in shrunk.refusal.detail
    assert shrunk.values == ()
    unknown = reader.read(scaled_panel(0.75, None))
    assert unknown.refusal is None, "without a known signal the frames decide, as ever"


def test_the_record_of_an_enlarged_screen_names_signal_and_scaling(reader):
    """A larger picture keeps all pixels: it is read as grabbed, and its record has the warning."""
    signal, profile = panel_signal(), find("carm-panel").profile
    for scale, codes in ((1.0, []), (1.5, ["screen-scaled"])):
        seen = reader.read(scaled_panel(scale, signal))
        assert seen.refusal is None
        reading = to_reading(seen, profile, Whose(unassigned="none"), source="b/s").reading
        found = [one.code for one in reading.deviations if one.code == "screen-scaled"]
        assert found == codes
        said = [one.text for one in reading.items if one.name == "screen_signal"]
        assert said == [f"{signal.words}, EDID: SCREEN"]
