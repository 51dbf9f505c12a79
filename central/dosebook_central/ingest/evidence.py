"""The evidence store: bytes by their SHA-256, never altered, on disk before a row points at them.

A file appears under its final name only after its bytes are on disk, so that a crash at any point
leaves either nothing or the whole evidence. `*.part` files are left-overs of a crash.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import uuid4

from dosebook_protocol.durable import sync_folder
from dosebook_protocol.wire import MAX_EVIDENCE

_WRITERS: Final = 8
_LENGTH: Final = 64


class EvidenceStore(Protocol):
    """Where evidence lies: a folder here, an object store elsewhere."""

    def put_many(self, evidence: Mapping[str, bytes]) -> None:
        """Make bytes durable under their SHA-256; raises OSError when that cannot be done."""
        ...

    def get(self, sha256: str) -> bytes:
        """Return the bytes of a hash; raises KeyError when they are not there."""
        ...

    def verify(self, sha256: str) -> bool:
        """Whether the bytes are there and still are the ones of their hash."""
        ...

    def holds(self, sha256: str, size: int) -> bool:
        """Whether bytes of that size are there under a hash, without reading them."""
        ...


class EvidenceFolder:
    """Evidence in a local folder: `ab/cd/<sha256>`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)  # its files are patients' data
        self._known_folders: set[Path] = {folder}

    def put_many(self, evidence: Mapping[str, bytes]) -> None:
        """Write what is not there yet; return when all of it is on disk, names included."""
        missing = {
            self._path(sha256): data
            for sha256, data in evidence.items()
            if not self.holds(sha256, len(data))
        }
        if not missing:
            return
        folders = {path.parent for path in missing}
        new = {path for folder in folders for path in (folder.parent, folder)} - self._known_folders
        for folder in sorted(new):
            folder.mkdir(exist_ok=True)
        # A folder that this process does not know may have been made, by whoever, but not synced.
        changed = folders | {folder.parent for folder in new}
        _each(_write, missing.keys(), missing.values())
        _each(sync_folder, changed)
        self._known_folders |= new

    def get(self, sha256: str) -> bytes:
        """Return the bytes of a hash; raises KeyError."""
        try:
            return self._path(sha256).read_bytes()
        except FileNotFoundError:
            raise KeyError(sha256) from None

    def verify(self, sha256: str) -> bool:
        """Whether the bytes are there and unaltered."""
        try:
            return hashlib.sha256(self.get(sha256)).hexdigest() == sha256
        except KeyError:
            return False

    def holds(self, sha256: str, size: int) -> bool:
        """Whether bytes of that size are there under a hash, without reading them."""
        try:
            return self._path(sha256).stat().st_size == size
        except FileNotFoundError:
            return False

    def trouble(self) -> str:
        """Why evidence cannot be written now, "" where it can; asked of the system, not tried."""
        try:
            disk = os.statvfs(self._folder)
        except OSError as error:
            return f"the evidence folder is not there: {error.strerror}"
        if disk.f_flag & os.ST_RDONLY or not os.access(self._folder, os.W_OK):
            return "the evidence folder cannot be written"
        if disk.f_bavail * disk.f_frsize < MAX_EVIDENCE:
            return "the disk of the evidence folder is full"
        return ""

    def _path(self, sha256: str) -> Path:
        if len(sha256) != _LENGTH or not set(sha256) <= set("0123456789abcdef"):
            raise KeyError(sha256)
        return self._folder / sha256[:2] / sha256[2:4] / sha256


def _each(work: Callable[..., None], *arguments: Collection[Any]) -> None:
    """Do work for each; the disk is what is waited for, and several at a time share its flushes."""
    if len(arguments[0]) == 1:
        work(*(next(iter(one)) for one in arguments))
        return
    with ThreadPoolExecutor(_WRITERS, "evidence") as pool:
        list(pool.map(work, *arguments))


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
