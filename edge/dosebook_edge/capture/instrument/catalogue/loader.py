"""Reads profiles: a file that is wrong anywhere is refused, with the key and the cure."""

import hashlib
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from dosebook_edge.capture.instrument.catalogue.proof import failures
from dosebook_edge.capture.instrument.catalogue.rules import broken
from dosebook_edge.capture.instrument.catalogue.safety import unsafe
from dosebook_edge.capture.instrument.profile import model
from dosebook_edge.capture.instrument.profile.model import Profile
from dosebook_edge.capture.profile_file import (
    Loc,
    ProfileFileError,
    joined,
    path_of,
    read_toml,
    refused,
    validated,
)

SHIPPED: Final = Path(__file__).parents[1] / "profiles"
ADAPTER: Final[TypeAdapter[Profile]] = TypeAdapter(
    Annotated[Profile, Field(discriminator="engine")]
)
ProfileError = ProfileFileError


def load(path: Path) -> Profile:
    """A profile whose form, rules, safety and vectors all hold.

    Raises:
        ProfileError: anything else, with every fault that was found.
    """
    _, text = read_toml(path)
    found = validated(path, lambda: ADAPTER.validate_json(text), model, "a profile", _key)
    for check in (broken, unsafe, failures):
        if faults := list(check(found)):
            raise refused(path, faults)
    return found


def shipped() -> dict[str, Path]:
    """Id → file of each profile that comes with the box."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def find(name: str) -> Profile:
    """The profile of an id or of a file; raises `ProfileError`."""
    return load(file_of(name))


def revision(path: Path) -> str:
    """Which revision of a profile a file holds: the first digits of its SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def file_of(name: str) -> Path:
    """The file of an id, or the file itself; raises `ProfileError`."""
    return path_of(name, shipped(), "profile", "dosebook-box instrument list")


def _key(loc: Loc) -> str:
    # The first part is the engine that was chosen, a tag and no key; so are those of sub-tables.
    tags = {"line", "poll", "frame", "modbus", "push"}
    parts = loc[1:] if loc and loc[0] in tags else loc
    sub_tags = ("serial", "tcp", "tcp-listen", "line", "packet")
    keys = [
        part
        for before, part in zip(("", *parts), parts, strict=False)
        if before not in ("transport", "framing") or part not in sub_tags
    ]
    return joined(keys) or "engine"
