"""A frame grabber on the V4L2 interface, through OpenCV where that is installed.

OpenCV is no dependency: a box with a grabber installs it. By itself it asks every device for 640 x
480; here it is told the size of the signal or, where the device does not know that, the one that
the device is set to, so that nothing scales the picture once more.
"""

import importlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from dosebook_edge.capture.screen.grabbing import ScreenLostError
from dosebook_edge.capture.screen.picture import Grey, Way
from dosebook_edge.capture.screen.pixels import luma
from dosebook_edge.capture.screen.receiver import Receiver
from dosebook_edge.capture.screen.video_signal import VideoSignal

Size = tuple[int, int]

_STALE_FRAMES: Final = 4
"""Frames that the driver may hold from before: they are taken and thrown away."""


def opencv_capture(path: Path, size: Size | None) -> Any:
    """Open the device as `cv2.VideoCapture`, width and height as given; raises `ScreenLostError`.

    A grabber on USB may have its full size in Motion JPEG only.
    """
    try:
        cv2: Any = importlib.import_module("cv2")
    except ImportError:
        raise ScreenLostError(
            "a frame grabber needs OpenCV: apt-get install python3-opencv, or "
            "pip install opencv-python-headless"
        ) from None
    capture = cv2.VideoCapture(str(path), cv2.CAP_V4L2)
    if size is not None and capture.isOpened() and not _is_set(cv2, capture, size):
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*"MJPG"))
        _is_set(cv2, capture, size)
    return capture


def _is_set(cv2: Any, capture: Any, size: Size) -> bool:
    """Ask for a size; whether it was given."""
    properties = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    for which, value in zip(properties, size, strict=True):
        capture.set(which, value)
    return all(
        int(capture.get(which)) == value for which, value in zip(properties, size, strict=True)
    )


class GrabberDevice:
    """One /dev/video*. Pictures came through cables, scalers and codecs: never lossless."""

    way: Way = "grabbed"
    words = "grabber"

    def __init__(
        self,
        path: Path,
        open_capture: Callable[[Path, Size | None], Any] = opencv_capture,
        open_receiver: Callable[[Path], Receiver] = Receiver,
    ) -> None:
        """Raises `ScreenLostError` for a device that does not open, or one without a signal."""
        self._path = path
        self._receiver = open_receiver(path)
        try:
            self.signal = self._signal()
            self._capture = self._opened(open_capture)
        except Exception:
            self._receiver.close()
            raise

    def grab(self) -> Grey:
        """The newest frame; raises `ScreenLostError` without a signal, or with another one."""
        self._expect_the_signal()
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
        self._receiver.close()

    def _signal(self) -> VideoSignal | None:
        self._receiver.follow()
        signal = self._receiver.signal()
        return None if signal is None else replace(signal, edid=self._receiver.edid())

    def _opened(self, open_capture: Callable[[Path, Size | None], Any]) -> Any:
        signal = self.signal
        size = self._receiver.size() if signal is None else (signal.width, signal.height)
        capture = open_capture(self._path, size)
        if not capture.isOpened():
            capture.release()
            raise ScreenLostError(
                f"{self._path} cannot be opened: is the grabber plugged in, is it free, and does "
                "the user of the box belong to the group video? See v4l2-ctl --list-devices"
            )
        return capture

    def _expect_the_signal(self) -> None:
        """A receiver that is busy with pictures may not know; another size is another opening."""
        was, now = self.signal, self._receiver.signal()
        if now is not None and (was is None or (was.width, was.height) != (now.width, now.height)):
            before = "unknown" if was is None else was.words
            raise ScreenLostError(
                f"{self._path}: the signal changed from {before} to {now.words}; the grabber is "
                "opened anew"
            )

    def _lost(self) -> ScreenLostError:
        return ScreenLostError(
            f"{self._path} gives no frames: is the console's monitor signal connected and on?"
        )


def _grey(frame: Grey) -> Grey:
    """Luma of a frame in OpenCV's order, blue first."""
    if frame.ndim == 2:
        return frame
    return luma(frame[:, :, 2], frame[:, :, 1], frame[:, :, 0])
