"""`make model`: draw the lines, train the net, convert it, measure it, keep it."""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

SEED = 20261122
LINES = 140_000
STEPS = 7_200
MEASURED = 1_500  # lines per class of the evaluation
HERE = Path(__file__).parent
FILES = ("line.tflite", "known.json", "evaluation.json")


def main(arguments: list[str]) -> int:
    """Make the model file anew; `--steps` and `--lines` try the recipe and keep nothing."""
    parser = argparse.ArgumentParser(prog="make model", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/model"), help="for work files")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--steps", type=int, default=STEPS)
    asked = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    asked.folder.mkdir(parents=True, exist_ok=True)
    _make(asked)
    figures = _measure(asked)
    (asked.folder / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n")
    if (asked.lines, asked.steps) != (LINES, STEPS):
        _tell("a trial: the model of the box stays as it is")
        return 0
    for name in FILES:
        shutil.copyfile(asked.folder / name, HERE / name)
    _tell(f"kept as the model of the box: {figures['model']['sha256']}")
    return 0


def _make(asked: argparse.Namespace) -> None:
    """Write line.tflite and line-float.tflite into the work folder."""
    # TensorFlow must not be loaded when the pool forks its processes.
    from dosebook_edge.capture.screen.model.pool import pool

    _tell(f"drawing {asked.lines} lines")
    shelves = pool(asked.folder, asked.folder / "typefaces", asked.seed, asked.lines)
    from dosebook_edge.capture.screen.model.convert import converted
    from dosebook_edge.capture.screen.model.train import train

    model = train(shelves, asked.seed, asked.steps, asked.folder / "training", _tell)
    for name, eight_bits in (("line.tflite", True), ("line-float.tflite", False)):
        (asked.folder / name).write_bytes(converted(model, shelves, eight_bits=eight_bits))


def _measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Write known.json, print the evaluation of both files, and return it."""
    from dosebook_edge.capture.screen.model.evaluate import evaluate, held_out, table
    from dosebook_edge.capture.screen.model.known import known_crops
    from dosebook_edge.capture.screen.net import LineNet
    from dosebook_edge.capture.screen.runtime import ModelFile

    typefaces = asked.folder / "typefaces"
    lines = list(held_out(typefaces, asked.seed, MEASURED))
    net, exact = (
        LineNet(ModelFile(asked.folder / name)) for name in ("line.tflite", "line-float.tflite")
    )
    (asked.folder / "known.json").write_text(known_crops(net, typefaces, asked.seed))
    eight, full = evaluate(net, lines), evaluate(exact, lines)
    _tell(f"in eight bits:\n{table(eight)}\nin float32:\n{table(full)}")
    size = (asked.folder / "line.tflite").stat().st_size
    return {
        "seed": asked.seed,
        "lines": asked.lines,
        "steps": asked.steps,
        "runtime": net.runtime,
        "model": {"sha256": net.model_hash, "bytes": size},
        "int8": {name: tally.figures() for name, tally in eight.items()},
        "float32": {name: tally.figures() for name, tally in full.items()},
    }


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201  a person waits for half an hour


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
