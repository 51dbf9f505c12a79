"""Load what a source reads screens with: profiles by name, and the net."""

from collections.abc import Sequence

from dosebook_edge.capture.screen.equipped import Equipped
from dosebook_edge.capture.screen.loader import ScreenProfileError, find
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.runtime import ModelError
from dosebook_edge.capture.source import CaptureError


def equip(names: Sequence[str]) -> Equipped:
    """Load profiles by id or file, and the net; raises `CaptureError` with the cure."""
    try:
        loaded = [find(name) for name in names]
        net = LineNet.load()
    except (ScreenProfileError, ModelError) as error:
        raise CaptureError(f"screens are not read: {error}") from None
    return Equipped(ScreenReader(loaded, net), {one.profile.id: one.profile for one in loaded})
