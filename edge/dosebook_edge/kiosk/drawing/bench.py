"""What the box's own reader says of a draft: its faults, its patches, and what it reads."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from dosebook_edge.capture.screen.loader import (
    LoadedProfile,
    ScreenProfileError,
    faults_of,
    parsed,
)
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.patches import cut_patch
from dosebook_edge.capture.screen.picture import Picture, PictureError, Way, from_png
from dosebook_edge.capture.screen.read_back import read_all, told_of
from dosebook_edge.capture.screen.runtime import ModelError
from dosebook_edge.kiosk.drawing.drafts import DraftError
from dosebook_protocol.screen_drawing.drawn import Drawn
from dosebook_protocol.screen_drawing.faults import Fault, mend_first
from dosebook_protocol.screen_drawing.toml import to_toml

_NAME: Final = Path("profile.toml")
_ONE: Final = threading.Lock()
"""Reading back waits for its turn: the box has doses to read meanwhile."""


def faults(drawn: Drawn) -> list[Fault]:
    """Every fault of a draft by its key."""
    try:
        _loaded(drawn)
    except ScreenProfileError as error:
        return faults_of(error) or [("", str(error))]
    return []


def read(drawn: Drawn, pngs: Sequence[bytes]) -> list[dict[str, Any]]:
    """What stands on pictures, one answer each as `told_of`; raises `DraftError`."""
    try:
        loaded = _loaded(drawn)
    except ScreenProfileError as error:
        raise DraftError(f"{mend_first(len(error.faults))}.") from None
    way: Way = "grabbed" if drawn.grabbed else "lossless"
    try:
        pictures = [_picture(one, way) for one in pngs]
    except PictureError as error:
        raise DraftError(f"A picture cannot be read: {error}.") from None
    with _ONE:
        try:
            net = LineNet.load()
        except ModelError as error:
            raise DraftError(f"Screens are not read here: {error}.") from None
        readings = read_all(loaded, pictures, net, frames=drawn.frames)
        return [
            told_of(loaded, picture, reading, net)
            for picture, reading in zip(pictures, readings, strict=True)
        ]


def cut(png: bytes, box: Sequence[int]) -> str:
    """A part of a picture as the `png` of a patch; "" where it does not lie on it."""
    try:
        return cut_patch(_picture(png, "lossless"), box)
    except PictureError:
        return ""


def _loaded(drawn: Drawn) -> LoadedProfile:
    return parsed(to_toml(drawn.profile).encode(), _NAME)


def _picture(png: bytes, way: Way) -> Picture:
    """A picture of a draft; raises `PictureError`."""
    return Picture(from_png(png), way, datetime.now(UTC), "drawing")
