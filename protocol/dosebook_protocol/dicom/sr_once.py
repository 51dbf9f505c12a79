"""Doses that an event states once: a repetition is no second dose, a contradiction none (P8)."""

from decimal import Decimal
from typing import Final

from dosebook_protocol.dicom.deviations import Deviations
from dosebook_protocol.dicom.sr_collect import Collected
from dosebook_protocol.dicom.sr_content import Item
from dosebook_protocol.reading import CodedItem, DoseValue

# An event states each of these once (TID 10003, 10003B, 10013, 10022, 10042).
_ONCE: Final = frozenset(
    {
        "ctdi_vol", "dlp", "dose_area_product", "dose_rp", "average_glandular_dose",
        "administered_activity",
    }
)  # fmt: skip
_ROUNDING: Final = Decimal("0.01")
"""Two statements of one dose that differ by less than this part of it are one, rounded apart."""
# One event; above this a wrong unit is likelier than the dose (P1). In storage units.
_IMPLAUSIBLE_ABOVE: Final = {
    "ctdi_vol": Decimal(5_000),
    "dlp": Decimal(50_000),
    "dose_area_product": Decimal(5_000),
    "dose_rp": Decimal(50_000),
    "average_glandular_dose": Decimal(100),
    "administered_activity": Decimal(50_000),
}


def stated_once(collected: Collected, container: Item, notes: Deviations) -> list[DoseValue]:
    """Return the values; a dose that is stated several times counts once, or as none if unlike.

    Which of two doses is that of the event is not to be guessed, nor are they two exposures.
    """
    doses = [value for value in collected.values if value.quantity in _ONCE]
    for value in doses:
        if value.value > _IMPLAUSIBLE_ABOVE[value.quantity]:
            detail = f"{value.value} {value.unit} is much for one event; kept as stated"
            notes.add("implausible-dose", value.path, detail)
    quantities = {value.quantity for value in doses}
    if len(doses) == len(quantities):
        return collected.values
    kept = {value.quantity: value for value in reversed(doses)}
    left_out: list[DoseValue] = []
    for quantity in sorted(quantities):
        same = [value for value in doses if value.quantity == quantity]
        if len(same) == 1:
            continue
        sent = ", ".join(f"{value.original} {value.original_unit}" for value in same)
        if max(abs(one.value - same[0].value) for one in same) <= abs(same[0].value) * _ROUNDING:
            notes.add("repeated-dose", container.path, f"{sent}: counted once", per=quantity)
            left_out += same[1:]
        else:
            detail = f"{sent} in one event: none of them counts, all are kept as text"
            notes.add("several-doses", container.path, detail, per=quantity)
            left_out += same
            del kept[quantity]
    collected.items += [
        CodedItem(f"{v.quantity}_as_sent", None, f"{v.original} {v.original_unit}", v.path)
        for v in left_out
    ]
    return [v for v in collected.values if v.quantity not in _ONCE or kept.get(v.quantity) is v]
