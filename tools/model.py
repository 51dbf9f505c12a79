"""`make model`: train the reading net of screens anew, in an environment of its own."""

import os
import subprocess
import sys
from pathlib import Path

from tools import stamps
from tools.terminal import ROOT, ToolError, run

PINS = ROOT / "requirements-model.txt"
WORK = ROOT / "build" / "model"
VENV = WORK / "venv"


def main(arguments: list[str]) -> int:
    """Make the environment, then draw, train, convert and measure; arguments go to the recipe."""
    try:
        _environment()
    except ToolError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    command: list[str | Path] = [
        VENV / "bin" / "python",
        "-m",
        "dosebook_edge.capture.screen.model",
    ]
    path = os.pathsep.join(str(ROOT / part) for part in ("edge", "protocol"))
    return subprocess.run(
        [*command, "--folder", WORK, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        cwd=ROOT,
        check=False,
    ).returncode


def _environment() -> None:
    stamp, value = VENV / ".stamp", stamps.fingerprint([PINS], sys.version)
    if stamps.is_current(stamp, value):
        return
    run([sys.executable, "-m", "venv", VENV], what="making the environment of training")
    pip: list[str | Path] = [
        VENV / "bin" / "python",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
    ]
    run(
        [*pip, "--require-hashes", "--only-binary", ":all:", "-r", PINS],
        what=f"installing {PINS.name}, 1.6 GB",
    )
    stamps.write(stamp, value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
