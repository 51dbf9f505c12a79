"""The targets of the Makefile: `python3 -m tools TARGET`. Standard library only."""

import argparse
import os
import sys
from pathlib import Path

from tools import checks, debian
from tools.bootstrap import PYTHON, bootstrap, environment
from tools.terminal import ToolError, replace_process

TARGETS = {
    "demo": "a small hospital: registry, box and simulated modalities (ONCE=1 verifies and ends)",
    "test": "everything, against real servers (ARGS=… goes to pytest)",
    "check": "lint, types, imports, spelling, documents (ARGS=name for one)",
    "bench": "ratios to reference implementations, into build/bench.json (ONLY=name)",
    "faults": "kills, cuts, full disks and intruders in full counts (SEED=…)",
    "model": "train the reading net of screens anew; about 40 minutes",
    "ocr-bench": "how well screens are read: accepted, wrong, reviewed (SEED=…)",
    "pins": "write the requirements files anew from the pyproject files",
    "reference": "write the generated pages of docs/reference anew",
}


def main(arguments: list[str]) -> int:
    """Run one target; returns the exit status unless another program takes over."""
    parser = argparse.ArgumentParser(prog="make", description="Dosebook's workspace")
    parser.add_argument("target", choices=["help", *TARGETS])
    target, rest = parser.parse_known_args(arguments)
    try:
        return _run(target.target, rest)
    except ToolError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(target: str, rest: list[str]) -> int:
    if target == "help":
        for name, purpose in TARGETS.items():
            print(f"make {name:9} {purpose}")
        return 0
    bootstrap(dev=target != "demo")
    if target == "check":
        return checks.check(rest)
    if target == "test":
        return _test(rest)
    replace_process([PYTHON, "-m", f"tools.{target.replace('-', '_')}", *rest], environment())
    return 0


def _test(rest: list[str]) -> int:
    complete = debian.provide()
    # As root everything can be installed, so a skip would hide a failure.
    strict = {"DOSEBOOK_STRICT_SKIPS": "1"} if complete and os.geteuid() == 0 else {}
    workers = [] if any(word.startswith("-n") for word in rest) else ["-n", _workers()]
    command: list[str | Path] = [PYTHON, "-m", "pytest", *workers, "--dist", "loadscope", *rest]
    replace_process(command, {**environment(), **strict})
    return 0


def _workers() -> str:
    return str(min(os.cpu_count() or 1, 8))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
