"""Size-specific dose estimate: CTDIvol × a factor of the patient's size, per imaging event.

AAPM Report 204 (2011) for the trunk, by its effective diameter; AAPM Report 220 (2014) puts the
water-equivalent diameter in its place; AAPM Report 293 (2019) for heads. The fits and their ranges
are the rows of the set `aapm-ssde`; outside them nothing is clamped or extrapolated.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.anatomy_tables import (
    HEAD_REGIONS,
    TRUNK_REGIONS,
    UNMAPPED,
    Atlas,
    atlas,
)
from dosebook_central.dosimetry.ct_absences import grouped
from dosebook_central.dosimetry.ct_events import TypedEvent
from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import EventInputs
from dosebook_central.dosimetry.patient import ADULT
from dosebook_central.dosimetry.sets import view
from dosebook_central.dosimetry.ssde_size import Size, SizeRefusal, size_of
from dosebook_central.dosimetry.ssde_tables import SizeTables, size_tables
from dosebook_central.dosimetry.values import (
    DerivedValue,
    Input,
    Interval,
    Method,
    NotComputable,
    Place,
)
from dosebook_protocol.quantities import plain

QUANTITY: Final = "ssde"
UNIT: Final = "mGy"
LABEL_MAX: Final = "largest of the imaging acquisitions"
VERSION: Final = "1"
_STATED: Final = Method("stated", "as the object states it", VERSION, "DICOM PS3.16, TID 10013")
_MAX: Final = Method(
    "max-of-imaging", "the largest SSDE of the imaging acquisitions; SSDE does not add up", VERSION,
    "AAPM Report 204 (2011)",
)  # fmt: skip
_ALONG_ADULT: Final = Decimal("0.18")
_ALONG_CHILD: Final = Decimal("0.22")
"""Twice the root-mean-square deviation of 9 % in adults (Leng et al., Radiology 2015;276:184,
PMC4479973) and 11 % in children (PMC6045513) between the SSDE of one size, taken at the middle of
the scan, and the mean over the scan."""
_DOMINANT: Final = "the patient's size changes along the scan, one size is used for all of it"
_COVERAGE: Final = "about 95 % (two root-mean-square deviations)"


def ssde_findings(events: Sequence[TypedEvent], context: Context, part: int) -> Findings:
    """Return the SSDE of each imaging event with a CTDIvol, and the largest; or why there is none.

    Reacts to a size that arrives later: it is a function of what is known of the exam now (P28).
    """
    values: list[DerivedValue] = []
    absences: list[NotComputable] = []
    for event, acquisition in events:
        stated = event.values.get(QUANTITY)
        ctdi = event.values.get("ctdi_vol")
        if stated is None and (ctdi is None or not acquisition.is_imaging):
            continue
        place = Place(event.ordinal, part, context.regions[event.ordinal].region, event.phantom)
        if stated is not None:
            notes = ("no interval: the object states none",)
            values.append(DerivedValue(QUANTITY, stated, UNIT, _STATED, place, notes=notes))
        elif ctdi is not None:
            found = _of_event(event, ctdi, context, place)
            if isinstance(found, DerivedValue):
                values.append(found)
            else:
                absences.append(found)
    if not values and not absences:
        reason = "no imaging acquisition states a CTDIvol"
        return Findings(absences=(NotComputable(QUANTITY, "no-imaging", reason, Place(part=part)),))
    return Findings(
        (*values, *_largest(values, part)), grouped(absences, is_nothing_computed=not values)
    )


def _of_event(
    event: EventInputs, ctdi: Decimal, context: Context, place: Place
) -> DerivedValue | NotComputable:
    tables = view(context.library, size_tables)
    regions = view(context.library, atlas)
    if place.phantom is None:
        return _absent(
            "no-phantom", "the phantom of its CTDIvol is not stated, and the factor needs it", place
        )
    kind = _kind(regions, place.region)
    if kind is None:
        return _outside(regions, place)
    fit = tables.factors.get((kind, place.phantom))
    if fit is None:
        return _absent(
            "phantom-mismatch",
            f"no fit in force is for the {kind} and the {place.phantom} phantom",
            place,
        )
    size = size_of(event, tables, context.age, only_water_equivalent=kind == "head")
    if isinstance(size, SizeRefusal):
        return _absent(size.code, size.reason, place)
    if not fit.holds(size.diameter_cm):
        return _absent(
            "out-of-range",
            f"the {size.name} of {size.diameter_cm} cm lies outside {fit.low_cm} to "
            f"{fit.high_cm} cm, the range of {fit.report}; nothing is extrapolated",
            place,
        )
    return _value(ctdi, size, tables, place, context)


def _value(
    ctdi: Decimal, size: Size, tables: SizeTables, place: Place, context: Context
) -> DerivedValue:
    kind = "head" if place.region in HEAD_REGIONS else "body"
    fit = tables.factors[kind, place.phantom or "32cm"]
    factor = fit.factor(size.diameter_cm)
    value = _four_digits(ctdi * factor)
    is_child = context.age is not None and context.age.years < ADULT
    interval, notes = _doubt(value, size, kind, is_child=is_child)
    return DerivedValue(
        QUANTITY,
        value,
        UNIT,
        Method(
            size.method_id if kind == "body" else "aapm-293-wed",
            f"CTDIvol × f({size.name}), {fit.text}; {size.text}; rounded to 4 digits",
            VERSION,
            size.source if kind == "body" else fit.source,
            tables.set_id,
            tables.set_version,
        ),
        place,
        interval,
        label="estimate: size from the age alone" if size.is_estimate else "",
        inputs=(
            Input("CTDIvol", str(ctdi), UNIT, f"event {place.event}"),
            *size.inputs,
            Input("f", str(_four_digits(factor)), "1", f"{fit.report}, {place.phantom} phantom"),
        ),
        notes=notes,
        is_estimate=size.is_estimate,
    )


def _doubt(
    value: Decimal, size: Size, kind: str, *, is_child: bool
) -> tuple[Interval | None, tuple[str, ...]]:
    if size.is_estimate:
        return None, ("no interval: how far sizes of one age lie apart was not found published",)
    if kind == "head":
        return None, (
            "no interval: no published deviation was found for heads",
            "the range of diameters of AAPM Report 293 was not read: that of AAPM 204 bounds it",
        )
    part = _ALONG_CHILD if is_child else _ALONG_ADULT
    low, high = _four_digits(value * (1 - part)), _four_digits(value * (1 + part))
    return Interval(low, high, _DOMINANT, _COVERAGE), ()


def _largest(values: Sequence[DerivedValue], part: int) -> tuple[DerivedValue, ...]:
    """Repeat the largest one for the exam: SSDE is never summed."""
    if not values:
        return ()
    top = max(values, key=lambda one: (not one.is_estimate, one.value))
    return (
        DerivedValue(
            QUANTITY,
            top.value,
            UNIT,
            _MAX,
            Place(part=part, region=top.place.region, phantom=top.place.phantom),
            top.interval,
            LABEL_MAX,
            (Input("SSDE", str(top.value), UNIT, f"event {top.place.event}"),),
            top.notes,
            is_estimate=top.is_estimate,
            is_headline=not top.is_estimate,
        ),
    )


def _kind(regions: Atlas, region: str) -> str | None:
    """Tell which fit a region belongs to; the reports cover the trunk and the head only."""
    if region in HEAD_REGIONS:
        return "head"
    parts = regions.parts.get(region, ())
    is_trunk = bool(parts) and all(part in TRUNK_REGIONS for part in parts)
    return "body" if is_trunk else None


def _outside(regions: Atlas, place: Place) -> NotComputable:
    if place.region == UNMAPPED:
        reason = "the region is not known, and heads have another fit; map the procedure"
        return _absent("no-region", reason, place)
    return _absent(
        "region-not-covered",
        f"the reports cover the trunk and the head, not {regions.label(place.region)}",
        place,
    )


def _absent(code: str, reason: str, place: Place) -> NotComputable:
    return NotComputable(QUANTITY, code, reason, place)


def _four_digits(value: Decimal) -> Decimal:
    return plain(Decimal(f"{value:.4g}"))
