"""How well a model reads lines whose typefaces, texts and damage were not used in training."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dosebook_edge.capture.screen.line import Line
from dosebook_edge.capture.screen.model import texts
from dosebook_edge.capture.screen.model.damage import DEGREES
from dosebook_edge.capture.screen.model.samples import HELD_OUT_KINDS, Sample, samples
from dosebook_edge.capture.screen.model.typefaces import faces
from dosebook_edge.capture.screen.net import LineNet

NUMERIC: Final = "0123456789.,-"
LIMITS: Final = (0.5, 0.8, 0.9, 0.95, 0.99)


@dataclass(slots=True)
class Tally:
    """Readings of one class of lines, counted.

    A value is wrong when its number is: a comma read as a point is counted as another mark, for a
    screen writes all its numbers in one form, and its profile knows which.
    """

    lines: int = 0
    right: int = 0
    other_mark: int = 0
    dropped: int = 0
    covered: dict[float, int] = field(default_factory=lambda: dict.fromkeys(LIMITS, 0))
    wrong: dict[float, int] = field(default_factory=lambda: dict.fromkeys(LIMITS, 0))

    def count(self, truth: str, line: Line) -> None:
        """Count one reading; `dropped` are wrong ones that are shorter than the truth."""
        right = _number(line.text) == _number(truth)
        self.lines += 1
        self.right += right
        self.other_mark += right and line.text != truth
        self.dropped += not right and len(line.text) < len(truth)
        for limit in LIMITS:
            if line.confidence >= limit:
                self.covered[limit] += 1
                self.wrong[limit] += not right

    def figures(self) -> dict[str, Any]:
        """As JSON: counts, and per limit of confidence how many are over it and wrong."""
        return {
            "lines": self.lines,
            "right": self.right,
            "of_these_other_mark": self.other_mark,
            "wrong_and_shorter": self.dropped,
            "at": {
                str(limit): {"covered": self.covered[limit], "wrong": self.wrong[limit]}
                for limit in LIMITS
            },
        }


def held_out(typefaces: Path, seed: int, count: int) -> Iterable[tuple[str, Sample]]:
    """Values by degree of damage, `count` each, then as many lines of any kind."""
    drawn = faces(typefaces, "evaluate")
    for degree in DEGREES:
        name = f"evaluate-{seed}-{degree}"
        for sample in samples(drawn, name, count, text=_value, degree=degree, kinds=HELD_OUT_KINDS):
            yield f"values, {degree}", sample
    for sample in samples(drawn, f"evaluate-{seed}-any", count, kinds=HELD_OUT_KINDS):
        yield "any text", sample


def evaluate(net: LineNet, lines: Iterable[tuple[str, Sample]]) -> dict[str, Tally]:
    """Read the lines, those of values as cells of numbers, and count."""
    tallies: dict[str, Tally] = {}
    for name, sample in lines:
        allowed = NUMERIC if name.startswith("values") else None
        tallies.setdefault(name, Tally()).count(sample.text, net.read(sample.crop, allowed))
    return tallies


def table(tallies: dict[str, Tally]) -> str:
    """The figures for a person."""
    head = "lines of held-out faces     n  right %" + "".join(
        f"   >={one:<5}wrong" for one in LIMITS
    )
    rows = [head]
    for name, one in tallies.items():
        parts = "".join(
            f"   {100 * one.covered[limit] / one.lines:5.1f}% {one.wrong[limit]:5}"
            for limit in LIMITS
        )
        rows.append(f"{name:22} {one.lines:6}   {100 * one.right / one.lines:6.2f}{parts}")
    return "\n".join(rows)


def _number(text: str) -> str:
    return text.replace(",", ".")


def _value(rng: Any) -> str:
    return texts.number(rng).replace(" ", "")
