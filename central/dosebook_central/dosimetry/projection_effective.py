"""Effective dose of projection imaging: KAP times a factor that holds, else a typical value.

E = KAP x k, k from Monte Carlo in the reference phantom of one examination, in mSv/(Gy.cm2).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.findings import Age, Context, Findings
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs
from dosebook_central.dosimetry.intervals import REFERENCE_PERSON, outwards
from dosebook_central.dosimetry.patient import ADULT, is_therapeutic
from dosebook_central.dosimetry.projection_factors import Conversion, conversion_of
from dosebook_central.dosimetry.projection_totals import Kap
from dosebook_central.dosimetry.typical import typical_effective_dose
from dosebook_central.dosimetry.values import (
    DerivedValue,
    Input,
    Method,
    NotComputable,
    Place,
)
from dosebook_protocol.quantities import plain
from dosebook_protocol.reading import EventKind

_QUANTITY: Final = "effective_dose"
_NO_AGE: Final = (
    "the age of the patient is not known and an adult's factor is never assumed; a birth date "
    "from the hospital's records makes it computable"
)
_NO_KAP: Final = (
    "no evidence states the kerma-area product, and no typical value stands for this examination"
)
_CHILD: Final = (
    "no verified factor for a child in this examination is in force, and typical values are those "
    "of adults"
)
_NO_FACTOR: Final = (
    "no verified factor from KAP holds for what is known of this examination, and no typical value "
    "stands for it; map its procedure, or let a physicist put a set in force"
)


def effective_dose_findings(
    exam: ExamInputs,
    events: Sequence[EventInputs],
    context: Context,
    kap: Kap | None,
    part: int,
) -> Findings:
    """Return the effective dose of the projection part, or in one sentence why there is none."""
    age = context.age
    if is_therapeutic(exam):
        reason = "the radiation was the treatment: effective dose is no measure for it"
        return _absent("therapeutic", reason, part)
    if age is None:
        return _absent("no-age", _NO_AGE, part)
    conversion = conversion_of(exam, events, context, age.years) if kap is not None else None
    if kap is not None and conversion is not None:
        return Findings((_value(kap, conversion, age, part),))
    typical = typical_effective_dose(EventKind.PROJECTION, exam.modality, events, context, part)
    if typical:
        return Findings(typical)
    if kap is None:
        return _absent("not-stated", _NO_KAP, part)
    return _absent("no-coefficient", _CHILD if age.years < ADULT else _NO_FACTOR, part)


def _value(kap: Kap, conversion: Conversion, age: Age, part: int) -> DerivedValue:
    row = conversion.row
    bounds = kap.interval
    low = (bounds.low if bounds else kap.corrected) * conversion.low
    high = (bounds.high if bounds else kap.corrected) * conversion.high
    notes = [REFERENCE_PERSON]
    notes.append(f"tissue weights: {row.weighting or 'not stated by the source'}")
    if bounds is None:
        notes.append("the interval leaves out the meter, whose uncertainty is not stated")
    return DerivedValue(
        _QUANTITY,
        plain(kap.corrected * conversion.factor),
        "mSv",
        Method(
            "kap-factor",
            f"KAP x {conversion.words}",
            "1",
            row.source,
            row.set_id,
            row.set_version,
        ),
        Place(part=part, region=conversion.region),
        outwards(
            max(low, Decimal(0)),
            high,
            "choice of the factor",
            "range of published factors, each ± as its source states",
        ),
        inputs=(
            Input("KAP", str(kap.corrected), "Gy.cm2", "exam"),
            *conversion.inputs,
            Input("age", str(age.years), "years", age.source),
        ),
        notes=(*notes, *conversion.notes),
        is_headline=True,
    )


def _absent(code: str, reason: str, part: int) -> Findings:
    return Findings(absences=(NotComputable(_QUANTITY, code, reason, Place(part=part)),))
