"""Changes one key in a box file and leaves every other line as it is."""

import json
import os
import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dosebook_edge.config.layers import ConfigError, check_key, load, parse_text


def set_value(path: Path, key: str, text: str, environment: Mapping[str, str]) -> None:
    """Write one key; the file is only replaced by one that is valid. Raises `ConfigError`."""
    check_key(key, "config set")
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    after = _edited(before, key, parse_text(key, text))
    path.parent.mkdir(parents=True, exist_ok=True)
    trial = path.with_name(path.name + ".new")
    _make_alike(trial, path)
    trial.write_text(after, encoding="utf-8")
    try:
        load(trial, environment)
    except ConfigError:
        trial.unlink()
        raise
    trial.replace(path)


def _make_alike(new: Path, old: Path) -> None:
    """Make an empty file for the eyes of those who may read the old one, before anything is in it.

    The file of a box can hold hashes of PINs: where there is none yet, nobody else reads it.
    """
    new.unlink(missing_ok=True)
    new.touch(mode=0o640)
    if old.exists():
        was = old.stat()
        new.chmod(stat.S_IMODE(was.st_mode))
        with suppress(PermissionError):
            os.chown(new, was.st_uid, was.st_gid)


def _edited(text: str, key: str, value: Any) -> str:
    section, _, rest = key.partition(".")
    if section == "source":
        name, _, name_key = rest.partition(".")
        start, end = _source_span(text, name)
        if start < 0:
            block = f"\n[[source]]\nname = {_toml(name)}\n{name_key} = {_toml(value)}\n"
            return text.rstrip("\n") + "\n" + block if text else block.lstrip("\n")
        return _put(text, start, end, name_key, value)
    header = re.search(rf"(?m)^\[{re.escape(section)}\][^\n]*\n?", text)
    if header is None:
        block = f"[{section}]\n{rest} = {_toml(value)}\n"
        return f"{block}\n{text}" if text else block
    return _put(text, header.end(), _table_end(text, header.end()), rest, value)


def _source_span(text: str, name: str) -> tuple[int, int]:
    for header in re.finditer(r"(?m)^\[\[source\]\][^\n]*\n?", text):
        end = _table_end(text, header.end())
        if re.search(rf"(?m)^\s*name\s*=\s*[\"']{re.escape(name)}[\"']", text[header.end() : end]):
            return header.end(), end
    return -1, -1


def _table_end(text: str, start: int) -> int:
    following = re.compile(r"(?m)^\[").search(text, start)
    return following.start() if following else len(text)


def _put(text: str, start: int, end: int, key: str, value: Any) -> str:
    table = text[start:end]
    line = f"{key} = {_toml(value)}"
    found = re.search(rf"(?m)^\s*{re.escape(key)}\s*=[^\n]*$", table)
    if found is not None:
        table = table[: found.start()] + line + table[found.end() :]
    else:
        body = table.rstrip("\n")
        table = (body + "\n" if body else "") + line + "\n" + table[len(body) :].lstrip("\n")
        table += "\n" if end < len(text) and not table.endswith("\n\n") else ""
    return text[:start] + table + text[end:]


def _toml(value: Any) -> str:
    # TOML's basic strings, numbers, booleans and arrays of them are written as JSON writes them.
    return json.dumps(value, ensure_ascii=False)
