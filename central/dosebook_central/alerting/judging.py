"""Judge every derived exam by the rules in force, in the transaction of its doses (R36).

An observer of the derivation: alerts stand or fall with the doses that gave cause.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from threading import Lock

from sqlalchemy import Connection, select

from dosebook_central.alerting.rooms import RoomMedians
from dosebook_central.alerting.subjects import full_subject
from dosebook_central.derivation.engine import DerivedExam
from dosebook_central.domain.alerts.judge import judge_all
from dosebook_central.domain.alerts.period import PastExam, judge_period
from dosebook_central.domain.alerts.rule import Firing, Rule
from dosebook_central.dosimetry.sets import Library
from dosebook_central.store.bulk import one_of
from dosebook_central.store.dose_models import ExamDose
from dosebook_central.store.library_cache import LibraryCache
from dosebook_central.store.queries import alert_rules, alerts, at_risk


class Judging:
    """Judges batches of derived exams; for any number of threads.

    `country` chooses the DRLs, `place` (that country, or a part of it) the exemptions.
    """

    def __init__(self, country: str = "", place: str = "") -> None:
        self._country = country
        self._place = place or country
        self._libraries = LibraryCache()
        self._rooms = RoomMedians()
        self._lock = Lock()
        self._revision = ""
        self._rules: tuple[Rule, ...] = ()

    def __call__(self, connection: Connection, exams: Sequence[DerivedExam]) -> None:
        """Raise and withdraw the alerts of these exams, and renew their patients' risk lines."""
        library = self._libraries.current(connection)
        rules = self._in_force(connection, library)
        now = datetime.now(UTC)
        patients = {exam.patient_id for exam in exams}
        past = alerts.past_exams(connection, patients)
        skin = _skin_doses(connection, [exam.exam.exam_id for exam in exams])
        country = self._country if any(rule.times_drl is not None for rule in rules) else ""
        medians = self._rooms.of(connection)
        firings: defaultdict[str, list[Firing]] = defaultdict(list)
        for exam in exams:
            exam_id = exam.exam.exam_id
            subject = full_subject(
                exam.exam, exam.derived, skin.get(exam_id), library, country, medians, self._place
            )
            firings[exam_id] += judge_all(rules, subject)[0]
            firings[exam_id] += over_periods(rules, past.get(exam.patient_id, ()), exam_id)
        known = {exam.exam.exam_id: (exam.patient_id, exam.version) for exam in exams}
        alerts.write_alerts(connection, known, firings, now)
        naming = [rule for rule in rules if rule.is_at_risk]
        named = {one: over_periods(naming, past.get(one, ())) for one in patients}
        at_risk.write_at_risk(connection, patients, named, now)

    def _in_force(self, connection: Connection, library: Library) -> tuple[Rule, ...]:
        revision = f"{alert_rules.rules_revision(connection)}:{library.digest}"
        with self._lock:
            if revision != self._revision:
                stored = alert_rules.list_rules(connection, library)
                self._rules = tuple(
                    one.rule for one in stored if one.is_enabled and one.rule.holds_at(self._place)
                )
                self._revision = revision
            return self._rules


def over_periods(rules: Sequence[Rule], past: Sequence[PastExam], until: str = "") -> list[Firing]:
    """Judge one patient by the rules over a period, up to an exam or over all their exams."""
    found = [judge_period(rule, past, until) for rule in rules if rule.period_days is not None]
    return [one for one in found if one is not None]


def _skin_doses(connection: Connection, exam_ids: Sequence[str]) -> dict[str, Decimal]:
    rows = connection.execute(
        select(ExamDose.exam_id, ExamDose.peak_skin_dose_mgy).where(
            one_of(connection, ExamDose.exam_id, exam_ids),
            ExamDose.peak_skin_dose_mgy.is_not(None),
        )
    )
    return {exam_id: peak for exam_id, peak in rows if peak is not None}
