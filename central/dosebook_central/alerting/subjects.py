"""Subjects with what the pure rules cannot know: the skin dose map and the levels of the day."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from dosebook_central.domain.alerts.subject import Judged, Reference, Subject, subject_of
from dosebook_central.domain.day import day_of
from dosebook_central.domain.drl.compare import references
from dosebook_central.domain.drl.levels import levels_for
from dosebook_central.dosimetry.inputs import ExamInputs
from dosebook_central.dosimetry.sets import Library
from dosebook_central.dosimetry.values import Derived


def no_medians(institution: str, station: str, procedure_id: str) -> tuple[Reference, ...]:
    """Know of no rooms."""
    del institution, station, procedure_id
    return ()


def full_subject(
    exam: ExamInputs,
    derived: Derived,
    peak_skin_dose_mgy: Decimal | None,
    library: Library,
    country: str,
    medians: Callable[[str, str, str], tuple[Reference, ...]] = no_medians,
    place: str = "",
) -> Subject:
    """Return an exam as all rules see it; `country` chooses the reference levels.

    `place` chooses the exemptions (P15): a country, or a part of one.
    `medians` gives those of an institution's room and a standard procedure.
    """
    subject = subject_of(exam, derived, place=place)
    if subject.procedure_id and exam.station:
        found = medians(exam.institution, exam.station, subject.procedure_id)
        subject = replace(subject, room_medians=found)
    if peak_skin_dose_mgy is not None:
        peak = Judged("peak_skin_dose", peak_skin_dose_mgy)
        subject = replace(subject, values=(*subject.values, peak))
    day = day_of(exam.started)
    if day is None:
        return subject
    levels = levels_for(library, country, subject.procedure_id, day)
    return replace(subject, references=references(levels, subject)) if levels else subject
