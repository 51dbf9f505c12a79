"""Reads profiles: a file that is wrong anywhere is refused, with the key and the cure."""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from dosebook_edge.capture.instrument import profile as model
from dosebook_edge.capture.instrument.profile import Profile
from dosebook_edge.capture.instrument.proof import failures
from dosebook_edge.capture.instrument.rules import broken
from dosebook_edge.capture.instrument.safety import unsafe

SHIPPED: Final = Path(__file__).parent / "profiles"
ADAPTER: Final[TypeAdapter[Profile]] = TypeAdapter(
    Annotated[Profile, Field(discriminator="engine")]
)
_TABLES: Final = [
    one for one in vars(model).values() if isinstance(one, type) and issubclass(one, BaseModel)
]
_KEYS: Final = sorted({key for table in _TABLES for key in table.model_fields})


class ProfileError(ValueError):
    """A profile is refused; each line names the file, the key and the cure."""


def load(path: Path) -> Profile:
    """A profile whose form, rules, safety and vectors all hold.

    Raises:
        ProfileError: anything else, with every fault that was found.
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path} is not TOML: {error}") from None
    try:
        found = ADAPTER.validate_json(json.dumps(tree, default=str))
    except ValidationError as error:
        raise _refused(path, _sentences(error)) from None
    for check in (broken, unsafe, failures):
        if faults := list(check(found)):
            raise _refused(path, faults)
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
    known = shipped()
    if name in known:
        return known[name]
    if not name.endswith(".toml"):
        close = difflib.get_close_matches(name, known, n=1)
        hint = f", did you mean {close[0]}?" if close else ": dosebook-box instrument list"
        raise ProfileError(f"there is no profile {name!r}{hint} A file's name ends with .toml")
    return Path(name)


def _refused(path: Path, faults: Any) -> ProfileError:
    return ProfileError("\n".join(f"{path}: {fault}" for fault in faults))


def _sentences(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False):
        key = _key(one["loc"])
        if one["type"] == "missing":
            yield f"{key} is not set: add it"
        elif one["type"] == "extra_forbidden":
            close = difflib.get_close_matches(str(one["loc"][-1]), _KEYS, n=1)
            hint = f", did you mean {close[0]}?" if close else ""
            yield f"{key} is no key of a profile{hint}"
        else:
            yield f"{key or 'engine'}: {one['msg'].removeprefix('Value error, ')}"


def _key(loc: tuple[int | str, ...]) -> str:
    # The first part is the engine that was chosen, a tag and no key; so are those of sub-tables.
    tags = {"line", "poll", "frame", "modbus", "push"}
    parts = loc[1:] if loc and loc[0] in tags else loc
    text = ""
    for before, part in zip(("", *parts), parts, strict=False):
        if isinstance(part, int):
            text += f"[{part}]"
        elif before not in ("transport", "framing") or part not in (
            "serial", "tcp", "tcp-listen", "line", "packet"
        ):  # fmt: skip
            text += f".{part}" if text else part
    return text
