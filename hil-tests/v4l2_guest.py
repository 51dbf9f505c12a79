"""What `v4l2_grabber.py` runs in its guest: the box's grabber on the devices of `vivid`.

An HDMI output is looped to an HDMI input there: what is written to the one comes out of the other
through the driver. A second device is a webcam, which knows no signal.
"""

import contextlib
import fcntl
import mmap
import os
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from dosebook_edge.capture.screen import receiver
from dosebook_edge.capture.screen.grabbing import ScreenLostError
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.picture import Grey, Picture
from dosebook_edge.capture.screen.pixels import luma
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.reading import ScreenReading
from dosebook_edge.capture.screen.v4l2 import GrabberDevice, opencv_capture
from dosebook_edge.capture.screen.video_signal import said_of
from dosebook_edge.simulate.screens.gallery import draw
from dosebook_edge.simulate.screens.truth import Screen

SHOWN: Final = (("philips-dose", "philips-ct-dose-report"), ("angio-console", "angio-console"))
SIGNAL_MODES: Final = {"no signal": 1, "unstable": 2, "lower resolution": 3}
CURRENT, SELECTED = 0, 4
SCALER: Final = ("Enable Capture Composing", "Enable Capture Scaler")
OTHER_TIMING: Final = 5
"""Of the driver's menu of signals: another than those that are shown."""
NOISES: Final = 3
OUTPUT: Final = 2
WAIT_S: Final = 30.0

TIMINGS: Final = struct.Struct("=4I132s")
CONTROL: Final = struct.Struct("=Ii")
QUERY_CONTROL: Final = struct.Struct("=II32s5i2I")
FORMAT: Final = struct.Struct("@I0P200s")
BUFFERS: Final = struct.Struct("=5I")
BUFFER: Final = struct.Struct("@5I0q2q16s2IQ3I0Q")
MMAP: Final = 1
NEXT: Final = 0x8000_0000

BOTH: Final = receiver.READ | receiver.WRITE
SET_FORMAT: Final = receiver.request(BOTH, 5, FORMAT.size)
ASK_BUFFERS: Final = receiver.request(BOTH, 8, BUFFERS.size)
ASK_BUFFER: Final = receiver.request(BOTH, 9, BUFFER.size)
QUEUE: Final = receiver.request(BOTH, 15, BUFFER.size)
TAKE_BACK: Final = receiver.request(BOTH, 17, BUFFER.size)
START: Final = receiver.request(receiver.WRITE, 18, 4)
STOP: Final = receiver.request(receiver.WRITE, 19, 4)
SET_CONTROL: Final = receiver.request(BOTH, 28, CONTROL.size)
ASK_CONTROL: Final = receiver.request(BOTH, 36, QUERY_CONTROL.size)
EACH_TIMING: Final = receiver.request(BOTH, 98, TIMINGS.size)

failed: list[str] = []


def main() -> int:
    """Run every check; the last line says whether all held."""
    console, input_, webcam = (Video(kind) for kind in ("vid-out", "vid-cap", "webcam"))
    input_.control("OSD Text Mode", 2)
    input_.control("Loop Video", 1)
    for how in SCALER:
        input_.control(how, 0)  # the driver crashes where it scales a looped picture
    reader = ScreenReader([find(profile) for _, profile in SHOWN], LineNet.load())
    for layout, _ in SHOWN:
        shows(layout, console, input_, reader)
    input_.control("Loop Video", 0)
    for how in SCALER:
        input_.control(how, 1)
    scales(input_)
    loses(input_)
    follows(input_)
    knows_nothing(webcam)
    print(f"RESULT {'failed: ' + ', '.join(failed) if failed else 'all held'}", flush=True)
    return 1 if failed else 0


class Video:
    """One device of the driver: that of a kind, by the name it gives itself."""

    def __init__(self, kind: str) -> None:
        self.path = _path_of(kind)
        self.descriptor = os.open(self.path, os.O_RDWR)
        self.controls = dict(self._listed())

    def control(self, name: str, value: int) -> None:
        """Set a control by its name."""
        fcntl.ioctl(self.descriptor, SET_CONTROL, CONTROL.pack(self.controls[name], value))

    def timing(self, width: int, height: int) -> bytes:
        """The `v4l2_dv_timings` of the first progressive timing of a size."""
        index = 0
        while True:
            asked = bytearray(TIMINGS.pack(index, 0, 0, 0, b""))
            fcntl.ioctl(self.descriptor, EACH_TIMING, asked)
            timings: bytes = TIMINGS.unpack(asked)[-1]
            found = receiver.signal_of(timings)
            if found and (found.width, found.height) == (width, height) and not found.is_interlaced:
                return timings
            index += 1

    def set_timing(self, width: int, height: int) -> None:
        """Switch to a size."""
        timings = bytearray(self.timing(width, height))
        fcntl.ioctl(self.descriptor, receiver.SET_TIMINGS, timings)

    def set_blue_first(self, width: int, height: int) -> None:
        """Take frames of three bytes a pixel."""
        code = int.from_bytes(b"BGR3", "little")
        size = struct.pack("@8I", width, height, code, 1, 3 * width, 3 * width * height, 8, 0)
        fcntl.ioctl(self.descriptor, SET_FORMAT, bytearray(FORMAT.pack(OUTPUT, size)))

    def _listed(self) -> Iterator[tuple[str, int]]:
        number = 0
        with contextlib.suppress(OSError):
            while True:
                asked = bytearray(QUERY_CONTROL.pack(number | NEXT, 0, b"", *[0] * 7))
                fcntl.ioctl(self.descriptor, ASK_CONTROL, asked)
                number, _, name, *_ = QUERY_CONTROL.unpack(asked)
                yield name.rstrip(b"\0").decode(), number


def _path_of(kind: str) -> Path:
    names = {one: (one / "name").read_text() for one in Path("/sys/class/video4linux").iterdir()}
    devices = sorted(one.name for one, name in names.items() if "vid-cap" in name)
    if kind == "vid-out":
        (device,) = (one.name for one, name in names.items() if "vid-out" in name)
    else:
        inputs = {one: _input_of(Path("/dev") / one) for one in devices}
        wanted = "HDMI" if kind == "vid-cap" else "Webcam"
        (device,) = (one for one, name in inputs.items() if name.startswith(wanted))
    return Path("/dev") / device


def _input_of(path: Path) -> str:
    asked = bytearray(80)
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.ioctl(descriptor, receiver.ENUM_INPUT, asked)
    finally:
        os.close(descriptor)
    return bytes(asked[4:36]).rstrip(b"\0").decode()


def check(what: str, holds: object, said: object = "") -> None:
    """Print one line of the account."""
    print(f"{'ok' if holds else 'FAILED'}: {what}{f': {said}' if said != '' else ''}", flush=True)
    if not holds:
        failed.append(what)


@contextlib.contextmanager
def playing(console: Video, frames: list[bytes]) -> Iterator[None]:
    """Send frames again and again; each lies in a buffer of the driver."""
    device, is_over = console.descriptor, threading.Event()
    fcntl.ioctl(device, ASK_BUFFERS, bytearray(BUFFERS.pack(len(frames), OUTPUT, MMAP, 0, 0)))
    for index, frame in enumerate(frames):
        buffer = bytearray(_buffer(index, 0))
        fcntl.ioctl(device, ASK_BUFFER, buffer)
        offset, length = BUFFER.unpack(buffer)[10:12]
        with mmap.mmap(device, length, offset=offset) as memory:
            memory[: len(frame)] = frame
        fcntl.ioctl(device, QUEUE, bytearray(_buffer(index, len(frame))))

    def play() -> None:
        while not is_over.is_set():
            buffer = bytearray(_buffer(0, 0))
            fcntl.ioctl(device, TAKE_BACK, buffer)
            index = BUFFER.unpack(buffer)[0]
            fcntl.ioctl(device, QUEUE, bytearray(_buffer(index, len(frames[index]))))

    fcntl.ioctl(device, START, struct.pack("@i", OUTPUT))
    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        fcntl.ioctl(device, STOP, struct.pack("@i", OUTPUT))
        fcntl.ioctl(device, ASK_BUFFERS, bytearray(BUFFERS.pack(0, OUTPUT, MMAP, 0, 0)))


def _buffer(index: int, used: int) -> bytes:
    return BUFFER.pack(index, OUTPUT, used, 0, 1, 0, 0, b"", 0, MMAP, 0, 0, 0, 0)


def shows(layout: str, console: Video, input_: Video, reader: ScreenReader) -> None:
    """A console's dose screen through output, loop and input: its pixels, and its values."""
    screen = draw(layout, 21)
    width, height = screen.picture.size
    colours = [_noisy(screen, seed) for seed in range(NOISES)]
    greys = [luma(one[:, :, 2], one[:, :, 1], one[:, :, 0]) for one in colours]
    console.set_timing(width, height)
    input_.set_timing(width, height)
    console.set_blue_first(width, height)
    sent = [one.tobytes() for one in colours]
    with playing(console, sent), contextlib.closing(GrabberDevice(input_.path)) as grabber:
        signal = grabber.signal
        is_its = signal is not None and (signal.width, signal.height) == (width, height)
        check(f"{layout}: signal", is_its, signal)
        picture = _shown(grabber, greys)
        check(f"{layout}: every pixel", any(np.array_equal(picture, one) for one in greys))
        _read(layout, grabber, greys, reader, screen)


def _noisy(screen: Screen, seed: int) -> np.ndarray:
    """The screen as sent, blue first, with the noise of one frame."""
    colours = np.asarray(screen.picture.convert("RGB"))[:, :, ::-1].astype(np.int16)
    noise = np.random.default_rng(seed).integers(-3, 4, colours.shape[:2])[:, :, None]
    return np.ascontiguousarray(np.clip(colours + noise, 0, 255).astype(np.uint8))


def _shown(grabber: GrabberDevice, greys: list[Grey]) -> Grey:
    """The first picture that is one of those sent, or the last that was not."""
    until = time.monotonic() + WAIT_S
    while True:
        picture = grabber.grab()
        if any(np.array_equal(picture, one) for one in greys) or time.monotonic() > until:
            return picture


def _picture(grey: Grey, grabber: GrabberDevice) -> Picture:
    return Picture(grey, grabber.way, datetime.now(UTC), grabber.words, grabber.signal)


def _read(
    layout: str, grabber: GrabberDevice, greys: list[Grey], reader: ScreenReader, screen: Screen
) -> None:
    earlier: list[ScreenReading] = []
    for _ in range(NOISES):
        earlier.append(reader.read(_picture(_shown(grabber, greys), grabber), earlier))
    seen = earlier[-1]
    doses = [one for one in seen.values if one.quantity]
    accepted = [one for one in doses if one.state == "accepted"]
    wrong = [one.name for one in accepted if one.text != screen.cell(one.name).text]
    check(f"{layout}: read", bool(accepted) and not wrong,
          seen.refusal or f"{len(accepted)} of {len(doses)} accepted, wrong {wrong}")  # fmt: skip


def scales(input_: Video) -> None:
    """OpenCV's own choice would be scaled, which the source tells; that of the box is not."""

    def unasked(path: Path, _: object) -> object:
        return opencv_capture(path, None)

    with contextlib.closing(GrabberDevice(input_.path, unasked)) as grabber:
        high, wide = grabber.grab().shape
        said = said_of(grabber.signal, wide, high)
        check("OpenCV's own size is scaled", "the grabber scales" in said, said)
    with contextlib.closing(GrabberDevice(input_.path)) as grabber:
        high, wide = grabber.grab().shape
        said = said_of(grabber.signal, wide, high)
        check("the size of the signal is not", "scales" not in said, f"{wide} x {high}, {said}")


def loses(input_: Video) -> None:
    """What a receiver misses, in the words of the source; it comes back with the signal."""
    with contextlib.closing(GrabberDevice(input_.path)) as grabber:
        for words, mode in SIGNAL_MODES.items():
            input_.control("DV Timings Signal Mode", mode)
            said = _lost(grabber.grab)
            check(words, words in said, said)
            said = _lost(lambda: GrabberDevice(input_.path))
            check(f"{words} at the opening", words in said)
        input_.control("DV Timings Signal Mode", CURRENT)
        check("the signal is back", grabber.grab().size > 0)


def follows(input_: Video) -> None:
    """Another resolution of the console is noticed, and the receiver set to it."""
    with contextlib.closing(GrabberDevice(input_.path)) as grabber:
        before = grabber.signal
        input_.control("DV Timings", OTHER_TIMING)
        input_.control("DV Timings Signal Mode", SELECTED)
        said = _lost(grabber.grab)
        check("another resolution", "the signal changed" in said, said)
    with contextlib.closing(GrabberDevice(input_.path)) as grabber:
        signal, (high, wide) = grabber.signal, grabber.grab().shape
        is_known = signal is not None and (signal.width, signal.height) == (wide, high)
        check("opened anew in it", is_known and signal != before, f"{wide} x {high}, {signal}")


def knows_nothing(webcam: Video) -> None:
    """A device without digital timings keeps the size that it is set to."""
    with contextlib.closing(GrabberDevice(webcam.path)) as grabber:
        shape = grabber.grab().shape
        check("a device without timings", grabber.signal is None and shape != (480, 640), shape)


def _lost(act: Callable[[], object]) -> str:
    try:
        act()
    except ScreenLostError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    sys.exit(main())
