"""One figure of `make bench`."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Row:
    """A measured value, what it stands against, and whether it reaches its aim.

    `aim` is a comparison such as `<= 0.25`; it holds for the ratio where there is a reference,
    for the value itself where there is none.
    """

    name: str
    value: float
    unit: str
    reference: float | None = None
    against: str = ""
    aim: str = ""

    @property
    def ratio(self) -> float | None:
        """The value in units of the reference."""
        return None if self.reference is None else self.value / self.reference

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None where there is no aim."""
        if not self.aim:
            return None
        sign, _, bound = self.aim.partition(" ")
        figure = self.value if self.ratio is None else self.ratio
        return _COMPARE[sign](figure, float(bound))

    def as_json(self) -> dict[str, str | float | bool | None]:
        """The row as build/bench.json holds it."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "against": self.against,
            "ratio": self.ratio,
            "aim": self.aim,
            "met": self.met,
        }
