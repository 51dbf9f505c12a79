"""The net: nine convolutions from a line of 24 px to one row of scores per 2 px of width."""

from typing import Any

import keras
from keras import layers

from dosebook_edge.capture.screen.normalise import HEIGHT
from dosebook_edge.capture.screen.symbols import SYMBOLS

# Filters, kernel (high, wide) and stride. No recurrence and no attention: each answer depends on
# some 50 px around it, so a long line is read like a short one, and int8 loses nothing.
_BEFORE = (
    (16, (3, 3), (1, 1)),
    (32, (3, 3), (2, 2)),
    (48, (3, 3), (2, 1)),
    (56, (3, 3), (1, 1)),
    (72, (3, 3), (2, 1)),
)
_AFTER = ((96, (1, 5), (1, 1)), (96, (1, 5), (1, 1)))


def network() -> Any:
    """A fresh net: (n, 24, width, 1) in 0 to 1, to scores (n, 1, width / 2, symbols + 1)."""
    inputs = layers.Input((HEIGHT, None, 1))
    signal = inputs
    for filters, kernel, stride in _BEFORE:
        signal = _block(signal, filters, kernel, stride, "same")
    signal = layers.ZeroPadding2D((0, 1))(signal)
    signal = _block(signal, 80, (3, 3), (1, 1), "valid")  # three rows become one
    for filters, kernel, stride in _AFTER:
        signal = _block(signal, filters, kernel, stride, "same")
    return keras.Model(inputs, layers.Conv2D(len(SYMBOLS) + 1, 1)(signal))


def _block(
    signal: Any, filters: int, kernel: tuple[int, int], stride: tuple[int, int], padding: str
) -> Any:
    signal = layers.Conv2D(filters, kernel, strides=stride, padding=padding, use_bias=False)(signal)
    signal = layers.BatchNormalization(momentum=0.98)(signal)
    return layers.ReLU(6.0)(signal)  # a known range is what eight bits are spread over
