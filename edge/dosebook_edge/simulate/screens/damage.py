"""What happens to a screen on its way: a frame grabber's scaling and noise, or a camera's view."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from dosebook_edge.simulate.screens.truth import Box, Cell, Screen

Point = tuple[float, float]
_EDGE: Final = 0.012
"""How much of a picture's side a grabber's overscan takes away or adds, at most."""


def lossless(screen: Screen, _rng: Random) -> Screen:
    """Return the screen as it is: a secondary capture, or a framebuffer."""
    return screen


def grab(screen: Screen, rng: Random) -> Screen:
    """Return the screen as a frame grabber sees it: scaled, shifted, smeared, noisy, as JPEG."""
    width, height = screen.picture.size
    scale = rng.uniform(1.05, 1.9)
    wide, high = round(width * scale), round(height * scale * rng.uniform(0.99, 1.01))
    dx, dy = (round(side * rng.uniform(-_EDGE, _EDGE)) for side in (wide, high))
    method = rng.choice((Image.Resampling.BILINEAR, Image.Resampling.BICUBIC))
    scaled = screen.picture.resize((wide, high), method)
    frame = Image.new("RGB", (wide, high))
    frame.paste(scaled, (dx, dy))
    frame = frame.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.9)))
    pixels = _lit(frame, rng, least=0.86)
    pixels = _noisy(pixels, rng, sigma=rng.uniform(1, 6))
    seen = _jpeg(pixels, quality=rng.randint(55, 92))

    def place(point: Point) -> Point:
        return point[0] * wide / width + dx, point[1] * high / height + dy

    return screen.moved(seen, _placed(screen.cells, place, (wide, high)))


def photo(screen: Screen, rng: Random) -> Screen:
    """Return the screen as a camera in front of it sees it: aslant, with glare and noise."""
    width, height = screen.picture.size
    scale = rng.uniform(1.2, 1.8)
    size = round(width * scale), round(height * scale)
    corners = _aslant(rng, size)
    flat = [(0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height))]
    frame = screen.picture.transform(
        size,
        Image.Transform.PERSPECTIVE,
        tuple(_homography(corners, flat)),
        Image.Resampling.BICUBIC,
        fillcolor=(38, 36, 34),
    )
    frame = frame.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.4)))
    pixels = _lit(frame, rng, least=0.55) * rng.uniform(0.55, 0.9) + rng.uniform(12, 45)
    pixels = _noisy(pixels + _glare(size, rng), rng, sigma=rng.uniform(3, 9))
    seen = _jpeg(pixels, quality=rng.randint(55, 85))
    forward = _homography(flat, corners)
    return screen.moved(seen, _placed(screen.cells, lambda point: _apply(forward, point), size))


DAMAGES: Final[Mapping[str, Callable[[Screen, Random], Screen]]] = {
    "lossless": lossless,
    "grab": grab,
    "photo": photo,
}


def damaged(screen: Screen, damage: str, seed: int) -> Screen:
    """Return a screen after a damage by name; raises `ValueError` for an unknown one."""
    if damage not in DAMAGES:
        raise ValueError(f"no damage {damage!r}: there are {', '.join(DAMAGES)}")
    return DAMAGES[damage](screen, Random(f"{seed}:{damage}:{screen.layout}:{screen.language}"))


def _lit(frame: Image.Image, rng: Random, *, least: float) -> NDArray[np.float64]:
    """Darken towards one side, and change gain a little per colour."""
    pixels = np.asarray(frame, dtype=np.float64)
    high, wide = pixels.shape[:2]
    across = np.linspace(rng.uniform(least, 1), rng.uniform(least, 1), wide)
    down = np.linspace(rng.uniform(least, 1), rng.uniform(least, 1), high)
    gains = np.array([rng.uniform(0.94, 1.0) for _ in range(3)])
    return np.asarray(pixels * across[None, :, None] * down[:, None, None] * gains)


def _noisy(pixels: NDArray[np.float64], rng: Random, *, sigma: float) -> NDArray[np.float64]:
    noise = np.random.default_rng(rng.getrandbits(64)).normal(0, sigma, pixels.shape[:2])
    return pixels + noise[:, :, None]


def _glare(size: tuple[int, int], rng: Random) -> NDArray[np.float64]:
    """Return a soft bright spot: a lamp's reflection on the glass."""
    wide, high = size
    x, y = rng.uniform(0, wide), rng.uniform(0, high)
    radius = rng.uniform(0.1, 0.3) * wide
    across = (np.arange(wide) - x) / radius
    down = (np.arange(high) - y) / radius
    spot = np.exp(-(across[None, :] ** 2 + down[:, None] ** 2))
    return np.asarray(rng.uniform(10, 70) * spot)[:, :, None]


def _jpeg(pixels: NDArray[np.float64], *, quality: int) -> Image.Image:
    """Code and decode with chroma at half the resolution."""
    stream = BytesIO()
    frame = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGB")
    frame.save(stream, "JPEG", quality=quality, subsampling="4:2:0")
    return Image.open(stream).convert("RGB")


def _aslant(rng: Random, size: tuple[int, int]) -> list[Point]:
    """Return where a camera sees the four corners, clockwise from the upper left one."""
    wide, high = size
    inwards = ((1, 1), (-1, 1), (-1, -1), (1, -1))
    corners = ((0, 0), (wide, 0), (wide, high), (0, high))
    return [
        (x + sx * wide * rng.uniform(0.01, 0.05), y + sy * high * rng.uniform(0.01, 0.05))
        for (x, y), (sx, sy) in zip(corners, inwards, strict=True)
    ]


def _homography(source: list[Point], target: list[Point]) -> list[float]:
    """Return the eight numbers of the projective map that takes each source to its target."""
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    wanted = [number for point in target for number in point]
    return [float(one) for one in np.linalg.solve(np.array(rows), np.array(wanted))]


def _apply(matrix: list[float], point: Point) -> Point:
    a, b, c, d, e, f, g, h = matrix
    x, y = point
    depth = g * x + h * y + 1
    return (a * x + b * y + c) / depth, (d * x + e * y + f) / depth


def _placed(
    cells: tuple[Cell, ...], place: Callable[[Point], Point], size: tuple[int, int]
) -> tuple[Cell, ...]:
    return tuple(replace(one, box=_moved(one.box, place, size)) for one in cells)


def _moved(box: Box, place: Callable[[Point], Point], size: tuple[int, int]) -> Box:
    """Return the smallest upright box around a moved one, within the picture."""
    x, y, width, height = box
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    points = [place(corner) for corner in corners]
    left, right = (f(point[0] for point in points) for f in (min, max))
    top, bottom = (f(point[1] for point in points) for f in (min, max))
    left, top = max(0, round(left)), max(0, round(top))
    return left, top, min(size[0], round(right)) - left, min(size[1], round(bottom)) - top
