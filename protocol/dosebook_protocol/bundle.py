"""Messages in a file: how records and receipts travel by hand where a box has no network.

A bundle is a ZIP of messages exactly as they go over the wire, and a manifest that says whose they
are and how many. It proves nothing itself: each message in it is signed.
"""

import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dosebook_protocol.record import BoxId

MANIFEST: Final = "manifest.json"
_MAX_MANIFEST: Final = 64 * 1024
_FORMAT: Final = "dosebook-"


class BundleError(ValueError):
    """A file that cannot be used as a bundle; the text says why."""


class Kind(StrEnum):
    """What is in a bundle; also the folder of its messages."""

    RECORDS = "records"  # from a box to its registry: signed record and evidence
    RECEIPTS = "receipts"  # from the registry to the box: signed receipts


class Manifest(BaseModel):
    """What a bundle says of itself; a member is named by its number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["dosebook-records", "dosebook-receipts"]
    version: Literal[1] = 1
    box_id: BoxId
    messages: Annotated[int, Field(ge=0)]
    first: Annotated[int, Field(ge=0)] = 0
    last: Annotated[int, Field(ge=0)] = 0
    """Lowest and highest number; of records these are the sequence numbers of the box."""

    @property
    def kind(self) -> Kind:
        """What is in the bundle."""
        return Kind(self.format.removeprefix(_FORMAT))


def write_bundle(
    path: Path, kind: Kind, box_id: str, messages: Iterable[tuple[int, bytes]]
) -> Manifest:
    """Write numbered messages to a new file that only its owner reads; it is whole or not there.

    Raises:
        FileExistsError: the file is there already.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already: name another file")
    part = path.with_name(path.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                manifest = _write(archive, kind, box_id, messages)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def manifest_of(archive: zipfile.ZipFile) -> Manifest | None:
    """Return the manifest of a bundle, None where the ZIP is none; raises `BundleError`."""
    try:
        text = read_member(archive, MANIFEST, _MAX_MANIFEST)
        found = json.loads(text)
    except (KeyError, BundleError, UnicodeDecodeError, json.JSONDecodeError):
        return None
    if not isinstance(found, dict) or not str(found.get("format", "")).startswith(_FORMAT):
        return None
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BundleError(f"its {MANIFEST} is not understood: {where}: {first['msg']}") from None


def member_names(archive: zipfile.ZipFile, manifest: Manifest) -> list[str]:
    """Return the names of the messages in order of their numbers; raises `BundleError`."""
    prefix = f"{manifest.kind}/"
    names = sorted({name for name in archive.namelist() if name.startswith(prefix)} - {prefix})
    if len(names) != manifest.messages:
        raise BundleError(
            f"it states {manifest.messages} {manifest.kind} and holds {len(names)}: export again"
        )
    return names


def read_messages(path: Path, kind: Kind, limit: int) -> Iterator[bytes]:
    """Yield the messages of a bundle of one kind, each within a size; raises `BundleError`."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = manifest_of(archive)
            if manifest is None or manifest.kind is not kind:
                holds = f"{manifest.kind}" if manifest else "something else"
                raise BundleError(f"{path} holds {holds}, not {kind} in a bundle of Dosebook")
            for name in member_names(archive, manifest):
                yield read_member(archive, name, limit)
    except BundleError:
        raise
    except Exception as error:  # noqa: BLE001 - zipfile and its unpackers raise anything
        raise BundleError(
            f"{path} cannot be read, it is damaged or cut: {str(error) or type(error).__name__}"
        ) from None


def read_member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Return a member within a size, whatever the directory says; raises `BundleError`."""
    with archive.open(name) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise BundleError(f"{name} unpacks to more than {limit} bytes")
    return data


def _write(
    archive: zipfile.ZipFile, kind: Kind, box_id: str, messages: Iterable[tuple[int, bytes]]
) -> Manifest:
    numbers: list[int] = []
    for number, message in messages:
        archive.writestr(f"{kind}/{number:010d}.cbor", message)
        numbers.append(number)
    manifest = Manifest.model_validate(
        {
            "format": f"{_FORMAT}{kind}",
            "box_id": box_id,
            "messages": len(numbers),
            "first": min(numbers, default=0),
            "last": max(numbers, default=0),
        }
    )
    archive.writestr(MANIFEST, manifest.model_dump_json(indent=2))
    return manifest
