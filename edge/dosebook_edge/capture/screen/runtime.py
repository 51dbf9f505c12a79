"""What runs a TensorFlow Lite file on this machine, and how a model answers through it."""

import hashlib
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
    """A convolutional model, run at any width and number of lines.

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
        self._by_shape: dict[tuple[int, ...], Any] = {}

    def scores(self, lines: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Scores per frame, shape (n, width / 2, symbols + 1), of lines of shape (n, 24, width).

        Raises:
            ModelError: the file is no model of this form.
        """
        try:
            return self._scores(lines)
        except (ValueError, RuntimeError, IndexError, KeyError) as error:
            text = f"the model {self.sha256[:12]} does not run with {self.runtime}: {error}"
            raise ModelError(text) from error

    def _scores(self, lines: NDArray[np.uint8]) -> NDArray[np.float64]:
        shape = (*lines.shape, 1)
        if shape not in self._by_shape:
            self._by_shape[shape] = self._opened(shape)
        interpreter = self._by_shape[shape]
        given, told = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        interpreter.set_tensor(given["index"], _levels(given)[lines][..., None])
        interpreter.invoke()
        answer: NDArray[np.float64] = np.asarray(
            interpreter.get_tensor(told["index"]), dtype=np.float64
        )[:, 0]
        scale, zero = told["quantization"]
        return (answer - zero) * scale if scale else answer

    def _opened(self, shape: tuple[int, ...]) -> Any:
        interpreter = self._make(model_content=self._content, num_threads=1)
        interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], shape)
        interpreter.allocate_tensors()
        return interpreter


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
