"""Where each event irradiated: one of a fixed set of regions, how sure, and what said so (P34).

The order of evidence, and what a conflict does, is told in docs/understand/anatomical-regions.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from dosebook_central.dosimetry.anatomy_tables import (
    HEAD_REGIONS,
    UNMAPPED,
    WHOLE_BODY,
    Atlas,
    atlas,
)
from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import Concept, EventInputs, ExamInputs
from dosebook_central.dosimetry.sets import Library, view
from dosebook_central.dosimetry.values import WHOLE_EXAM, Flag, RegionFinding
from dosebook_central.dosimetry.wording import events_text
from dosebook_protocol.codes import canonical
from dosebook_protocol.reading import EventKind, Phantom

Confidence = Literal["high", "medium", "low", "none"]

LONGER_THAN_ONE_REGION_MM: Final = 500
LONGER_THAN_A_HEAD_MM: Final = 600
_CONFIRMED: Final = frozenset({"decision", "code"})
_MODALITY: Final = {EventKind.CT: "CT", EventKind.MAMMOGRAPHY: "MG"}
_BY_KIND: Final = {
    EventKind.RADIOPHARMACEUTICAL: (WHOLE_BODY, "a radiopharmaceutical reaches the whole body"),
    EventKind.MAMMOGRAPHY: ("breast", "a mammography"),
}


@dataclass(frozen=True, slots=True)
class _Said:
    """One statement of a region; `by` names who made it, with its own words.

    `also` are further regions that the same words name: a statement about several does not
    contradict any of them.
    """

    region: str
    by: str
    confidence: Confidence
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Key:
    """All that decides the region of one event; equal keys have one answer."""

    kind: EventKind | None
    modality: str
    target: Concept | None
    structure: Concept | None
    body_part: Concept | None
    protocol: str
    is_long: bool
    is_odd_head: bool
    procedure_id: str
    is_confirmed: bool
    exam_body_part: Concept | None
    texts: tuple[str, ...]


_Decision = tuple[str, Confidence, str, tuple[str, ...]]


def regions_of(
    exam: ExamInputs, library: Library, procedure_id: str = "", procedure_source: str = ""
) -> Mapping[int, RegionFinding]:
    """Return the region of each event by its ordinal; `unmapped` where nothing says it.

    An exam without events has one finding, of the whole exam (ordinal 0). `procedure_source` tells
    a confirmed procedure (decision, code) from one that was only read from words.
    """
    decide = view(library, _decider)
    texts = (*exam.procedures, *exam.protocols, *exam.descriptions)
    shared = (
        procedure_id,
        procedure_source in _CONFIRMED,
        exam.coded.get("body_part_examined"),
        texts,
    )
    if not exam.events:
        nothing = (None, exam.modality, None, None, None, "", False, False)
        return {WHOLE_EXAM: RegionFinding(WHOLE_EXAM, *decide(_Key(*nothing, *shared)))}
    found: dict[int, RegionFinding] = {}
    for event in exam.events:
        coded = event.coded
        own = (
            event.kind,
            _MODALITY.get(event.kind, exam.modality),
            coded.get("target_region"),
            coded.get("anatomical_structure"),
            coded.get("body_part_examined"),
            event.protocol,
            _is_longer(event, LONGER_THAN_ONE_REGION_MM),
            _is_odd_head(event),
        )
        found[event.ordinal] = RegionFinding(event.ordinal, *decide(_Key(*own, *shared)))
    return found


def region_findings(exam: ExamInputs, context: Context) -> Findings:
    """Flag events whose region is contradicted, or whose range does not fit it (P34)."""
    label = view(context.library, atlas).label
    events: dict[tuple[str, str], list[int]] = {}
    for finding in context.regions.values():
        if finding.others:
            sentence = f"taken as {label(finding.region)} ({finding.said_by}), but " + " and ".join(
                finding.others
            )
            events.setdefault(("region-conflict", sentence), []).append(finding.event)
    for event in exam.events:
        finding_of_event = context.regions.get(event.ordinal)
        if (
            finding_of_event is not None
            and finding_of_event.region in HEAD_REGIONS
            and _is_longer(event, LONGER_THAN_A_HEAD_MM)
        ):
            sentence = (
                f"said to be {label(finding_of_event.region)}, but the scan is longer than "
                f"{LONGER_THAN_A_HEAD_MM // 10} cm"
            )
            events.setdefault(("region-range", sentence), []).append(event.ordinal)
    return Findings(flags=tuple(one_flag(*key, places) for key, places in events.items()))


def one_flag(code: str, sentence: str, events: Sequence[int]) -> Flag:
    """Say one thing of several events once."""
    if len(events) == 1:
        return Flag(
            code, f"{events_text(events)}: {sentence}" if events[0] else sentence, events[0]
        )
    return Flag(code, f"{events_text(events)}: {sentence}")


def _is_odd_head(event: EventInputs) -> bool:
    """Whether the range or phantom of an event cannot be that of a head scan."""
    phantom: Phantom = "32cm"
    return event.phantom == phantom or _is_longer(event, LONGER_THAN_A_HEAD_MM)


def _is_longer(event: EventInputs, limit_mm: int) -> bool:
    length = event.values.get("scanning_length")
    return event.kind is EventKind.CT and length is not None and length > limit_mm


def _decider(library: Library) -> Callable[[_Key], _Decision]:
    """Make the function that decides for one library; it remembers what it decided."""
    tables = view(library, atlas)

    @lru_cache(maxsize=16384)
    def decide(key: _Key) -> _Decision:
        if key.kind in _BY_KIND:
            region, why = _BY_KIND[key.kind]
            return region, "high", why, ()
        own, weak = _own(tables, key), _weak(tables, key)
        procedure = _procedure(tables, key)
        chosen = _choose(tables, key, own, weak, procedure)
        if chosen is None:
            return UNMAPPED, "none", "nothing states a region", ()
        said = [*own, *weak] if procedure is None else [*own, procedure, *weak]
        others = tuple(
            dict.fromkeys(
                f"{one.by} says {tables.label(one.region)}"
                for one in said
                if UNMAPPED not in {one.region, chosen.region}
                and not any(
                    tables.agree(region, chosen.region) for region in (one.region, *one.also)
                )
            )
        )
        confidence = _lowered(chosen.confidence) if others else chosen.confidence
        if key.is_odd_head and chosen.region in HEAD_REGIONS:
            confidence = "low"
        return chosen.region, confidence, chosen.by, others

    return decide


def _lowered(confidence: Confidence) -> Confidence:
    return "medium" if confidence == "high" else "low" if confidence == "medium" else confidence


def _own(tables: Atlas, key: _Key) -> list[_Said]:
    """What the event says of itself, the strongest first."""
    said: list[_Said] = []
    for name, concept in (("target region", key.target), ("structure", key.structure)):
        said += _coded(tables, name, concept, key.modality)
    said += _body_part(tables, key.body_part, key.modality, "medium")
    said += _words(tables, "protocol", key.protocol, key.modality)
    return said


def _weak(tables: Atlas, key: _Key) -> list[_Said]:
    """What the exam says of all its events."""
    said = _body_part(tables, key.exam_body_part, key.modality, "low")
    for text in key.texts:
        said += _words(tables, "description", text, key.modality)
    return [one for one in said if one.region != UNMAPPED]


def _procedure(tables: Atlas, key: _Key) -> _Said | None:
    region = tables.procedures.get(key.procedure_id, UNMAPPED)
    if region == UNMAPPED:
        return None
    if key.is_confirmed:
        return _Said(region, f"procedure {key.procedure_id}", "high")
    return _Said(region, f"procedure {key.procedure_id}, not confirmed", "low")


def _choose(
    tables: Atlas, key: _Key, own: list[_Said], weak: list[_Said], procedure: _Said | None
) -> _Said | None:
    mapped = [] if procedure is None else [procedure]
    if procedure is not None and key.is_confirmed:
        chosen: _Said | None = _within(tables, procedure, own)
    else:
        chosen = next(iter([*own, *mapped, *weak]), None)
    if chosen is None or chosen.region == UNMAPPED:
        return chosen
    wider = [one for one in [*mapped, *own, *weak] if one is not chosen]
    if chosen.region == WHOLE_BODY:
        return _narrowed(wider, chosen, is_possible=key.kind is not EventKind.PROJECTION)
    return _widened(tables, wider, chosen) if key.is_long else chosen


def _within(tables: Atlas, procedure: _Said, own: list[_Said]) -> _Said:
    """Let the event keep its own region where that lies within those of the procedure."""
    for one in own:
        if one.region == UNMAPPED:
            continue
        if tables.covers(procedure.region, one.region):
            return _Said(one.region, f"{one.by}, within {procedure.by}", "high")
        if tables.covers(one.region, procedure.region):
            return procedure
    return procedure


def _narrowed(others: list[_Said], chosen: _Said, *, is_possible: bool) -> _Said:
    """Take a narrower statement beside "whole body", which consoles send as a default."""
    for one in others:
        if one.region not in {WHOLE_BODY, UNMAPPED}:
            return _Said(one.region, f"{one.by}, narrower than {chosen.by}", "medium")
    return chosen if is_possible else _Said(WHOLE_BODY, chosen.by, "low")


def _widened(tables: Atlas, others: list[_Said], chosen: _Said) -> _Said:
    """Take the composite around one region where the scan is too long for that region alone."""
    for one in others:
        is_wider = len(tables.parts.get(one.region, ())) > len(tables.parts.get(chosen.region, ()))
        if is_wider and tables.covers(one.region, chosen.region):
            why = f"{one.by}, because the scan is longer than 50 cm ({chosen.by})"
            return _Said(one.region, why, "medium")
    return chosen


def _coded(tables: Atlas, name: str, concept: Concept | None, modality: str) -> list[_Said]:
    if concept is None:
        return []
    by = f"{name} '{concept.text or concept.code}'"
    region = tables.codes.get(canonical(concept.code, concept.scheme)) if concept.code else None
    if region is not None:
        return [_Said(region, by, "high")]
    return _words(tables, name, concept.text, modality)


def _body_part(
    tables: Atlas, concept: Concept | None, modality: str, confidence: Confidence
) -> list[_Said]:
    if concept is None:
        return []
    name = "".join(one for one in concept.text.upper() if one.isalnum())
    region = tables.body_parts.get(name)
    if region is not None:
        return [_Said(region, f"body part '{concept.text}'", confidence)]
    return _coded(tables, "body part", concept, modality)


def _words(tables: Atlas, name: str, text: str, modality: str) -> list[_Said]:
    regions = tables.words(text, modality) if text else ()
    if not regions:
        return []
    return [_Said(regions[0], f"words of the {name} '{text}'", "low", regions[1:])]
