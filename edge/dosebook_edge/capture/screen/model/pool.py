"""The lines that the net learns from, in normal form, kept on disk by width."""

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dosebook_edge.capture.screen.model.samples import Sample, samples
from dosebook_edge.capture.screen.model.typefaces import faces
from dosebook_edge.capture.screen.normalise import HEIGHT, NormalLine, View, find_ink, normal_forms
from dosebook_edge.capture.screen.symbols import SYMBOLS

WIDTHS: Final = (64, 128, 256)
STRIDE: Final = 2
"""Px of the normal form per frame of the net's answer."""

MOST_SYMBOLS: Final = 40
_CHUNK: Final = 2000


@dataclass(frozen=True, slots=True)
class Shelf:
    """Lines of one width: `pixels` (n, 24, width), `classes` (n, 40) zero-padded, `lengths` (n)."""

    pixels: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    lengths: NDArray[np.int32]


def pool(folder: Path, typefaces: Path, seed: int, count: int) -> dict[int, Shelf]:
    """`count` lines by width, made by all cores and kept in `folder` for the next time."""
    file = folder / f"pool-{seed}-{count}.npz"
    if not file.exists():
        faces(typefaces, "train")  # fetched once, before the processes want them
        starts = range(0, count, _CHUNK)
        with ProcessPoolExecutor(os.cpu_count()) as workers:
            parts = list(workers.map(_chunk, [(typefaces, seed, start) for start in starts]))
        shelves = {width: _joined([part[width] for part in parts]) for width in WIDTHS}
        arrays = {
            f"{name}{width}": getattr(shelf, name)
            for width, shelf in shelves.items()
            for name in ("pixels", "classes", "lengths")
        }
        np.savez(file, allow_pickle=False, **arrays)
    with np.load(file) as kept:
        return {
            width: Shelf(kept[f"pixels{width}"], kept[f"classes{width}"], kept[f"lengths{width}"])
            for width in WIDTHS
        }


def padded(line: NormalLine, width: int) -> NDArray[np.uint8]:
    """The line's pixels with background on the right, up to a width."""
    return np.pad(line, ((0, 0), (0, width - line.shape[1])))


def _chunk(task: tuple[Path, int, int]) -> dict[int, Shelf]:
    typefaces, seed, start = task
    name = f"train-{seed}-{start}"
    rng = Random(f"{name}:views")
    lines = (
        (line, sample.text)
        for sample in samples(faces(typefaces, "train"), name, _CHUNK)
        if (line := _line(sample, rng)) is not None
    )
    return _shelved(lines)


def _line(sample: Sample, rng: Random) -> NormalLine | None:
    """The normal form, a little off as an unsure edge of the ink makes it; None if unreadable."""
    ink = find_ink(sample.crop)
    if ink is None:
        return None
    view = View(
        size=rng.uniform(0.86, 1.08),
        stretch=rng.uniform(0.9, 1.12),
        right=rng.uniform(-2, 3),
        down=rng.uniform(-1.6, 1.6),
    )
    line = normal_forms(ink, (view,))[0]
    doubled = sum(one == other for one, other in pairwise(sample.text))
    frames = line.shape[1] // STRIDE
    fits = len(sample.text) + doubled <= frames and len(sample.text) <= MOST_SYMBOLS
    return line if fits else None


def _shelved(lines: Iterable[tuple[NormalLine, str]]) -> dict[int, Shelf]:
    pixels: dict[int, list[NDArray[np.uint8]]] = {width: [] for width in WIDTHS}
    classes: dict[int, list[NDArray[np.uint8]]] = {width: [] for width in WIDTHS}
    for line, text in lines:
        width = next((width for width in WIDTHS if line.shape[1] <= width), None)
        if width is None:
            continue
        pixels[width].append(padded(line, width))
        row = np.zeros(MOST_SYMBOLS, dtype=np.uint8)
        row[: len(text)] = [SYMBOLS.index(symbol) + 1 for symbol in text]
        classes[width].append(row)
    return {width: _shelf(pixels[width], classes[width], width) for width in WIDTHS}


def _shelf(pixels: list[NDArray[np.uint8]], classes: list[NDArray[np.uint8]], width: int) -> Shelf:
    shape = (len(pixels), HEIGHT, width)
    rows = np.array(classes, dtype=np.uint8).reshape(-1, MOST_SYMBOLS)
    lengths = (rows > 0).sum(axis=1).astype(np.int32)
    return Shelf(np.array(pixels, dtype=np.uint8).reshape(shape), rows, lengths)


def _joined(shelves: list[Shelf]) -> Shelf:
    return Shelf(
        np.concatenate([shelf.pixels for shelf in shelves]),
        np.concatenate([shelf.classes for shelf in shelves]),
        np.concatenate([shelf.lengths for shelf in shelves]),
    )
