"""Effective dose of mammography: the breast's tissue weight times the mean of the two breasts.

E = w_T x (AGD_left + AGD_right) / 2, with w_T of the breast from ICRP Publication 103; other organs
are left out. A convention for a reference person, whose sexes are not averaged here.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.factors import Factor, published
from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs
from dosebook_central.dosimetry.intervals import REFERENCE_PERSON
from dosebook_central.dosimetry.patient import ADULT, is_therapeutic
from dosebook_central.dosimetry.sets import Library, view
from dosebook_central.dosimetry.typical import typical_effective_dose
from dosebook_central.dosimetry.values import DerivedValue, Input, Method, NotComputable, Place
from dosebook_protocol.quantities import plain
from dosebook_protocol.reading import BreastSide, EventKind

_QUANTITY: Final = "effective_dose"
_BREAST: Final = "breast"
_CONVENTION: Final = (
    "only the breasts are counted, and the breast dose of women stands for the reference person"
)
_NO_INTERVAL: Final = (
    "no interval: the tissue weight is a convention, and the object states no uncertainty of AGD"
)


def effective_dose_findings(
    exam: ExamInputs,
    events: Sequence[EventInputs],
    context: Context,
    doses: Mapping[BreastSide, Decimal],
    part: int,
    *,
    are_sides_known: bool,
) -> Findings:
    """Return the effective dose from the dose of each breast in mGy, or why there is none.

    One breast alone is enough only where every view names its breast: the other was not exposed.
    """
    if not events and not doses:
        return _absent("excluded", "no view of this exam is of the patient", part)
    if is_therapeutic(exam):
        return _absent("therapeutic", "the radiation was the treatment", part)
    if context.age is None:
        return _absent(
            "no-age",
            "the age of the patient is not known and an adult's factor is never assumed; a birth "
            "date from the hospital's records makes it computable",
            part,
        )
    if context.age.years < ADULT:
        return _absent("no-coefficient", "the breast of a child has no factor here", part)
    factor = view(context.library, _factor)
    if factor is None:
        return _absent("no-coefficient", "no set of breast weights is in force", part)
    if len(doses) == 2 or (doses and are_sides_known):
        return Findings((_value(factor, doses, part),))
    typical = typical_effective_dose(EventKind.MAMMOGRAPHY, "", events, context, part)
    if typical and not doses:
        return Findings(typical)
    return _absent("no-side", "the dose of each breast is not known", part)


def _value(factor: Factor, doses: Mapping[BreastSide, Decimal], part: int) -> DerivedValue:
    both = {side: doses.get(side, Decimal(0)) for side in ("left", "right")}
    unexposed = [side for side in both if side not in doses]
    notes: tuple[str, ...] = (REFERENCE_PERSON, _CONVENTION, _NO_INTERVAL)
    notes += tuple(f"no view of the {side} breast: its dose is 0" for side in unexposed)
    return DerivedValue(
        _QUANTITY,
        plain(factor.factor * sum(both.values(), Decimal(0)) / 2),
        "mSv",
        Method(
            "agd-tissue-weight",
            "tissue weight of the breast x mean AGD of the two breasts",
            "1",
            "ICRP Publication 103, tissue weighting factors" if factor.weighting == "ICRP103"
            else factor.source,
            factor.set_id,
            factor.set_version,
        ),
        Place(part=part, region=_BREAST),
        inputs=(
            *(Input(f"AGD, {side} breast", str(dose), "mGy") for side, dose in both.items()),
            Input("tissue weight", str(factor.factor), factor.unit, f"set {factor.set_id}"),
        ),
        notes=notes,
        is_headline=True,
    )  # fmt: skip


def _factor(library: Library) -> Factor | None:
    rows = published(library, "effective-dose-agd")
    return next((row for row in rows if row.is_in_force), None)


def _absent(code: str, reason: str, part: int) -> Findings:
    return Findings(absences=(NotComputable(_QUANTITY, code, reason, Place(part=part)),))
