"""A frame grabber on the V4L2 interface, through OpenCV where that is installed.

OpenCV is no dependency: a box with a grabber installs it. The grabber's own size and format are
taken as they are, so that nothing scales the picture once more.
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from dosebook_edge.capture.screen.grabbing import ScreenLostError
from dosebook_edge.capture.screen.picture import Grey, Way
from dosebook_edge.capture.screen.pixels import luma

_STALE_FRAMES: Final = 4
"""Frames that the driver may hold from before: they are taken and thrown away."""


def opencv_capture(path: Path) -> Any:
    """Open the device as `cv2.VideoCapture`; raises `ScreenLostError`."""
    try:
        cv2: Any = importlib.import_module("cv2")
    except ImportError:
        raise ScreenLostError(
            "a frame grabber needs OpenCV: apt-get install python3-opencv, or "
            "pip install opencv-python-headless"
        ) from None
    return cv2.VideoCapture(str(path), cv2.CAP_V4L2)


class GrabberDevice:
    """One /dev/video*. Pictures came through cables, scalers and codecs: never lossless."""

    way: Way = "grabbed"
    words = "grabber"

    def __init__(self, path: Path, open_capture: Callable[[Path], Any] = opencv_capture) -> None:
        self._path = path
        self._capture = open_capture(path)
        if not self._capture.isOpened():
            self._capture.release()
            raise ScreenLostError(
                f"{path} cannot be opened: is the grabber plugged in, is it free, and does the "
                "user of the box belong to the group video? See v4l2-ctl --list-devices"
            )

    def grab(self) -> Grey:
        """The newest frame; raises `ScreenLostError` without a signal."""
        for _ in range(_STALE_FRAMES):
            if not self._capture.grab():
                raise self._lost()
        is_there, frame = self._capture.retrieve()
        if not is_there or frame is None:
            raise self._lost()
        return _grey(np.asarray(frame, dtype=np.uint8))

    def close(self) -> None:
        """Let go of the device."""
        self._capture.release()

    def _lost(self) -> ScreenLostError:
        return ScreenLostError(
            f"{self._path} gives no frames: is the console's monitor signal connected and on?"
        )


def _grey(frame: Grey) -> Grey:
    """Luma of a frame in OpenCV's order, blue first."""
    if frame.ndim == 2:
        return frame
    return luma(frame[:, :, 2], frame[:, :, 1], frame[:, :, 0])
