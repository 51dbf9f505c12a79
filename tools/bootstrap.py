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
SCREENS = "requirements-edge-screen.txt"

_PIP: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install"]

_NO_VENV = (
    "Python's venv module is incomplete on this machine.\n"
    "On Debian and Ubuntu: apt-get install python3-venv. Then run the same command again."
)


def bootstrap(*, dev: bool = False) -> None:
    """Bring `.venv` and the web assets up to date; quick when they are.

    Args:
        dev: with what the tests and checks need, beside what runs the product.
    """
    if dev:
        _environment("requirements-dev.txt")
    else:
        _environment("requirements.txt")
        _environment_of_screens()
    webassets.build(PYTHON)


def _environment(pins: str) -> None:
    value = _fingerprint(pins, *(ROOT / name / "pyproject.toml" for name in PACKAGES))
    stamp = _stamp(pins)
    # What the tests need includes what the product needs, but a lesser set is installed over a
    # greater one without harm: pip takes nothing away.
    if PYTHON.exists() and stamps.is_current(stamp, value):
        say(f"environment is up to date with {pins}")
        return
    if not PYTHON.exists():
        _make_venv()
    _install(pins)
    ours: list[str | Path] = []
    for name in PACKAGES:
        ours += ["--editable", ROOT / name]
    run([*_PIP, "--no-deps", "--no-build-isolation", *ours], what="installing Dosebook in place")
    stamps.write(stamp, value)


def _environment_of_screens() -> None:
    """Add what reads screens, where it exists for this machine: 32-bit Arm has no such wheel."""
    value, stamp = _fingerprint(SCREENS), _stamp(SCREENS)
    if stamps.is_current(stamp, value):
        return
    try:
        _install(SCREENS)
    except ToolError as error:
        told = [line for line in str(error).splitlines() if line.startswith("ERROR:")]
        say(f"left out, what reads screens: {told[-1] if told else error}")
    else:
        stamps.write(stamp, value)


def _install(pins: str) -> None:
    command = [*_PIP, "--require-hashes", "--only-binary", ":all:", "-r", ROOT / pins]
    run(command, what=f"installing {pins}")


def _fingerprint(pins: str, *further: Path) -> str:
    return stamps.fingerprint([ROOT / pins, *further], sys.version, str(ROOT))


def _stamp(pins: str) -> Path:
    return VENV / f".{pins}.stamp"


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
    found = {
        "VIRTUAL_ENV": str(VENV),
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        # Kept out of the tree as asked, but kept: hundreds of processes would compile all anew.
        bytecode = str(ROOT / "build" / "bytecode")
        found |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": bytecode}
    return found
