"""One exam beside the reference levels of its day: orientation, never a judgement (ICRP 135)."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from dosebook_central.derivation.rows import read_exams
from dosebook_central.domain.alerts.subject import subject_of
from dosebook_central.domain.day import day_of
from dosebook_central.domain.drl.compare import Comparison, NotCompared, compare
from dosebook_central.domain.drl.levels import Level, levels_for
from dosebook_central.dosimetry.values import WHOLE_EXAM, Derived
from dosebook_central.web.context import context
from dosebook_central.web.level_words import country_name, level_unit
from dosebook_central.web.library import library
from dosebook_central.web.numbers import number_text
from dosebook_protocol.printed import full_text, unit_text


@dataclass(frozen=True, slots=True)
class LevelHint:
    """A value beside one level, in words and numbers."""

    level: Level
    value: str
    ratio: str
    limit: str
    unit: str
    where: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftLevel:
    """A level that the exam cannot be held against, and why."""

    level: Level
    limit: str
    unit: str
    reason: str


@dataclass(frozen=True, slots=True)
class ExamLevels:
    """What the levels of the registry's country say beside an exam; `absent` says why nothing."""

    country: str = ""
    compared: tuple[LevelHint, ...] = ()
    left: tuple[LeftLevel, ...] = ()
    absent: str = ""


def exam_levels(connection: Connection, exam_id: str, derived: Derived) -> ExamLevels:
    """Hold an exam against the levels of the registry's country that were in force on its day."""
    country = context().country
    if not country:
        return ExamLevels(absent="country")
    name = country_name(country)
    if derived.is_therapeutic:
        return ExamLevels(name, absent="therapeutic")
    if not derived.procedure_id:
        return ExamLevels(name, absent="procedure")
    found = read_exams(connection, [exam_id])
    day = day_of(found[0].exam.started) if found else None
    if day is None:
        return ExamLevels(name, absent="day")
    levels = levels_for(library(connection), country, derived.procedure_id, day)
    if not levels:
        return ExamLevels(name, absent="levels")
    compared, left = compare(levels, subject_of(found[0].exam, derived, place=context().place))
    return ExamLevels(name, tuple(map(_hint, compared)), tuple(_left(left)))


def _hint(one: Comparison) -> LevelHint:
    level = one.level
    value, limit = (
        number_text(number, level.quantity, (one.value, one.limit))
        for number in (one.value, one.limit)
    )
    where = "" if one.event == WHOLE_EXAM else f"event {one.event}"
    return LevelHint(
        level, value, full_text(one.ratio), limit, unit_text(level.unit), where, one.notes
    )


def _left(found: Iterable[NotCompared]) -> Iterable[LeftLevel]:
    for one in found:
        limit = number_text(one.level.value, one.level.quantity)
        yield LeftLevel(one.level, limit, level_unit(one.level), one.reason)
