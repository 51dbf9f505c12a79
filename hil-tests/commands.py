"""Commands that the scripts beside it share: run one, and unpack Debian packages."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent


def unpack(archives: Iterable[Path], folder: Path) -> None:
    """Unpack Debian packages without installing them."""
    folder.mkdir(parents=True, exist_ok=True)
    for archive in archives:
        call(["dpkg-deb", "--extract", str(archive), str(folder)])


def call(command: list[str], cwd: Path = ROOT, environment: dict[str, str] | None = None) -> str:
    """Run a command and return what it printed; ends the script where it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:6])} … failed:\n{done.stderr[-2000:]}")
    return done.stdout
