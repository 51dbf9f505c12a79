"""Patients whom rules over a period name, with the reasons."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select

from dosebook_central.domain.alerts.rule import Firing
from dosebook_central.store.bulk import one_of, upsert_rows
from dosebook_central.store.dose_models import AtRisk
from dosebook_central.store.models import Patient


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
