"""What there is to import: files, folders and ZIPs, listed first and read one at a time.

ZIPs are read in place: nothing is unpacked to disk, so that no name in one can lead anywhere, and
what it unpacks to is bounded (one ZIP inside another, a size for each member, a ratio).
"""

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dosebook_protocol.bundle import BundleError, Kind, Manifest, manifest_of, member_names

MAX_OBJECT_BYTES: Final = 256 * 1024 * 1024
MAX_ENTRIES: Final = 500_000
_MAX_RATIO: Final = 500
_RATIO_FREE_BYTES: Final = 4 * 1024 * 1024
_ZIP_MAGIC: Final = b"PK\x03\x04"


class EntryError(Exception):
    """An entry that cannot be read; the text says why."""


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
            entries += _list_file(file, str(file.relative_to(base)))
            if len(entries) > MAX_ENTRIES:
                raise EntryError(f"more than {MAX_ENTRIES} files: import them in parts")
    return entries


class EntryReader:
    """Reads entries; keeps the ZIP of the last one open, since the next is mostly in it too."""

    def __init__(self) -> None:
        self._open: tuple[tuple[object, ...], zipfile.ZipFile] | None = None

    def read(self, entry: Entry) -> bytes:
        """Return the bytes of an entry; raises `EntryError`."""
        if entry.problem:
            raise EntryError(entry.problem)
        try:
            if not entry.members:
                return _read_file(entry.path)
            return _member(self._archive(entry.path, entry.members[:-1]), entry.members[-1])
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise EntryError(f"cannot be read: {error}") from None
        except (RuntimeError, NotImplementedError) as error:  # encrypted, unknown compression
            raise EntryError(f"cannot be unpacked: {error}") from None

    def close(self) -> None:
        """Close the ZIP that is open, if any."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _archive(self, path: Path, outer: tuple[str, ...]) -> zipfile.ZipFile:
        key = (path, *outer)
        if self._open is None or self._open[0] != key:
            self.close()
            if outer:
                with zipfile.ZipFile(path) as holder:
                    archive = zipfile.ZipFile(io.BytesIO(_member(holder, outer[0])))
            else:
                archive = zipfile.ZipFile(path)
            self._open = (key, archive)
        return self._open[1]


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for child in sorted(path.rglob("*")):
        if child.is_file() and not child.is_symlink():
            yield child


def _list_file(file: Path, name: str) -> list[Entry]:
    try:
        with file.open("rb") as stream:
            is_zip = stream.read(4) == _ZIP_MAGIC
        if not is_zip:
            return [Entry(name, file)]
        with zipfile.ZipFile(file) as archive:
            manifest = manifest_of(archive)
            if manifest is not None:
                return _list_messages(archive, manifest, name, file)
            return _list_members(archive, name, file, ())
    except BundleError as error:
        return [Entry(name, file, problem=str(error))]
    except (OSError, zipfile.BadZipFile) as error:
        return [Entry(name, file, problem=f"cannot be read: {error}")]


def _list_messages(
    archive: zipfile.ZipFile, manifest: Manifest, name: str, file: Path
) -> list[Entry]:
    """List the record messages that a box exported (`dosebook-box outbox export`)."""
    if manifest.kind is not Kind.RECORDS:
        reason = f"receipts for box {manifest.box_id}: dosebook-box outbox import-receipts"
        return [Entry(name, file, problem=reason)]
    return [
        Entry(f"{name}/{one}", file, (one,), _problem_of(archive.getinfo(one)), manifest.box_id)
        for one in member_names(archive, manifest)
    ]


def _list_members(
    archive: zipfile.ZipFile, name: str, file: Path, outer: tuple[str, ...]
) -> list[Entry]:
    entries: list[Entry] = []
    for info in archive.infolist()[: MAX_ENTRIES + 1]:
        if info.is_dir():
            continue
        shown = f"{name}/{info.filename}"
        members = (*outer, info.filename)
        problem = _problem_of(info)
        if problem or not _is_zip(archive, info):
            entries.append(Entry(shown, file, members, problem))
        elif outer:
            reason = "a ZIP in a ZIP in a ZIP is not opened: unpack it"
            entries.append(Entry(shown, file, members, reason))
        else:
            with zipfile.ZipFile(io.BytesIO(_member(archive, info.filename))) as inner:
                entries += _list_members(inner, shown, file, members)
    return entries


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
        with archive.open(info) as stream:
            return stream.read(4) == _ZIP_MAGIC
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError):
        return False


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
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
