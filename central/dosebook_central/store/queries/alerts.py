"""What rules say of exams: alerts that were raised or withdrawn, and what they look at."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from dosebook_central.domain.alerts.period import PastExam
from dosebook_central.domain.alerts.rule import Firing
from dosebook_central.store.bulk import one_of, upsert_rows
from dosebook_central.store.dose_models import Alert, ExamDose


@dataclass(frozen=True, slots=True)
class Raised:
    """One alert of an exam, as its page shows it."""

    rule_id: str
    rule_version: int
    level: str
    sentence: str
    raised_at: datetime


def write_alerts(
    connection: Connection,
    exams: Mapping[str, tuple[str, int]],
    firings: Mapping[str, Sequence[Firing]],
    now: datetime,
) -> None:
    """Raise what fired for exams and withdraw what no longer has cause; nothing is deleted.

    `exams` maps an exam to its patient and derivation version.
    """
    known = {
        (row.exam_id, row.rule_id, row.rule_version): row
        for row in connection.execute(
            select(Alert.__table__).where(one_of(connection, Alert.exam_id, exams))
        )
    }
    rows: dict[tuple[str, str, int], dict[str, Any]] = {}
    for exam_id, fired in firings.items():
        patient_id, version = exams[exam_id]
        for one in fired:
            key = (exam_id, one.rule.id, one.rule.version)
            before = known.get(key)
            rows[key] = {
                "exam_id": exam_id,
                "rule_id": one.rule.id,
                "rule_version": one.rule.version,
                "patient_id": patient_id,
                "level": one.rule.level,
                "sentence": one.sentence,
                "quantity": one.rule.quantity,
                "value": one.value,
                "threshold": one.threshold,
                "raised_at": before.raised_at if before else now,
                "derivation_version": version,
                "withdrawn_at": None,
            }
    upsert_rows(connection, Alert.__table__, list(rows.values()))
    gone = [key for key, row in known.items() if key not in rows and row.withdrawn_at is None]
    for exam_id, rule_id, rule_version in gone:
        connection.execute(
            update(Alert)
            .where(
                Alert.exam_id == exam_id,
                Alert.rule_id == rule_id,
                Alert.rule_version == rule_version,
            )
            .values(withdrawn_at=now)
        )


def past_exams(connection: Connection, patient_ids: Collection[str]) -> dict[str, list[PastExam]]:
    """Return all exams of patients as rules over a period see them."""
    found: defaultdict[str, list[PastExam]] = defaultdict(list)
    rows = connection.execute(
        select(
            ExamDose.patient_id,
            ExamDose.exam_id,
            ExamDose.started,
            ExamDose.modality,
            ExamDose.procedure_id,
            ExamDose.station,
            ExamDose.regions,
            ExamDose.age_years,
            ExamDose.is_therapeutic,
            ExamDose.effective_dose_msv,
            ExamDose.dose_area_product_gy_cm2,
            ExamDose.dose_rp_mgy,
            ExamDose.peak_skin_dose_mgy,
            ExamDose.administered_activity_mbq,
        ).where(one_of(connection, ExamDose.patient_id, patient_ids))
    )
    for patient_id, *columns in rows:
        columns[5] = tuple(filter(None, columns[5].split(";")))
        found[patient_id].append(PastExam(*columns))
    return found


def alerts_of(connection: Connection, exam_id: str) -> list[Raised]:
    """Return the alerts that stand on one exam."""
    rows = connection.execute(
        select(Alert.rule_id, Alert.rule_version, Alert.level, Alert.sentence, Alert.raised_at)
        .where(Alert.exam_id == exam_id, Alert.withdrawn_at.is_(None))
        .order_by(Alert.rule_id)
    )
    return [Raised(*row) for row in rows]
