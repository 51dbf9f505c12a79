"""Lines composed from the characters of real consoles, where the corpus of test input is there.

Shapes are real, layout is ours: each character is set on the common base line with a pixel or two
between. The files are third-party test input, measured with and never trained on.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from PIL import Image

from dosebook_edge.capture.screen.model import texts
from dosebook_edge.capture.screen.model.damage import DEGREES, damage, place
from dosebook_edge.capture.screen.model.samples import Sample
from tools.ocr_bench.vendor_faces import shapes


def vendor_lines(corpus: Path, seed: int, count: int) -> Iterator[tuple[str, Sample]]:
    """Values in each vendor's characters and each degree of damage, `count` in all of a vendor."""
    for file in sorted(corpus.glob("ocr/chars_*.zip")):
        characters, vendor = shapes(file), file.stem.removeprefix("chars_")
        for index in range(count):
            rng = Random(f"{seed}:{vendor}:{index}")
            degree = DEGREES[index % len(DEGREES)]
            text = texts.number(rng).replace(" ", "")
            while not set(text) <= set(characters):
                text = texts.number(rng).replace(" ", "").replace(",", ".")
            cell = place(_composed(text, characters, rng), rng)
            yield (
                f"vendor glyphs, {vendor}",
                Sample(damage(cell, degree, rng), text, vendor, degree),
            )


def _composed(text: str, shapes: dict[str, Image.Image], rng: Random) -> Image.Image:
    gap = rng.choice((1, 1, 2))
    parts = [shapes[character] for character in text]
    line = Image.new("L", (sum(part.width + gap for part in parts) + 2, parts[0].height + 2))
    x = 1
    for part in parts:
        line.paste(part, (x, 1))
        x += part.width + gap
    return line
