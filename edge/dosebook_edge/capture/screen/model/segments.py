"""Seven-segment digits drawn by polygons: what LED and LCD panels show."""

from random import Random
from typing import Final

from PIL import Image, ImageDraw

# Segments a to g, clockwise from the top, the middle one last.
LIT: Final = {
    "0": "abcdef", "1": "bc", "2": "abdeg", "3": "abcdg", "4": "bcfg", "5": "acdfg",
    "6": "acdefg", "7": "abc", "8": "abcdefg", "9": "abcdfg", "-": "g", " ": "",
}  # fmt: skip
DRAWABLE: Final = frozenset(LIT) | frozenset(".:")


def draw(text: str, rng: Random) -> Image.Image:
    """A row of segments, light on black, with a shape drawn by chance; some show dark segments."""
    high = rng.randint(14, 56)
    wide = high * rng.uniform(0.42, 0.66)
    thick = max(1.5, high * rng.uniform(0.08, 0.17))
    gap = rng.uniform(0.0, 0.35) * thick
    lean = rng.choice((0.0, rng.uniform(0.0, 0.16)))
    pitch = wide + high * rng.uniform(0.14, 0.34)
    unlit = rng.randint(4, 32) if rng.random() < 0.35 else 0
    places = sum(character not in ".:" for character in text)
    colons = text.count(":")
    size = (round(places * pitch + colons * thick * 3 + high * (0.3 + lean)), high + 6)
    image = Image.new("L", size)
    canvas = ImageDraw.Draw(image)
    bars = _bars(wide, high, thick, gap)
    left = 3.0
    for character in text:
        if character in ".:":
            left = _dots(canvas, character, (left, pitch - wide), high, thick)
            continue
        for name, corners in bars.items():
            level = 255 if name in LIT[character] else unlit
            leaning = [(left + x + lean * (high - y), 3 + y) for x, y in corners]
            canvas.polygon(leaning, fill=level)
        left += pitch
    return image


def _bars(
    wide: float, high: float, thick: float, gap: float
) -> dict[str, list[tuple[float, float]]]:
    """Corners of each segment: six-sided, so that two meet at a slant with a gap between."""
    half, bevel = high / 2, thick / 2

    def across(y: float) -> list[tuple[float, float]]:
        left, right = bevel + gap, wide - bevel - gap
        return [
            (left, y), (left + bevel, y - bevel), (right - bevel, y - bevel),
            (right, y), (right - bevel, y + bevel), (left + bevel, y + bevel),
        ]  # fmt: skip

    def down(x: float, start: float) -> list[tuple[float, float]]:
        top, bottom = start + gap, start + half - bevel - gap
        return [
            (x, top), (x + bevel, top + bevel), (x + bevel, bottom - bevel),
            (x, bottom), (x - bevel, bottom - bevel), (x - bevel, top + bevel),
        ]  # fmt: skip

    near, far = bevel, wide - bevel
    return {
        "a": across(bevel), "b": down(far, bevel), "c": down(far, half),
        "d": across(high - bevel), "e": down(near, half), "f": down(near, bevel),
        "g": across(half),
    }  # fmt: skip


def _dots(
    canvas: ImageDraw.ImageDraw,
    character: str,
    place: tuple[float, float],
    high: int,
    thick: float,
) -> float:
    """Draw a point in the gap before the next digit, or a colon with a gap of its own."""
    left, gap = place
    # The last digit has already moved on by its pitch: the point goes back into the gap.
    middle = left - gap / 2 if character == "." else left + thick
    heights = (high - thick / 2,) if character == "." else (high * 0.3, high * 0.7)
    for y in heights:
        canvas.ellipse(
            (middle - thick / 2, 3 + y - thick / 2, middle + thick / 2, 3 + y + thick / 2), fill=255
        )
    return left + (thick * 3 if character == ":" else 0)
