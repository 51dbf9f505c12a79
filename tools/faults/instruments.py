"""Instruments whose bytes are damaged on the wire: no crash, no false reading, no growth."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from dosebook_edge.capture.instrument.catalogue.loader import load, shipped
from dosebook_edge.capture.instrument.parsing.codec import questions_of
from dosebook_edge.capture.instrument.parsing.parser import Parser
from dosebook_edge.capture.instrument.profile.model import Profile
from dosebook_edge.capture.instrument.reading import Answer
from dosebook_edge.capture.instrument.wire.transcript import read_transcript
from tools.faults.ledger import Ledger
from tools.faults.scenario import Size

# One profile of each engine, with a 16 bit block check where the engine has one.
ENGINES: Final = {
    "line": "dap-line",
    "poll": "ptw-diamentor",
    "frame": "mirion-accurad",
    "modbus": "sarad-modbus-rtu",
    "push": "ludlum-375-network",
}
CHECKED: Final = ("frame", "modbus")
_MOST_HELD: Final = 256_000  # bytes; the caches of the whole process count as well
_WARM_UP: Final = 5_000


def damaged_instruments(_folder: Path, size: Size) -> Ledger:
    """Feed each engine true answers, most of them damaged, in odd pieces."""
    ledger = Ledger()
    for engine, name in ENGINES.items():
        profile = load(shipped()[name])
        parser = Parser(profile)
        _read(engine, profile, parser, size.rng(engine), _WARM_UP)
        tracemalloc.start()
        try:
            seen, wrong = _read(engine, profile, parser, size.rng(name), size.instrument_bytes)
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        ledger.say(f"{engine}: readings", seen)
        ledger.check(f"{engine}: false readings", wrong, "0")
        grown = [f"holds {held} bytes"] if held > _MOST_HELD else []
        ledger.check(f"{engine}: memory after {size.instrument_bytes} bytes", grown, "flat")
    return ledger


def damaged(profile: Profile, dice: Random, size: int) -> Iterator[tuple[bool, bytes]]:
    """Questions (True) and received pieces (False) until `size` bytes were received."""
    steps = [
        step
        for vector in profile.accept
        for step in read_transcript(vector.transcript)
        if step.action != "opened"
    ]
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
                cut = dice.randint(1, len(data))
                yield False, data[:cut]
                data = data[cut:]
        if questions and dice.random() < 0.1:
            yield True, dice.choice(questions)


def answers(parser: Parser, pieces: Iterator[tuple[bool, bytes]]) -> Iterator[Answer]:
    """Feed questions and pieces; what the parser takes for answers."""
    for is_question, data in pieces:
        outcomes = parser.sent(data) if is_question else parser.feed(data)
        yield from (one for one in outcomes if isinstance(one, Answer))


def _read(
    engine: str, profile: Profile, parser: Parser, dice: Random, size: int
) -> tuple[int, list[str]]:
    """How many readings came, and the false ones.

    With a block check a number is false that was never sent; without, one that its own bytes do
    not say.
    """
    true = {one.text for vector in profile.accept for one in vector.readings}
    seen, wrong = 0, []
    for answer in answers(parser, damaged(profile, dice, size)):
        for one in answer.readings:
            seen += 1
            said = one.text in true if engine in CHECKED else one.text.encode() in answer.raw
            if not said:
                wrong.append(f"{one.name} {one.text} from {answer.raw.hex()}")
    return seen, wrong


def _damage(dice: Random, data: bytes) -> bytes:
    place = dice.randrange(len(data))
    some = dice.randbytes(dice.randint(1, 40))
    return {
        0: data[:place] + some[:1] + data[place + 1 :],
        1: data[:place] + data[place + 1 :],
        2: data[:place],
        3: some + data,
        4: data + data,
        5: data[:place] + some + data[place:],
    }.get(dice.randrange(8), data)
