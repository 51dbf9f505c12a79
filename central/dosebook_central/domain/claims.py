"""What one evidence claims for one family of dose, and which claims stand beside which."""

from collections.abc import Sequence
from dataclasses import dataclass

from dosebook_central.domain.evidence import (
    FAMILY_BY_QUANTITY,
    Evidence,
    events_of,
    families,
)
from dosebook_protocol.reading import EventKind, IrradiationEvent, Total

IndexedEvent = tuple[int, IrradiationEvent]


@dataclass(frozen=True, slots=True)
class Claim:
    """The events and stated totals of one family in one evidence.

    `is_whole` is false when some of its events are counted elsewhere, so that its stated totals no
    longer speak for what is left.
    """

    evidence: Evidence
    events: tuple[IndexedEvent, ...]
    totals: tuple[Total, ...]
    is_whole: bool = True

    @property
    def uids(self) -> frozenset[str]:
        """The UIDs of its events."""
        return frozenset(event.uid for _, event in self.events)

    @property
    def scope(self) -> str:
        """What a report without events accumulated over: its step, its scope, else its study."""
        reading = self.evidence.reading
        if reading.step is not None:
            return reading.step.uid
        return reading.scope_uid or reading.study.uid


def claim_of(evidence: Evidence, family: EventKind) -> Claim:
    """Cut one family out of an evidence; a total that names no family stays with the only one."""
    spoken = families(evidence.reading)
    totals = tuple(
        total
        for total in evidence.reading.totals
        if spoken == {family} or FAMILY_BY_QUANTITY.get(total.value.quantity) == family
    )
    return Claim(evidence, events_of(evidence, family), totals)


def standing(claims: Sequence[Claim]) -> tuple[tuple[Claim, ...], dict[str, Claim]]:
    """Return the claims that no other contains, and for each other one the claim that does.

    A cumulative report that contains every event of another replaces it (P4); of equal ones the
    newest holds. A report without events yields to any of the same scope that is newer or has some.
    """
    replaced: dict[str, Claim] = {}
    # Largest first, then newest: whatever contains a claim stands before it.
    ranked = sorted(
        claims,
        key=lambda one: (len(one.uids), one.evidence.created, one.evidence.tie),
        reverse=True,
    )
    kept: list[Claim] = []
    for claim in ranked:
        container = next((one for one in kept if _contains(one, claim)), None)
        if container is None:
            kept.append(claim)
        else:
            replaced[claim.evidence.record_id] = container
    kept.sort(key=lambda one: one.evidence.order)
    return tuple(kept), replaced


def _contains(newer: Claim, older: Claim) -> bool:
    if older.events:
        return older.uids <= newer.uids
    return newer.scope == older.scope
