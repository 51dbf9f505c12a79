"""`make bench [ONLY=name]`: run the cases, print one table, write build/bench.json.

A case is a function `bench_…` in a module `tools/bench/bench_*.py` that returns an iterable of
`Row`; its name without `bench_` is what ONLY takes, as is its module's.
"""

import argparse
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator

from tools.bench.row import Row
from tools.terminal import ROOT, say

Case = Callable[[], Iterable[Row]]
RESULTS = ROOT / "build" / "bench.json"


def cases() -> Iterator[tuple[str, str, Case]]:
    """Module name, case name and function of each case."""
    for file in sorted((ROOT / "tools" / "bench").glob("bench_*.py")):
        module = importlib.import_module(f"tools.bench.{file.stem}")
        for name, member in vars(module).items():
            if name.startswith("bench_") and getattr(member, "__module__", "") == module.__name__:
                yield file.stem.removeprefix("bench_"), name.removeprefix("bench_"), member


def main(arguments: list[str]) -> int:
    """Run the cases asked for; fails if one breaks or none is named so, not for a missed aim."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--only", default="", help="name of a case or of its module")
    only = parser.parse_args(arguments).only
    chosen = [(module, name, case) for module, name, case in cases() if only in ("", module, name)]
    if not chosen:
        known = ", ".join(sorted({word for module, name, _ in cases() for word in (module, name)}))
        print(f"no bench is called {only!r}; there are: {known}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    broken = 0
    for _, name, case in chosen:
        say(f"measuring {name} …")
        try:
            rows += case()
        except Exception:  # noqa: BLE001  one broken case must not take the others' figures
            traceback.print_exc()
            broken += 1
    _print(rows)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    say(f"load average {load} on {os.cpu_count()} cores: more load than cores slows every rate")
    _write(rows, keep_others=bool(only))
    return 1 if broken else 0


def _print(rows: list[Row]) -> None:
    head = ("name", "value", "unit", "ratio", "aim", "met", "against")
    words = {True: "yes", False: "NO", None: ""}
    table = [
        (
            row.name,
            f"{row.value:.4g}",
            row.unit,
            "" if row.ratio is None else f"{row.ratio:.3g}",
            row.aim,
            words[row.met],
            row.against,
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in (head, *table)) for column in range(len(head))]
    for line in (head, tuple("-" * width for width in widths), *table):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def _write(rows: list[Row], *, keep_others: bool) -> None:
    """Write all rows; a partial run replaces its own rows in what stands."""
    new = {row.name: row.as_json() for row in rows}
    if keep_others and RESULTS.exists():
        new = {row["name"]: row for row in json.loads(RESULTS.read_text())} | new
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(list(new.values()), indent=2) + "\n")
    say(f"written: {RESULTS.relative_to(ROOT)}")


if __name__ == "__main__":
    # An exception ends the programs that a case has started; the signal alone would leave them.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
