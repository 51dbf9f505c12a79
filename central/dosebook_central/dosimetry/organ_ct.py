"""CT organ doses by published CTDIvol-normalised coefficients: organ dose = CTDIvol x A exp(B x).

x is the size of the patient in cm, as a diameter or a perimeter (pi x diameter): Turner et al.,
Med Phys 2011. They hold for adults, for organs wholly inside the scan and for one CTDI phantom. A
dose report names no landmarks; that an organ is inside is proved only by a scanned region that
holds the organ's own and its neighbours on both sides. Coefficients per DLP depend on the length of
the published scan and are not used for another.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from dosebook_central.dosimetry.anatomy_tables import WHOLE_BODY, atlas
from dosebook_central.dosimetry.findings import Context
from dosebook_central.dosimetry.inputs import EventInputs
from dosebook_central.dosimetry.intervals import rounded
from dosebook_central.dosimetry.patient import ADULT
from dosebook_central.dosimetry.sets import Library, view
from dosebook_central.dosimetry.values import DerivedValue, Input, Method, Place
from dosebook_protocol.reading import Phantom

QUANTITY: Final = "organ_dose"
NO_INTERVAL: Final = "no interval: its source gives none that holds for other scanners"
Size = Literal["diameter", "perimeter"]

_ALONG_THE_BODY: Final = ("head", "neck", "chest", "abdomen", "pelvis", "lower_limb")
_PHANTOMS: Final[dict[str, Phantom]] = {"16": "16cm", "32": "32cm"}
_EXPONENTIAL: Final = "h = A*exp(B*"


@dataclass(frozen=True, slots=True)
class OrganFit:
    """One published fit: organ dose per CTDIvol over patient size, for one region and phantom."""

    set_id: str
    set_version: str
    region: str
    organ: str
    sex: str  # M, F or "" for both
    phantom: Phantom
    scale: float
    slope: float  # per cm
    size: Size
    source: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Why no organ dose of an event is computed, in one sentence."""

    code: str
    reason: str


_NO_LANDMARKS: Final = Refused(
    "no-range",
    "the dose report names no landmarks, so that it is unknown which organs the scan held wholly; "
    "a physicist may put a coefficient set in force for scans that surely do",
)


def organ_doses(
    event: EventInputs, sex: str, context: Context, part: int
) -> tuple[DerivedValue, ...] | Refused:
    """Return the organ doses of one CT event by the fits in force, mGy, or why there are none."""
    fits = view(context.library, _fits)
    if not fits:
        return _NO_LANDMARKS
    if context.age is None:
        return Refused("no-age", "the age of the patient is not known, and the sets are of adults")
    if context.age.years < ADULT:
        return Refused("no-coefficient", "no set in force has organ doses of children")
    finding = context.regions[event.ordinal]
    if finding.confidence != "high":
        return Refused("no-range", "the scanned region is not sure enough to say what it held")
    inside = [fit for fit in fits if is_inside(fit.region, finding.region, context.library)]
    if not inside:
        return Refused("no-range", "no organ of the sets in force was surely held by this scan")
    return _of_fits(event, [fit for fit in inside if fit.sex in {"", sex}], part)


def _of_fits(
    event: EventInputs, fits: Sequence[OrganFit], part: int
) -> tuple[DerivedValue, ...] | Refused:
    diameter = _diameter_mm(event)
    ctdi_vol = event.values.get("ctdi_vol")
    if ctdi_vol is None:
        return Refused("not-stated", "the object states no CTDIvol of this event")
    if diameter is None:
        return Refused("no-size", "the object states no diameter of the patient at this scan")
    fitting = [fit for fit in fits if fit.phantom == event.phantom]
    if not fitting:
        return Refused("no-phantom", "the sets in force refer to another CTDI phantom, or sex")
    return tuple(_value(event, fit, ctdi_vol, diameter, part) for fit in fitting)


def organ_dose(fit: OrganFit, ctdi_vol: Decimal, diameter_mm: Decimal) -> Decimal:
    """Return CTDIvol x A exp(B x) in mGy, 4 digits; x is the fit's size in cm."""
    size_cm = float(diameter_mm) / 10
    if fit.size == "perimeter":
        size_cm *= math.pi
    return rounded(ctdi_vol * Decimal(fit.scale * math.exp(fit.slope * size_cm)))


def is_inside(organs: str, scanned: str, library: Library) -> bool:
    """Whether a scan surely held a region's organs: it and its neighbours were scanned."""
    if scanned == WHOLE_BODY:
        return True
    parts = view(library, atlas).parts
    held = set(parts.get(scanned, (scanned,)))
    places = [
        _ALONG_THE_BODY.index(one) for one in parts.get(organs, (organs,)) if one in _ALONG_THE_BODY
    ]
    if not places:
        return False
    first, last = max(min(places) - 1, 0), max(places) + 1
    return held.issuperset(_ALONG_THE_BODY[first : last + 1])


def _value(
    event: EventInputs, fit: OrganFit, ctdi_vol: Decimal, diameter: Decimal, part: int
) -> DerivedValue:
    source = f"event {event.ordinal}"
    method = Method(
        f"organ-{fit.size}-fit",
        f"CTDIvol x A exp(B x {fit.size}); 4 digits",
        "1",
        fit.source,
        fit.set_id,
        fit.set_version,
    )
    return DerivedValue(
        QUANTITY,
        organ_dose(fit, ctdi_vol, diameter),
        "mGy",
        method,
        Place(event=event.ordinal, part=part, phantom=fit.phantom, organ=fit.organ),
        inputs=(
            Input("CTDIvol", str(ctdi_vol), "mGy", source),
            Input("diameter", str(diameter), "mm", source),
        ),
        notes=(NO_INTERVAL, "comparable only with organ doses of the same method"),
        is_estimate=True,
    )


def _diameter_mm(event: EventInputs) -> Decimal | None:
    """Return the water-equivalent or effective diameter, else the mean of AP and LAT (AAPM 204)."""
    values = event.values
    for name in ("water_equivalent_diameter", "effective_diameter"):
        if name in values:
            return values[name]
    if "ap_dimension" in values and "lateral_dimension" in values:
        return rounded((values["ap_dimension"] * values["lateral_dimension"]).sqrt())
    return None


def _fits(library: Library) -> Sequence[OrganFit]:
    """Read the exponential fits of the sets in force; tables per DLP are left out."""
    return [
        OrganFit(
            package.manifest.id,
            package.manifest.version,
            row["body_region"],
            row["organ"],
            row["sex"],
            _PHANTOMS[row["phantom_cm"]],
            float(row["alpha"]),
            float(row["beta"]),
            "perimeter" if "perimeter" in row["formula"] else "diameter",
            row["source"],
        )
        for package in library.of("organ-dose-ct")
        for row in package.rows_in_force
        if row["formula"].startswith(_EXPONENTIAL) and row["phantom_cm"] in _PHANTOMS
    ]
