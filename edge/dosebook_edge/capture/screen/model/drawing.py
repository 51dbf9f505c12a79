"""A line of text drawn light on black in one face, as consoles of all ages draw it."""

from random import Random

from PIL import Image, ImageDraw, ImageFont

from dosebook_edge.capture.screen.model.typefaces import Face


def draw(text: str, face: Face, rng: Random) -> Image.Image:
    """The line with a pixel or two around it; outlines at a size by chance, smoothed or not."""
    size = face.size or round(11 * (52 / 11) ** (rng.random() ** 1.6))
    font = face.font(size)
    smooth = bool(face.size) or size > 28 or rng.random() < 0.72
    spacing = _spacing(rng, size, monospaced=bool(face.size))
    if face.kind == "segments":
        spacing = 0.0
    steps = _steps(text, font, spacing)
    width = round(steps[-1]) + size
    image = Image.new("L", (width + 8, round(size * 1.6) + 8))
    canvas = ImageDraw.Draw(image)
    canvas.fontmode = "L" if smooth else "1"
    for character, x in zip(text, steps, strict=False):
        canvas.text((4 + round(x), 4), character, font=font, fill=255)
    box = image.getbbox()
    return image.crop((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1)) if box else image


def _spacing(rng: Random, size: int, *, monospaced: bool) -> float:
    """Px between characters beyond the face's own: mostly none, at times wide or a little tight."""
    form = rng.random()
    if form < 0.72:
        return 0.0
    if form < 0.8:
        return 0.0 if monospaced else -0.03 * size
    return rng.uniform(0.02, 0.22) * size


def _steps(text: str, font: ImageFont.FreeTypeFont, spacing: float) -> list[float]:
    """Where each character begins, and where the last one ends."""
    steps = [0.0]
    for character in text:
        steps.append(steps[-1] + font.getlength(character) + spacing)
    return steps
