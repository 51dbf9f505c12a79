"""`make check`: everything that is known about the code without running the product."""

import os
import subprocess
import time

from tools.bootstrap import VENV, environment
from tools.terminal import ROOT, say

CHECKS = {
    "ruff": "ruff check --quiet .",
    "format": "ruff format --check --quiet .",
    "mypy": "mypy protocol edge central tests tools hil-tests",
    "imports": "lint-imports --no-cache",
    "spelling": "codespell",
    "docs": "pytest tests/docs -q -p no:cacheprovider",
}


def check(only: list[str]) -> int:
    """Run all checks, or those named, to the end, so that one run shows all there is to mend."""
    failed = [name for name in only or CHECKS if not _passes(name)]
    if failed:
        say(f"failed: {', '.join(failed)}. One alone: make check ARGS={failed[0]}")
    return 1 if failed else 0


def _passes(name: str) -> bool:
    start = time.monotonic()
    program, *arguments = CHECKS[name].split()
    result = subprocess.run(
        [str(VENV / "bin" / program), *arguments],
        cwd=ROOT,
        env={**os.environ, **environment()},
        check=False,
    )
    word = "passed" if result.returncode == 0 else "FAILED"
    say(f"{name}: {word} in {time.monotonic() - start:.1f} s")
    return result.returncode == 0
