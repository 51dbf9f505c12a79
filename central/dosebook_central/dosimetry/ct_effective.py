"""CT: the effective dose of each event, and their sum, as an estimate for a reference person."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.ct_absences import grouped
from dosebook_central.dosimetry.ct_events import TypedEvent
from dosebook_central.dosimetry.effective_dose import ONE_SET, VERSION, KFactor, Refusal, k_factor
from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs, TotalInput
from dosebook_central.dosimetry.intervals import REFERENCE_PERSON
from dosebook_central.dosimetry.sums import Bounded, add_up
from dosebook_central.dosimetry.values import (
    WHOLE_EXAM,
    DerivedValue,
    Input,
    Interval,
    Method,
    NotComputable,
    Place,
)
from dosebook_central.dosimetry.wording import events_text
from dosebook_protocol.quantities import plain
from dosebook_protocol.reading import Phantom

QUANTITY: Final = "effective_dose"
UNIT: Final = "mSv"
LABEL_STATED: Final = "as the object states it"
LABEL_PARTIAL: Final = "of some events only"
DOMINANT: Final = "choice of coefficient set and reference person"
COVERAGE: Final = "range of published factors"
_SUM: Final = (
    "sum-of-events",
    "sum of the effective doses of the events, localisers and bolus monitoring included",
    VERSION,
    "DICOM PS3.16, TID 10013: DLP per event",
)
_STATED: Final = Method("stated", "as the object states it", VERSION, "DICOM PS3.16, TID 10013")
_NO_DOUBT_STATED: Final = "no interval: the object states none"


def effective_findings(
    exam: ExamInputs, events: Sequence[TypedEvent], context: Context, part: int
) -> Findings:
    """Return the effective dose of each event that states a DLP, and of the exam (P30–P32)."""
    if not events:
        return _of_total(exam, context, part)
    values: list[DerivedValue] = []
    absences: list[NotComputable] = []
    weightings: set[str] = set()
    age = _age(context)
    silent = 0
    for event, acquisition in events:
        stated = event.values.get(QUANTITY)
        if stated is not None:
            values.append(_as_stated(event, stated, context, part))
        dlp = event.values.get("dlp")
        if dlp is None:
            if acquisition.is_imaging:
                absences.append(_no_dlp(event, part))
            else:
                silent += 1
            continue
        region = context.regions[event.ordinal].region
        chosen = _factor(context, region, event.phantom, event.values.get("kvp"))
        place = Place(event.ordinal, part, region, event.phantom)
        if isinstance(chosen, Refusal):
            absences.append(_refused(chosen, place))
        else:
            weightings.add(chosen.weighting)
            values.append(_value(dlp, chosen, place, age, f"event {event.ordinal}"))
    total = _sum([one for one in values if one.label != LABEL_STATED], weightings, silent, part)
    return _with_total(values, absences, total, part)


def _with_total(
    values: list[DerivedValue],
    absences: list[NotComputable],
    total: DerivedValue | None,
    part: int,
) -> Findings:
    """Add the exam's sum; where an event has no value the sum is called what it is, a part."""
    reasons = grouped(absences, is_nothing_computed=total is None)
    if total is None:
        return Findings(tuple(values), reasons)
    if not absences:
        return Findings((*values, total))
    lacking = events_text([one.place.event for one in absences])
    partial = replace(
        total,
        label=LABEL_PARTIAL,
        notes=(*total.notes, f"not the dose of the exam: without {lacking}"),
        is_headline=False,
    )
    done = len(total.inputs)
    missing = NotComputable(
        QUANTITY,
        "incomplete",
        f"{done} of {done + len(absences)} events have a value; see why {lacking} has none",
        Place(part=part),
    )
    return Findings((*values, partial), (*reasons, missing))


def _value(dlp: Decimal, factor: KFactor, place: Place, age: Input, source: str) -> DerivedValue:
    return DerivedValue(
        QUANTITY,
        plain(dlp * factor.value),
        UNIT,
        factor.method,
        place,
        Interval(dlp * factor.low, dlp * factor.high, DOMINANT, COVERAGE)
        if factor.has_range
        else None,
        inputs=(Input("DLP", str(dlp), "mGy.cm", source), factor.input, age),
        notes=factor.notes,
    )


def _sum(
    values: Sequence[DerivedValue], weightings: set[str], silent: int, part: int
) -> DerivedValue | None:
    """Add the events: the values, the lows and the highs, each by itself (fully correlated)."""
    if not values:
        return None
    notes = [REFERENCE_PERSON]
    if len(weightings) > 1:
        notes.append(f"adds doses of different tissue weightings: {', '.join(sorted(weightings))}")
    if silent:
        notes.append(f"{silent} localisers or bolus monitorings state no DLP and are not in it")
    sets = sorted({(one.method.coefficient_set, one.method.set_version) for one in values})
    name, version = (" + ".join(names) for names in zip(*sets, strict=True))
    added = add_up(_bounded(one) for one in values)
    if added.low is None:
        notes.append(ONE_SET)
    elif any(one.interval is None for one in values):
        notes.append("an event without a range of published factors counts with its value in both")
    return DerivedValue(
        QUANTITY,
        added.value,
        UNIT,
        Method(*_SUM, name, version),
        Place(part=part),
        Interval(added.low, added.high, DOMINANT, COVERAGE)
        if added.low is not None and added.high is not None
        else None,
        inputs=tuple(
            Input("effective dose", str(one.value), UNIT, f"event {one.place.event}")
            for one in values
        ),
        notes=tuple(notes),
        is_headline=True,
    )


def _bounded(value: DerivedValue) -> Bounded:
    bounds = value.interval
    return (value.value, bounds.low, bounds.high) if bounds else (value.value, None, None)


def _of_total(exam: ExamInputs, context: Context, part: int) -> Findings:
    """Return the effective dose of a DLP total without events: of one region and one phantom."""
    totals = [one for one in exam.totals if one.quantity == "dlp"]
    if not totals:
        no_dlp = NotComputable(QUANTITY, "no-dlp", "no DLP is stated", Place(part=part))
        return Findings(absences=(no_dlp,))
    finding = context.regions.get(WHOLE_EXAM)
    place = Place(part=part, region=finding.region if finding else "")
    if len(totals) > 1:
        return Findings(
            absences=(
                NotComputable(
                    QUANTITY,
                    "mixed-phantoms",
                    "the DLP refers to several phantoms and no events tell them apart",
                    place,
                ),
            )
        )
    return _of_one_total(totals[0], context, place)


def _of_one_total(total: TotalInput, context: Context, place: Place) -> Findings:
    chosen = _factor(context, place.region, total.phantom, None)
    where = Place(part=place.part, region=place.region, phantom=total.phantom)
    if isinstance(chosen, Refusal):
        return Findings(absences=(_refused(chosen, where),))
    value = _value(total.value, chosen, where, _age(context), "exam")
    note = "from the total DLP of the exam, because no events are known"
    return Findings((replace(value, notes=(*value.notes, note), is_headline=True),))


def _age(context: Context) -> Input:
    return Input("age", str(context.age.years) if context.age else "", "a", "patient")


def _factor(
    context: Context, region: str, phantom: Phantom | None, kvp: Decimal | None
) -> KFactor | Refusal:
    age = context.age.years if context.age else None
    return k_factor(context.library, region, age, phantom, kvp)


def _as_stated(event: EventInputs, value: Decimal, context: Context, part: int) -> DerivedValue:
    region = context.regions[event.ordinal].region
    return DerivedValue(
        QUANTITY,
        value,
        UNIT,
        _STATED,
        Place(event.ordinal, part, region, event.phantom),
        label=LABEL_STATED,
        notes=(REFERENCE_PERSON, _NO_DOUBT_STATED, "shown beside the sum, not added to it"),
    )


def _refused(refusal: Refusal, place: Place) -> NotComputable:
    return NotComputable(QUANTITY, refusal.code, refusal.reason, place)


def _no_dlp(event: EventInputs, part: int) -> NotComputable:
    return NotComputable(
        QUANTITY,
        "no-dlp",
        "no DLP is stated",
        Place(event.ordinal, part, phantom=event.phantom),
    )
