"""Write a profile as TOML, in the order in which a person reads one."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_WIDE: Final = 100


def to_toml(tree: dict[str, Any]) -> str:
    """The file of a profile: `tomllib.loads` gives the same tree back."""
    return "\n".join(_table(tree, "")).lstrip("\n") + "\n"


def _table(tree: dict[str, Any], path: str) -> Iterator[str]:
    """Its own keys first, then the tables inside it."""
    inside = []
    for name, value in tree.items():
        if _is_tables(value) or (not path and isinstance(value, dict)):
            inside.append((name, value))
        else:
            yield f"{_key(name)} = {_value(value)}"
    for name, value in inside:
        below = f"{path}.{_key(name)}" if path else _key(name)
        if isinstance(value, dict):
            yield from ("", f"[{below}]")
            yield from _table(value, below)
            continue
        for one in value:
            yield from ("", f"[[{below}]]")
            yield from _table(one, below)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return _array([_value(one) for one in value])
    if isinstance(value, dict):
        pairs = (f"{_key(name)} = {_value(one)}" for name, one in value.items())
        return "{ " + ", ".join(pairs) + " }" if value else "{}"
    return _text(str(value))


def _array(values: Iterable[str]) -> str:
    listed = list(values)
    one_line = "[" + ", ".join(listed) + "]"
    if len(one_line) < _WIDE:
        return one_line
    return "[\n" + "".join(f"  {one},\n" for one in listed) + "]"


def _text(text: str) -> str:
    """A basic string; JSON escapes what TOML does, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
