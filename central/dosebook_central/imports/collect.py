"""What there is to import: files, folders and ZIPs, listed first and read one at a time.

ZIPs are read in place: nothing is unpacked to disk, so that no name in one can lead anywhere, and
what it unpacks to is bounded (one ZIP inside another, a size for each member, a ratio).
"""

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dosebook_central.imports.zips import EntryError, attempt, opened
from dosebook_protocol.bundle import Kind, Manifest, manifest_of, member_names

MAX_OBJECT_BYTES: Final = 256 * 1024 * 1024
MAX_ENTRIES: Final = 500_000
_MAX_RATIO: Final = 500
_RATIO_FREE_BYTES: Final = 4 * 1024 * 1024
_ZIP_MAGIC: Final = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to import: a file, or a member of a ZIP (of a ZIP); `problem` if it cannot be.

    `box_id` where it is a record message that a box exported.
    """

    name: str
    path: Path
    members: tuple[str, ...] = ()
    problem: str = ""
    box_id: str = ""


def list_entries(paths: Iterable[Path]) -> list[Entry]:
    """List what is there to import, in order of name; ZIPs are opened, links are not followed."""
    entries: list[Entry] = []
    for path in paths:
        base = path.parent if path.is_file() else path
        for file in _files(path):
            for entry in _list_file(file, str(file.relative_to(base))):
                entries.append(entry)
                if len(entries) > MAX_ENTRIES:
                    raise EntryError(f"more than {MAX_ENTRIES} files: import them in parts")
    return entries


class EntryReader:
    """Reads entries; keeps the ZIP of the last one open, since the next is mostly in it too."""

    def __init__(self) -> None:
        self._open: tuple[tuple[object, ...], zipfile.ZipFile] | None = None
        self._stack = ExitStack()

    def read(self, entry: Entry) -> bytes:
        """Return the bytes of an entry; raises `EntryError`."""
        if entry.problem:
            raise EntryError(entry.problem)
        if not entry.members:
            return attempt(lambda: _read_file(entry.path))
        return _member(self._archive(entry.path, entry.members[:-1]), entry.members[-1])

    def close(self) -> None:
        """Close the ZIP that is open, if any."""
        self._open = None
        self._stack.close()

    def _archive(self, path: Path, outer: tuple[str, ...]) -> zipfile.ZipFile:
        key = (path, *outer)
        if self._open is None or self._open[0] != key:
            self.close()
            source: Path | bytes = path
            if outer:
                with opened(path) as holder:
                    source = _member(holder, outer[0])
            self._open = (key, self._stack.enter_context(opened(source)))
        return self._open[1]


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for child in sorted(path.rglob("*")):
        if child.is_file() and not child.is_symlink():
            yield child


def _list_file(file: Path, name: str) -> Iterator[Entry]:
    try:
        if not attempt(lambda: _is_zip_file(file)):
            yield Entry(name, file)
            return
        with opened(file) as archive:
            manifest = attempt(lambda: manifest_of(archive))
            if manifest is not None:
                yield from _list_messages(archive, manifest, name, file)
            else:
                yield from _list_members(archive, name, file, ())
    except EntryError as error:
        yield Entry(name, file, problem=str(error))


def _is_zip_file(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(4) == _ZIP_MAGIC


def _list_messages(
    archive: zipfile.ZipFile, manifest: Manifest, name: str, file: Path
) -> Iterator[Entry]:
    """List the record messages that a box exported (`dosebook-box outbox export`)."""
    if manifest.kind is not Kind.RECORDS:
        reason = f"receipts for box {manifest.box_id}: dosebook-box outbox import-receipts"
        yield Entry(name, file, problem=reason)
        return
    for one in attempt(lambda: member_names(archive, manifest)):
        problem = _problem_of(archive.getinfo(one))
        yield Entry(f"{name}/{one}", file, (one,), problem, manifest.box_id)


def _list_members(
    archive: zipfile.ZipFile, name: str, file: Path, outer: tuple[str, ...]
) -> Iterator[Entry]:
    for info in archive.infolist():
        if info.filename.endswith("/"):
            continue
        shown = f"{name}/{info.filename}"
        members = (*outer, info.filename)
        problem = _problem_of(info)
        if problem or not _is_zip(archive, info):
            yield Entry(shown, file, members, problem)
        elif outer:
            reason = "a ZIP in a ZIP in a ZIP is not opened: unpack it"
            yield Entry(shown, file, members, reason)
        else:
            yield from _list_inner(archive, shown, file, members)


def _list_inner(
    archive: zipfile.ZipFile, shown: str, file: Path, members: tuple[str, ...]
) -> Iterator[Entry]:
    """List a ZIP in a ZIP; one that is damaged says nothing of the others beside it."""
    try:
        with opened(_member(archive, members[0])) as inner:
            yield from _list_members(inner, shown, file, members)
    except EntryError as error:
        yield Entry(shown, file, members, str(error))


def _problem_of(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x1:
        return "is encrypted: unpack it with its password first"
    if info.file_size > MAX_OBJECT_BYTES:
        return f"unpacks to {info.file_size} bytes, the limit is {MAX_OBJECT_BYTES}"
    if info.file_size > _RATIO_FREE_BYTES and info.file_size > _MAX_RATIO * info.compress_size:
        return f"unpacks to more than {_MAX_RATIO} times its size: refused"
    return ""


def _is_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    try:
        return attempt(lambda: _first_bytes(archive, info)) == _ZIP_MAGIC
    except EntryError:
        return False


def _first_bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as stream:
        return stream.read(4)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    return attempt(lambda: _unpacked(archive, name))


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    # The sizes in a directory may lie: what is read is bounded whatever they say.
    with archive.open(name) as stream:
        data = stream.read(MAX_OBJECT_BYTES + 1)
    if len(data) > MAX_OBJECT_BYTES:
        raise EntryError(f"unpacks to more than {MAX_OBJECT_BYTES} bytes")
    return data


def _read_file(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_OBJECT_BYTES:
        raise EntryError(f"has {size} bytes, the limit is {MAX_OBJECT_BYTES}")
    return path.read_bytes()
