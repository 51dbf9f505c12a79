"""Values read from a screen that no person has confirmed: no sum may leave them out silently (P29).

A row whose number waits is an irradiation event of unknown dose, not one of none.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from dosebook_central.domain.claims import Claim
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import IrradiationEvent
from dosebook_protocol.screen import pending_of


def waiting(events: Iterable[IrradiationEvent]) -> Mapping[str, int]:
    """By quantity, in how many events its value is not known for certain yet."""
    found: Counter[str] = Counter()
    for event in events:
        open_values = (pending_of(item) for item in event.items)
        found.update({one.quantity for one in open_values if one is not None})
    return found


def waiting_notes(open_values: Mapping[str, int], count: int, claims: Sequence[Claim]) -> list[str]:
    """Say which totals are not known yet, and where a person finds their crops."""
    notes = [
        f"The {QUANTITIES[quantity].label} of {number} of {count} irradiation events was not read "
        "for certain: there is no sum before somebody confirms it (Screen review)"
        for quantity, number in sorted(open_values.items())
        if quantity in QUANTITIES and QUANTITIES[quantity].is_dose
    ]
    totals = {
        pending.quantity
        for claim in claims
        for item in claim.evidence.reading.items
        if (pending := pending_of(item)) is not None
    }
    notes += [
        f"A total {QUANTITIES[quantity].label} on the screen was not read for certain: it does "
        "not count before somebody confirms it (Screen review)"
        for quantity in sorted(totals & QUANTITIES.keys())
    ]
    return notes
