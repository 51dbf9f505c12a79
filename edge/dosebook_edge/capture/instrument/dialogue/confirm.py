"""A unit that can be changed at the instrument is asked before and after each reading.

A reading is told once the unit was heard again and is the same: a change between the two questions
would make it ten or a hundred times too large.
"""

from dataclasses import replace

from dosebook_edge.capture.instrument.parsing.units import units_elsewhere
from dosebook_edge.capture.instrument.profile.model import Profile
from dosebook_edge.capture.instrument.reading import Answer, Notice, Outcome
from dosebook_edge.capture.instrument.wire.heard import Heard


class Confirmation:
    """Holds what was heard from a reading on until its unit is confirmed."""

    def __init__(self, profile: Profile) -> None:
        self._units = units_elsewhere(profile)
        self._last: dict[str, str] = {}
        self._held: list[Heard] = []

    def hear(self, one: Heard) -> list[Heard]:
        """What can be told now, in order."""
        if not self._units:
            return [one]
        released: list[Heard] = []
        units = self._units_in(one.outcomes)
        if units:
            released = self._told(confirmed=units == self._last)
            self._last = units
        elif one.event in ("opened", "lost", "stale") or (self._held and self._waits(one)):
            released = self._told(confirmed=False)
        if self._held or self._waits(one):
            self._held.append(one)
            return released
        return [*released, one]

    def end(self) -> list[Heard]:
        """Nothing more will be heard: what was not confirmed is told as that."""
        return self._told(confirmed=False)

    def _told(self, *, confirmed: bool) -> list[Heard]:
        held, self._held = self._held, []
        return held if confirmed else [self._doubted(one) for one in held]

    def _units_in(self, outcomes: tuple[Outcome, ...]) -> dict[str, str]:
        return {
            name: one.facts[name]
            for one in outcomes
            if isinstance(one, Answer)
            for name in self._units
            if name in one.facts
        }

    def _waits(self, one: Heard) -> bool:
        return any(isinstance(o, Answer) and self._doubtful(o) for o in one.outcomes)

    def _doubtful(self, answer: Answer) -> bool:
        return any(r.unit_from == "instrument" for r in answer.readings) and not (
            self._units & answer.facts.keys()
        )

    def _doubted(self, one: Heard) -> Heard:
        outcomes: list[Outcome] = []
        for outcome in one.outcomes:
            if not isinstance(outcome, Answer) or not self._doubtful(outcome):
                outcomes.append(outcome)
                continue
            outcomes.append(replace(outcome, readings=()))
            text = "the unit was another, or not told, right after this reading"
            outcomes.append(Notice("unknown-unit", text, outcome.offset, outcome.raw))
        return replace(one, outcomes=tuple(outcomes))
