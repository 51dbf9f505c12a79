"""The page on which a profile is drawn: its form, what is wrong with it, and what was read back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import render_template

from dosebook_central.screens.drawing.reader import BoxReader, PictureRead, ReaderError
from dosebook_central.web.context import context
from dosebook_protocol.screen_drawing.controls import UNITS, blanks_html, form_html
from dosebook_protocol.screen_drawing.drawn import MOST_PICTURES, Draft
from dosebook_protocol.screen_drawing.faults import Fault, places
from dosebook_protocol.screen_drawing.form import Tree
from dosebook_protocol.screen_drawing.toml import to_toml


@dataclass(frozen=True, slots=True)
class Told:
    """What the box says of a draft; `problem` says why it says nothing."""

    faults: Sequence[Fault] = ()
    problem: str = ""


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
        found = BoxReader(context().screen_reader).check(to_toml(tree)).faults
    except ReaderError as error:
        return Told(problem=str(error))
    return Told([(one.key, one.text) for one in found])


def editor_page(draft: Draft, told: Told | None = None, **shown: Any) -> str:
    """The whole page, with what the box said is wrong where it was asked."""
    tree = draft.drawn.profile
    told = told or Told()
    return render_template(
        "screen_profile.html",
        draft=draft,
        tree=tree,
        form=form_html(draft.drawn, places(told.faults, tree)),
        blanks=blanks_html(),
        told=told,
        units=UNITS,
        most_pictures=MOST_PICTURES,
        **({"read_back": None, "error": "", "picture_error": ""} | shown),
    )
