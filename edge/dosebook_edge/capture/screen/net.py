"""The reading net: one line of text from a crop, with how sure it is.

Each line is looked at thrice, a little smaller, wider and moved each time. Its confidence is the
probability of the whole text in the least convinced look: a digit that one look drops or another
sees twice makes all of it doubtful.
"""

import base64
import io
import json
import threading
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dosebook_edge.capture.screen.ctc import (
    Probabilities,
    kept,
    likely_text,
    probabilities,
    telling,
    text_probabilities,
    variants,
)
from dosebook_edge.capture.screen.line import Line
from dosebook_edge.capture.screen.normalise import (
    HEIGHT,
    PLAIN,
    NormalLine,
    Polarity,
    View,
    find_ink,
    normal_forms,
)
from dosebook_edge.capture.screen.runtime import ModelError, ModelFile
from dosebook_edge.capture.screen.symbols import SYMBOLS

MODEL: Final = Path(__file__).with_name("model") / "line.tflite"
KNOWN: Final = Path(__file__).with_name("model") / "known.json"

VIEWS: Final = (PLAIN, View(0.93, 1.06, 1.0, 0.6), View(1.03, 0.95, -1.0, -0.6))
STRIDE: Final = 2  # px of the normal form per frame
_WIDTHS: Final = (64, 128, 256, 512, 1024)
"""Lines are filled up to one of these: the model is kept ready for each, with 0.5 to 4 MiB."""
_BETWEEN: Final = (96, 192)
"""Widths that save time on a line whose end does not come within reach of the edge."""
_REACH: Final = 20  # px: from farther off, the net does not see the edge
_KNOWN_SYMBOLS: Final = frozenset(SYMBOLS)
_NOTHING: Final = Line("", 0.0)


class LineNet:
    """Reads lines; one thread at a time is inside. Make one with `load`.

    Attributes:
        model_hash: SHA-256 of the model file, in hexadecimal.
        runtime: name and version of what runs it.
    """

    def __init__(self, model: ModelFile) -> None:
        self._model = model
        self._turn = threading.Lock()
        self.model_hash = model.sha256
        self.runtime = model.runtime

    @classmethod
    def load(cls, model: Path | None = None) -> Self:
        """Load the model that ships with the box, or another one, and test it on known crops.

        Raises:
            ModelError: it cannot be run here, or reads a known crop wrongly: then no screen may
                be read with it.
        """
        net = cls(ModelFile(model or MODEL))
        net._test_itself()
        return net

    def read(
        self,
        crop: NDArray[np.uint8],
        allowed: str | None = None,
        *,
        polarity: Polarity = "auto",
    ) -> Line:
        """The text of a crop.

        Args:
            crop: grey, shape (height, width), uint8, one line of text with any margin.
            allowed: the symbols that the cell may hold; all if not given. An unknown one is an
                error of the caller (`ValueError`).
            polarity: found by itself, or told.
        """
        if unknown := set(allowed or "") - _KNOWN_SYMBOLS:
            raise ValueError(f"the net has no symbols {' '.join(sorted(unknown))}")
        lines = self._lines(crop, polarity, VIEWS)
        if not lines:
            return _NOTHING
        shares = probabilities(self._scores(lines))
        views = shares[:, telling(shares)]
        return _understood(views if allowed is None else kept(views, allowed))

    def glance(self, crop: NDArray[np.uint8]) -> str:
        """The likeliest text of a crop at one look: enough for a label, and no word of how sure."""
        lines = self._lines(crop, "auto", VIEWS[:1])
        return likely_text(self._scores(lines)[0]).strip() if lines else ""

    def _scores(self, lines: list[NormalLine]) -> NDArray[np.float32]:
        """The model's scores of some looks, shape (looks, frames, symbols + 1)."""
        widest = max(line.shape[1] for line in lines)
        width = _ready_width(widest)
        wide = np.zeros((len(lines), HEIGHT, width), dtype=np.uint8)
        for one, line in zip(wide, lines, strict=True):
            one[:, : line.shape[1]] = line
        with self._turn:
            return self._model.scores(wide, -(-widest // STRIDE) + 1)

    def _lines(
        self, crop: NDArray[np.uint8], polarity: Polarity, views: tuple[View, ...]
    ) -> list[NormalLine]:
        """A line in normal form, once for each look; none where the net can read nothing."""
        ink = find_ink(crop, polarity) if min(crop.shape) > 1 else None
        lines = [] if ink is None else normal_forms(ink, views)
        fit = all(line.shape[1] <= _WIDTHS[-1] for line in lines)
        return lines if fit else []

    def _test_itself(self) -> None:
        for known in json.loads(KNOWN.read_text()):
            image = Image.open(io.BytesIO(base64.b64decode(known["png"])))
            seen = self.read(np.asarray(image, dtype=np.uint8), known["allowed"]).text
            if seen != known["text"]:
                raise ModelError(
                    f"the model {self.model_hash[:12]} under {self.runtime} read {seen!r} where "
                    f"{known['text']!r} stands. Screens are not read: install the runtime that "
                    "the box was tested with, and the model that came with it"
                )


def _ready_width(widest: int) -> int:
    """The least width that reads a line as the next of `_WIDTHS` does, to the last bit."""
    width = next(one for one in _WIDTHS if one >= widest)
    return next((one for one in _BETWEEN if widest + _REACH <= one < width), width)


def _understood(views: Probabilities) -> Line:
    """What the looks say together."""
    texts = [*map(likely_text, views), *variants(views[0])]
    texts = list(dict.fromkeys(texts))
    told = text_probabilities(views, texts)
    together = np.exp(np.log(told + 1e-30).mean(axis=0)).tolist()
    order = sorted(range(len(texts)), key=lambda n: -together[n])
    best, others = order[0], order[1:]
    text = texts[best].strip()
    if not text:
        return _NOTHING
    least = told.min(axis=0).tolist()
    return Line(
        text,
        least[best],
        tuple((texts[n].strip(), least[n]) for n in others if together[n] > 1e-6),
    )
