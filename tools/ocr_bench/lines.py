"""Single lines: values in typefaces that were held out of training, and in vendors' characters."""

import time
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from dosebook_edge.capture.screen.model.evaluate import Tally, evaluate, held_out, table
from dosebook_edge.capture.screen.model.samples import Sample
from dosebook_edge.capture.screen.model.typefaces import TypefaceError
from dosebook_edge.capture.screen.net import LineNet
from tools.ocr_bench.bounds import upper_bound
from tools.ocr_bench.vendor import vendor_lines
from tools.terminal import ROOT, say

TYPEFACES = ROOT / "build" / "model" / "typefaces"
PER_CLASS = 1000
PER_VENDOR = 800
LIMIT = 0.9
"""Confidence from which a line counts as sure in the sums below."""


def measure_lines(seed: int, corpus: Path | None) -> dict[str, Any]:
    """Read the lines, print the tables, and return the figures."""
    net = LineNet.load()
    figures: dict[str, Any] = {"model": net.model_hash, "runtime": net.runtime}
    for name, lines in _sets(seed, corpus):
        say(f"reading {name} …")
        began = time.process_time()
        tallies = evaluate(net, lines)
        spent = time.process_time() - began
        print(f"\n{name}\n{table(tallies)}")
        values = [one for kind, one in tallies.items() if kind != "any text"]
        figures[name] = {kind: one.figures() for kind, one in tallies.items()}
        figures[name]["sure"] = _sure(values)
        count = sum(one.lines for one in tallies.values())
        print(f"{1000 * spent / count:.2f} ms of CPU a line\n")
    return figures


def _sets(seed: int, corpus: Path | None) -> Iterable[tuple[str, list[tuple[str, Sample]]]]:
    try:
        yield "held-out typefaces", list(held_out(TYPEFACES, seed, PER_CLASS))
    except TypefaceError as error:
        say(f"no lines of held-out typefaces: {error}")
    if corpus is not None:
        yield "vendors' characters", list(chain(vendor_lines(corpus, seed, PER_VENDOR)))


def _sure(values: list[Tally]) -> dict[str, Any]:
    covered = sum(one.covered[LIMIT] for one in values)
    wrong = sum(one.wrong[LIMIT] for one in values)
    bound = upper_bound(wrong, covered)
    total = sum(one.lines for one in values)
    print(
        f"confidence >= {LIMIT}: {covered} of {total} values, {wrong} of them wrong: "
        f"at most {100 * bound:.3f} % (95 %, one-sided), before any check of grammar or sums"
    )
    return {"limit": LIMIT, "values": total, "covered": covered, "wrong": wrong, "bound": bound}
