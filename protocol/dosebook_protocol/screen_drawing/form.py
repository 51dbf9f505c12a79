"""A profile as the fields of a form, and back: names are the keys of faults, `field[2].unit`.

What cannot be read as what it should be stays as it was typed: the box says what is wrong with it,
and nothing that was typed is lost.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from dosebook_protocol.screen_drawing.keys import (
    PROFILE,
    RELEASE,
    SCREEN,
    SECTIONS,
    Key,
    Section,
)

SCHEMA_VERSION: Final = 1
PARTS: Final = {"screen": SCREEN, "release": RELEASE}
_SIDES: Final = {"box": 4, "span": 2}
_STEP: Final = re.compile(r"([a-z_]+)(?:\[(\d+)\])?")

Tree = dict[str, Any]


class Form(Protocol):
    """What a browser sent; werkzeug's MultiDict is one."""

    def getlist(self, key: str) -> list[str]:
        """Every value of a name, in order."""
        ...

    def keys(self) -> Iterable[str]:
        """The names."""
        ...


def tree_of(form: Form) -> Tree:
    """The profile that the fields of a form say; what is empty is left out."""
    tree: Tree = {"schema_version": SCHEMA_VERSION} | _read(PROFILE, "", form)
    for name, keys in PARTS.items():
        if part := _read(keys, f"{name}.", form):
            tree[name] = part
    return tree | _read_sections(SECTIONS, "", form)


def fields_of(tree: Tree) -> dict[str, list[str]]:
    """The fields of a form that says this profile: the opposite of `tree_of`."""
    fields = _written(PROFILE, "", tree)
    for name, keys in PARTS.items():
        fields |= _written(keys, f"{name}.", _table(tree.get(name)))
    for path, section, item in items(tree):
        fields |= _written(section.keys, f"{path}.", item)
    return fields


def items(
    tree: Mapping[str, Any], sections: Sequence[Section] = SECTIONS, prefix: str = ""
) -> Iterable[tuple[str, Section, Tree]]:
    """Every part of a profile that there may be many of: its path, its kind, and what it says."""
    for section in sections:
        listed = tree.get(section.name, ())
        for index, one in enumerate(listed if isinstance(listed, list) else ()):
            path = f"{prefix}{section.name}[{index}]"
            yield path, section, _table(one)
            yield from items(_table(one), section.inside, f"{path}.")


def unknown_keys(tree: Tree) -> list[str]:
    """Keys of a file that the form does not have, or that it would write otherwise."""
    kept = tree_of(Fields(fields_of(tree)))
    return sorted(_differences(without_defaults(tree), kept, ""))


def without_defaults(tree: Tree) -> Tree:
    """The same profile without the keys that say what the file means without them."""
    bare = _bare(PROFILE, tree)
    for name, keys in PARTS.items():
        if name in tree:
            bare[name] = _bare(keys, _table(tree[name]))
    bare = {name: one for name, one in bare.items() if one != {}}
    return bare | _bare_sections(SECTIONS, tree)


def changed(tree: Tree, verb: str, path: str) -> None:
    """Add an empty part to a list, or remove one, in place; a path that is not there does nothing.

    Args:
        tree: the profile.
        verb: `add` or `remove`.
        path: of the list, `table[0].column`, or of the part, `table[0].column[2]`.
    """
    steps = [(one[1], one[2]) for one in map(_STEP.fullmatch, path.split(".")) if one]
    where: Tree = tree
    for name, index in steps[:-1]:
        listed = where.get(name, [])
        if not index or int(index) >= len(listed):
            return
        where = listed[int(index)]
    if not steps or steps[-1][0] not in {one.name for one in _every(SECTIONS)}:
        return
    name, index = steps[-1]
    listed = where.setdefault(name, []) if verb == "add" else where.get(name, [])
    if verb == "add":
        listed.append({})
    elif verb == "remove" and index and int(index) < len(listed):
        del listed[int(index)]


class Fields:
    """Texts by name, as a form has them."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    def getlist(self, key: str) -> list[str]:
        """Every text of a name, in order."""
        return self._fields.get(key, [])

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._fields.keys()


def _every(sections: Sequence[Section]) -> Iterable[Section]:
    for one in sections:
        yield one
        yield from _every(one.inside)


def _table(value: Any) -> Tree:
    return value if isinstance(value, dict) else {}


def _read_sections(sections: Sequence[Section], prefix: str, form: Form) -> Tree:
    tree: Tree = {}
    for section in sections:
        begin = re.compile(re.escape(f"{prefix}{section.name}") + r"\[(\d{1,3})\]")
        found = {int(one[1]) for one in map(begin.match, form.keys()) if one}
        listed = []
        for index in sorted(found):
            path = f"{prefix}{section.name}[{index}]."
            kind = "".join(form.getlist(f"{path}kind")[:1])
            keys = [one for one in section.keys if not one.only or kind in one.only]
            listed.append(_read(keys, path, form) | _read_sections(section.inside, path, form))
        if listed:
            tree[section.name] = listed
    return tree


def _read(keys: Iterable[Key], prefix: str, form: Form) -> Tree:
    tree: Tree = {}
    for key in keys:
        texts = [one.strip() for one in form.getlist(prefix + key.name)]
        if any(texts):
            value = _value(key, texts)
            if value != key.default:
                tree[key.name] = value
    return tree


def _value(key: Key, texts: list[str]) -> Any:
    """What a field says, as the file has it."""
    first = texts[0]
    lines = [one.strip() for one in first.splitlines() if one.strip()]
    if key.kind in _SIDES:
        return [_number(one, int) for one in texts[: _SIDES[key.kind]]]
    if key.kind in {"whole", "share"}:
        return _number(first, int if key.kind == "whole" else float)
    if key.kind == "words":
        return first.split()
    if key.kind == "lines":
        return lines
    if key.kind in {"pairs", "lists"}:
        pairs = dict(_pair(one, is_last=key.is_last) for one in lines)
        if key.kind == "pairs":
            return pairs
        return {name: [one.strip() for one in text.split(",")] for name, text in pairs.items()}
    return first.replace("\r", "")


def _number(text: str, kind: type[int] | type[float]) -> int | float | str:
    try:
        return kind(text)
    except ValueError:
        return text


def _pair(line: str, *, is_last: bool) -> tuple[str, str]:
    left, _, right = line.rpartition("=") if is_last else line.partition("=")
    return left.strip(), right.strip()


def _written(keys: Iterable[Key], prefix: str, tree: Tree) -> dict[str, list[str]]:
    return {prefix + key.name: _texts(key, tree[key.name]) for key in keys if key.name in tree}


def _texts(key: Key, value: Any) -> list[str]:
    """The texts of the fields that say a value."""
    if isinstance(value, list):
        separator = " " if key.kind == "words" else "\n"
        texts = [str(one) for one in value]
        return texts if key.kind in _SIDES else [separator.join(texts)]
    if isinstance(value, dict):
        lines = [
            f"{name} = {', '.join(map(str, text)) if isinstance(text, list) else text}"
            for name, text in value.items()
        ]
        return ["\n".join(lines)]
    return [str(value)]


def _bare(keys: Iterable[Key], tree: Tree) -> Tree:
    """Without defaults; keys that the form does not know stay, so that they are seen."""
    defaults = {one.name: one.default for one in keys if one.default is not None}
    known = {one.name for one in SECTIONS} | {"column", "footer"} | PARTS.keys()
    return {
        name: value
        for name, value in tree.items()
        if name not in known
        and not (name in defaults and value == defaults[name])
        and value not in ([], {}, "")
    }


def _bare_sections(sections: Sequence[Section], tree: Tree) -> Tree:
    return {
        section.name: [
            _bare(section.keys, _table(one)) | _bare_sections(section.inside, _table(one))
            for one in tree[section.name]
        ]
        for section in sections
        if tree.get(section.name)
    }


def _differences(one: Any, two: Any, path: str) -> Iterable[str]:
    if isinstance(one, dict) and isinstance(two, dict):
        for name in one.keys() | two.keys():
            below = f"{path}.{name}" if path else name
            yield from _differences(one.get(name), two.get(name), below)
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for index, (first, second) in enumerate(zip(one, two, strict=True)):
            yield from _differences(first, second, f"{path}[{index}]")
    elif one != two:
        yield path
