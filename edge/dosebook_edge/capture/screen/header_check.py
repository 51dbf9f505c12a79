"""An object whose header states its dose checks how well its picture is read; it stays one dose."""

from decimal import Decimal
from typing import Final

from dosebook_protocol.reading import Reading

_ROUNDING: Final = Decimal("0.01")
"""Part of a value by which header and picture may differ: one of them is rounded."""


def disagreement(header: Reading, screen: Reading) -> str:
    """What the released totals of a picture say otherwise than the header, "" where nothing."""
    stated, shown = _totals(header), _totals(screen)
    apart = [
        quantity
        for quantity in sorted(stated.keys() & shown.keys())
        if abs(stated[quantity] - shown[quantity]) > _ROUNDING * abs(stated[quantity])
    ]
    return f"the picture says another {', '.join(apart)} than its header" if apart else ""


def _totals(reading: Reading) -> dict[str, Decimal]:
    """Totals that are stated once: those of phantoms or planes are not compared."""
    quantities = [total.value.quantity for total in reading.totals]
    return {
        total.value.quantity: total.value.value
        for total in reading.totals
        if quantities.count(total.value.quantity) == 1
    }
