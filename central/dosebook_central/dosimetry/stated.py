"""Values that stand in the exam's evidence or are sums of it, told apart from derived ones."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.inputs import EventInputs
from dosebook_central.dosimetry.values import Method
from dosebook_protocol.quantities import QUANTITIES

_EVIDENCE: Final = "the exam's own evidence"

STATED: Final = Method("stated", "as the object states it", "1", _EVIDENCE)
SUMMED: Final = Method("summed", "sum of what the object states", "1", _EVIDENCE)
_BY_BASIS: Final = {
    "stated": STATED,
    "summed": SUMMED,
    "single": Method("single", "value of the only irradiation event", "1", _EVIDENCE),
    "max": Method("largest", "largest of the irradiation events", "1", _EVIDENCE),
}


def method_of(basis: str) -> Method:
    """Return the method of a total by its basis (`domain.exam.Basis`)."""
    return _BY_BASIS[basis]


def unit_of(quantity: str) -> str:
    """Return the storage unit of a quantity."""
    return QUANTITIES[quantity].unit


def silent_note(events: Iterable[EventInputs], quantity: str) -> tuple[str, ...]:
    """Say how many events a sum leaves out because they state no value (P29)."""
    values = [event.values.get(quantity) for event in events]
    silent = values.count(None)
    if not silent or silent == len(values):
        return ()
    label = QUANTITIES[quantity].label
    return (f"{silent} of {len(values)} irradiation events state no {label}",)


def sum_of(events: Iterable[EventInputs], quantity: str) -> Decimal | None:
    """Add a quantity over events; None where any of them does not state it."""
    total = Decimal(0)
    for event in events:
        value = event.values.get(quantity)
        if value is None:
            return None
        total += value
    return total
