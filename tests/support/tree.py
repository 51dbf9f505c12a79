"""The files of the repository, as git knows them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@cache
def tracked(suffix: str = "") -> tuple[Path, ...]:
    """Tracked and new files, without ignored ones, that end with `suffix`."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = (ROOT / name for name in listed.split("\0") if name.endswith(suffix) and name)
    return tuple(sorted({file for file in files if file.is_file()}))


def name_of(file: Path) -> str:
    """Path inside the repository."""
    return file.relative_to(ROOT).as_posix()
