"""From the trained net to the file that a box runs: weights and activations in eight bits."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)

from dosebook_edge.capture.screen.model.pool import Shelf
from dosebook_edge.capture.screen.normalise import HEIGHT

WIDTH: Final = 128
"""Width of the file's input as written; a reader resizes it, as convolutions allow."""

_SEEN: Final = 600  # lines by which the ranges of activations are found


def converted(model: Any, shelves: dict[int, Shelf], *, eight_bits: bool = True) -> bytes:
    """The model as a TensorFlow Lite file; int8 in and out, or all in float32."""

    def run(pixels: Any) -> Any:
        return model(pixels, training=False)

    # Keras 3 would leave the weights as variables, on which calibration fails.
    shape = tf.TensorSpec((1, HEIGHT, WIDTH, 1), tf.float32)
    traced = tf.function(run, input_signature=[shape]).get_concrete_function()
    frozen = convert_variables_to_constants_v2(traced)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
    if eight_bits:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _seen(shelves[WIDTH])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def _seen(shelf: Shelf) -> Iterator[list[NDArray[np.float32]]]:
    for pixels in shelf.pixels[:_SEEN]:
        yield [(pixels.astype(np.float32) / 255.0)[None, ..., None]]
