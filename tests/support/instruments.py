"""Instruments for tests: shipped profiles, their vectors, and streams of damaged bytes."""

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from dosebook_edge.capture.instrument.codec import questions_of
from dosebook_edge.capture.instrument.loader import load, shipped
from dosebook_edge.capture.instrument.parser import Parser
from dosebook_edge.capture.instrument.reading import Answer
from dosebook_edge.capture.instrument.transcript import read_transcript, replay

PROFILES = {name: load(path) for name, path in shipped().items()}

# One profile of each engine, with a block check where the engine has one.
ENGINES = {
    "line": "dap-line",
    "poll": "ptw-diamentor",
    "frame": "mirion-accurad",
    "modbus": "sarad-modbus-rtu",
    "push": "ludlum-375-network",
}


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


def damaged(profile, seed: int, size: int) -> Iterator[tuple[bool, bytes]]:
    """Questions (True) and received pieces (False): true answers, some damaged, in odd chunks."""
    dice = random.Random(seed)
    steps = [step for step in steps_of(profile) if step.action != "opened"]
    questions = list(questions_of(profile).values())
    made = 0
    while made < size:
        for step in steps:
            if step.action == "sent":
                yield True, step.data
                continue
            data = _damage(dice, step.data)
            made += len(data)
            while data:
                cut = dice.randint(1, max(1, len(data)))
                yield False, data[:cut]
                data = data[cut:]
        if questions and dice.random() < 0.1:
            yield True, dice.choice(questions)


def _damage(dice: random.Random, data: bytes) -> bytes:
    kind = dice.randrange(8)
    place = dice.randrange(len(data))
    some = dice.randbytes(dice.randint(1, 40))
    return {
        0: data[:place] + bytes([dice.randrange(256)]) + data[place + 1 :],
        1: data[:place] + data[place + 1 :],
        2: data[:place],
        3: some + data,
        4: data + data,
        5: data[:place] + some + data[place:],
    }.get(kind, data)


def run(parser: Parser, pieces) -> Iterator[Answer]:
    """Feed questions and pieces; the answers."""
    for is_question, data in pieces:
        outcomes = parser.sent(data) if is_question else parser.feed(data)
        yield from (one for one in outcomes if isinstance(one, Answer))
