"""What the scenarios share: how large they are, and the modalities of one run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Final

from dosebook_edge.simulate.exam import Exam
from tools.faults.ledger import Ledger, compare_all
from tools.faults.modality import Gate, Modality, Sent, work_of
from tools.faults.stack import AE_TITLE, SOURCE, Kind, Stack, drain
from tools.site.box import Box

_MODALITIES: Final = 2
_OPEN: Final = 10**9


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    seed: int = 1
    kills: int = 100
    objects: int = 500
    intruders: int = 10_000
    stack: Kind | None = None  # each scenario's own choice by default
    patience_s: float = 300.0
    instrument_bytes: int = 1_000_000  # into each engine

    def rng(self, scenario: str) -> Random:
        """Chance that is the same in each run of a seed."""
        return Random(f"{self.seed}:{scenario}")


class Morning:
    """A morning's exams, sent to a box by two modalities at the same time."""

    def __init__(self, box: Box, exams: list[Exam], gate: Gate | None = None) -> None:
        """Prepare; `begin` starts to send."""
        self.box = box
        self.exams = exams
        self.gate = gate or Gate(_OPEN)
        self.sent = Sent()
        self._modalities = [
            Modality(
                exams[number::_MODALITIES],
                lambda: box.port(SOURCE),
                AE_TITLE,
                self.sent,
                self.gate,
            )
            for number in range(_MODALITIES)
        ]

    def begin(self) -> None:
        """Start to send."""
        for one in self._modalities:
            one.start()

    def finish(self, seconds: float) -> bool:
        """Let everything pass and wait until the box has it; whether it has."""
        self.gate.open_to(_OPEN)
        return all(one.wait(seconds) for one in self._modalities)

    def stop(self) -> None:
        """Give up."""
        for one in self._modalities:
            one.stop()


@contextmanager
def sending(box: Box, exams: list[Exam], gate: Gate | None = None) -> Iterator[Morning]:
    """Two modalities at work; they end with the block."""
    morning = Morning(box, exams, gate)
    morning.begin()
    try:
        yield morning
    finally:
        morning.stop()


def exams_of(size: Size) -> list[Exam]:
    """The exams of a run."""
    return work_of(size.seed, size.objects)


def settle(ledger: Ledger, stack: Stack, morning: Morning, patience_s: float) -> None:
    """Send the rest, wait for all receipts, end box and registry, and compare."""
    if not morning.finish(patience_s):
        ledger.problems.append(f"not everything was taken within {patience_s:.0f} s")
        morning.stop()
    try:
        drain(morning.box, patience_s)
    except Exception as error:  # noqa: BLE001 - the comparison says what is missing
        ledger.problems.append(str(error))
    morning.box.stop()
    stack.registry.stop()
    compare_all(
        ledger,
        exams=morning.exams,
        sent=morning.sent,
        outbox=morning.box.data_dir / "outbox.db",
        engine=stack.engine,
        evidence=stack.evidence,
        box_id=morning.box.box_id,
    )
