"""What a person's decision that two exams are one ties together, and which evidence then yields.

A decision names link keys, mostly those of studies, so that it holds whatever arrives later and in
whatever order. Without it, the group falls into the groups that its UIDs alone make.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dosebook_central.domain.evidence import Evidence
from dosebook_central.domain.links import join_groups, link_keys, study_key

DECIDED: Final = "+"
"""Begins the name of a group that a decision made: it sorts before every other name, so that a
group which merges with others keeps it, and ingest asks for decisions only where it stands."""


@dataclass(frozen=True, slots=True)
class SameExam:
    """A decision: `other_key` is the procedure of `counted_key`, and its dose counts no more."""

    counted_key: str
    other_key: str


def evidence_keys(evidence: Evidence) -> frozenset[str]:
    """The link keys of an evidence, with that of the study a person gave it to."""
    given = {study_key(evidence.match.study_uid)} if evidence.match else set()
    return link_keys(evidence.reading) | given


def with_yielding(evidences: Sequence[Evidence], decisions: Iterable[SameExam]) -> list[Evidence]:
    """Mark the evidence that yields by decisions; of one patient only, see `reconcile`."""
    keys = {one.record_id: evidence_keys(one) for one in evidences}
    groups, _ = join_groups(keys, {})
    group_of = {key: groups[record] for record, own in keys.items() for key in own}
    yielding: set[str] = set()
    for decision in decisions:
        other = group_of.get(decision.other_key)
        # UIDs that came later may tie both sides: then only what names the other one yields.
        is_tied = other is not None and other == group_of.get(decision.counted_key)
        yielding |= {
            record
            for record, own in keys.items()
            if (decision.other_key in own if is_tied else groups[record] == other)
        }
    return [replace(one, yields=one.record_id in yielding) for one in evidences]


def parted(keys: Mapping[str, frozenset[str]], decisions: Iterable[SameExam]) -> dict[str, str]:
    """Return the group of each record by its keys and the decisions that hold."""
    ties = {
        f"~{place}": frozenset({one.counted_key, one.other_key})  # named last of all
        for place, one in enumerate(decisions)
    }
    groups, _ = join_groups({**keys, **ties}, {})
    decided = {groups[tie] for tie in ties}
    return {
        record: f"{DECIDED}{group}" if (group := groups[record]) in decided else group
        for record in keys
    }
