"""`make ocr-bench`: lines, then whole screens, beside Tesseract and RapidOCR on the same pictures.

Then, what persons teach who confirm values. Prints tables and writes build/ocr-bench.json. It
judges nothing: the figures are to be read.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.ocr_bench import score
from tools.ocr_bench.lines import measure_lines
from tools.ocr_bench.screens import Plan, Shot, draw_all, load_all
from tools.ocr_bench.taught import measure_taught
from tools.ocr_bench.vendor_faces import vendor_faces
from tools.terminal import ROOT, say

RESULTS = ROOT / "build" / "ocr-bench.json"
PICTURES = ROOT / "build" / "ocr-bench"
VENDORS = {
    "ge": "ge-ct",
    "siemens": "siemens-protocol",
    "philips": "philips-dose",
    "toshiba": "canon-summary",
    "toshiba_med": "canon-summary",
}
PEER_LANGUAGES = ("en", "de")  # the peers take seconds a picture
PARTS = ("lines", "screens", "taught")
HERE = Path(__file__).parent
MISSING = {
    "tesseract": "not installed: apt-get install tesseract-ocr",
    "rapidocr": "not installed: pip install rapidocr onnxruntime in an environment of its own, "
    "then --rapidocr ITS/bin/python",
}


def main(arguments: list[str]) -> int:
    """Measure what is asked for; peers that are missing are named, with how to get them."""
    parser = argparse.ArgumentParser(prog="make ocr-bench")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2, help="of each layout and language")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--only", choices=PARTS, default="")
    parser.add_argument("--rapidocr", type=Path, default=None, help="a Python that has it")
    asked = parser.parse_args(arguments)
    figures: dict[str, Any] = {"seed": asked.seed}
    if asked.only in ("", "lines"):
        figures["lines"] = measure_lines(asked.seed, _corpus())
    if asked.only in ("", "screens"):
        figures["screens"] = _screens(asked)
    if asked.only in ("", "taught"):
        say("screens that persons confirmed: reading …")
        figures["taught"] = measure_taught(Plan(asked.seed, asked.rounds, languages=PEER_LANGUAGES))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=1) + "\n")
    say(f"figures: {RESULTS.relative_to(ROOT)}")
    return 0


def _screens(asked: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {"drawn": _own("drawn", Plan(asked.seed, asked.rounds))}
    corpus = _corpus()
    for vendor, faces in vendor_faces(corpus).items() if corpus else ():
        name = f"vendor {vendor}"
        plan = Plan(asked.seed, 3, (VENDORS[vendor],), marks=(".",), faces=faces)
        figures[name] = _own(name, plan)
    if asked.peers:
        few = PICTURES / "peers"
        draw_all(few, Plan(asked.seed, languages=PEER_LANGUAGES, switched_on=False))
        figures["same pictures"] = _beside(list(load_all(few)), few, asked.rapidocr)
    return figures


def _own(name: str, plan: Plan) -> dict[str, Any]:
    """Draw a plan, read it as a box does, and print what came of it."""
    folder = PICTURES / name.replace(" ", "-")
    say(f"screens, {name}: drawing and reading …")
    draw_all(folder, plan)
    answers, memory = _answers([sys.executable, "-m", "tools.ocr_bench.reader_dosebook"], folder)
    counts = score.of_dosebook(load_all(folder), answers)
    print(f"\n{name}\n{score.table(counts)}\n")
    return _figures(counts, answers, memory)


def _beside(shots: list[Shot], folder: Path, rapidocr: Path | None) -> dict[str, Any]:
    """Every reader on the same pictures, each alone in its process."""
    commands: dict[str, list[str | Path] | None] = {
        "dosebook": [sys.executable, "-m", "tools.ocr_bench.reader_dosebook", "--alone"],
        "tesseract": [sys.executable, HERE / "reader_tesseract.py"]
        if shutil.which("tesseract")
        else None,
        "rapidocr": [rapidocr, HERE / "reader_rapidocr.py"] if rapidocr else None,
    }
    print(f"{'reader':12} exact values      CPU ms a picture   peak RSS MiB")
    figures: dict[str, Any] = {}
    for name, command in commands.items():
        if command is None:
            print(f"{name:12} {MISSING[name]}")
            continue
        answers, memory = _answers(command, folder)
        counted = score.of_dosebook if name == "dosebook" else score.of_words
        one = figures[name] = _figures(counted(shots, answers), answers, memory)
        both = [one["all"][way] for way in ("lossless", "grabbed")]
        exact, values = (sum(way.get(key, 0) for way in both) for key in ("exact", "values"))
        print(
            f"{name:12} {exact:5} of {values:5} {100 * exact / values:6.2f}%"
            f"   {one['cpu_ms']['mean']:8.0f}   {one['rss_mib']:8.0f}"
        )
    return figures


def _answers(command: list[str | Path], folder: Path) -> tuple[list[dict[str, Any]], float]:
    """What a reader says of each screen, and the greatest memory it held, in MiB."""
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment = {**os.environ, **single, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, folder], env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return told[:-1], told[-1]["rss_kib"] / 1024


def _figures(counts: Any, answers: list[dict[str, Any]], memory: float) -> dict[str, Any]:
    spent = sorted(1000 * one["cpu"] for one in answers)
    return {
        "by layout": {name: dict(row) for name, row in sorted(counts.items())},
        "all": {way: dict(score.total(counts, way)) for way in score.WAYS},
        "cpu_ms": {
            "mean": sum(spent) / len(spent),
            "median": spent[len(spent) // 2],
            "greatest": spent[-1],
        },
        "rss_mib": memory,
    }


def _corpus() -> Path | None:
    named = os.environ.get("DOSEBOOK_CORPUS")
    folder = Path(named) if named else ROOT.parent / "shared" / "corpus"
    return folder if (folder / "ocr").is_dir() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
