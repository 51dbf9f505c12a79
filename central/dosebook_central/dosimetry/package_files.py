"""Get the files of a coefficient package out of a folder or a ZIP, within limits.

Nothing is unpacked to disk, and no more is read than a package may have, whatever a ZIP says of
itself.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from dosebook_central.dosimetry.package_reading import (
    MANIFEST,
    MAX_MANIFEST_BYTES,
    MAX_ROWS_BYTES,
    ROWS,
    PackageError,
)

SIGNATURE: Final = "manifest.sig"
_LIMITS: Final = {MANIFEST: MAX_MANIFEST_BYTES, ROWS: MAX_ROWS_BYTES, SIGNATURE: 100_000}
_MAX_ZIP_BYTES: Final = 5_000_000
_MAX_MEMBERS: Final = 20
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_IS_ENCRYPTED: Final = 0x1


@dataclass(frozen=True, slots=True)
class PackageFiles:
    """The bytes of a package's files; `signature` is empty where there is none."""

    name: str
    manifest: bytes
    rows: bytes
    signature: bytes = b""


def read_files(path: Path) -> PackageFiles:
    """Read the files of a package from a folder or a ZIP; raises `PackageError`."""
    try:
        found = _from_folder(path) if path.is_dir() else _from_zip(path)
    except OSError as error:
        raise PackageError(f"{path.name} cannot be read: {error.strerror or error}") from None
    for needed in (MANIFEST, ROWS):
        if needed not in found:
            raise PackageError(f"{path.name} has no {needed}")
    return PackageFiles(path.name, found[MANIFEST], found[ROWS], found.get(SIGNATURE, b""))


def _from_folder(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, limit in _LIMITS.items():
        if (folder / name).is_file():
            with (folder / name).open("rb") as file:
                found[name] = _read(file, limit, f"{folder.name}/{name}")
    return found


def _from_zip(path: Path) -> dict[str, bytes]:
    if path.stat().st_size > _MAX_ZIP_BYTES:
        raise PackageError(f"{path.name} is larger than {_MAX_ZIP_BYTES} bytes")
    try:
        with zipfile.ZipFile(path) as archive:
            return _members(archive, path.name)
    # What a damaged archive raises is not one family: headers, streams and text are all doubtful.
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        UnicodeError,
        ValueError,
    ) as error:
        raise PackageError(f"{path.name} is not a readable ZIP: {error}") from None


def _members(archive: zipfile.ZipFile, zip_name: str) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > _MAX_MEMBERS:
        raise PackageError(f"{zip_name} has more than {_MAX_MEMBERS} files")
    found: dict[str, bytes] = {}
    for entry in entries:
        place = PurePosixPath(entry.filename)
        if place.is_absolute() or ".." in place.parts or len(place.parts) > 2:
            raise PackageError(f"{zip_name} has a file outside one folder: {entry.filename[:80]!r}")
        if place.name not in _LIMITS:
            continue
        if place.name in found:
            raise PackageError(f"{zip_name} has {place.name} twice")
        if entry.flag_bits & _IS_ENCRYPTED or entry.compress_type not in _METHODS:
            raise PackageError(f"{zip_name}/{place.name} is encrypted or packed in another way")
        with archive.open(entry) as file:
            found[place.name] = _read(file, _LIMITS[place.name], f"{zip_name}/{place.name}")
    return found


def _read(file: IO[bytes], limit: int, name: str) -> bytes:
    data = file.read(limit + 1)
    if len(data) > limit:
        raise PackageError(f"{name} is larger than {limit} bytes")
    return data
