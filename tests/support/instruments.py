"""Instruments for tests: shipped profiles and what their vectors give."""

from decimal import Decimal
from pathlib import Path

from dosebook_edge.capture.instrument.catalogue.loader import load, shipped
from dosebook_edge.capture.instrument.reading import Answer
from dosebook_edge.capture.instrument.wire.transcript import read_transcript, replay

PROFILES = {name: load(path) for name, path in shipped().items()}


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    """A copy of a shipped profile in which some text was replaced."""
    text = shipped()[name].read_text()
    assert old in text
    path = folder / f"{name}.toml"
    path.write_text(text.replace(old, new, 1))
    return path


def steps_of(profile):
    """The steps of all accept vectors of a profile, one after the other."""
    return [
        step
        for vector in profile.accept
        for step in read_transcript("opened\n" + vector.transcript)
    ]


def readings(outcomes):
    """All readings of some outcomes."""
    return [one for answer in outcomes if isinstance(answer, Answer) for one in answer.readings]


def read(profile, text, *, factor="1"):
    """Outcomes of a transcript."""
    steps = read_transcript(text)
    return [one for _, one in replay(profile, steps, factor=Decimal(factor), told_questions=True)]
