"""The crops by which a box tests its model at start: drawn from the seed, read right when made."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dosebook_edge.capture.screen.model.evaluate import NUMERIC
from dosebook_edge.capture.screen.model.samples import samples
from dosebook_edge.capture.screen.model.typefaces import faces
from dosebook_edge.capture.screen.net import LineNet

_TEXTS: Final = (
    "1111.11", "0.00", "2414.8", "-0.5", "893.1", "57,4", "1,10", "88.88", "3.20", "6079",
    "Total DLP", "mGy·cm²",
)  # fmt: skip
_SURE: Final = 0.9
_MOST_PIXELS: Final = 3000


def known_crops(net: LineNet, typefaces: Path, seed: int) -> str:
    """One crop for each text that the model reads surely, as JSON: text, allowed, png in base64."""
    drawn = faces(typefaces, "train")
    kept = []
    for number, text in enumerate(_TEXTS):
        allowed = NUMERIC if set(text) <= set(NUMERIC) else None
        for sample in samples(
            drawn,
            f"known-{seed}-{number}",
            20,
            text=_always(text),
            kinds={"outline": 2, "bitmap": 1},
        ):
            line = net.read(sample.crop, allowed)
            small = sample.crop.size < _MOST_PIXELS
            if small and line.text == text and line.confidence > _SURE:
                kept.append({"text": text, "allowed": allowed, "png": _png(sample.crop)})
                break
    return json.dumps(kept, ensure_ascii=False, indent=1) + "\n"


def _always(text: str) -> Callable[[Random], str]:
    return lambda _rng: text


def _png(crop: NDArray[np.uint8]) -> str:
    stream = io.BytesIO()
    Image.fromarray(crop).save(stream, "PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode()
