"""What else a monitor shows: a screen half drawn, nothing, a screensaver, another resolution."""

from random import Random
from typing import Final

from PIL import Image, ImageDraw

from dosebook_edge.simulate.screens.faces import DEJAVU
from dosebook_edge.simulate.screens.truth import Screen

_DESKTOP: Final = (58, 84, 110)


def black(size: tuple[int, int]) -> Image.Image:
    """Return a dark monitor: switched off, without signal, or copy-protected."""
    return Image.new("RGB", size)


def half_drawn(screen: Screen, part: float = 0.55) -> Image.Image:
    """Return a screen whose lower part is not drawn yet: it still shows the empty background."""
    frame = screen.picture.copy()
    wide, high = frame.size
    top = round(high * part)
    corner = screen.picture.crop((0, high - 1, 1, high))
    frame.paste(corner.resize((wide, high - top)), (0, top))
    return frame


def torn(before: Screen, after: Screen, part: float = 0.5) -> Image.Image:
    """Return the upper part of one screen over the lower part of another of the same size."""
    frame = before.picture.copy()
    wide, high = frame.size
    frame.paste(after.picture.crop((0, 0, wide, round(high * part))), (0, 0))
    return frame


def screensaver(size: tuple[int, int], seed: int) -> Image.Image:
    """Return one moment of a clock that wanders over a dark monitor."""
    rng = Random(f"{seed}:screensaver")
    frame = black(size)
    font = DEJAVU.font("sans_bold", 40)
    at = rng.randrange(max(1, size[0] - 150)), rng.randrange(max(1, size[1] - 60))
    text = f"{rng.randrange(24):02d}:{rng.randrange(60):02d}"
    ImageDraw.Draw(frame).text(at, text, font=font, fill=(90, 140, 210))
    return frame


def resized(screen: Screen, size: tuple[int, int]) -> Image.Image:
    """Return the screen after its monitor was set to another resolution."""
    return screen.picture.resize(size, Image.Resampling.BILINEAR)


def work_list(size: tuple[int, int], seed: int) -> Image.Image:
    """Return a page of the console that states no dose: the day's list of studies."""
    rng = Random(f"{seed}:work list")
    frame = Image.new("RGB", size, _DESKTOP)
    draw = ImageDraw.Draw(frame)
    font = DEJAVU.font("sans", 14)
    for row, y in enumerate(range(40, size[1] - 30, 22)):
        text = f"{8 + row // 4:02d}:{row % 4 * 15:02d}   A{rng.randrange(10**6):06d}   Room 2"
        draw.text((24, y), text, font=font, fill=(235, 238, 240))
    return frame
