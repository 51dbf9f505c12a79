"""Training: a fixed number of steps over the pool, each step's batch named by seed and number."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dosebook_edge.capture.screen.model.network import network
from dosebook_edge.capture.screen.model.pool import Shelf
from dosebook_edge.capture.screen.symbols import BLANK

_BATCH: Final = {64: 112, 128: 64, 256: 32}  # lines a step, so that steps cost alike
_WARM_UP: Final = 200
_PEAK: Final = 2e-3
_KEPT_EVERY: Final = 500


def train(
    shelves: dict[int, Shelf], seed: int, steps: int, folder: Path, tell: Callable[[str], None]
) -> Any:
    """Train a net; an interrupted training goes on from what `folder` keeps of it.

    Returns:
        The Keras model.
    """
    keras.utils.set_random_seed(seed)
    model = network()
    optimizer = keras.optimizers.Adam(_PEAK)
    optimizer.build(model.trainable_variables)
    step = _step(model, optimizer)
    number = tf.Variable(0, dtype=tf.int64)
    kept = tf.train.CheckpointManager(
        tf.train.Checkpoint(model=model, optimizer=optimizer, number=number), str(folder), 1
    )
    kept.restore_or_initialize()
    began, losses = time.monotonic(), []
    while (at := int(number.numpy())) < steps:
        optimizer.learning_rate.assign(_rate(at, steps))
        losses.append(float(step(*_batch(shelves, seed, at))))
        number.assign_add(1)
        if (at + 1) % 100 == 0:
            took = time.monotonic() - began
            tell(f"step {at + 1} of {steps}: loss {np.mean(losses):.3f}, {took:.0f} s")
            losses = []
        if (at + 1) % _KEPT_EVERY == 0:
            kept.save()
    return model


def _step(model: Any, optimizer: Any) -> Any:
    spec = [
        tf.TensorSpec((None, 24, None, 1), tf.float32),
        tf.TensorSpec((None, None), tf.int32),
        tf.TensorSpec((None,), tf.int32),
    ]

    def step(pixels: Any, classes: Any, lengths: Any) -> Any:
        with tf.GradientTape() as tape:
            scores = model(pixels, training=True)[:, 0]
            frames = tf.fill([tf.shape(scores)[0]], tf.shape(scores)[1])
            loss = tf.reduce_mean(
                tf.nn.ctc_loss(
                    classes, scores, lengths, frames, logits_time_major=False, blank_index=BLANK
                )
            )
        gradients = tape.gradient(loss, model.trainable_variables)
        gradients, _ = tf.clip_by_global_norm(gradients, 5.0)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    return tf.function(step, input_signature=spec)


def _rate(step: int, steps: int) -> float:
    """Linear warm-up, a cosine that would end a quarter later, and a linear end down to nothing."""
    if step < _WARM_UP:
        return _PEAK * (step + 1) / _WARM_UP
    last_part = steps / 6
    done = (min(step, steps - last_part) - _WARM_UP) / (1.25 * steps - _WARM_UP)
    left = min(1.0, (steps - step) / last_part)
    return _PEAK * 0.5 * (1 + math.cos(math.pi * done)) * left


def _batch(
    shelves: dict[int, Shelf], seed: int, step: int
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
    """The batch of one step: one width, its lines by chance, a little changed each time."""
    rng = np.random.default_rng((seed, step))
    cost = np.array([len(shelf.lengths) / _BATCH[width] for width, shelf in shelves.items()])
    width = int(rng.choice(list(shelves), p=cost / cost.sum()))
    shelf = shelves[width]
    chosen = rng.integers(len(shelf.lengths), size=_BATCH[width])
    lengths = shelf.lengths[chosen]
    pixels = shelf.pixels[chosen].astype(np.float32) / 255.0
    return (
        _changed(pixels, rng)[..., None],
        shelf.classes[chosen, : max(1, int(lengths.max()))].astype(np.int32),
        lengths,
    )


def _changed(pixels: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Gain, floor and noise anew, and a pixel's shift, so that no line comes twice the same."""
    shape = (len(pixels), 1, 1)
    gain = rng.uniform(0.75, 1.25, shape).astype(np.float32)
    floor = rng.uniform(-0.08, 0.08, shape).astype(np.float32)
    grain = rng.uniform(0.0, 0.06, shape).astype(np.float32)
    noise = rng.standard_normal(pixels.shape, dtype=np.float32) * grain
    changed = np.clip(pixels * gain + floor + noise, 0.0, 1.0)
    return np.roll(changed, int(rng.integers(-1, 2)), axis=2)
