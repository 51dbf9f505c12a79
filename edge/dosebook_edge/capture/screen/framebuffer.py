"""Screens that lie in memory: the file of `Xvfb -fbdir` (XWD) and the kernel's /dev/fb*.

Every pixel is one that was drawn. A picture may be half drawn when it is read; that shows when it
is read again (`watch.py`).
"""

import fcntl
import os
import struct
from pathlib import Path
from typing import Final

from dosebook_edge.capture.screen.grabbing import ScreenLostError
from dosebook_edge.capture.screen.picture import Grey, Way
from dosebook_edge.capture.screen.pixels import Arrangement, ArrangementError, Channel, LastGrey

_MOST_BYTES: Final = 256 * 1024 * 1024

# XWDFile.h: 25 words of 32 bits, most significant byte first.
_XWD: Final = struct.Struct(">25I")
_XWD_VERSION: Final = 7
_Z_PIXMAP: Final = 2
_COLOUR_BYTES: Final = 12

# linux/fb.h
_GET_VARIABLE: Final = 0x4600
_GET_FIXED: Final = 0x4602
_VARIABLE: Final = struct.Struct("@40I")
_FIXED: Final = struct.Struct("@16sL4I3HI")
_FIXED_BYTES: Final = 128
_TRUE_COLOURS: Final = (2, 4)  # FB_VISUAL_TRUECOLOR, FB_VISUAL_DIRECTCOLOR


class XwdScreen:
    """The framebuffer file of a virtual X server, size and all read anew each time."""

    way: Way = "lossless"
    words = "framebuffer"
    signal = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = LastGrey()

    def grab(self) -> Grey:
        """The screen now; raises `ScreenLostError`."""
        try:
            with self._path.open("rb") as file:
                arrangement = xwd_arrangement(file.read(_XWD.size))
                file.seek(arrangement.start)
                return self._last.of(file.read(arrangement.size), arrangement)
        except (OSError, ArrangementError) as error:
            raise ScreenLostError(
                f"{self._path} is no framebuffer file now: {error}. Does the X server run with "
                "-fbdir, and may this user read the file?"
            ) from None

    def close(self) -> None:
        """Nothing is held between two pictures."""


class FramebufferDevice:
    """A framebuffer of the kernel, the part of it that is shown now."""

    way: Way = "lossless"
    words = "framebuffer"
    signal = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = LastGrey()
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise ScreenLostError(
                f"{path} cannot be opened: {error.strerror}. See ls -l /dev/fb*; the user of the "
                "box belongs to the group video"
            ) from None

    def grab(self) -> Grey:
        """The screen now; raises `ScreenLostError`."""
        variable, fixed = bytearray(_VARIABLE.size), bytearray(_FIXED_BYTES)
        try:
            fcntl.ioctl(self._descriptor, _GET_VARIABLE, variable)
            fcntl.ioctl(self._descriptor, _GET_FIXED, fixed)
            arrangement = device_arrangement(bytes(variable), bytes(fixed))
            data = os.pread(self._descriptor, arrangement.size, arrangement.start)
            return self._last.of(data, arrangement)
        except (OSError, ArrangementError) as error:
            raise ScreenLostError(f"{self._path} cannot be read: {error}") from None

    def close(self) -> None:
        """Let go of the device."""
        os.close(self._descriptor)


def xwd_arrangement(head: bytes) -> Arrangement:
    """What the head of an XWD file says; raises `ArrangementError`."""
    if len(head) < _XWD.size:
        raise ArrangementError("the file has no head")
    words = _XWD.unpack(head[: _XWD.size])
    size, version, form = words[:3]
    if version != _XWD_VERSION or form != _Z_PIXMAP:
        raise ArrangementError("the file is no XWD of version 7 with whole pixels")
    start = size + words[19] * _COLOUR_BYTES
    arrangement = Arrangement(
        width=words[4],
        height=words[5],
        bits_per_pixel=words[11],
        line_length=words[12],
        red=Channel.of_mask(words[14]),
        green=Channel.of_mask(words[15]),
        blue=Channel.of_mask(words[16]),
        start=start,
        is_big_endian=words[7] == 1,
    )
    if start + arrangement.size > _MOST_BYTES:
        raise ArrangementError("the screen is larger than any")
    return arrangement


def device_arrangement(variable: bytes, fixed: bytes) -> Arrangement:
    """What the kernel says of a framebuffer: `fb_var_screeninfo` and `fb_fix_screeninfo`.

    Raises `ArrangementError` for one of palettes or planes.
    """
    words = _VARIABLE.unpack(variable)
    width, height, x_offset, y_offset, bits = words[0], words[1], words[4], words[5], words[6]
    _, _, _, _, _, visual, _, _, _, line_length = _FIXED.unpack_from(fixed)
    if visual not in _TRUE_COLOURS:
        raise ArrangementError(
            f"its {bits} bits per pixel name colours of a palette: set it to 16 or 32"
        )
    if x_offset:
        raise ArrangementError("it is panned sideways")
    return Arrangement(
        width=width,
        height=height,
        bits_per_pixel=bits,
        line_length=line_length,
        red=Channel(words[8], words[9]),
        green=Channel(words[11], words[12]),
        blue=Channel(words[14], words[15]),
        start=y_offset * line_length,
    )
