"""Try a rule on the past before it is put in force: how often it would have fired."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection, select

from dosebook_central.alerting.judging import over_periods
from dosebook_central.alerting.rooms import RoomMedians
from dosebook_central.alerting.subjects import full_subject
from dosebook_central.derivation.rows import read_exams
from dosebook_central.domain.alerts.judge import judge
from dosebook_central.domain.alerts.rule import Firing, NotJudged, Rule
from dosebook_central.domain.alerts.subject import Subject
from dosebook_central.dosimetry.sets import Library
from dosebook_central.dosimetry.stored_form import from_text
from dosebook_central.store.dose_models import Derivation, ExamDose
from dosebook_central.store.queries.alerts import past_exams

DAYS: Final = 90
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would have done over some days; `elsewhere` says why it never would here."""

    days: int
    exams: int
    fired: tuple[Firing, ...]
    not_judged: int
    reasons: tuple[str, ...]
    elsewhere: str = ""

    @property
    def per_hundred(self) -> float:
        """Alerts per 100 exams."""
        return round(100 * len(self.fired) / self.exams, 1) if self.exams else 0.0


def preview(
    connection: Connection,
    rule: Rule,
    library: Library,
    country: str,
    today: date,
    place: str = "",
) -> Preview:
    """Judge the exams of the last days by a rule that is not in force."""
    since = (today - timedelta(days=DAYS)).isoformat()
    place = place or country
    if not rule.holds_at(place):
        where = ", ".join(rule.when.places)
        return Preview(DAYS, 0, (), 0, (), f"it is a rule of {where}, where this registry is not")
    fired: list[Firing] = []
    reasons: dict[str, None] = {}
    exams = not_judged = 0
    for subject, patient_id in _subjects(connection, since, library, country, place):
        exams += 1
        if rule.period_days is not None:
            past = past_exams(connection, [patient_id]).get(patient_id, ())
            fired += over_periods([rule], past, subject.exam_id)
            continue
        outcome = judge(rule, subject)
        if isinstance(outcome, NotJudged):
            not_judged += 1
            reasons.setdefault(outcome.reason)
        elif outcome is not None:
            fired.append(outcome)
    return Preview(DAYS, exams, tuple(fired), not_judged, tuple(reasons))


def _subjects(
    connection: Connection, since: str, library: Library, country: str, place: str
) -> Iterator[tuple[Subject, str]]:
    rows = connection.execute(
        select(ExamDose.exam_id, Derivation.body, ExamDose.peak_skin_dose_mgy)
        .join(
            Derivation,
            (Derivation.exam_id == ExamDose.exam_id) & (Derivation.version == ExamDose.version),
        )
        .where(ExamDose.started >= since)
        .order_by(ExamDose.exam_id)
    ).all()
    medians = RoomMedians().of(connection)
    for first in range(0, len(rows), _BATCH):
        batch = {row.exam_id: row for row in rows[first : first + _BATCH]}
        for found in read_exams(connection, batch):
            row = batch[found.exam.exam_id]
            yield (
                full_subject(
                    found.exam,
                    from_text(row.body),
                    row.peak_skin_dose_mgy,
                    library,
                    country,
                    medians,
                    place,
                ),
                found.patient_id,
            )
