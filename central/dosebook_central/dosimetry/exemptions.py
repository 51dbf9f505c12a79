"""CT acquisitions that are not compared, by rules of a place (P15).

Perfusion, dual source and dual energy raise CTDIvol by design, and some authorities exempt some of
them. A rule names acquisitions, words of the protocol or procedures, and where it holds. Whatever
it exempts is named with the rule where the comparison would have stood, never left out silently.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from dosebook_central.dosimetry.anatomy_tables import atlas, folded
from dosebook_central.dosimetry.ct_events import Acquisition, AcquisitionKind, acquisition_of
from dosebook_central.dosimetry.findings import Context
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs
from dosebook_central.dosimetry.sets import Library, Row, view
from dosebook_central.dosimetry.values import Compared, Exemption
from dosebook_protocol.reading import EventKind

Trait = Literal["perfusion", "dual_energy", "dual_source", "stationary"]
"""What a rule may name of an acquisition; stationary is a volume scan without moving the table."""


@dataclass(frozen=True, slots=True)
class ExemptionRule:
    """One row in force; empty conditions ask nothing, but one of the first three is stated."""

    acquisitions: frozenset[str]
    words: tuple[str, ...]
    procedures: frozenset[str]
    region: str
    exemption: Exemption  # without events


def exemptions_of(exam: ExamInputs, context: Context) -> tuple[Exemption, ...]:
    """Return the rules that exempt CT events of an exam, each with those events."""
    rules = rules_in_force(context.library)
    if not rules:
        return ()
    typed = [
        (event, acquisition)
        for event in exam.events
        if event.kind is EventKind.CT and (acquisition := acquisition_of(event)).is_imaging
    ]
    found = []
    for rule in rules:
        events = tuple(
            event.ordinal
            for event, acquisition in typed
            if _is_meant(rule, event, acquisition, context)
        )
        if events:
            one = rule.exemption
            found.append(Exemption(one.rule, one.place, one.compared, one.reason, events))
    return tuple(found)


def rules_in_force(library: Library) -> Sequence[ExemptionRule]:
    """Return the rules of the sets in force; a row that names nothing exempts nothing."""
    return view(library, _rules)


def holds(one: Exemption, place: str) -> bool:
    """Whether an exemption holds at a place."""
    return not one.place or is_within(place, one.place)


def is_within(place: str, whole: str) -> bool:
    """Whether a place is a country (DE) or a part of it (DE-BY); nowhere is in none."""
    return place == whole or place.startswith(f"{whole}-")


def acquisition_words(acquisition: Acquisition) -> frozenset[str]:
    """Return what rules may name of an acquisition."""
    found = {
        "perfusion": acquisition.is_perfusion,
        "dual_energy": acquisition.is_dual_energy,
        "dual_source": acquisition.is_multi_source,
        "stationary": acquisition.kind in {AcquisitionKind.STATIONARY, AcquisitionKind.PERFUSION},
    }
    return frozenset(name for name, is_so in found.items() if is_so)


def has_word(text: str, words: Sequence[str]) -> bool:
    """Whether a text has one of some words, whole and in any case; several words stand in a row."""
    spoken = f" {folded(text)} "
    return any((said := folded(word)) and f" {said} " in spoken for word in words)


def _is_meant(
    rule: ExemptionRule, event: EventInputs, acquisition: Acquisition, context: Context
) -> bool:
    if rule.acquisitions and rule.acquisitions.isdisjoint(acquisition_words(acquisition)):
        return False
    if rule.procedures and context.procedure_id not in rule.procedures:
        return False
    if rule.words and not has_word(event.protocol, rule.words):
        return False
    region = context.regions[event.ordinal].region
    return not rule.region or view(context.library, atlas).covers(rule.region, region)


def _rules(library: Library) -> list[ExemptionRule]:
    return [
        rule
        for package in library.of("exemptions")
        for row in package.rows_in_force
        for rule in _rule(row)
    ]


def _rule(row: Row) -> Iterator[ExemptionRule]:
    acquisitions = frozenset(_parts(row["acquisitions"]))
    words = tuple(_parts(row["words"]))
    procedures = frozenset(_parts(row["procedures"]))
    if acquisitions or words or procedures:
        exemption = Exemption(
            row["rule_id"], row["place"], cast("Compared", row["comparison"]), row["reason"]
        )
        yield ExemptionRule(acquisitions, words, procedures, row["body_region"], exemption)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]
