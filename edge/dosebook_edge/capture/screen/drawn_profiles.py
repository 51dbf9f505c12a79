"""Profiles that were drawn at this box: `screen-profiles/SOURCE/ID.toml` in its folder.

A source reads with them beside those of its configuration. Needs no picture library.
"""

import re
from pathlib import Path
from typing import Final

from dosebook_protocol.durable import write_durably

_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


class DrawnProfiles:
    """The folder of them; names of sources and profiles are checked, for they become paths."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, source: str) -> list[Path]:
        """The files that a source reads with, by name."""
        return sorted((self._folder / _checked(source)).glob("*.toml"))

    def save(self, source: str, name: str, toml: str) -> Path:
        """Put a profile into use, in the place of one of the same name; raises `OSError`."""
        path = self._path(source, name)
        write_durably(path, toml.encode())
        return path

    def remove(self, source: str, name: str) -> bool:
        """Take a profile out of use; whether it was there."""
        path = self._path(source, name)
        was_there = path.is_file()
        path.unlink(missing_ok=True)
        return was_there

    def _path(self, source: str, name: str) -> Path:
        return self._folder / _checked(source) / f"{_checked(name)}.toml"


def _checked(name: str) -> str:
    if _ID.match(name) is None:
        raise ValueError(f"{name!r} has other signs than small letters, digits and hyphens")
    return name
