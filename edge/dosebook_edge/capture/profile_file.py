"""What profiles of instruments and of screens share: one TOML file, strict, each fault told."""

import difflib
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

_IN_WORDS: Final = {
    "^[a-z][a-z0-9_]{0,40}$": "a small letter first, then small letters, digits and _",
    "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$": "small letters, digits and hyphens, as my-c-arm",
    "^[a-z]{2}$": "a language is two small letters, as en",
    "^([a-z]{2}|\\*)$": "a language is two small letters, as en, or * for all",
}
"""Patterns that texts of profiles have, and what they ask of whoever writes one."""

Loc = tuple[int | str, ...]
T = TypeVar("T")


class ProfileFileError(ValueError):
    """A profile is refused; each line names the file, the key and the cure.

    `faults` are the same sentences without the file, where it is TOML at all.
    """

    def __init__(self, text: str, faults: Iterable[str] = ()) -> None:
        super().__init__(text)
        self.faults = tuple(faults)


def read_toml(path: Path) -> tuple[bytes, str]:
    """The bytes of a TOML file, and what it says as JSON; raises `ProfileFileError`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ProfileFileError(f"{path} cannot be read: {error.strerror}") from None
    return data, as_json(path, data)


def as_json(path: Path, data: bytes) -> str:
    """What TOML says, as JSON; `path` names it in the error. Raises `ProfileFileError`."""
    try:
        return json.dumps(tomllib.loads(data.decode()), default=str)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProfileFileError(f"{path} is not TOML: {error}") from None


def validated(
    path: Path,
    validate: Callable[[], T],
    model: ModuleType,
    what: str,
    key_of: Callable[[Loc], str],
) -> T:
    """What a validation gives.

    Args:
        path: named in the error.
        validate: raises pydantic's error where a key is wrong.
        model: the module whose tables know the keys.
        what: "a profile", in the words of the error.
        key_of: how the place of an error is written.

    Raises:
        ProfileFileError: every key that is wrong, with its cure.
    """
    try:
        return validate()
    except ValidationError as error:
        raise refused(path, _sentences(error, _keys(model), what, key_of)) from None


def refused(path: Path, faults: Iterable[str]) -> ProfileFileError:
    """The error that tells every fault of a file."""
    told = tuple(faults)
    return ProfileFileError("\n".join(f"{path}: {fault}" for fault in told), told)


def path_of(name: str, known: Mapping[str, Path], what: str, listing: str) -> Path:
    """The file of an id, or a file by its name; raises `ProfileFileError` for neither."""
    if name in known:
        return known[name]
    if name.endswith(".toml"):
        return Path(name)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f", did you mean {close[0]}?" if close else f": {listing}"
    raise ProfileFileError(f"there is no {what} {name!r}{hint} A file's name ends with .toml")


def joined(loc: Iterable[int | str]) -> str:
    """A place as a person writes it: `field[2].unit`."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def _keys(model: ModuleType) -> list[str]:
    tables = [
        one for one in vars(model).values() if isinstance(one, type) and issubclass(one, BaseModel)
    ]
    return sorted({key for table in tables for key in table.model_fields})


def _sentences(
    error: ValidationError, keys: list[str], what: str, key_of: Callable[[Loc], str]
) -> Iterator[str]:
    for one in error.errors(include_url=False):
        key = key_of(one["loc"])
        if one["type"] == "missing":
            yield f"{key} is not set: add it"
        elif one["type"] == "extra_forbidden":
            close = difflib.get_close_matches(str(one["loc"][-1]), keys, n=1)
            hint = f", did you mean {close[0]}?" if close else ""
            yield f"{key} is no key of {what}{hint}"
        else:
            yield f"{key}: {_words(one)}"


def _words(error: Any) -> str:
    """The words of pydantic, or ours where those name a pattern."""
    said: str = error["msg"].removeprefix("Value error, ")
    return _IN_WORDS.get(error.get("ctx", {}).get("pattern", ""), said)
