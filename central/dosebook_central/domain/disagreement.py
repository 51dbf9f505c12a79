"""Where evidences disagree: shown with both numbers, never averaged and never silent (P7)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from dosebook_central.domain.claims import Claim
from dosebook_central.domain.evidence import Evidence, Strength
from dosebook_central.domain.exam import Conflict, ConflictValue, Measure
from dosebook_central.domain.totals import IndexedEvent, PartTotals, whole
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import EventKind, IrradiationEvent

TOLERANCE: Final = Decimal("0.05")
_TIME_ROUNDING_S: Final = 1  # MPPS states fluoroscopy time in whole seconds, (0040,0300)
_ADMINISTRATION_WINDOW: Final = timedelta(hours=1)
_ACTIVITY_TOLERANCE: Final = Decimal("0.01")

_COMPARED: Final = (
    "dlp",
    "ctdi_vol",
    "dose_area_product",
    "dose_rp",
    "fluoro_time",
    "administered_activity",
)
Counted = tuple[PartTotals, Sequence[Claim], Sequence[IndexedEvent]]


def differ(one: Decimal, other: Decimal) -> bool:
    """Whether two doses are more than 5 % of the larger one apart."""
    return abs(one - other) > TOLERANCE * max(abs(one), abs(other))


def disagreements(counted: Counted, compared: Counted) -> list[Conflict]:
    """Compare the totals of the counted evidence with those of a weaker one."""
    if not _is_comparable(counted, compared):
        return []
    found: list[Conflict] = []
    for one, other in total_pairs(counted[0].values, compared[0].values):
        is_rounding = one.unit == "s" and abs(one.value - other.value) <= _TIME_ROUNDING_S
        if is_rounding or not differ(one.value, other.value):
            continue
        values = (_side(one, counted[1]), _side(other, compared[1]))
        sentence = f"Two evidences of this dose state a {one.label} that differs by over 5 %."
        found.append(Conflict("total-differs", sentence, one.quantity, values))
    return found


def event_differs(
    first: Evidence, one: IrradiationEvent, second: Evidence, other: IrradiationEvent
) -> list[Conflict]:
    """Compare the doses that two evidences give to one irradiation event."""
    theirs = {value.quantity: value for value in other.values}
    found: list[Conflict] = []
    for value in one.values:
        their = theirs.get(value.quantity)
        if their is None or not QUANTITIES[value.quantity].is_dose or value.value == their.value:
            continue
        label = QUANTITIES[value.quantity].label
        values = tuple(
            ConflictValue(number.value, number.unit, evidence.record_id, evidence.reading.kind)
            for number, evidence in ((value, first), (their, second))
        )
        sentence = f"Two reports give one irradiation event another {label}; the newer is counted."
        found.append(Conflict("event-differs", sentence, value.quantity, values))
    return found


def missing_events(
    events: Sequence[IndexedEvent],
    their_events: Sequence[IndexedEvent],
    claims: Sequence[Claim],
) -> list[Conflict]:
    """Name irradiation events of a weaker evidence, by real UID, that the counted one lacks."""
    if not events or any(event.uid_is_synthesised for _, _, event in events):
        return []
    known = {event.uid for _, _, event in events}
    absent = [
        event
        for _, _, event in their_events
        if not event.uid_is_synthesised
        and event.uid not in known
        and not any(is_same_administration(event, one) for _, _, one in events)
    ]
    if not absent:
        return []
    kind = claims[0].evidence.reading.kind
    value = ConflictValue(Decimal(len(absent)), "{n}", claims[0].evidence.record_id, kind)
    sentence = (
        f"{len(absent)} irradiation events of weaker evidence are in no report and are not counted."
    )
    return [Conflict("event-missing", sentence, "number_of_events", (value,))]


def is_same_administration(one: IrradiationEvent, other: IrradiationEvent) -> bool:
    """Whether two evidences speak of one injection, although their UIDs differ (P60).

    Reports and image headers of one PET scanner give one administration different UIDs and clocks
    minutes apart; the activity is the same to 1 %.
    """
    if {one.kind, other.kind} != {EventKind.RADIOPHARMACEUTICAL}:
        return False
    first, second = _activity(one), _activity(other)
    if first is None or second is None:
        return False
    is_close = abs(first - second) <= _ACTIVITY_TOLERANCE * max(first, second)
    return is_close and _are_within(one, other, _ADMINISTRATION_WINDOW)


def _activity(event: IrradiationEvent) -> Decimal | None:
    return next(
        (value.value for value in event.values if value.quantity == "administered_activity"), None
    )


def _are_within(one: IrradiationEvent, other: IrradiationEvent, window: timedelta) -> bool:
    if one.started is None or other.started is None:
        return True
    try:
        first, second = (
            datetime.fromisoformat(event.started.local).replace(tzinfo=None)
            for event in (one, other)
            if event.started is not None
        )
    except ValueError:
        return one.started.local == other.started.local
    return abs(first - second) <= window


def _is_comparable(counted: Counted, compared: Counted) -> bool:
    """Totals always are; a sum over headers only where it sums as many events."""
    claims = compared[1]
    if any(
        claim.evidence.reading.step and claim.evidence.reading.step.status == "IN PROGRESS"
        for claim in claims
    ):
        return False
    is_header = any(claim.evidence.strength is Strength.HEADER for claim in claims)
    return not is_header or len(counted[2]) == len(compared[2])


def total_pairs(
    ours: Sequence[Measure], theirs: Sequence[Measure]
) -> list[tuple[Measure, Measure]]:
    """Pair the totals of two sides that speak of the same: whole numbers, AGD of each breast."""
    pairs = [
        (one, other)
        for quantity in _COMPARED
        if (one := whole(ours, quantity)) is not None
        and (other := whole(theirs, quantity)) is not None
    ]
    for one in ours:
        if one.quantity == "average_glandular_dose":
            pairs += [
                (one, other)
                for other in theirs
                if other.quantity == one.quantity and other.side == one.side
            ]
    return pairs


def _side(measure: Measure, claims: Sequence[Claim]) -> ConflictValue:
    record = measure.sources[0].record_id if measure.sources else ""
    evidences = [claim.evidence for claim in claims]
    evidence = next((one for one in evidences if one.record_id == record), evidences[0])
    kind = evidence.reading.kind
    return ConflictValue(measure.value, measure.unit, record or evidence.record_id, kind)
