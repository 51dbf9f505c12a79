"""Reads screen profiles: a file that is wrong anywhere is refused, with the key and the cure."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dosebook_edge.capture.profile_file import (
    Loc,
    ProfileFileError,
    as_json,
    joined,
    path_of,
    read_toml,
    refused,
    validated,
)
from dosebook_edge.capture.screen import profile as model
from dosebook_edge.capture.screen.profile import ScreenProfile
from dosebook_edge.capture.screen.rules import broken

SHIPPED: Final = Path(__file__).parent / "profiles"
ScreenProfileError = ProfileFileError
_TAGS: Final = ("sum", "over-range", "ratio")  # kinds of check, no keys
_REVISION_DIGITS: Final = 12
_KEY: Final = re.compile(r"[a-z_]+(?:\[\d+\]|\.[^\s.:\[]+)*")


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A profile and the revision of its file: SHA-256, 12 digits."""

    profile: ScreenProfile
    revision: str


def load(path: Path) -> LoadedProfile:
    """A profile whose form and rules hold.

    Raises:
        ScreenProfileError: anything else, with every fault that was found.
    """
    return parsed(read_toml(path)[0], path)


def parsed(data: bytes, path: Path) -> LoadedProfile:
    """A profile from the bytes of a file; `path` names it in errors. Raises as `load` does."""
    text = as_json(path, data)
    found = validated(
        path, lambda: ScreenProfile.model_validate_json(text), model, "a screen profile", _key
    )
    if faults := list(broken(found)):
        raise refused(path, faults)
    return LoadedProfile(found, hashlib.sha256(data).hexdigest()[:_REVISION_DIGITS])


def shipped() -> dict[str, Path]:
    """Id → file of each profile that comes with the box."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def find(name: str) -> LoadedProfile:
    """The profile of an id or of a file; raises `ScreenProfileError`."""
    return load(path_of(name, shipped(), "screen profile", "dosebook-box screen list"))


def faults_of(error: ScreenProfileError) -> list[tuple[str, str]]:
    """Each fault of a refused profile as its key, `field[2].unit`, and the cure."""
    found = []
    for sentence in error.faults:
        match = _KEY.match(sentence)
        key = match[0] if match else ""
        found.append((key, sentence[len(key) :].removeprefix(":").strip()))
    return found


def _key(loc: Loc) -> str:
    return joined(part for part in loc if part not in _TAGS)
