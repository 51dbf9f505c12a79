"""One part of an exam: what one machine did of one family, from the strongest evidence of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dosebook_central.domain.claims import Claim, claim_of, standing
from dosebook_central.domain.disagreement import disagreements, event_differs, missing_events
from dosebook_central.domain.evidence import Evidence, Strength, families, is_other_device
from dosebook_central.domain.exam import Conflict, Measure, Role
from dosebook_central.domain.totals import IndexedEvent, PartTotals, part_totals, supplemented
from dosebook_protocol.reading import EventKind

NAMES: Final = {
    Strength.REPORT: "radiation dose report",
    Strength.VENDOR_REPORT: "vendor's dose report",
    Strength.MPPS: "MPPS",
    Strength.HEADER: "image header",
    Strength.DOSIMETER: "dosimeter",
    Strength.SCREEN: "dose screen",
    Strength.MANUAL: "manual entry",
}

Use = tuple[Role, str]
_REPEATS: Final[Use] = (Role.CORROBORATES, "a person decided that it repeats what counts here")


@dataclass(frozen=True, slots=True)
class CountedPart:
    """A part with its counted events, its totals, and what each evidence was used for."""

    family: EventKind
    claims: tuple[Claim, ...]
    events: tuple[IndexedEvent, ...]
    totals: PartTotals
    conflicts: tuple[Conflict, ...]
    uses: dict[str, Use]

    @property
    def evidences(self) -> tuple[Evidence, ...]:
        """The evidences that are counted, in canonical order."""
        return tuple(claim.evidence for claim in self.claims)


def count_parts(
    evidences: Sequence[Evidence], elsewhere: dict[str, frozenset[str]]
) -> tuple[CountedPart, ...]:
    """Count each family of dose once.

    `elsewhere` names, per record, the UIDs of its events that another patient's exam counts.
    """
    parts: list[CountedPart] = []
    for family in EventKind:
        claims = [
            _without(claim_of(evidence, family), elsewhere)
            for evidence in evidences
            if family in families(evidence.reading)
        ]
        claims = [claim for claim in claims if claim.events or claim.is_whole]
        while claims:
            part, claims = _count(family, claims)
            parts.append(part)
    return tuple(parts)


def _without(claim: Claim, elsewhere: dict[str, frozenset[str]]) -> Claim:
    taken = elsewhere.get(claim.evidence.record_id, frozenset())
    if not taken & claim.uids:
        return claim
    left = tuple((index, event) for index, event in claim.events if event.uid not in taken)
    return Claim(claim.evidence, left, claim.totals, is_whole=False)


def _count(family: EventKind, claims: Sequence[Claim]) -> tuple[CountedPart, list[Claim]]:
    """Count the strongest claims and compare the weaker ones; return those of other machines."""
    first = min(claim.evidence.rank for claim in claims)
    strongest = first[1]
    top = [claim for claim in claims if claim.evidence.rank == first]
    weaker, uncovered = _covered(top, [claim for claim in claims if claim not in top])
    kept, replaced = standing(top)
    events = _unite(kept)
    uses = _uses(kept, replaced, events, strongest)
    for claim in weaker:
        uses[claim.evidence.record_id] = (
            _REPEATS
            if claim.evidence.rank[0] > first[0]
            else (Role.CORROBORATES, f"the {NAMES[strongest]} covers the same dose")
        )
    totals = part_totals(family, kept, events)
    conflicts = _event_conflicts(kept)
    speakers = kept
    for rank in sorted({claim.evidence.rank for claim in weaker}):
        yields, strength = rank
        compared, _ = standing([one for one in weaker if one.evidence.rank == rank])
        their_events = _unite(compared)
        their_totals = part_totals(family, compared, their_events)
        theirs = (their_totals, compared, their_events)
        conflicts += disagreements((totals, speakers, events), theirs)
        if not yields:  # of what repeats an exam, no event is expected in its report
            conflicts += missing_events(events, their_events, compared)
        if strength >= Strength.DOSIMETER:
            totals, added = supplemented(totals, their_totals)
            uses |= _uses_of_added(added, strength)
            if added:
                speakers = (*speakers, *compared)
                events = events or their_events  # totals alone say nothing of single exposures
    part = CountedPart(family, kept, events, totals, tuple(conflicts), uses)
    return part, uncovered


def _covered(top: Sequence[Claim], rest: Sequence[Claim]) -> tuple[list[Claim], list[Claim]]:
    weaker: list[Claim] = []
    uncovered: list[Claim] = []
    for claim in rest:
        # What a person decided to be the same procedure is of no other machine.
        is_elsewhere = not claim.evidence.yields and all(
            is_other_device(claim.evidence, one.evidence) for one in top
        )
        (uncovered if is_elsewhere else weaker).append(claim)
    return weaker, uncovered


def _unite(claims: Sequence[Claim]) -> tuple[IndexedEvent, ...]:
    """Unite events by UID, each from the newest claim that has it (P5), in order of time."""
    newest_first = sorted(
        claims, key=lambda one: (one.evidence.created, one.evidence.tie), reverse=True
    )
    found: dict[str, IndexedEvent] = {}
    for claim in newest_first:
        for index, event in claim.events:
            found.setdefault(event.uid, (claim.evidence.record_id, index, event))
    return tuple(
        sorted(
            found.values(),
            key=lambda one: (one[2].started.local if one[2].started else "", one[1], one[2].uid),
        )
    )


def _uses(
    kept: Sequence[Claim],
    replaced: dict[str, Claim],
    events: Sequence[IndexedEvent],
    strongest: Strength,
) -> dict[str, Use]:
    contributing = {record for record, _, _ in events}
    name = NAMES[strongest]
    uses: dict[str, Use] = {}
    for claim in kept:
        record = claim.evidence.record_id
        if record in contributing or not claim.events:
            uses[record] = (Role.COUNTED, f"strongest evidence of this dose: {name}")
        else:
            uses[record] = (Role.CORROBORATES, "its irradiation events are counted from others")
    for record, container in replaced.items():
        if strongest in {Strength.HEADER, Strength.DOSIMETER}:
            uses[record] = (Role.CORROBORATES, "shows an irradiation event that is counted already")
        else:
            count = len(container.events)
            uses[record] = (
                Role.SUPERSEDED,
                f"a newer {name} with {count} irradiation events contains all of its events",
            )
    return uses


def _uses_of_added(added: Sequence[Measure], strength: Strength) -> dict[str, Use]:
    """Say of each record that alone states some quantity that it counts for it."""
    labels: dict[str, list[str]] = {}
    for measure in added:
        for record in dict.fromkeys(source.record_id for source in measure.sources):
            labels.setdefault(record, []).append(measure.label)
    return {
        record: (Role.COUNTED, f"nothing stronger states {' or '.join(named)}: {NAMES[strength]}")
        for record, named in labels.items()
    }


def _event_conflicts(claims: Sequence[Claim]) -> list[Conflict]:
    """Two standing reports that give one event different doses."""
    seen: dict[str, tuple[Claim, int]] = {}
    found: list[Conflict] = []
    for claim in claims:
        for index, event in claim.events:
            if event.uid not in seen:
                seen[event.uid] = (claim, index)
                continue
            other, position = seen[event.uid]
            found += event_differs(
                other.evidence,
                other.evidence.reading.events[position],
                claim.evidence,
                event,
            )
    return found
