"""Subjects with what the pure rules cannot know: the skin dose map and the levels of the day."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from dosebook_central.domain.alerts.subject import Judged, Subject, subject_of
from dosebook_central.domain.drl.compare import references
from dosebook_central.domain.drl.levels import levels_for
from dosebook_central.dosimetry.inputs import ExamInputs
from dosebook_central.dosimetry.sets import Library
from dosebook_central.dosimetry.values import Derived


def full_subject(
    exam: ExamInputs,
    derived: Derived,
    peak_skin_dose_mgy: Decimal | None,
    library: Library,
    country: str,
) -> Subject:
    """Return an exam as all rules see it; `country` chooses the reference levels."""
    subject = subject_of(exam, derived)
    if peak_skin_dose_mgy is not None:
        peak = Judged("peak_skin_dose", peak_skin_dose_mgy)
        subject = replace(subject, values=(*subject.values, peak))
    try:
        day = date.fromisoformat(exam.started[:10])
    except ValueError:
        return subject
    levels = levels_for(library, country, subject.procedure_id, day)
    return replace(subject, references=references(levels, subject)) if levels else subject
