"""What a draft may begin with: nothing, a profile that ships, or one that was drawn here."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dosebook_edge.capture.screen.drawn_profiles import DrawnProfiles
from dosebook_edge.capture.screen.loader import find, shipped
from dosebook_edge.kiosk.drawing.drafts import DraftError
from dosebook_protocol.screen_drawing.drawn import new_profile
from dosebook_protocol.screen_drawing.form import Tree, unknown_keys


@dataclass(frozen=True, slots=True)
class InUse:
    """A profile that was drawn here, and the source that reads with it."""

    source: str
    profile: str
    path: Path

    @property
    def key(self) -> str:
        """Names it in a form."""
        return f"{self.source}/{self.profile}"


@dataclass(frozen=True, slots=True)
class Starts:
    """The profiles of a box, those that were drawn here by their source."""

    drawn: DrawnProfiles
    sources: Sequence[str]

    def in_use(self) -> list[InUse]:
        """Every profile that was drawn here."""
        return [InUse(name, one.stem, one) for name in self.sources for one in self.drawn.of(name)]

    def offered(self) -> list[tuple[str, str]]:
        """What a draft may begin with: its key, and in words."""
        known = [(name, find(name).profile) for name in shipped()]
        return [
            *((one.key, f"{one.profile}, drawn for {one.source}") for one in self.in_use()),
            *((name, f"{one.maker} {one.model} ({name})") for name, one in known),
        ]

    def tree(self, key: str) -> Tree:
        """The profile of a key, "" for an empty one; raises `DraftError`."""
        if not key:
            return new_profile()
        path = (shipped() | {one.key: one.path for one in self.in_use()}).get(key)
        if path is None:
            raise DraftError("That profile is gone: load the page again.")
        tree: Tree = tomllib.loads(path.read_text(encoding="utf-8"))
        if unknown := unknown_keys(tree):
            raise DraftError(f"This page lacks keys of that profile: {', '.join(unknown[:5])}.")
        return tree
