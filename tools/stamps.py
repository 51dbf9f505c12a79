"""Remember what was built from what, so that nothing is built twice."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from tools.terminal import ROOT


def fingerprint(files: Iterable[Path], *words: str) -> str:
    """Hash of the names and contents of files, and of further words."""
    digest = sha256("\0".join(words).encode())
    for file in sorted(files):
        digest.update(f"\0{file.relative_to(ROOT)}\0".encode())
        digest.update(sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def is_current(stamp: Path, value: str) -> bool:
    """Whether the stamp stands and says this."""
    try:
        return stamp.read_text() == value
    except OSError:
        return False


def write(stamp: Path, value: str) -> None:
    """Set the stamp."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value)
