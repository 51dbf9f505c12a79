"""The registry's configuration: every key once, with type, default, example and meaning.

Precedence: default < `registry.toml` in the data folder < environment (`DOSEBOOK_WEB_PORT`).
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE_NAME: Final = "registry.toml"
ENVIRONMENT_PREFIX: Final = "DOSEBOOK_"

Value = str | int | bool | list[str]


class ConfigError(Exception):
    """The configuration cannot be used; the text names the key and what to write."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the configuration."""

    name: str  # section.key
    default: Value
    meaning: str
    example: str

    @property
    def type_name(self) -> str:
        """The type in words."""
        return {str: "text", int: "whole number", bool: "true or false", list: "list of texts"}[
            type(self.default)
        ]

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return ENVIRONMENT_PREFIX + self.name.replace(".", "_").upper()


KEYS: Final = (
    Key("registry.organisation", "", "Name of the hospital, on every page.", '"CHU Example"'),
    Key(
        "registry.country",
        "",
        "Whose diagnostic reference levels come first: a country code of two letters.",
        '"BE"',
    ),
    Key(
        "registry.subdivision",
        "",
        "The part of the country whose exemptions from comparisons hold, by ISO 3166-2.",
        '"DE-BY"',
    ),
    Key(
        "database.url",
        "",
        "Where the database is. Empty: registry.db in the data folder (SQLite).",
        '"postgresql://dosebook@db.example/dosebook"',
    ),
    Key(
        "evidence.folder", "", "Where evidence lies. Empty: evidence in the data folder.", '"/srv"'
    ),
    Key(
        "broker.host",
        "",
        "Host of an external MQTT broker. Empty: the built-in broker runs in this process.",
        '"mqtt.example"',
    ),
    Key("broker.port", 8883, "Port of the broker; 0 with the built-in one is any free.", "8883"),
    Key(
        "broker.registry_port",
        0,
        "Port of an external broker for the registry itself. 0: broker.port.",
        "8884",
    ),
    Key("broker.listen", "0.0.0.0", "Address on which the built-in broker listens.", '"10.0.0.5"'),  # noqa: S104 - boxes come from the network, with certificates
    Key(
        "broker.names",
        [],
        "Host names and addresses by which boxes reach the broker; the first goes to new boxes.",
        '["dosebook.example", "10.0.0.5"]',
    ),
    Key(
        "broker.shards",
        ["+"],
        "Shards (two hex digits) that this worker serves; + is all of them.",
        '["00", "01"]',
    ),
    Key("web.host", "127.0.0.1", "Address on which the pages are served.", '"0.0.0.0"'),
    Key("web.port", 8080, "Port of the pages; 0 is any free one.", "8443"),
    Key(
        "web.secure_cookies",
        False,
        "Whether cookies go over HTTPS only: true behind a proxy that speaks HTTPS.",
        "true",
    ),
    Key(
        "web.trusted_proxy",
        "",
        "Reverse proxy whose X-Forwarded-For tells where a person sits. Empty: none.",
        '"127.0.0.1"',
    ),
    Key("web.threads", 8, "How many pages are made at the same time.", "16"),
    Key("web.idle_minutes", 60, "After how long without a click a person is signed out.", "30"),
    Key("web.upload_limit_mb", 2048, "Largest upload.", "500"),
    Key(
        "screens.reader",
        "dosebook-box",
        "Program of the box, by name or path: profiles are checked and read back with it. Empty: "
        "they are drawn only.",
        '"/opt/dosebook/bin/dosebook-box"',
    ),
    Key("log.level", "info", "debug, info, warning or error.", '"debug"'),
)
_BY_NAME: Final = {key.name: key for key in KEYS}


@dataclass(frozen=True, slots=True)
class Config:
    """Values of all keys, and where each came from."""

    values: Mapping[str, Value]
    origins: Mapping[str, str]

    def text(self, name: str) -> str:
        """Return a text."""
        value = self.values[name]
        assert isinstance(value, str)  # noqa: S101 - `_checked` has seen to it
        return value

    def number(self, name: str) -> int:
        """Return a whole number."""
        value = self.values[name]
        assert isinstance(value, int)  # noqa: S101 - as above
        return value

    def flag(self, name: str) -> bool:
        """Return whether it is on."""
        return self.values[name] is True

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.values[name]
        assert isinstance(value, list)  # noqa: S101 - as above
        return tuple(value)


def load(data_dir: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration of a data folder; raises `ConfigError`."""
    values: dict[str, Value] = {key.name: key.default for key in KEYS}
    origins = dict.fromkeys(values, "default")
    path = data_dir / FILE_NAME
    for name, value in _read_file(path).items():
        values[name], origins[name] = _checked(_known(name, path.name), value), path.name
    for key in KEYS:
        if key.variable in environment:
            values[key.name] = _from_environment(key, environment[key.variable])
            origins[key.name] = key.variable
    return Config(values, origins)


def template() -> str:
    """Return a configuration file with every key at its default, commented out."""
    lines = ["# Configuration of a Dosebook registry. Every key with its default."]
    section = ""
    for key in KEYS:
        name, _, short = key.name.partition(".")
        if name != section:
            section = name
            lines += ["", f"[{section}]"]
        lines += [f"# {key.meaning}", f"# {short} = {_toml(key.default)}"]
    return "\n".join(lines) + "\n"


def _read_file(path: Path) -> dict[str, object]:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    flat: dict[str, object] = {}
    for section, keys in tree.items():
        if not isinstance(keys, dict):
            raise ConfigError(f"{path.name}: {section} must stand in a section such as [web]")
        flat |= {f"{section}.{name}": value for name, value in keys.items()}
    return flat


def _known(name: str, where: str) -> Key:
    key = _BY_NAME.get(name)
    if key is not None:
        return key
    close = difflib.get_close_matches(name, _BY_NAME, 1, 0.5)
    hint = f": did you mean {close[0]}?" if close else ""
    raise ConfigError(f"{where}: there is no key {name}{hint}")


def _checked(key: Key, value: object) -> Value:
    is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
    if type(value) is not type(key.default) or (isinstance(value, list) and not is_list):
        raise ConfigError(f"{key.name} must be a {key.type_name}, for example {key.example}")
    assert isinstance(value, str | int | bool | list)  # noqa: S101 - of the default's type
    return value


def _from_environment(key: Key, text: str) -> Value:
    if isinstance(key.default, bool):
        if text.lower() not in {"true", "false", "1", "0"}:
            raise ConfigError(f"{key.variable} must be true or false")
        return text.lower() in {"true", "1"}
    if isinstance(key.default, int):
        if not text.isascii() or not text.isdigit():
            raise ConfigError(f"{key.variable} must be a whole number")
        return int(text)
    if isinstance(key.default, list):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _toml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(f'"{one}"' for one in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
