"""What holds of a series of decisions: an undo takes back the one before it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeVar

Act = Literal["confirm", "ignore", "undo"]


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision as it was made; an `ignore` and an `undo` name no procedure."""

    act: Act
    procedure_id: str
    by: str
    at: datetime


class _Act(Protocol):
    @property
    def act(self) -> str: ...


T = TypeVar("T", bound=_Act)


def standing(decided: Iterable[T]) -> T | None:
    """Return the decision that holds after a series of them, oldest first; None if none does."""
    held: list[T] = []
    for one in decided:
        if one.act != "undo":
            held.append(one)
        elif held:
            held.pop()
    return held[-1] if held else None
