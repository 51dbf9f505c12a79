"""Effective dose of nuclear medicine: administered activity times the agent's coefficient.

E = A x k(agent, age), mSv = MBq x mSv/MBq. What the object states stands beside it, never merged.
Coefficients are for diagnostic use, injected into a vein; a treatment never gets one (R100).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.findings import Age, Context, Findings
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs
from dosebook_central.dosimetry.intervals import REFERENCE_PERSON, outwards
from dosebook_central.dosimetry.nuclear_agents import Agent, NoAgent
from dosebook_central.dosimetry.nuclear_factors import Coefficient, NoCoefficient, coefficient_of
from dosebook_central.dosimetry.patient import is_therapeutic
from dosebook_central.dosimetry.stated import STATED
from dosebook_central.dosimetry.typical import typical_effective_dose
from dosebook_central.dosimetry.values import (
    DerivedValue,
    Input,
    Interval,
    Method,
    NotComputable,
    Place,
)
from dosebook_protocol.codes import canonical
from dosebook_protocol.quantities import plain
from dosebook_protocol.reading import EventKind

QUANTITY: Final = "effective_dose"
LABEL_STATED: Final = "as the object states it"
_UNIT: Final = "mSv"
_ACTIVITY: Final = "administered_activity"
_INTRAVENOUS: Final = frozenset({("47625008", "SCT")})
# Given for their particles; a diagnostic coefficient would say nothing about them (R100).
_TREATING: Final = frozenset(
    {"P-32", "Sr-89", "Y-90", "Sm-153", "Ho-166", "Lu-177", "Re-186", "Re-188", "Ra-223"}
)
_SUM: Final = Method("sum-of-events", "sum of the administrations", "1", "")
_VISIBLE: Final = ("113568", "DCM")  # extravasation visible in image, PS3.16 CID 10043
_TREATMENT: Final = (
    "the radionuclide was given as a treatment, for which effective dose is no measure"
)
_IN_THE_TISSUE: Final = (
    "part of the activity did not reach the blood, so that no published coefficient holds"
)
_NO_AGE: Final = (
    "the age of the patient is not known and an adult's coefficient is never assumed; a birth "
    "date from the hospital's records makes it computable"
)
_NO_RANGE: Final = "no interval: one published set has a coefficient for this agent and age"


def effective_dose_findings(
    exam: ExamInputs,
    events: Sequence[EventInputs],
    agents: Sequence[Agent | NoAgent],
    context: Context,
    part: int,
) -> Findings:
    """Return the effective dose of each administration and of all, or why there is none."""
    computed: list[DerivedValue] = []
    stated: list[DerivedValue] = []
    absences: list[NotComputable] = []
    for event, agent in zip(events, agents, strict=True):
        name = agent.name if isinstance(agent, Agent) else ""
        place = Place(event=event.ordinal, part=part, agent=name)
        theirs = event.values.get(QUANTITY)
        ours = _computed(exam, event, agent, context, place)
        if isinstance(ours, DerivedValue):
            computed.append(ours)
        else:
            absences.append(NotComputable(QUANTITY, *ours, place))
        if theirs is not None:
            stated.append(_as_stated(theirs, ours, place))
    whole = _whole(exam, len(events), context, computed, stated, part)
    if whole is None:
        reasons = {(absence.code, absence.reason) for absence in absences}
        absences.append(NotComputable(QUANTITY, *_common(reasons), Place(part=part)))
    return Findings(
        (*computed, *stated, *([whole] if whole is not None else ())),
        tuple(absences),
    )


def _whole(
    exam: ExamInputs,
    count: int,
    context: Context,
    computed: Sequence[DerivedValue],
    stated: Sequence[DerivedValue],
    part: int,
) -> DerivedValue | None:
    """Return the dose of all administrations: ours of all, else the stated of all, else typical."""
    for values, label in ((computed, ""), (stated, LABEL_STATED)):
        if values and len(values) == count:
            return _sum(values, label, part)
    if computed or is_therapeutic(exam):
        return None
    typical = typical_effective_dose(
        EventKind.RADIOPHARMACEUTICAL, exam.modality, (), context, part
    )
    return typical[0] if typical else None


def _common(reasons: set[tuple[str, str]]) -> tuple[str, str]:
    """Return the one reason of all administrations, or that some lack a value."""
    if len(reasons) == 1:
        return next(iter(reasons))
    if reasons:
        return "incomplete", "not every administration has a value; see the reason of each"
    return "no-agent", "the agent of the stated activity is not known"


def is_extravasated(event: EventInputs) -> bool:
    """Whether the object says that part of the activity stayed at the injection site."""
    symptom = event.coded.get("intravenous_extravasation_symptoms")
    is_visible = symptom is not None and canonical(symptom.code, symptom.scheme) == _VISIBLE
    return is_visible or bool(event.values.get("estimated_extravasation"))


def _computed(
    exam: ExamInputs, event: EventInputs, agent: Agent | NoAgent, context: Context, place: Place
) -> DerivedValue | tuple[str, str]:
    """Multiply activity and coefficient; code and sentence where something forbids it."""
    if is_therapeutic(exam) or agent.nuclide in _TREATING:
        return "therapeutic", _TREATMENT
    if is_extravasated(event):
        return "extravasation", _IN_THE_TISSUE
    route = event.coded.get("route_of_administration")
    if route is not None and route.code and canonical(route.code, route.scheme) not in _INTRAVENOUS:
        said = route.text or route.code
        return "route", f"coefficients are for injection into a vein, and the route was {said!r}"
    if isinstance(agent, NoAgent):
        return "no-agent", agent.reason
    activity = event.values.get(_ACTIVITY)
    if activity is None:
        return "not-stated", "the object states no administered activity"
    if context.age is None:
        return "no-age", _NO_AGE
    texts = (event.protocol, *exam.protocols, *exam.descriptions, *exam.procedures)
    found = coefficient_of(context.library, agent.name, context.age.years, texts)
    if isinstance(found, NoCoefficient):
        return "no-coefficient", found.reason
    return _value(activity, found, agent, context.age, place)


def _value(
    activity: Decimal, found: Coefficient, agent: Agent, age: Age, place: Place
) -> DerivedValue:
    row = found.row
    notes = [REFERENCE_PERSON]
    notes.append(f"tissue weights: {row.weighting or 'not stated by the source'}")
    if not agent.is_coded:
        notes.append(f"low confidence in the agent: it follows from {agent.said_by}")
    if not found.is_phase_known:
        notes.append("rest or exercise is not stated: the higher coefficient is used")
    if found.is_alone:
        notes.append(_NO_RANGE)
    phase = f" at {found.phase}" if found.phase else ""
    return DerivedValue(
        QUANTITY,
        plain(activity * found.value),
        _UNIT,
        Method(
            "activity-coefficient",
            f"activity x coefficient of {agent.name}{phase}, {found.words}",
            "1",
            row.source,
            row.set_id,
            row.set_version,
        ),
        place,
        None
        if found.is_alone
        else outwards(
            activity * found.low,
            activity * found.high,
            "choice of the coefficient",
            "range of published coefficients",
        ),
        inputs=(
            Input("administered activity", str(activity), "MBq", f"event {place.event}"),
            Input("coefficient", str(found.value), row.unit, f"set {row.set_id}"),
            Input("agent", agent.name, "", agent.said_by),
            Input("age", str(age.years), "years", age.source),
        ),
        notes=tuple(notes),
    )


def _as_stated(theirs: Decimal, ours: DerivedValue | tuple[str, str], place: Place) -> DerivedValue:
    """Return the dose that the object states, compared with ours in a note."""
    notes: tuple[str, ...] = ("no interval: the object states none",)
    if isinstance(ours, DerivedValue) and ours.value:
        percent = plain(((theirs - ours.value) / ours.value * 100).quantize(Decimal("0.1")))
        notes += (f"{percent:+} % from the value by {ours.method.coefficient_set}",)
    return DerivedValue(QUANTITY, theirs, _UNIT, STATED, place, label=LABEL_STATED, notes=notes)


def _sum(values: Sequence[DerivedValue], label: str, part: int) -> DerivedValue:
    """Add up administrations: lows to lows and highs to highs, as if they erred together."""
    sets = list(dict.fromkeys(value.method.coefficient_set for value in values))
    versions = list(dict.fromkeys(value.method.set_version for value in values))
    agents = {value.place.agent for value in values}
    low = sum((v.interval.low if v.interval else v.value for v in values), Decimal(0))
    high = sum((v.interval.high if v.interval else v.value for v in values), Decimal(0))
    bounds = next((value.interval for value in values if value.interval), None)
    method = Method(
        values[0].method.id if len(values) == 1 else _SUM.id,
        values[0].method.text if len(values) == 1 else _SUM.text,
        "1",
        "; ".join(dict.fromkeys(value.method.source for value in values)),
        ";".join(sets),
        ";".join(versions),
    )
    return DerivedValue(
        QUANTITY,
        plain(sum((value.value for value in values), Decimal(0))),
        _UNIT,
        method,
        Place(part=part, agent=agents.pop() if len(agents) == 1 else ""),
        Interval(plain(low), plain(high), bounds.dominant, bounds.coverage) if bounds else None,
        label=label,
        inputs=tuple(
            Input("effective dose", str(value.value), _UNIT, f"event {value.place.event}")
            for value in values
        ),
        notes=values[0].notes if len(values) == 1 else (REFERENCE_PERSON,),
        is_headline=True,
    )
