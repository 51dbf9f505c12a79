"""Layers of configuration: defaults < box file < environment < what the registry signed."""

import difflib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from dosebook_edge.config.keys import BoxSettings
from dosebook_edge.config.sources import DEFAULT_KIND, SOURCES
from dosebook_protocol.record import BoxConfig

ENVIRONMENT: Final = "DOSEBOOK_BOX__"
DESIRED: Final = "desired-config.json"
DEFAULT_FILE: Final = Path("/etc/dosebook-box/box.toml")


class ConfigError(ValueError):
    """A configuration that cannot be used; the text names the key, its origin and the cure."""

    code = "DOSEBOOK-CONFIG"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid configuration, where each value came from, and what of the registry was left out."""

    settings: BoxSettings
    path: Path
    origins: Mapping[str, str]
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    """Values under dotted keys while the layers are put on each other."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def put(self, key: str, value: Any, origin: str) -> None:
        self.values[key] = value
        self.origins[key] = origin

    def tree(self) -> dict[str, Any]:
        """Nested tables, sources as a list in the order of the file."""
        tree: dict[str, Any] = {}
        sources: dict[str, dict[str, Any]] = {}
        for key, value in self.values.items():
            section, _, rest = key.partition(".")
            if section == "source":
                name, _, name_key = rest.partition(".")
                table = sources.setdefault(name, {"name": name, "kind": DEFAULT_KIND})
                table[name_key] = value
            else:
                tree.setdefault(section, {})[rest] = value
        return tree | ({"source": list(sources.values())} if sources else {})


def load(path: Path, environment: Mapping[str, str] | None = None) -> Loaded:
    """Read the configuration of a box; raises `ConfigError`."""
    draft = _Draft()
    for key, value in _file_values(path):
        draft.put(key, value, str(path))
    for key, value in _environment_values(os.environ if environment is None else environment):
        draft.put(key, value, "environment")
    settings = _validate(draft)
    desired = settings.box.data_dir / DESIRED
    problems: list[str] = []
    if desired.is_file():
        settings, problems = _with_desired(draft, settings, desired)
    return Loaded(settings, path, draft.origins, tuple(problems))


def known_keys() -> dict[str, Any]:
    """Every key with its field; those of a source as `source.*.key`."""
    keys: dict[str, Any] = {}
    for section, field_info in BoxSettings.model_fields.items():
        model = field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            keys |= {f"{section}.{name}": one for name, one in model.model_fields.items()}
    for source in SOURCES.values():
        # A key of several kinds is told of once, as the first has it.
        keys = {f"source.*.{name}": one for name, one in source.model_fields.items()} | keys
    return keys


def pattern_of(key: str) -> str:
    """The declared form of a key: `source.ct.port` is `source.*.port`."""
    parts = key.split(".")
    if len(parts) == 3 and parts[0] == "source":
        return f"source.*.{parts[2]}"
    return key


def check_key(key: str, origin: str) -> None:
    """Refuse a key that is not declared, with the nearest one; raises `ConfigError`."""
    keys = known_keys()
    if pattern_of(key) in keys:
        return
    near = difflib.get_close_matches(pattern_of(key), keys, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ConfigError(f"{origin}: unknown key {key!r}.{hint} All keys: dosebook-box config explain")


def is_local_only(key: str) -> bool:
    """Whether only the box itself may set a key."""
    return is_local(known_keys()[pattern_of(key)])


def is_local(declared: Any) -> bool:
    """Whether only the box itself may set what a field declares."""
    extra = declared.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("local_only"))


def flat(settings: BoxSettings) -> dict[str, Any]:
    """Every value in force under its dotted key, as it would be written."""
    dumped = settings.model_dump(mode="json")
    sources = dumped.pop("source")
    values = {
        f"{section}.{key}": value
        for section, table in dumped.items()
        for key, value in table.items()
    }
    for source in sources:
        name = source.pop("name")
        values |= {f"source.{name}.{key}": value for key, value in source.items()}
    return values


def _file_values(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"there is no configuration at {path}. Write one with at least a box id: "
            f"dosebook-box --config {path} config set box.id ct-room-1"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    for section, table in tree.items():
        if section == "source":
            yield from _source_values(path, table)
        elif isinstance(table, dict):
            for key, value in table.items():
                check_key(f"{section}.{key}", str(path))
                yield f"{section}.{key}", value
        else:
            check_key(section, str(path))


def _source_values(path: Path, tables: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise ConfigError(f"{path}: write each source as a table [[source]]")
    seen: set[str] = set()
    for table in tables:
        name = table.get("name")
        if not isinstance(name, str) or not name or "." in name:
            raise ConfigError(f'{path}: a [[source]] has no name, or one with a dot: name = "ct"')
        if name in seen:
            raise ConfigError(f"{path}: two sources are named {name!r}")
        seen.add(name)
        for key, value in table.items():
            check_key(f"source.{name}.{key}", str(path))
            yield f"source.{name}.{key}", value


def _environment_values(environment: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for variable, text in sorted(environment.items()):
        if variable.startswith(ENVIRONMENT):
            # A source's name may hold hyphens, which a variable cannot.
            parts = variable[len(ENVIRONMENT) :].lower().split("__")
            if len(parts) == 3:
                parts[1] = parts[1].replace("_", "-")
            key = ".".join(parts)
            check_key(key, f"environment variable {variable}")
            yield key, parse_text(key, text)


def parse_text(key: str, text: str) -> Any:
    """A value given as text: lists are separated by commas, the rest is for the field to read."""
    annotation = str(known_keys()[pattern_of(key)].annotation)
    if annotation.startswith("tuple"):
        return [one.strip() for one in text.split(",") if one.strip()]
    if annotation in ("<class 'bool'>", "<class 'int'>", "<class 'float'>"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _validate(draft: _Draft) -> BoxSettings:
    try:
        return BoxSettings.model_validate(draft.tree())
    except ValidationError as error:
        raise ConfigError("; ".join(_sentences(error, draft))) from None


def _sentences(error: ValidationError, draft: _Draft) -> Iterator[str]:
    sources = draft.tree().get("source", [])
    for one in error.errors(include_url=False):
        parts = [str(part) for part in one["loc"]]
        if len(parts) > 1 and parts[0] == "source":
            # The second part is the position, the third the kind.
            parts[1:3] = [sources[int(parts[1])]["name"]]
        key = ".".join(parts)
        origin = draft.origins.get(key, "configuration")
        if one["type"] == "missing":
            yield f"{key} is not set: dosebook-box config set {key} VALUE"
        else:
            message = one["msg"].removeprefix("Value error, ")
            yield f"{key or 'configuration'} ({origin}): {message}"


def _with_desired(
    draft: _Draft, settings: BoxSettings, path: Path
) -> tuple[BoxSettings, list[str]]:
    """Put on what the registry wants, key by key: a bad one never keeps a box from its work."""
    problems: list[str] = []
    try:
        desired = BoxConfig.model_validate_json(path.read_bytes())
    except ValidationError:
        return settings, [f"{path} is not a configuration that the uplink saved; it is left out"]
    origin = f"registry, revision {desired.revision}"
    for key, value in desired.settings.items():
        before = _Draft(dict(draft.values), dict(draft.origins))
        try:
            check_key(key, origin)
            if is_local_only(key):
                raise ConfigError(f"{origin}: {key} can only be set on the box itself")
            draft.put(key, value, origin)
            settings = _validate(draft)
        except ConfigError as error:
            problems.append(str(error))
            draft.values, draft.origins = before.values, before.origins
    return settings, problems
