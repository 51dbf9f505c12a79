"""Shares of an exam's additive doses by base region, and their sums over exams.

The rule of the split is ADR 0017: an event of several regions is divided into equal parts, the last
part takes the rounding rest, so that the regions add up to the listed events exactly.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.anatomy_tables import UNMAPPED, atlas
from dosebook_central.dosimetry.exclusions import NOT_PATIENT, exclusion_of
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs, TotalInput
from dosebook_central.dosimetry.sets import Library, view
from dosebook_central.dosimetry.sums import Added, Bounded, add_up
from dosebook_central.dosimetry.values import WHOLE_EXAM, DerivedValue, RegionFinding, RegionShare
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import BreastSide, EventKind, Phantom, Plane

EFFECTIVE_DOSE: Final = "effective_dose"
# What adds up over events, by the family that states it. CTDIvol, SSDE and Ka,r never do.
_ADDITIVE: Final = {
    EventKind.CT: "dlp",
    EventKind.PROJECTION: "dose_area_product",
    EventKind.MAMMOGRAPHY: "average_glandular_dose",
    EventKind.RADIOPHARMACEUTICAL: "administered_activity",
}
_FAMILY: Final = {quantity: kind for kind, quantity in _ADDITIVE.items()}
_STEP: Final = Decimal("0.00000001")

_Key = tuple[str, str, Phantom | None, BreastSide | None]


@dataclass(slots=True)
class _Received:
    """What one region received of one quantity."""

    parts: list[Bounded] = field(default_factory=list)
    events: set[int] = field(default_factory=set)
    is_split: bool = False


class _Shares:
    """Collects doses by the region of their events, then divides those of composites once."""

    def __init__(self) -> None:
        self._received: defaultdict[_Key, _Received] = defaultdict(_Received)

    def add(
        self,
        region: str,
        quantity: str,
        dose: Bounded,
        *,
        event: int = WHOLE_EXAM,
        phantom: Phantom | None = None,
        side: BreastSide | None = None,
    ) -> None:
        """Count a dose at a region, base or composite."""
        received = self._received[region, quantity, phantom, side]
        received.parts.append(dose)
        if event != WHOLE_EXAM:
            received.events.add(event)

    def by_base(self, bases_of: Mapping[str, tuple[str, ...]]) -> tuple[RegionShare, ...]:
        """Return the shares of base regions in a fixed order."""
        divided: defaultdict[_Key, _Received] = defaultdict(_Received)
        for (region, quantity, phantom, side), received in self._received.items():
            bases = bases_of.get(region, (region,))
            for base, piece in zip(bases, _divide(add_up(received.parts), len(bases)), strict=True):
                share = divided[base, quantity, phantom, side]
                share.parts.append(piece)
                share.events |= received.events
                share.is_split = share.is_split or len(bases) > 1
        return tuple(_share(*key, divided[key]) for key in sorted(divided, key=_order))


def _order(key: _Key) -> tuple[str, str, str, str]:
    region, quantity, phantom, side = key
    return region, quantity, phantom or "", side or ""


def _share(
    region: str,
    quantity: str,
    phantom: Phantom | None,
    side: BreastSide | None,
    received: _Received,
) -> RegionShare:
    added = add_up(received.parts)
    return RegionShare(
        region,
        quantity,
        added.value,
        QUANTITIES[quantity].unit,
        added.low,
        added.high,
        phantom,
        side,
        tuple(sorted(received.events)),
        received.is_split,
    )


def _divide(total: Added, count: int) -> Iterable[Bounded]:
    """Divide a sum and its bounds into parts that add up to it exactly."""
    if count == 1:
        return ((total.value, total.low, total.high),)
    values = _split(total.value, count)
    if total.low is None or total.high is None:
        return [(value, None, None) for value in values]
    return zip(values, _split(total.low, count), _split(total.high, count), strict=True)


def _split(value: Decimal, count: int) -> tuple[Decimal, ...]:
    """Divide into equal parts; the last one takes the rest, so that they add up exactly."""
    part = (value / count).quantize(_STEP)
    return (*[part] * (count - 1), value - part * (count - 1))


def region_shares(
    exam: ExamInputs,
    values: Sequence[DerivedValue],
    regions: Mapping[int, RegionFinding],
    library: Library,
) -> tuple[RegionShare, ...]:
    """Split what adds up over the base regions that each event irradiated; sums are preserved.

    Of effective doses those of events count, and headline ones of a whole part that name a region:
    a sum over events names none, so that nothing is counted twice. Labelled ones of events ("as the
    object states it") are shown beside others and do not count, nor exposures of no patient.
    """
    shares = _Shares()
    for value in values:
        if _counts(value):
            finding = regions.get(value.place.event)
            bounds = value.interval
            shares.add(
                finding.region if finding and value.place.event else value.place.region or UNMAPPED,
                EFFECTIVE_DOSE,
                (value.value, bounds.low, bounds.high) if bounds else (value.value, None, None),
                event=value.place.event,
            )
    stated: set[str] = set()
    for event in exam.events:
        quantity = _ADDITIVE[event.kind]
        amount = event.values.get(quantity)
        if amount is not None:
            stated.add(quantity)
        if amount is not None and _is_of_patient(exam, event, library):
            _add_event(shares, event, quantity, amount, regions)
    for total in _totals(exam.totals, stated):
        shares.add(
            _region_of_total(exam, total.quantity, regions),
            total.quantity,
            (total.value, None, None),
            phantom=total.phantom,
            side=total.side,
        )
    return shares.by_base(view(library, atlas).parts)


def _is_of_patient(exam: ExamInputs, event: EventInputs, library: Library) -> bool:
    modality = "MG" if event.kind is EventKind.MAMMOGRAPHY else exam.modality
    exclusion = exclusion_of(exam, event, library, modality)
    return exclusion is None or exclusion.effect != NOT_PATIENT


def _counts(value: DerivedValue) -> bool:
    return value.quantity == EFFECTIVE_DOSE and (
        value.is_headline and bool(value.place.region)
        if value.place.event == WHOLE_EXAM
        else not value.label
    )


def _add_event(
    shares: _Shares,
    event: EventInputs,
    quantity: str,
    amount: Decimal,
    regions: Mapping[int, RegionFinding],
) -> None:
    finding = regions.get(event.ordinal)
    is_ct = event.kind is EventKind.CT
    is_breast = event.kind is EventKind.MAMMOGRAPHY
    shares.add(
        finding.region if finding else UNMAPPED,
        quantity,
        (amount, None, None),
        event=event.ordinal,
        phantom=event.phantom if is_ct else None,
        side=event.side if is_breast else None,
    )


def _totals(totals: Iterable[TotalInput], stated: set[str]) -> list[TotalInput]:
    """Take the totals of what no event states; a sum over planes or phantoms only if alone."""
    found: list[TotalInput] = []
    for quantity in _FAMILY:
        if quantity in stated:
            continue
        own = [total for total in totals if total.quantity == quantity]
        whole = [total for total in own if total.plane is Plane.ALL]
        if whole:
            own = whole
        elif quantity == "dlp" and any(total.phantom for total in own):
            own = [total for total in own if total.phantom]
        found += own
    return found


def _region_of_total(exam: ExamInputs, quantity: str, regions: Mapping[int, RegionFinding]) -> str:
    """Give a total to the one region of the exam's events of its family, else to none."""
    family = _FAMILY[quantity]
    known = {
        regions[event.ordinal].region
        for event in exam.events
        if event.kind is family and event.ordinal in regions
    }
    if not known and WHOLE_EXAM in regions:
        known = {regions[WHOLE_EXAM].region}
    return known.pop() if len(known) == 1 else UNMAPPED
