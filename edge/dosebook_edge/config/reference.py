"""The reference page of the configuration, made from the declared keys."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from dosebook_edge.config.keys import BoxSettings
from dosebook_edge.config.kiosk import KioskPerson
from dosebook_edge.config.layers import is_local, is_local_only, known_keys, pattern_of
from dosebook_edge.config.sources import SOURCES
from dosebook_edge.config.values import show_duration, show_size

_HEAD = """# Configuration of a box

<!-- Made by `dosebook-box config reference`; a test compares. Change the keys in `config/`. -->

A box reads one TOML file, `/etc/dosebook-box/box.toml` unless `--config` or `DOSEBOOK_BOX_CONFIG`
names another. Later layers win: defaults, the file, environment variables
(`DOSEBOOK_BOX__OUTBOX__MAX_SIZE=2GB`, `DOSEBOOK_BOX__SOURCE__CT__PORT=104`), and what the
registry signed for this box. An unknown key is an error; a key that the registry may not set, or
a value that does not fit, is left out and reported. `dosebook-box config list --origin` shows
what is in force.

Durations are written `500ms`, `30s`, `5min`, `12h`, `30d`; sizes `500MB`, `4GB`, `1GiB`.
"""


def reference() -> str:
    """The whole page."""
    return _HEAD + "".join(_sections())


def explain(key: str) -> str:
    """One key for a person at a terminal."""
    field = known_keys()[pattern_of(key)]
    lines = [
        pattern_of(key),
        f"  {field.description}",
        f"  type     {type_of(field)}",
        f"  default  {default_of(field)}",
        f"  example  {example_of(field)}",
    ]
    if is_local_only(key):
        lines.append("  set on the box only, not by the registry")
    return "\n".join(lines)


def _sections() -> Iterator[str]:
    for name, section in BoxSettings.model_fields.items():
        model = section.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from _section(f"[{name}]", model)
    yield from _section("[[kiosk.person]]", KioskPerson)
    for kind, source in SOURCES.items():
        yield from _section(f'[[source]] kind = "{kind}"', source)


def _section(title: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"\n## `{title}`\n\n{model.__doc__}\n\n"
    yield "| key | type | default | example | meaning |\n| --- | --- | --- | --- | --- |\n"
    for key, field in model.model_fields.items():
        note = " Set on the box only." if is_local(field) else ""
        yield (
            f"| `{key}` | {type_of(field)} | {_code(default_of(field))} | "
            f"{_code(example_of(field))} | {field.description}{note} |\n"
        )


def type_of(field: Any) -> str:
    """Type and unit in words."""
    extra = field.json_schema_extra or {}
    unit = extra.get("unit", "")
    if unit in ("duration", "size", "tables"):
        return str(unit)
    text = str(field.annotation)
    for part, word in (
        ("Literal", "one of " + ", ".join(map(str, getattr(field.annotation, "__args__", ())))),
        ("tuple", "list of text"),
        ("bool", "true or false"),
        ("int", "whole number"),
        ("float", "number"),
        ("Path", "path"),
    ):
        if part in text:
            return word + (f", {unit}" if unit else "")
    return "text"


def default_of(field: Any) -> str:
    """The default as it would be written, `required` where there is none."""
    return "required" if field.default is PydanticUndefined else _written(field.default, field)


def example_of(field: Any) -> str:
    """An example as it would be written."""
    return _written(field.examples[0], field)


def _written(value: Any, field: Any) -> str:
    unit = (field.json_schema_extra or {}).get("unit", "")
    if value is None or value in ((), ""):
        return "none"
    if isinstance(value, timedelta):
        return show_duration(value)
    if unit == "size" and isinstance(value, int):
        return show_size(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(value)
    return str(value.as_posix() if isinstance(value, Path) else value)


def _code(text: str) -> str:
    return text if text in ("required", "none") else f"`{text}`"
