"""Load what a source reads screens with: profiles by name, learned glyphs, and the net."""

from collections.abc import Callable, Container, Sequence
from pathlib import Path

from dosebook_edge.capture.screen.buffers import return_large_buffers
from dosebook_edge.capture.screen.confirmation import Confirmation
from dosebook_edge.capture.screen.confirmed_shapes import SaidByPersons
from dosebook_edge.capture.screen.equipped import Equipped
from dosebook_edge.capture.screen.glyphs import GlyphError, GlyphSet, from_json
from dosebook_edge.capture.screen.loader import ScreenProfileError, find
from dosebook_edge.capture.screen.net import LineNet
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.runtime import ModelError
from dosebook_edge.capture.source import CaptureError


def equip(
    names: Sequence[str],
    glyphs: Sequence[Path] = (),
    confirmed: Callable[[], Sequence[Confirmation]] = tuple,
) -> Equipped:
    """Load profiles by id or file, files of glyphs, and the net.

    Of two profiles with one id the later counts.
    `confirmed` is what persons confirmed on this source's pictures until now.
    The process holds the memory of pictures no longer than they are read, from here on.

    Raises:
        CaptureError: one of them cannot be used, with the cure.
    """
    return_large_buffers()
    try:
        loaded = {one.profile.id: one for one in map(find, names)}
        profiles = {name: one.profile for name, one in loaded.items()}
        sets = dict(_learned(path, profiles) for path in glyphs)
        net = LineNet.load()
    except (ScreenProfileError, GlyphError) as error:
        raise CaptureError(f"screens are not read: {error}") from None
    except ModelError as error:
        raise CaptureError(f"screens are not read, {error.code}: {error}") from None
    reader = ScreenReader(list(loaded.values()), net, sets, SaidByPersons(confirmed))
    return Equipped(reader, profiles)


def _learned(path: Path, profiles: Container[str]) -> tuple[str, GlyphSet]:
    try:
        glyphs, profile = from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, GlyphError) as error:
        raise GlyphError(f"{path}: {error}") from None
    if profile not in profiles:
        raise GlyphError(f"{path}: learned for {profile}, which this source does not list")
    return profile, glyphs
