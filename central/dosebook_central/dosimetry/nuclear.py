"""Nuclear medicine: the activity of each administration, and the effective dose it gives."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs
from dosebook_central.dosimetry.nuclear_agents import Agent, NoAgent, agent_of
from dosebook_central.dosimetry.nuclear_effective import effective_dose_findings, is_extravasated
from dosebook_central.dosimetry.parts import part_of
from dosebook_central.dosimetry.stated import STATED, SUMMED, method_of, unit_of
from dosebook_central.dosimetry.values import (
    DerivedValue,
    Flag,
    Input,
    Method,
    NotComputable,
    Place,
)
from dosebook_protocol.quantities import QUANTITIES, plain
from dosebook_protocol.reading import EventKind

ACTIVITY: Final = "administered_activity"
BALANCE: Final = "measured before minus measured after, not corrected for decay"
_UNIT: Final = unit_of(ACTIVITY)
_BEFORE, _AFTER = "pre_administration_activity", "post_administration_activity"
_NO_INTERVAL: Final = "no interval: the object states no uncertainty of its activity meter"
_DIFFERENCE: Final = Method(
    "activity-balance",
    "activity before administration minus activity left after it",
    "1",
    "DICOM PS3.16 TID 10022: 113508 and 113509, DCM",
)
_MOST_APART: Final = Decimal("0.1")


def nuclear_findings(exam: ExamInputs, context: Context) -> Findings:
    """Derive the doses of the administrations of an exam; nothing where it has none."""
    events = [event for event in exam.events if event.kind is EventKind.RADIOPHARMACEUTICAL]
    totals = [total for total in exam.totals if total.quantity == ACTIVITY]
    if not events and not totals:
        return Findings()
    part = part_of(exam, EventKind.RADIOPHARMACEUTICAL)
    agents = [agent_of(event, context.library) for event in events]
    found = Findings()
    for event, agent in zip(events, agents, strict=True):
        found += _activity_findings(event, agent, part)
    if len(totals) == 1:
        found += Findings((_total(totals[0].value, totals[0].basis, agents, part),))
    elif totals:
        both = plain(sum((total.value for total in totals), Decimal(0)))
        found += Findings((_total(both, "summed", agents, part),))
    return found + effective_dose_findings(exam, events, agents, context, part)


def _activity_findings(event: EventInputs, agent: Agent | NoAgent, part: int) -> Findings:
    """Return what was given, as stated at the time of administration, and the balance beside it.

    The stated activity is that at the start of the administration, without what was left in the
    syringe (PS3.16, 113507 DCM). When the two measurements were made is stated nowhere.
    """
    place = _place(event, agent, part)
    stated = event.values.get(ACTIVITY)
    balance = _balance(event)
    if stated is None and balance is None:
        reason = "the object states no administered activity, and not what was left of it"
        return Findings(absences=(NotComputable(ACTIVITY, "not-stated", reason, place),))
    values: list[DerivedValue] = []
    flags: list[Flag] = []
    if stated is not None:
        values.append(_given(event, agent, stated, place))
    if balance is not None:
        values.append(_of_balance(event, balance, place))
    if stated is not None and balance is not None and abs(stated - balance) > stated * _MOST_APART:
        flags.append(
            Flag(
                "activity-balance",
                f"{stated} MBq are stated as given, but {balance} MBq are the difference of the "
                "two measurements; decay between them explains part of it",
                event.ordinal,
            )
        )
    if isinstance(agent, NoAgent) and agent.is_conflict:
        flags.append(Flag("agent-radionuclide", agent.reason, event.ordinal))
    if is_extravasated(event):
        percent = event.values.get("estimated_extravasation")
        much = f"an estimated {percent} %" if percent else "part"
        flags.append(
            Flag(
                "extravasation",
                f"{much} of the activity stayed at the injection site: published coefficients do "
                "not hold",
                event.ordinal,
            )
        )
    return Findings(tuple(values), flags=tuple(flags))


def _given(
    event: EventInputs, agent: Agent | NoAgent, stated: Decimal, place: Place
) -> DerivedValue:
    moment = event.started[:19].replace("T", " ")
    at = f"activity at {moment}, the start of the administration" if moment else (
        "activity at the start of the administration, whose time is not stated"
    )  # fmt: skip
    source = f"event {event.ordinal}"
    inputs = [Input("agent", agent.name, "", agent.said_by)] if isinstance(agent, Agent) else []
    if agent.nuclide:
        inputs.append(Input("radionuclide", agent.nuclide, "", source))
    if "half_life" in event.values:
        inputs.append(Input("half-life", str(event.values["half_life"]), "s", source))
    if "prescription_identifier" in event.coded:
        text = event.coded["prescription_identifier"].text
        inputs.append(Input("prescription", text, "", source))
    notes = (at, _NO_INTERVAL)
    return DerivedValue(ACTIVITY, stated, _UNIT, STATED, place, None, "", tuple(inputs), notes)


def _balance(event: EventInputs) -> Decimal | None:
    before, after = event.values.get(_BEFORE), event.values.get(_AFTER)
    return plain(before - after) if before is not None and after is not None else None


def _of_balance(event: EventInputs, balance: Decimal, place: Place) -> DerivedValue:
    source = f"event {event.ordinal}"
    inputs = tuple(
        Input(QUANTITIES[name].label, str(event.values[name]), _UNIT, source)
        for name in (_BEFORE, _AFTER)
    )
    notes = (_NO_INTERVAL, "the times of the two measurements are stated nowhere")
    return DerivedValue(ACTIVITY, balance, _UNIT, _DIFFERENCE, place, None, BALANCE, inputs, notes)


def _total(
    value: Decimal, basis: str, agents: Sequence[Agent | NoAgent], part: int
) -> DerivedValue:
    names = {agent.name if isinstance(agent, Agent) else "" for agent in agents}
    is_one = len(names) == 1
    notes = (_NO_INTERVAL,) if is_one else (_NO_INTERVAL, "a sum over different agents")
    return DerivedValue(
        ACTIVITY,
        value,
        _UNIT,
        SUMMED if basis == "summed" else method_of(basis),
        Place(part=part, agent=names.pop() if is_one else ""),
        notes=notes,
        is_headline=True,
    )


def _place(event: EventInputs, agent: Agent | NoAgent, part: int) -> Place:
    name = agent.name if isinstance(agent, Agent) else ""
    return Place(event=event.ordinal, part=part, agent=name)
