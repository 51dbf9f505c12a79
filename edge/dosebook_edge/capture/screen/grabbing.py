"""The contract of a way to a screen's picture, and which one an address names."""

import re
from pathlib import Path
from typing import Final, Protocol

from dosebook_edge.capture.screen.picture import Grey, Way
from dosebook_edge.capture.screen.video_signal import VideoSignal

_ADDRESS: Final = re.compile(r"(?P<way>xwd|fb|v4l2):(?P<path>/.+)\Z")
_VNC: Final = "vnc:"


class ScreenLostError(Exception):
    """There is no picture now; the text says why and what to do."""


class Grabber(Protocol):
    """Takes pictures of one screen; `words` says where from, in words."""

    @property
    def way(self) -> Way:
        """Whether each pixel is one that was drawn."""
        ...

    @property
    def words(self) -> str:
        """Framebuffer, grabber or VNC."""
        ...

    @property
    def signal(self) -> VideoSignal | None:
        """The signal that pictures are taken of; None where there is none, or it is unknown."""
        ...

    def grab(self) -> Grey:
        """The screen now, shape (height, width); raises `ScreenLostError`."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


def open_screen(address: str, password_file: Path | None = None) -> Grabber:
    """Open `xwd:PATH`, `fb:DEVICE`, `v4l2:DEVICE` or `vnc:HOST:PORT`; raises `ScreenLostError`.

    `password_file` is for VNC.
    """
    from dosebook_edge.capture.screen.framebuffer import FramebufferDevice, XwdScreen
    from dosebook_edge.capture.screen.v4l2 import GrabberDevice
    from dosebook_edge.capture.screen.vnc import VncScreen

    if address.startswith(_VNC):
        return VncScreen(address, password_file)
    match = _ADDRESS.match(address)
    if match is None:
        raise ScreenLostError(
            f"{address!r} is not xwd:PATH, fb:DEVICE, v4l2:DEVICE or vnc:HOST:PORT"
        )
    path = Path(match["path"])
    if match["way"] == "xwd":
        return XwdScreen(path)
    if match["way"] == "fb":
        return FramebufferDevice(path)
    return GrabberDevice(path)
