"""Runs a profile against bytes: its own vectors, and any capture, cut at every boundary."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_edge.capture.instrument.profile.model import Accept, Profile, Reject
from dosebook_edge.capture.instrument.reading import Answer, Notice, Outcome, State
from dosebook_edge.capture.instrument.wire.transcript import (
    Step,
    TranscriptError,
    read_transcript,
    replay,
)

_ONE: Final = Decimal(1)
MOST_WORK: Final = 4_000_000
"""Bytes that are read at most for all cuts together: every boundary of a capture of 2,000 bytes."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A reading as a vector states it."""

    name: str
    text: str
    unit: str
    stored: Decimal
    states: tuple[State, ...]

    def __str__(self) -> str:
        states = f" ({', '.join(self.states)})" if self.states else ""
        return f"{self.name} {self.text!r} {self.unit} = {self.stored}{states}"


@dataclass(frozen=True, slots=True)
class Proof:
    """Outcomes of a capture with their times, and how its bytes were cut."""

    outcomes: list[tuple[str, Outcome]]
    cuts: int
    all_cuts: bool
    differing: tuple[int, ...]


def prove_capture(
    profile: Profile, steps: list[Step], *, told_questions: bool, factor: Decimal = _ONE
) -> Proof:
    """Replay a capture whole, byte by byte, and in two pieces cut at each boundary.

    A larger capture than `MOST_WORK` allows is cut in two at fewer boundaries, evenly spread.
    """

    def run(cuts: set[int] | None) -> list[tuple[str, Outcome]]:
        return replay(profile, steps, factor=factor, told_questions=told_questions, cuts=cuts)

    whole = run(set())
    size = sum(len(step.data) for step in steps if step.action == "received")
    step = -(-size * size // MOST_WORK) or 1
    places = range(1, size, step)
    differing = [place for place in places if run({place}) != whole]
    if run(None) != whole:
        differing.append(0)
    return Proof(whole, len(places), step == 1, tuple(differing))


def failures(profile: Profile) -> Iterator[str]:
    """A sentence for each vector of a profile that does not give what it says."""
    for index, accept in enumerate(profile.accept):
        yield from _run(f"accept[{index}]", profile, accept)
    for index, reject in enumerate(profile.reject):
        yield from _run(f"reject[{index}]", profile, reject)


def _run(key: str, profile: Profile, vector: Accept | Reject) -> Iterator[str]:
    try:
        steps = read_transcript(vector.transcript)
    except TranscriptError as error:
        yield f"{key}.transcript: {error}"
        return
    outcomes = [one for _, one in replay(profile, steps, factor=_ONE, told_questions=True)]
    found = [one for answer in outcomes if isinstance(answer, Answer) for one in _read(answer)]
    notices = [one for one in outcomes if isinstance(one, Notice)]
    wanted = _wanted(vector) if isinstance(vector, Accept) else []
    if found != wanted:
        yield f"{key} ({vector.name}): gives {_told(found)}, expected {_told(wanted)}"
    if isinstance(vector, Reject) and [one.kind for one in notices] != list(vector.notices):
        said = ", ".join(f"{one.kind} ({one.text})" for one in notices) or "no notice"
        yield f"{key} ({vector.name}): gives {said}, expected {', '.join(vector.notices)}"
    if isinstance(vector, Accept):
        yield from _beheaded(key, profile, vector, steps)


def _beheaded(key: str, profile: Profile, vector: Accept, steps: list[Step]) -> Iterator[str]:
    """An answer whose first bytes were lost may not give another number."""
    last = max(i for i, step in enumerate(steps) if step.action == "received")
    for lost in range(1, len(steps[last].data)):
        cut = Step("", "received", steps[last].data[lost:])
        outcomes = replay(
            profile, [*steps[:last], cut, *steps[last + 1 :]], factor=_ONE, told_questions=True
        )
        found = [r for _, one in outcomes if isinstance(one, Answer) for r in _read(one)]
        if any(one not in _wanted(vector) for one in found):
            yield (
                f"{key} ({vector.name}): without its first {lost} bytes it gives {_told(found)}: "
                "let the pattern or the framing say how an answer begins"
            )
            return


def _wanted(vector: Accept) -> list[_Said]:
    return [_Said(one.name, one.text, one.unit, one.stored, one.states) for one in vector.readings]


def _read(answer: Answer) -> list[_Said]:
    return [_Said(one.name, one.text, one.unit, one.raw, answer.states) for one in answer.readings]


def _told(readings: list[_Said]) -> str:
    return "; ".join(map(str, readings)) or "no reading"
