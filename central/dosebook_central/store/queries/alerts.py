"""Alert rules with their versions, what fired, and whom rules over a period name."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, delete, func, insert, select, update

from dosebook_central.domain.alerts.period import PastExam
from dosebook_central.domain.alerts.rule import Firing, Rule, from_json, to_json
from dosebook_central.domain.alerts.shipped import shipped_rules
from dosebook_central.dosimetry.sets import Library
from dosebook_central.store.bulk import one_of, upsert_rows
from dosebook_central.store.dose_models import Alert, AlertRule, AtRisk, ExamDose
from dosebook_central.store.models import Patient

_SHIPPED: Final = "as shipped"


@dataclass(frozen=True, slots=True)
class StoredRule:
    """The latest version of a rule; a shipped one that nobody changed has no date."""

    rule: Rule
    is_enabled: bool
    changed_by: str = _SHIPPED
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Raised:
    """One alert of an exam, as its page shows it."""

    rule_id: str
    rule_version: int
    level: str
    sentence: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class RiskLine:
    """Why one rule names a patient."""

    rule_id: str
    rule_version: int
    sentence: str
    value: Decimal | None
    unit: str
    since: str
    until: str
    exam_count: int


@dataclass(frozen=True, slots=True)
class PatientAtRisk:
    """One patient with all reasons; a patient is one line, however many rules name them."""

    patient_id: str
    name: str
    identifier: str
    birth_date: str
    sex: str
    reasons: tuple[RiskLine, ...]


def list_rules(connection: Connection, library: Library) -> list[StoredRule]:
    """Return all rules, shipped and own, each in its latest version, by id."""
    found = {one.rule.id: StoredRule(one.rule, one.is_enabled) for one in shipped_rules(library)}
    latest = (
        select(AlertRule.id, func.max(AlertRule.version).label("version"))
        .group_by(AlertRule.id)
        .subquery()
    )
    rows = connection.execute(
        select(AlertRule.__table__).join(
            latest, and_(latest.c.id == AlertRule.id, latest.c.version == AlertRule.version)
        )
    )
    for row in rows:
        found[row.id] = StoredRule(
            from_json(row.body), row.is_enabled, row.changed_by, row.changed_at
        )
    return [found[rule_id] for rule_id in sorted(found)]


def rules_revision(connection: Connection) -> str:
    """Return a text that changes with every change of a rule."""
    row = connection.execute(select(func.count(), func.max(AlertRule.changed_at))).one()
    return f"{row[0]}:{row[1]}"


def rule_versions(connection: Connection, rule_id: str) -> list[StoredRule]:
    """Return the stored versions of a rule, the newest first."""
    rows = connection.execute(
        select(AlertRule.__table__)
        .where(AlertRule.id == rule_id)
        .order_by(AlertRule.version.desc())
    )
    return [
        StoredRule(from_json(row.body), row.is_enabled, row.changed_by, row.changed_at)
        for row in rows
    ]


def version_before(connection: Connection, library: Library, rule_id: str) -> StoredRule | None:
    """Return what a rule said before its latest version: that of a new rule is None."""
    stored = rule_versions(connection, rule_id)
    if len(stored) > 1:
        return stored[1]
    shipped = (one for one in shipped_rules(library) if stored and one.rule.id == rule_id)
    return next((StoredRule(one.rule, one.is_enabled) for one in shipped), None)


def save_rule(
    connection: Connection, rule: Rule, *, is_enabled: bool, actor: str, now: datetime
) -> int:
    """Add a version of a rule and return its number; earlier versions stay."""
    highest = connection.scalar(select(func.max(AlertRule.version)).where(AlertRule.id == rule.id))
    version = (highest or 1) + 1  # a shipped rule is version 1
    body = to_json(rule) | {"version": version}
    connection.execute(
        insert(AlertRule).values(
            id=rule.id,
            version=version,
            is_enabled=is_enabled,
            body=body,
            changed_by=actor,
            changed_at=now,
        )
    )
    return version


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


def write_at_risk(
    connection: Connection,
    patient_ids: Collection[str],
    firings: Mapping[str, Iterable[Firing]],
    now: datetime,
) -> None:
    """Put what rules over a period say of patients in the place of what they said before."""
    connection.execute(delete(AtRisk).where(one_of(connection, AtRisk.patient_id, patient_ids)))
    rows = [
        {
            "patient_id": patient_id,
            "rule_id": one.rule.id,
            "rule_version": one.rule.version,
            "sentence": one.sentence,
            "value": one.value,
            "unit": one.rule.unit,
            "since": one.since,
            "until": one.until,
            "exam_ids": list(one.exam_ids),
            "context": {},
            "evaluated_at": now,
        }
        for patient_id, found in firings.items()
        for one in found
    ]
    upsert_rows(connection, AtRisk.__table__, rows)


def alerts_of(connection: Connection, exam_id: str) -> list[Raised]:
    """Return the alerts that stand on one exam."""
    rows = connection.execute(
        select(Alert.rule_id, Alert.rule_version, Alert.level, Alert.sentence, Alert.raised_at)
        .where(Alert.exam_id == exam_id, Alert.withdrawn_at.is_(None))
        .order_by(Alert.rule_id)
    )
    return [Raised(*row) for row in rows]


def count_at_risk(connection: Connection, since: str = "", rule_id: str = "") -> int:
    """Count the patients whom rules name with a cause since a day."""
    statement = _named(since, rule_id).with_only_columns(func.count(AtRisk.patient_id.distinct()))
    return connection.scalar(statement) or 0


def patients_at_risk(
    connection: Connection, since: str = "", rule_id: str = "", *, limit: int = 200, offset: int = 0
) -> list[PatientAtRisk]:
    """Return the patients whom rules name, each once, the latest cause first."""
    latest = func.max(AtRisk.until)
    chosen = connection.scalars(
        _named(since, rule_id)
        .with_only_columns(AtRisk.patient_id)
        .group_by(AtRisk.patient_id)
        .order_by(latest.desc(), AtRisk.patient_id)
        .limit(limit)
        .offset(offset)
    ).all()
    rows = connection.execute(
        select(
            Patient.id,
            Patient.name,
            Patient.identifier,
            Patient.birth_date,
            Patient.sex,
            AtRisk.rule_id,
            AtRisk.rule_version,
            AtRisk.sentence,
            AtRisk.value,
            AtRisk.unit,
            AtRisk.since,
            AtRisk.until,
            AtRisk.exam_ids,
        )
        .join(Patient, Patient.id == AtRisk.patient_id)
        .where(one_of(connection, AtRisk.patient_id, chosen))
        .order_by(AtRisk.rule_id)
    )
    people: dict[str, list[Any]] = {}
    reasons: defaultdict[str, list[RiskLine]] = defaultdict(list)
    for row in rows:
        columns: list[Any] = list(row)
        people.setdefault(columns[0], columns[:5])
        reasons[columns[0]].append(RiskLine(*[*columns[5:12], len(columns[12])]))
    return [PatientAtRisk(*[*people[key], tuple(reasons[key])]) for key in chosen if key in people]


def _named(since: str, rule_id: str) -> Select[Any]:
    statement = select(AtRisk.patient_id).where(AtRisk.until >= since)
    return statement.where(AtRisk.rule_id == rule_id) if rule_id else statement
