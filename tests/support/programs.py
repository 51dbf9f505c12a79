"""Find the programs that tests need, and skip with the cure where one is missing."""

import os
import shutil
import sys
from pathlib import Path

import pytest

_MORE_PLACES = ("/usr/sbin", "/sbin", "/usr/local/sbin")


def find_program(name: str) -> Path | None:
    """Return a program on PATH, in sbin, or among Debian's PostgreSQL binaries.

    The environment's own commands are left out: pynetdicom brings a `storescu`, which is no DICOM
    peer that shares no code with us.
    """
    postgres = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    own = str(Path(sys.prefix, "bin"))
    path = [place for place in os.environ.get("PATH", "").split(os.pathsep) if place != own]
    places = [*map(str, postgres), *path, *_MORE_PLACES]
    found = shutil.which(name, path=os.pathsep.join(places))
    return Path(found) if found else None


def need_program(name: str, package: str) -> Path:
    """Return a program, or skip the test naming the Debian package that brings it."""
    found = find_program(name)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {package}, or make test as root")
    return found


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0
