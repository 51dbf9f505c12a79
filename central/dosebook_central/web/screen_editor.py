"""The page on which a profile is drawn: its form, what is wrong with it, and what was read back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from flask import render_template

from dosebook_central.screens.drawing import keys
from dosebook_central.screens.drawing.drafts import MOST_PICTURES, Draft
from dosebook_central.screens.drawing.form import Tree, fields_of, place_of
from dosebook_central.screens.drawing.reader import BoxReader, Fault, PictureRead, ReaderError
from dosebook_central.screens.drawing.toml import to_toml
from dosebook_central.web.context import context
from dosebook_protocol.quantities import QUANTITIES

_UNITS: Final = sorted({one.unit for one in QUANTITIES.values()} | {"cGy.cm2", "uGy.m2", "mGy.cm2"})


@dataclass(frozen=True, slots=True)
class Told:
    """What the box says of a draft; `problem` says why it says nothing."""

    faults: Sequence[Fault] = ()
    problem: str = ""

    def places(self, tree: Tree) -> dict[str, list[str]]:
        """By the field beside which it is shown, the faults; "" has those that have no field."""
        found: dict[str, list[str]] = {}
        for one in self.faults:
            place = place_of(one.key, tree)
            said = one.text if place == one.key else f"{one.key}: {one.text}"
            found.setdefault(place, []).append(said)
        return found

    def as_json(self, tree: Tree) -> dict[str, Any]:
        """For the page's script."""
        return {"places": self.places(tree), "faults": len(self.faults), "problem": self.problem}


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What the box reads on the pictures of a draft."""

    pictures: Sequence[PictureRead] = field(default=())
    problem: str = ""

    @property
    def accepted(self) -> int:
        """Values that would be released."""
        return sum(one.accepted for one in self.pictures)

    @property
    def review(self) -> int:
        """Values that would wait for a person."""
        return sum(one.review for one in self.pictures)

    @property
    def refused(self) -> int:
        """Pictures on which nothing is read."""
        return sum(one.refused is not None for one in self.pictures)


def checked(tree: Tree) -> Told:
    """Ask the box what is wrong with a profile."""
    try:
        return Told(BoxReader(context().screen_reader).check(to_toml(tree)).faults)
    except ReaderError as error:
        return Told(problem=str(error))


def editor_page(draft: Draft, told: Told | None = None, **shown: Any) -> str:
    """The whole page, with what the box said is wrong where it was asked."""
    tree = draft.drawn.profile
    told = told or Told()
    return render_template(
        "screen_profile.html",
        draft=draft,
        tree=tree,
        fields=fields_of(tree),
        keys=keys,
        told=told,
        places=told.places(tree),
        units=_UNITS,
        most_pictures=MOST_PICTURES,
        **({"read_back": None, "error": "", "picture_error": ""} | shown),
    )
