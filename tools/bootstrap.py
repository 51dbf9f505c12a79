"""Make the environment: `.venv` with pinned packages and ours in place, and the web assets.

Standard library only, because nothing else is there yet.
"""

import os
import shutil
import sys
from pathlib import Path

from tools import stamps, webassets
from tools.terminal import ROOT, ToolError, run, say

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PACKAGES = ("protocol", "edge", "central")

_NO_VENV = (
    "Python's venv module is incomplete on this machine.\n"
    "On Debian and Ubuntu: apt-get install python3-venv. Then run the same command again."
)


def bootstrap(*, dev: bool = False) -> None:
    """Bring `.venv` and the web assets up to date; quick when they are.

    Args:
        dev: with what the tests and checks need, beside what runs the product.
    """
    _environment("requirements-dev.txt" if dev else "requirements.txt")
    webassets.build(PYTHON)


def _environment(pins: str) -> None:
    files = [ROOT / pins, *(ROOT / name / "pyproject.toml" for name in PACKAGES)]
    value = stamps.fingerprint(files, sys.version, str(ROOT))
    stamp = VENV / f".{pins}.stamp"
    # What the tests need includes what the product needs, but a lesser set is installed over a
    # greater one without harm: pip takes nothing away.
    if PYTHON.exists() and stamps.is_current(stamp, value):
        say(f"environment is up to date with {pins}")
        return
    if not PYTHON.exists():
        _make_venv()
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install"]
    run(
        [*pip, "--require-hashes", "--only-binary", ":all:", "-r", ROOT / pins],
        what=f"installing {pins}",
    )
    ours: list[str | Path] = []
    for name in PACKAGES:
        ours += ["--editable", ROOT / name]
    run([*pip, "--no-deps", "--no-build-isolation", *ours], what="installing Dosebook in place")
    stamps.write(stamp, value)


def _make_venv() -> None:
    try:
        run([sys.executable, "-m", "venv", VENV], what="making .venv")
    except ToolError as error:
        # Half an environment would look like a whole one the next time.
        shutil.rmtree(VENV, ignore_errors=True)
        if "ensurepip" in str(error) or "No module named venv" in str(error):
            raise ToolError(_NO_VENV) from error
        raise


def environment() -> dict[str, str]:
    """Environment for programs of `.venv`."""
    return {
        "VIRTUAL_ENV": str(VENV),
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
