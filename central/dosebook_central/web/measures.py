"""The measures of an exam as lists and charts show them; nothing is ever summed here.

CTDIvol, AGD of two breasts, Ka,r of two planes and DLP over different phantoms each stand alone
(P11, P13, P16): a chart takes the largest of them, a list names them all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from html import escape
from typing import Final

from markupsafe import Markup

from dosebook_central.store.queries.listed import ListedMeasure
from dosebook_central.web.modalities import HEADLINE, family
from dosebook_central.web.numbers import (
    number_text,
    phantom_text,
    plane_text,
    quantity_html,
    quantity_label,
    side_text,
)
from dosebook_protocol.printed import full_text, unit_text

_WITH_PHANTOM: Final = frozenset({"ctdi_vol", "dlp"})
_BASES: Final = {
    "stated": "as stated",
    "summed": "summed",
    "max": "largest event",
    "single": "single event",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One measure, ready for a page; its texts are made once, because lists show them often."""

    quantity: str
    label: str
    value: Decimal
    text: str  # at its column's decimals
    full: str  # with all digits
    unit_text: str
    qualifier: str

    @property
    def sentence(self) -> str:
        """The measure in one line of plain text."""
        tail = f" ({self.qualifier})" if self.qualifier else ""
        return f"{self.label} {self.text} {self.unit_text}{tail}".replace("  ", " ")


def shown(measure: ListedMeasure) -> Shown:
    """One value of a summary, ready for a page."""
    return Shown(
        quantity=measure.quantity,
        label=quantity_label(measure.quantity),
        value=measure.value,
        text=number_text(measure.value, measure.quantity),
        full=full_text(measure.value),
        unit_text=unit_text(measure.unit),
        qualifier=qualifier(measure.quantity, measure.phantom, measure.plane, measure.side),
    )


def measures_html(listed: Iterable[Shown]) -> Markup:
    """Measures below one another, each with its label, unit and what qualifies it."""
    return Markup("".join(_measure_html(one) for one in listed))  # noqa: S704 - escaped


def _measure_html(one: Shown) -> str:
    place = f'<span class="qualifier">{escape(one.qualifier)}</span>' if one.qualifier else ""
    return (
        f'<span class="measure"><span class="label">{quantity_html(one.quantity)}</span> '
        f'<span class="q"><span class="num" title="{one.full}">{one.text}</span>&#8239;'
        f'<span class="unit">{escape(one.unit_text)}</span></span>{place}</span>'
    )


@cache
def qualifier(quantity: str, phantom: str | None, plane: str | None, side: str | None) -> str:
    """What stands beside a number so that it cannot be misread: phantom, plane or side."""
    words = [phantom_text(phantom)] if quantity in _WITH_PHANTOM else []
    words += [plane_text(plane), side_text(side)]
    return ", ".join(word for word in words if word)


def basis_text(basis: str) -> str:
    """How a shown value came about, in two words."""
    return _BASES.get(basis, basis)


def key_measures(headline: Iterable[ListedMeasure], modalities: Iterable[str]) -> list[Shown]:
    """The measures that stand for an exam in a list: the first known quantity of each modality."""
    measures = list(headline)
    chosen: list[Shown] = []
    for modality in modalities:
        for quantity in HEADLINE[family(modality)]:
            found = [shown(one) for one in measures if one.quantity == quantity]
            if found:
                chosen += [one for one in found if one not in chosen]
                break
    return chosen


def largest(
    headline: Iterable[ListedMeasure], listed: Iterable[Shown], quantities: Iterable[str]
) -> Shown | None:
    """The measure whose size a chart draws: the largest of the first of `quantities` there is."""
    known, measures = list(listed), list(headline)
    for quantity in quantities:
        found = [one for one in known if one.quantity == quantity]
        found = found or [shown(one) for one in measures if one.quantity == quantity]
        if found:
            return max(found, key=lambda one: one.value)
    return None
