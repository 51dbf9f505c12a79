"""The transcript of an exposure: what went over the wire, from before it began to its last change.

What the instrument was asked before and is not asked again, as its unit, comes first, so that the
transcript can be replayed alone.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from dosebook_edge.capture.instrument.reading import Answer
from dosebook_edge.capture.instrument.wire.heard import Heard
from dosebook_edge.capture.instrument.wire.transcript import MARK, written

_BEFORE: Final = 3  # readings: where it stood, the first that rose, the next that bears it out


@dataclass(slots=True)
class _Exchange:
    """A question with all that came until the next, or unasked pieces up to an answer."""

    lines: list[str] = field(default_factory=list)
    has_value: bool = False


class Telling:
    """Keeps the lines that the exposure going on, or the next one, needs.

    Args:
        remembered: names of telegrams that say what later ones mean.
        asks: whether the box asks; otherwise an answer ends what belongs together.
    """

    def __init__(self, remembered: frozenset[str], *, asks: bool) -> None:
        self._remembered = remembered
        self._asks = asks
        self._setup: dict[str, list[str]] = {}
        self._history: deque[_Exchange] = deque([_Exchange()])
        self._tail: list[str] = []
        self.kept: list[str] = []

    def note(self, heard: Heard, *, has_value: bool) -> None:
        """Add what was heard; `has_value`: the value that is followed is in it."""
        if heard.event == "opened":
            self._setup.clear()
            self._next()
            self._add(written(heard))
        elif heard.event in ("sent", "received"):
            if heard.event == "sent":
                self._next()
            self._add(written(heard))
        self._history[-1].has_value |= has_value
        answers = [one.telegram for one in heard.outcomes if isinstance(one, Answer)]
        for telegram in self._remembered.intersection(answers):
            self._setup[telegram] = list(self._history[-1].lines)
        if answers and not self._asks:
            self._next()

    def begin(self) -> None:
        """An exposure has begun: what came just before belongs to it."""
        recent = [line for one in self._history for line in one.lines]
        setup = [line for lines in self._setup.values() for line in lines if line not in recent]
        self.kept = setup + recent
        self._tail.clear()

    def keep(self) -> None:
        """It goes on: what came so far belongs to it."""
        self.kept += self._tail
        self._tail.clear()

    def idle(self) -> None:
        """None goes on."""
        self.kept = []
        self._tail.clear()

    def _add(self, line: str) -> None:
        self._history[-1].lines.append(line)
        self._tail.append(line)

    def _next(self) -> None:
        if self._history[-1].lines:
            self._history.append(_Exchange())
        while sum(one.has_value for one in self._history) > _BEFORE:
            self._history.popleft()
        while len(self._history) > 1 and not self._history[0].has_value:
            # Before the first reading there is no reading to prove.
            self._history.popleft()


def transcript_of(lines: tuple[str, ...], *remarks: str) -> str:
    """A transcript file of some lines."""
    head = [MARK.decode(), *(f"# {remark}" for remark in remarks if remark)]
    return "\n".join((*head, *lines)) + "\n"
