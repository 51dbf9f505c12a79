"""The measures of an exam as lists and charts show them; nothing is ever summed here.

CTDIvol, AGD of two breasts, Ka,r of two planes and DLP over different phantoms each stand alone
(P11, P13, P16): a chart takes the largest of them, a list names them all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from dosebook_central.web.modalities import HEADLINE, family
from dosebook_central.web.numbers import (
    full_text,
    number_text,
    phantom_text,
    plane_text,
    quantity_label,
    side_text,
    unit_text,
)

_WITH_PHANTOM: Final = frozenset({"ctdi_vol", "dlp"})
_BASES: Final = {
    "stated": "as stated",
    "summed": "summed",
    "max": "largest event",
    "single": "single event",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One measure, ready for a page."""

    quantity: str
    label: str
    value: Decimal
    unit: str
    qualifier: str
    basis: str = ""

    @property
    def text(self) -> str:
        """The number at its column's decimals."""
        return number_text(self.value, self.quantity)

    @property
    def full(self) -> str:
        """The number with all its digits."""
        return full_text(self.value)

    @property
    def unit_text(self) -> str:
        """The unit in print."""
        return unit_text(self.unit)

    @property
    def sentence(self) -> str:
        """The measure in one line of plain text."""
        tail = f" ({self.qualifier})" if self.qualifier else ""
        return f"{self.label} {self.text} {self.unit_text}{tail}".replace("  ", " ")


def shown(measure: Mapping[str, Any]) -> Shown:
    """One `domain.exam.Measure` as plain JSON, ready for a page."""
    quantity = measure["quantity"]
    return Shown(
        quantity=quantity,
        label=quantity_label(quantity),
        value=Decimal(measure["value"]),
        unit=measure["unit"],
        qualifier=qualifier(
            quantity, measure.get("phantom"), measure.get("plane"), measure.get("side")
        ),
        basis=measure.get("basis", ""),
    )


def qualifier(quantity: str, phantom: str | None, plane: str | None, side: str | None) -> str:
    """What stands beside a number so that it cannot be misread: phantom, plane or side."""
    words = [phantom_text(phantom)] if quantity in _WITH_PHANTOM else []
    words += [plane_text(plane), side_text(side)]
    return ", ".join(word for word in words if word)


def basis_text(basis: str) -> str:
    """How a shown value came about, in two words."""
    return _BASES.get(basis, basis)


def key_measures(headline: Iterable[Mapping[str, Any]], modalities: Iterable[str]) -> list[Shown]:
    """The measures that stand for an exam in a list: the first known quantity of each modality."""
    measures = list(headline)
    chosen: list[Shown] = []
    for modality in modalities:
        for quantity in HEADLINE[family(modality)]:
            found = [shown(one) for one in measures if one["quantity"] == quantity]
            if found:
                chosen += [one for one in found if one not in chosen]
                break
    return chosen


def largest(
    headline: Iterable[Mapping[str, Any]], quantity: str | None, modality: str
) -> Shown | None:
    """The measure whose size a chart draws, of one quantity or of the modality's own."""
    if quantity is None:
        candidates = key_measures(headline, (modality,))
    else:
        candidates = [shown(one) for one in headline if one["quantity"] == quantity]
    return max(candidates, key=lambda one: one.value, default=None)
