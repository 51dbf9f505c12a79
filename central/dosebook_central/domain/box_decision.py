"""What becomes of a decision that a person made at a box, beside those made in the registry.

Whoever decided first stands. A decision of a box whose author did not see what stands here changes
nothing: where it says the same it agrees, else it is shown as a disagreement.
"""

from collections.abc import Mapping
from enum import StrEnum

from dosebook_central.domain.screen_review import Confirmed, Decision


class Fate(StrEnum):
    """Where a decision of a box stands."""

    WAITING = "waiting"  # for its screen, or for the decision before it
    APPLIED = "applied"
    AGREES = "agrees"  # somebody had decided the same here
    DIFFERS = "differs"  # somebody had decided otherwise here: a person looks
    WITHDRAWN = "withdrawn"  # taken back at the box, or the undo that did that
    SETTLED = "settled"  # it differed, and a person looked
    REFUSED = "refused"  # it is not about what that screen shows


def actor_of(person: str, box_id: str) -> str:
    """How a person at a box is named where decisions have an author."""
    return f"{person} at box {box_id}"


def is_ready(after: str, fates: Mapping[str, Fate]) -> bool:
    """Whether the decision that came before at the box is through; "" is before all."""
    return not after or fates.get(after, Fate.WAITING) is not Fate.WAITING


def beside(standing: Decision | None, confirmed: Confirmed | None, act: str) -> Fate:
    """What a decision is that its author made without seeing the one that stands here."""
    if standing is None or act == "undo":
        return Fate.DIFFERS
    if standing.confirmed is None or confirmed is None:
        return Fate.AGREES if standing.act == act else Fate.DIFFERS
    is_same = standing.confirmed.value.value == confirmed.value.value
    return Fate.AGREES if is_same else Fate.DIFFERS
