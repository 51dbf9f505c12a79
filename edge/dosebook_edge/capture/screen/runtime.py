"""What runs a TensorFlow Lite file on this machine, and how a model answers through it."""

import hashlib
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

RUNTIMES: Final = (
    ("ai_edge_litert.interpreter", "ai-edge-litert"),
    ("tflite_runtime.interpreter", "tflite-runtime"),  # 32-bit Arm has no other
)


class ModelError(Exception):
    """The reading net cannot be used; the text says why and what to do."""

    code = "DOSEBOOK-SCREEN-MODEL"


class ModelFile:
    """A convolutional model, run at any width.

    Attributes:
        sha256: of the file, in hexadecimal.
        runtime: name and version of what runs it.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            ModelError: it is missing or no model, or nothing here can run it.
        """
        try:
            self._content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"the model {path.name} cannot be read: {error}") from error
        self.sha256 = hashlib.sha256(self._content).hexdigest()
        self._make, self.runtime = _interpreter()
        self._by_width: dict[int, _Opened] = {}

    def scores(self, lines: NDArray[np.uint8], frames: int) -> NDArray[np.float32]:
        """Scores of the first frames of lines, one by one: shape (lines, frames, symbols + 1).

        `lines` has the shape (lines, 24, width) and width / 2 frames. Each width that ever comes
        is kept ready: the caller brings few.

        Raises:
            ModelError: the file is no model of this form.
        """
        try:
            width = lines.shape[2]
            if width not in self._by_width:
                self._by_width[width] = self._opened(lines.shape[1:])
            return self._by_width[width].run(lines, frames)
        except (ValueError, RuntimeError, IndexError, KeyError) as error:
            text = f"the model {self.sha256[:12]} does not run with {self.runtime}: {error}"
            raise ModelError(text) from error

    def _opened(self, shape: tuple[int, ...]) -> "_Opened":
        interpreter = self._make(model_content=self._content, num_threads=1)
        place = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(place, (1, *shape, 1))
        interpreter.allocate_tensors()
        given, told = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        return _Opened(
            interpreter, given["index"], _levels(given), told["index"], *told["quantization"]
        )


@dataclass(frozen=True, slots=True)
class _Opened:
    """The model, ready for lines of one width."""

    interpreter: Any
    given: int
    levels: NDArray[Any]
    told: int
    scale: float
    zero: int

    def run(self, lines: NDArray[np.uint8], frames: int) -> NDArray[np.float32]:
        answers = []
        for line in self.levels[lines][:, None, ..., None]:
            self.interpreter.set_tensor(self.given, line)
            self.interpreter.invoke()
            answers.append(self.interpreter.get_tensor(self.told)[0, 0, :frames])
        scores = np.array(answers, dtype=np.float32)
        return (scores - self.zero) * np.float32(self.scale) if self.scale else scores


def _levels(given: dict[str, Any]) -> NDArray[Any]:
    """What each grey level is in the model's own numbers."""
    ones = np.arange(256, dtype=np.float32) / 255.0
    scale, zero = given["quantization"]
    if not scale:
        return ones
    levels: NDArray[np.int8] = np.clip(np.round(ones / scale) + zero, -128, 127).astype(np.int8)
    return levels


def _interpreter() -> tuple[Any, str]:
    for module, distribution in RUNTIMES:
        try:
            found = import_module(module)
        except ImportError:
            continue
        return found.Interpreter, f"{distribution} {version(distribution)}"
    raise ModelError(
        "nothing on this machine runs the reading net. Install it: pip install "
        "'dosebook-edge[screen]' (64-bit), or tflite-runtime 2.14.0 (32-bit, Debian 12)"
    )
