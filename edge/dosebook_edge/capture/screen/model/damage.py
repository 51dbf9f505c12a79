"""What happens to a drawn line before a box sees it: levels, scaling, blur, noise, JPEG."""

from io import BytesIO
from random import Random
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Degree = Literal["lossless", "slight", "grabbed", "heavy"]
DEGREES: Final[tuple[Degree, ...]] = ("lossless", "slight", "grabbed", "heavy")
_METHODS: Final = (
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
    Image.Resampling.NEAREST,
)
# Per degree: sigma of blur in px, sigma of noise, slope of light and least JPEG quality.
_STRENGTH: Final = {
    "slight": (0.3, 2.0, 8.0, 80),
    "grabbed": (0.9, 6.0, 25.0, 55),
    "heavy": (1.5, 12.0, 45.0, 35),
}


def place(line: Image.Image, rng: Random) -> Image.Image:
    """The line in a cell with margins, in grey levels of screens; neighbours may look in."""
    wide, high = line.size
    margins = [rng.randint(0, max(2, high // 2)) for _ in range(4)]
    if rng.random() < 0.25:
        margins[0] += rng.randint(0, 3 * high)  # right-aligned in a wide cell
    cell = Image.new("L", (wide + margins[0] + margins[2], high + margins[1] + margins[3]))
    cell.paste(line, (margins[0], margins[1]))
    if margins[3] > 0.35 * high and rng.random() < 0.12:
        _neighbour(cell, line, rng)
    background, ink = _levels(rng)
    lut = [round(background + (ink - background) * level / 255) for level in range(256)]
    return cell.point(lut)


def damage(cell: Image.Image, degree: Degree, rng: Random) -> NDArray[np.uint8]:
    """The cell as captured; `lossless` is returned as drawn."""
    if degree == "lossless":
        return np.asarray(cell, dtype=np.uint8)
    blur, noise, slope, quality = _STRENGTH[degree]
    if rng.random() < 0.8:
        cell = _rescaled(cell, degree, rng)
    if rng.random() < 0.8:
        cell = cell.filter(ImageFilter.GaussianBlur(rng.uniform(0.1, blur)))
    if rng.random() < 0.15:
        cell = cell.filter(ImageFilter.UnsharpMask(1, rng.randint(40, 140), 0))
    pixels = np.asarray(cell, dtype=np.float32)
    high, wide = pixels.shape
    across = np.linspace(rng.uniform(-1, 1), rng.uniform(-1, 1), wide, dtype=np.float32)
    down = np.linspace(rng.uniform(-1, 1), rng.uniform(-1, 1), high, dtype=np.float32)
    pixels = pixels + (across[None, :] + down[:, None]) * (slope / 2 * rng.random())
    if degree != "slight" and rng.random() < 0.15:
        shift = rng.randint(1, 4)  # a ghost, as of a badly ended video cable
        pixels[:, shift:] += (pixels[:, :-shift] - np.median(pixels)) * rng.uniform(-0.15, 0.2)
    grain = np.random.default_rng(rng.getrandbits(64))
    pixels += grain.normal(0, rng.uniform(0, noise), pixels.shape).astype(np.float32)
    seen = np.clip(pixels, 0, 255).astype(np.uint8)
    return _jpeg(seen, rng.randint(quality, 95)) if rng.random() < 0.7 else seen


def _levels(rng: Random) -> tuple[int, int]:
    """Background and ink, at least a fifth of the range apart, either way round."""
    dark = rng.randint(0, 120) if rng.random() < 0.5 else rng.randint(0, 20)
    light = rng.randint(dark + 50, 255) if rng.random() < 0.5 else rng.randint(200, 255)
    return (dark, light) if rng.random() < 0.6 else (light, dark)


def _neighbour(cell: Image.Image, line: Image.Image, rng: Random) -> None:
    """The upper edge of the line below, or the rule of a table, at the lower edge of the cell."""
    if rng.random() < 0.5:
        part = line.crop((0, 0, line.width, max(2, line.height // 6)))
        cell.paste(part, (rng.randint(0, 4), cell.height - part.height))
    else:
        cell.paste(rng.randint(120, 255), (0, cell.height - 1, cell.width, cell.height))


def _rescaled(cell: Image.Image, degree: Degree, rng: Random) -> Image.Image:
    least = 0.75 if degree == "heavy" else 0.9
    if cell.height < 16:
        least = 1.0
    factor = rng.uniform(least, 2.0)
    size = (
        max(4, round(cell.width * factor * rng.uniform(0.97, 1.03))),
        max(4, round(cell.height * factor)),
    )
    phase = (rng.random(), rng.random())
    box = (phase[0], phase[1], cell.width - 1 + phase[0], cell.height - 1 + phase[1])
    method = rng.choice(_METHODS[:3] if degree == "grabbed" else _METHODS)
    return cell.resize(size, method, box=box)


def _jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream), dtype=np.uint8)
