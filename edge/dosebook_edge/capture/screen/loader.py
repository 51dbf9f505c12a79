"""Reads screen profiles: a file that is wrong anywhere is refused, with the key and the cure."""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from dosebook_edge.capture.screen import profile as model
from dosebook_edge.capture.screen.profile import ScreenProfile
from dosebook_edge.capture.screen.rules import broken

SHIPPED: Final = Path(__file__).parent / "profiles"
_TABLES: Final = [
    one for one in vars(model).values() if isinstance(one, type) and issubclass(one, BaseModel)
]
_KEYS: Final = sorted({key for table in _TABLES for key in table.model_fields})
_REVISION_DIGITS: Final = 12


class ScreenProfileError(ValueError):
    """A profile is refused; each line names the file, the key and the cure."""


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
    try:
        data = path.read_bytes()
        tree = tomllib.loads(data.decode())
    except OSError as error:
        raise ScreenProfileError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ScreenProfileError(f"{path} is not TOML: {error}") from None
    try:
        found = ScreenProfile.model_validate_json(json.dumps(tree, default=str))
    except ValidationError as error:
        raise _refused(path, _sentences(error)) from None
    if faults := list(broken(found)):
        raise _refused(path, faults)
    return LoadedProfile(found, hashlib.sha256(data).hexdigest()[:_REVISION_DIGITS])


def shipped() -> dict[str, Path]:
    """Id → file of each profile that comes with the box."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def find(name: str) -> LoadedProfile:
    """The profile of an id or of a file; raises `ScreenProfileError`."""
    known = shipped()
    if name in known:
        return load(known[name])
    if not name.endswith(".toml"):
        close = difflib.get_close_matches(name, known, n=1)
        hint = f", did you mean {close[0]}?" if close else ": dosebook-box screen list"
        raise ScreenProfileError(
            f"there is no screen profile {name!r}{hint} A file's name ends with .toml"
        )
    return load(Path(name))


def _refused(path: Path, faults: Iterable[str]) -> ScreenProfileError:
    return ScreenProfileError("\n".join(f"{path}: {fault}" for fault in faults))


def _sentences(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False):
        key = _key(one["loc"])
        if one["type"] == "missing":
            yield f"{key} is not set: add it"
        elif one["type"] == "extra_forbidden":
            close = difflib.get_close_matches(str(one["loc"][-1]), _KEYS, n=1)
            hint = f", did you mean {close[0]}?" if close else ""
            yield f"{key} is no key of a screen profile{hint}"
        else:
            yield f"{key}: {one['msg'].removeprefix('Value error, ')}"


def _key(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part not in ("sum", "over-range", "ratio"):  # tags of the kinds of check, no keys
            text += f".{part}" if text else part
    return text
