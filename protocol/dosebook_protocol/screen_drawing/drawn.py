"""What a person draws: a profile, how its pictures were taken, and the pixels of its patches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dosebook_protocol.screen_drawing.form import SCHEMA_VERSION, Form, Tree, tree_of

MOST_PICTURES: Final = 10
"""Pictures of a draft: as many as prove a profile."""

Cut = Callable[[Sequence[int]], str]
"""The part of the first picture in a box, as the `png` of a patch; "" where there is none."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a person draws: the profile, and how its pictures were taken.

    `grabbed`: they passed a grabber; `frames`: they show one screen, one after the other.
    """

    profile: Tree
    grabbed: bool = False
    frames: bool = False

    def body(self) -> dict[str, Any]:
        """What a store keeps: `Drawn(**body)` is the same again."""
        return {"profile": self.profile, "grabbed": self.grabbed, "frames": self.frames}


@dataclass(frozen=True, slots=True)
class PictureSize:
    """A picture of a draft, without its pixels."""

    number: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it stands; `version` grows with each change."""

    id: str
    version: int
    drawn: Drawn
    changed_by: str
    changed_at: datetime
    pictures: tuple[PictureSize, ...] = ()


def new_profile() -> Tree:
    """The profile that an empty draft begins with."""
    return {
        "schema_version": SCHEMA_VERSION,
        "id": "my-console",
        "languages": ["en"],
        "decimal_marks": ["."],
        "sources": ["pictures of our own console"],
    }


def sized(tree: Tree, width: int, height: int) -> Tree:
    """The profile with the size of its first picture, unless it has one."""
    return tree if tree.get("screen") else tree | {"screen": {"width": width, "height": height}}


def drawn_of(form: Form, before: Drawn, cut: Cut) -> Drawn:
    """What a form says; the pixels of patches are cut where their place is new."""
    tree = tree_of(form)
    was = {str(one.get("box")): one.get("png") for one in before.profile.get("patch", ())}
    for patch in tree.get("patch", ()):
        box = patch.get("box")
        patch.pop("png", None)
        png = was.get(str(box)) or (cut(box) if _is_box(box) else "")
        if png:
            patch["png"] = png
    names = set(form.keys())
    return Drawn(tree, "grabbed" in names, "frames" in names)


def _is_box(box: object) -> bool:
    return isinstance(box, list) and all(isinstance(one, int) for one in box)
