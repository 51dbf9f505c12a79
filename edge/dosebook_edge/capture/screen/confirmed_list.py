"""What persons confirmed on a box's screens, as somebody looks through it: console by console."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dosebook_edge.capture.screen.confirmation import Confirmation
from dosebook_edge.capture.screen.confirmed_shapes import Vote, contradicted, taught, votes_of


@dataclass(frozen=True, slots=True)
class Dispute:
    """One shape that persons call different characters: none of them counts.

    `said` is who called it what: character, confirmation; each pair once.
    """

    said: tuple[tuple[str, Confirmation], ...]

    @property
    def sentence(self) -> str:
        """What stands against what, and by whom."""
        parts = [f"{one} in {each.id[:8]} by {each.by}" for one, each in self.said]
        return f"one shape is called {', '.join(parts)}: none of it counts"


@dataclass(frozen=True, slots=True)
class Console:
    """What was confirmed on the screens of one source with one profile.

    Attributes:
        found: confirmations in force, the newest first.
        taught: the characters that they teach, in order.
        silent: ids of those whose ink does not part into characters: they teach nothing.
    """

    source: str
    profile: str
    found: tuple[Confirmation, ...]
    taught: str
    disputes: tuple[Dispute, ...]
    silent: frozenset[str]

    @property
    def disputed(self) -> frozenset[str]:
        """Ids of the confirmations that contradict each other."""
        return frozenset(each.id for one in self.disputes for _, each in one.said)


def consoles(every: Iterable[Confirmation]) -> list[Console]:
    """Each console with what counts of it."""
    groups: dict[tuple[str, str], list[Confirmation]] = defaultdict(list)
    for one in every:
        if not one.forgotten_by:
            groups[one.source, one.profile].append(one)
    return [_console(*key, found) for key, found in sorted(groups.items())]


def _console(source: str, profile: str, found: Sequence[Confirmation]) -> Console:
    votes = votes_of(found)
    voters = {vote.confirmation.id for vote in votes}
    return Console(
        source=source,
        profile=profile,
        found=tuple(reversed(found)),
        taught="".join(sorted(taught(votes))),
        disputes=tuple(_dispute(one) for one in contradicted(votes)),
        silent=frozenset(one.id for one in found if one.id not in voters),
    )


def _dispute(votes: Iterable[Vote]) -> Dispute:
    return Dispute(tuple(dict.fromkeys((one.character, one.confirmation) for one in votes)))
