"""The diameter of a patient for SSDE, from the best that is known, and the name of that method."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.findings import Age
from dosebook_central.dosimetry.inputs import EventInputs
from dosebook_central.dosimetry.patient import ADULT
from dosebook_central.dosimetry.ssde_tables import DiameterFit, SizeTables
from dosebook_central.dosimetry.values import Input
from dosebook_protocol.quantities import convert

_204: Final = "AAPM Report 204 (2011)"
_220: Final = "AAPM Report 220 (2014), with the fit of AAPM Report 204 (2011)"
NO_SIZE: Final = (
    "no size of the patient is stated (water-equivalent or effective diameter, AP or lateral "
    "width); height and weight do not help, because no published formula from them to a diameter "
    "was found"
)
NO_HEAD_SIZE: Final = (
    "no water-equivalent diameter is stated, which the fit for heads needs (AAPM Report 293); "
    "the fit for the trunk does not hold for heads"
)


@dataclass(frozen=True, slots=True)
class Size:
    """A diameter in cm, how it came about, and the inputs of that."""

    diameter_cm: Decimal
    name: str
    method_id: str
    text: str
    source: str
    inputs: tuple[Input, ...]
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class SizeRefusal:
    """Why no diameter is known."""

    code: str
    reason: str


def size_of(
    event: EventInputs, tables: SizeTables, age: Age | None, *, only_water_equivalent: bool
) -> Size | SizeRefusal:
    """Return the best diameter of an event: stated, then from AP and lateral width, then from age.

    The order is that of what is closest to attenuation: water-equivalent diameter (AAPM 220),
    effective diameter, AP with lateral width, one of the two, and for children the age.
    """
    water = _cm(event, "water_equivalent_diameter")
    if water is not None:
        return _stated(event, water, "water-equivalent diameter", "aapm-220-wed", _220)
    if only_water_equivalent:
        return SizeRefusal("no-size", NO_HEAD_SIZE)
    effective = _cm(event, "effective_diameter")
    if effective is not None:
        return _stated(event, effective, "effective diameter", "aapm-204-effective", _204)
    ap, lateral = _cm(event, "ap_dimension"), _cm(event, "lateral_dimension")
    if ap is not None and lateral is not None:
        return _of_both(event, ap, lateral)
    for key, name, width in (("lateral", "lateral width", lateral), ("ap", "AP width", ap)):
        fit = tables.diameters.get(key)
        if width is not None and fit is not None:
            return _fitted(fit, width, f"aapm-204-{key}", Input(name, str(width), "cm", _at(event)))
    fit = tables.diameters.get("age")
    if age is not None and age.years < ADULT and fit is not None:
        known = Input("age", str(age.years), "a", "patient")
        return _fitted(fit, age.years, "aapm-204-age", known, is_estimate=True)
    return SizeRefusal("no-size", NO_SIZE)


def _stated(event: EventInputs, diameter: Decimal, name: str, method: str, source: str) -> Size:
    known = Input(name, str(diameter), "cm", _at(event))
    return Size(diameter, name, method, f"{name} as the object states it", source, (known,))


def _of_both(event: EventInputs, ap: Decimal, lateral: Decimal) -> Size:
    diameter = Decimal(f"{float(ap * lateral) ** 0.5:.2f}")
    return Size(
        diameter,
        "effective diameter",
        "aapm-204-ap-lateral",
        "effective diameter √(AP × lateral)",
        _204,
        (
            Input("AP width", str(ap), "cm", _at(event)),
            Input("lateral width", str(lateral), "cm", _at(event)),
            Input("effective diameter", str(diameter), "cm", "√(AP × lateral)"),
        ),
    )


def _fitted(
    fit: DiameterFit, known: Decimal, method: str, given: Input, *, is_estimate: bool = False
) -> Size | SizeRefusal:
    if not fit.low <= known <= fit.high:
        return SizeRefusal(
            "out-of-range",
            f"the {given.name} of {known} {given.unit} lies outside {fit.low} to {fit.high}, the "
            f"range of {fit.report}; nothing is extrapolated",
        )
    diameter = fit.diameter(known)
    return Size(
        diameter,
        "effective diameter",
        method,
        f"effective diameter from the {given.name}, {fit.formula}",
        _204,
        (given, Input("effective diameter", str(diameter), "cm", fit.formula)),
        is_estimate,
    )


def _cm(event: EventInputs, quantity: str) -> Decimal | None:
    """Return a size in cm; a stated zero is an empty field, not a size (P28)."""
    value = event.values.get(quantity)
    return convert(value, "mm", "cm") if value is not None and value > 0 else None


def _at(event: EventInputs) -> str:
    return f"event {event.ordinal}"
