"""Techniques of a header that cannot be what their attribute says: kept as text, never corrected.

A header states no unit, so a number that is beyond every device is likelier in another one: kV as
V, mA as uA, millimetres as centimetres. Which other one is not guessed (P2): the text stays, with a
deviation. A maker that is known for it has a row in `data/quirks.toml`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from dosebook_protocol.dicom.header_values import Notes
from dosebook_protocol.reading import CodedItem, DoseValue

# What no diagnostic device does, above and below; 0 is a statement of its own (P29).
_BOUNDS: Final[Mapping[str, tuple[Decimal, Decimal]]] = {
    "kvp": (Decimal(10), Decimal(200)),
    "tube_current": (Decimal("0.01"), Decimal(5000)),
    "exposure_time": (Decimal("0.01"), Decimal(3_600_000)),
    "distance_source_to_detector": (Decimal(100), Decimal(10_000)),
    "distance_source_to_patient": (Decimal(20), Decimal(10_000)),
    "compression_thickness": (Decimal(10), Decimal(250)),
    "compression_force": (Decimal(0), Decimal(500)),
    "half_value_layer": (Decimal("0.1"), Decimal(50)),
    "focal_spot_size": (Decimal("0.02"), Decimal(10)),
}
_SINGLE_EXPOSURES: Final = frozenset({"CR", "DX", "MG", "IO"})
_FAR_OFF: Final = 10
_THICKNESSES: Final = ("filter_thickness_minimum", "filter_thickness_maximum")


def check(modality: str, notes: Notes) -> None:
    """Take back the techniques that cannot be, and put the filters the right way round."""
    for value in list(notes.values):
        low, high = _BOUNDS.get(value.quantity, (value.value, value.value))
        if value.value and not low <= value.value <= high:
            why = f"{value.original} {value.original_unit} is beyond what any device does"
            _keep_as_text(value, "impossible-value", why, notes)
    if modality in _SINGLE_EXPOSURES:
        _compare_exposure(notes)
    _order_thicknesses(notes)


def _keep_as_text(value: DoseValue, code: str, why: str, notes: Notes) -> None:
    notes.values.remove(value)
    sent = f"{value.original} {value.original_unit}"
    notes.items.append(CodedItem(f"{value.quantity}_as_sent", text=sent, path=value.path))
    notes.deviations.add(code, value.path, f"{why}; kept as text")


def _compare_exposure(notes: Notes) -> None:
    """Hold the mAs against current times time: some devices write uAs into the attribute of mAs."""
    stated = {value.quantity: value for value in reversed(notes.values)}
    exposure = stated.get("exposure")
    current, time = stated.get("tube_current"), stated.get("exposure_time")
    if exposure is None or current is None or time is None:
        return
    product = current.value * time.value / 1000
    low, high = sorted((product, exposure.value))
    if low and high > low * _FAR_OFF:
        why = (
            f"{exposure.original} {exposure.original_unit} stated,"
            f" {current.value} mA in {time.value} ms are {product.normalize():f} mA.s"
        )
        _keep_as_text(exposure, "technique-disagrees", why, notes)


def _order_thicknesses(notes: Notes) -> None:
    """Swap the least and the greatest thickness of a filter where they stand the wrong way round.

    Their meaning tells which is which; some devices fill the two attributes crosswise.
    """
    least, greatest = (
        [v for v in notes.values if v.quantity == quantity] for quantity in _THICKNESSES
    )
    if len(least) != len(greatest) or all(
        a.value <= b.value for a, b in zip(least, greatest, strict=True)
    ):
        return
    for small, large in zip(least, greatest, strict=True):
        if small.value > large.value:
            notes.values[notes.values.index(small)] = _renamed(large, small)
            notes.values[notes.values.index(large)] = _renamed(small, large)
    notes.deviations.add(
        "thicknesses-swapped", least[0].path, "the least thickness exceeds the greatest: swapped"
    )


def _renamed(value: DoseValue, place: DoseValue) -> DoseValue:
    return DoseValue(
        place.quantity, value.value, value.unit, value.original, value.original_unit, value.path
    )
