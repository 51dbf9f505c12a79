"""What the box says is wrong with a profile, beside the fields of the form."""

import re
from collections.abc import Iterable
from typing import Any, Final

from dosebook_protocol.screen_drawing.form import PARTS, Tree, items
from dosebook_protocol.screen_drawing.keys import PROFILE, SECTIONS

Fault = tuple[str, str]
"""The key of a fault, `field[2].unit`, and the cure."""

_TAIL: Final = re.compile(r"(\[\d+\]|\.[^.\[]*)$")


def place_of(key: str, tree: Tree) -> str:
    """The field or heading beside which a fault of this key is told; "" where there is none."""
    names = {one.name for one in PROFILE} | {one.name for one in SECTIONS}
    names |= {f"{name}.{one.name}" for name, keys in PARTS.items() for one in keys}
    for path, section, _ in items(tree):
        below = [one.name for one in section.keys] + [one.name for one in section.inside]
        names |= {path} | {f"{path}.{name}" for name in below}
    while key and key not in names:
        shorter = _TAIL.sub("", key)
        key = "" if shorter == key else shorter
    return key


def places(faults: Iterable[Fault], tree: Tree) -> dict[str, list[str]]:
    """By the field beside which it is shown, the faults; "" has those that have no field."""
    found: dict[str, list[str]] = {}
    for key, text in faults:
        place = place_of(key, tree)
        found.setdefault(place, []).append(text if place == key else f"{key}: {text}")
    return found


def told(faults: Iterable[Fault], tree: Tree, problem: str = "") -> dict[str, Any]:
    """For the page's script; `problem` says why nothing could be checked."""
    listed = list(faults)
    return {"places": places(listed, tree), "faults": len(listed), "problem": problem}


def mend_first(count: int) -> str:
    """Why pictures are not read back with a profile that has so many faults."""
    are = "one thing is" if count == 1 else f"{count} things are"
    return f"{are} missing or wrong in the profile: see beside the fields"
