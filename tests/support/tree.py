"""The files of the repository, as git knows them, or as they lie there where git is not."""

import os
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_BUILT = {"build", "dist", "node_modules", "__pycache__"}


@cache
def tracked(suffix: str = "") -> tuple[Path, ...]:
    """Tracked and new files, without ignored ones, that end with `suffix`."""
    return tuple(file for file in _files() if file.name.endswith(suffix))


def name_of(file: Path) -> str:
    """Path inside the repository."""
    return file.relative_to(ROOT).as_posix()


@cache
def _files() -> tuple[Path, ...]:
    # A checkout may belong to somebody else than who tests it, and may come without git.
    git = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "-z"]
    try:
        listed = subprocess.run(
            [*git, "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return tuple(_walk())
    files = {ROOT / name for name in listed.split("\0") if name}
    return tuple(sorted(file for file in files if file.is_file()))


def _walk() -> list[Path]:
    found = []
    for folder, folders, names in os.walk(ROOT):
        at_root = Path(folder) == ROOT
        folders[:] = [
            one
            for one in folders
            if one not in _BUILT and (not one.startswith(".") or (at_root and one == ".ci"))
        ]
        found += [Path(folder) / name for name in names if name != "uv.lock"]
    return sorted(found)
