"""A site's practice against reference levels: one line a level and room, judged by its median.

Every exam is held against the levels in force on its own day. Exams of other sites, therapeutic
ones and those without a mapped procedure are no part of local statistics (P46, R100); what else is
left out of a line is counted there by reason.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from dosebook_central.domain.day import day_of
from dosebook_central.domain.drl.band import Size
from dosebook_central.domain.drl.compare import usual_phantom
from dosebook_central.domain.drl.levels import Level, levels_for
from dosebook_central.domain.drl.sample import Sample, Sampled, sample_of
from dosebook_central.dosimetry.exemptions import holds, rules_in_force
from dosebook_central.dosimetry.sets import Library
from dosebook_protocol.quantities import plain

ALL_ROOMS: Final = ""
NO_ROOM: Final = "room not stated"
_THICKNESS: Final = re.compile(r"compressed thickness (\d+) mm")
_THICKNESS_WITHIN_MM: Final = 5
_CT: Final = frozenset({"ctdi_vol", "dlp"})


@dataclass(frozen=True, slots=True)
class SiteExam:
    """One exam as a sample sees it; `values` by quantity, missing ones absent.

    `exemptions` are the ids of rules that exempt events of it from comparisons, wherever they hold.
    """

    exam_id: str
    started: str
    procedure_id: str
    room: str
    size: Size
    event_count: int
    phantom: str
    thickness_mm: Decimal | None
    values: dict[str, Decimal]
    exemptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One level and the sample of one room, or of all rooms together."""

    level: Level
    procedure_id: str
    room: str
    sample: Sample


def site_lines(
    exams: Iterable[SiteExam], library: Library, country: str, place: str = ""
) -> tuple[SiteLine, ...]:
    """Sample exams by procedure, level and room; `ALL_ROOMS` stands for the site.

    `place` is the country, or a part of it, whose exemptions hold (P15).
    """
    exempting = _exempting(library, place or country)
    sampled: dict[tuple[str, Level, str], list[Sampled]] = {}
    for exam in exams:
        day = day_of(exam.started)
        if day is None:
            continue
        for level in levels_for(library, country, exam.procedure_id, day):
            if level.kind != "DRL" or level.match == "indication":
                continue
            one = _sampled(exam, level, exempting)
            if one is not None:
                for room in (ALL_ROOMS, exam.room or NO_ROOM):
                    sampled.setdefault((exam.procedure_id, level, room), []).append(one)
    return tuple(
        SiteLine(level, procedure, room, sample_of(members))
        for (procedure, level, room), members in sorted(
            sampled.items(), key=lambda one: (one[0][0], _order(one[0][1]), one[0][2])
        )
    )


def _exempting(library: Library, place: str) -> dict[str, str]:
    """Say of each rule that holds why it exempts, by its id."""
    rules = (rule.exemption for rule in rules_in_force(library))
    return {one.rule: one.text for one in rules if one.compared != "alert" and holds(one, place)}


def _sampled(exam: SiteExam, level: Level, exempting: Mapping[str, str]) -> Sampled | None:
    """What an exam brings to a sample; None where it is not of the level's group at all."""
    match = level.group.match(exam.size)
    if not match.holds:
        return Sampled(exam.exam_id, None, match.note) if match.by == "unknown" else None
    value, excluded = _value(exam, level)
    if value is not None and level.quantity in _CT:
        excluded = next((exempting[one] for one in exam.exemptions if one in exempting), "")
    return Sampled(exam.exam_id, value, excluded)


def _value(exam: SiteExam, level: Level) -> tuple[Decimal | None, str]:
    wanted = level.quantity
    if wanted == "dlp":  # without localisers (P14); per acquisition the largest one
        wanted = "dlp_imaging" if level.scope == "exam" else "dlp_event"
    value = exam.values.get(wanted)
    if value is None:
        return None, "the exam states no such value"
    excluded = _of_ct(exam, level) if level.quantity in _CT else _of_exposure(exam, level)
    if excluded:
        return None, excluded
    thickness = _thickness(level.procedure)
    if thickness is not None:
        if exam.thickness_mm is None:
            return None, "the compressed thickness is not stated"
        if abs(exam.thickness_mm - thickness) > _THICKNESS_WITHIN_MM:
            return None, f"thickness not within {_THICKNESS_WITHIN_MM} mm of the level's"
    if level.per_kg:
        weight = exam.size.weight_kg
        return (plain(value / weight), "") if weight else (None, "the weight is not known")
    return value, ""


def _of_ct(exam: SiteExam, level: Level) -> str:
    """Why a CT value cannot be held against a level; empty where it can."""
    phantom = level.phantom or usual_phantom(level)
    return "" if exam.phantom == phantom else _phantom_reason(exam.phantom, phantom)


def _of_exposure(exam: SiteExam, level: Level) -> str:
    """Why an exam's value cannot be held against a level of one exposure; empty where it can."""
    is_for_one = level.scope == "event" and level.quantity != "average_glandular_dose"
    if is_for_one and exam.event_count != 1:
        return "several exposures in one exam; the level is for one"
    return ""


def _phantom_reason(stated: str, wanted: str | None) -> str:
    if wanted is None:
        return "the level does not say which phantom it is for"
    if not stated:
        return "the phantom is not stated, or several were used"
    return f"stated for the {stated[:2]} cm phantom, the level is for {wanted[:2]} cm"


def _order(level: Level) -> tuple[str, str, str, Decimal]:
    return (level.quantity, level.group.text, level.procedure, level.value)


@cache
def _thickness(procedure: str) -> int | None:
    found = _THICKNESS.search(procedure)
    return int(found[1]) if found else None
