"""What the kernel's V4L2 knows of the signal at a grabber: its timings, EDID, and protection.

Many grabbers on USB know none of it: then it is unknown, and nothing else is lost.
"""

import errno
import fcntl
import os
import struct
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dosebook_edge.capture.screen.edid import BLOCK, Edid, edid_of
from dosebook_edge.capture.screen.grabbing import ScreenLostError
from dosebook_edge.capture.screen.video_signal import VideoSignal

Ioctl = Callable[[int, int, bytearray], object]

# linux/videodev2.h: the structures, without padding where they are packed, else with the machine's.
_TIMINGS: Final = struct.Struct("=5IQ9I")  # the head of v4l2_dv_timings
_TIMINGS_BYTES: Final = 132
_FORMAT: Final = struct.Struct("@I0P200s")
_SIZE: Final = struct.Struct("@2I")
_INPUT: Final = struct.Struct("@I32s3IQ5I0Q")
_EDID: Final = struct.Struct("@8IP")
_NUMBER: Final = struct.Struct("@i")
_INPUT_STATE: Final = 6
_BT_656_1120: Final = 0
_VIDEO_CAPTURE: Final = 1
READ: Final = 2
WRITE: Final = 1


def request(way: int, number: int, size: int) -> int:
    """The number of an ioctl of V4L2 on ARM and x86 (asm-generic/ioctl.h)."""
    return way << 30 | size << 16 | ord("V") << 8 | number


GET_FORMAT: Final = request(READ | WRITE, 4, _FORMAT.size)
ENUM_INPUT: Final = request(READ | WRITE, 26, _INPUT.size)
GET_INPUT: Final = request(READ, 38, _NUMBER.size)
GET_EDID: Final = request(READ | WRITE, 40, _EDID.size)
SET_TIMINGS: Final = request(READ | WRITE, 87, _TIMINGS_BYTES)
GET_TIMINGS: Final = request(READ | WRITE, 88, _TIMINGS_BYTES)
QUERY_TIMINGS: Final = request(READ, 99, _TIMINGS_BYTES)

_LOST: Final = {
    errno.ENOLINK: "there is no signal: is the console's monitor cable connected, and is it on?",
    errno.ENOLCK: "the signal is unstable: a loose or long cable, or a console that is changing "
    "its resolution",
    errno.ERANGE: "the signal is outside of what the grabber takes: set the console to a lower "
    "resolution or rate",
}
_STATES: Final = {
    0x0000_0001: "the input of the grabber has no power",
    0x0000_0002: _LOST[errno.ENOLINK],
    0x0100_0000: "the source is copy-protected: ask for an output of the console without it",
    0x0200_0000: "the source is copy-protected (HDCP): ask for an output of the console without it",
}


class Receiver:
    """The side of one /dev/video* that is asked, beside the one that gives pictures."""

    def __init__(self, path: Path, ioctl: Ioctl = fcntl.ioctl) -> None:
        """A device that does not open knows nothing here: who opens it for pictures says why."""
        self._path = path
        self._ioctl = ioctl
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            self._descriptor = -1

    def signal(self) -> VideoSignal | None:
        """The signal now, without its EDID; None is unknown; raises `ScreenLostError`."""
        self._look_at_input()
        timings = bytearray(_TIMINGS_BYTES)
        try:
            self._ask(QUERY_TIMINGS, timings)
        except OSError as error:
            if error.errno in _LOST:
                raise ScreenLostError(f"{self._path}: {_LOST[error.errno]}") from None
            return None
        return signal_of(timings)

    def follow(self) -> None:
        """Set the receiver to the signal, as an HDMI bridge needs it before it gives pictures.

        One that follows by itself, or is in use elsewhere, is left as it is.
        """
        found, stands = bytearray(_TIMINGS_BYTES), bytearray(_TIMINGS_BYTES)
        try:
            self._ask(QUERY_TIMINGS, found)
            self._ask(GET_TIMINGS, stands)
            if signal_of(found) != signal_of(stands):
                self._ask(SET_TIMINGS, found)
        except OSError:
            return

    def edid(self) -> Edid | None:
        """The EDID that the console is shown; None where the device tells none."""
        number, block = bytearray(_NUMBER.size), array("B", bytes(BLOCK))
        address, _ = block.buffer_info()
        try:
            self._ask(GET_INPUT, number)
            (pad,) = _NUMBER.unpack(number)
            self._ask(GET_EDID, bytearray(_EDID.pack(pad, 0, 1, 0, 0, 0, 0, 0, address)))
        except OSError:
            return None
        return edid_of(block.tobytes())

    def size(self) -> tuple[int, int] | None:
        """Width and height that the device is set to; None is unknown."""
        answer = bytearray(_FORMAT.pack(_VIDEO_CAPTURE, b""))
        try:
            self._ask(GET_FORMAT, answer)
        except OSError:
            return None
        width, height = _SIZE.unpack_from(_FORMAT.unpack(answer)[1])
        return (width, height) if width and height else None

    def close(self) -> None:
        """Let go of the device."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _look_at_input(self) -> None:
        """Raises `ScreenLostError` for an input without signal, or one that must not be seen."""
        number = bytearray(_NUMBER.size)
        try:
            self._ask(GET_INPUT, number)
            described = bytearray(_INPUT.pack(_NUMBER.unpack(number)[0], b"", *[0] * 9))
            self._ask(ENUM_INPUT, described)
        except OSError:
            return
        state = _INPUT.unpack(described)[_INPUT_STATE]
        for bit, words in _STATES.items():
            if state & bit:
                raise ScreenLostError(f"{self._path}: {words}")

    def _ask(self, request: int, data: bytearray) -> None:
        if self._descriptor < 0:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        self._ioctl(self._descriptor, request, data)


def signal_of(timings: bytes | bytearray) -> VideoSignal | None:
    """Read a `v4l2_dv_timings`; None where it is of another type than BT.656/1120, or empty.

    The rate is the pixel clock by all pixels of a frame, those of the blanking included.
    """
    kind, width, height, interlaced, _, clock, *blanking = _TIMINGS.unpack_from(timings)
    if kind != _BT_656_1120 or not width or not height:
        return None
    across = width + sum(blanking[:3])
    down = height + sum(blanking[3:9] if interlaced else blanking[3:6])
    return VideoSignal(width, height, clock / (across * down), bool(interlaced))
