"""Alerts that stand, as lists show them: by filter and page, by exam, and how many there are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, ScalarSelect, Select, case, func, select, tuple_

from dosebook_central.store.bulk import one_of
from dosebook_central.store.dose_models import Alert
from dosebook_central.store.models import Exam, Patient

LEVELS: Final = ("information", "notification", "alert", "substantial")
"""The levels of alerts, the gravest last."""


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are meant; moments are those of raising, `until` is not included."""

    level: str = ""
    rule_id: str = ""
    station: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedAlert:
    """One line of the list of alerts."""

    exam_id: str
    patient_id: str
    patient_name: str
    started: str
    modality: str
    description: str
    station: str
    rule_id: str
    level: str
    sentence: str
    raised_at: datetime


_ALL: Final = AlertFilter()
_LATEST: Final = 3000  # enough to name the rooms, few enough to read at once
_GRAVITY: Final = case({level: rank for rank, level in enumerate(LEVELS)}, value=Alert.level)


def list_alerts(
    connection: Connection, chosen: AlertFilter = _ALL, *, limit: int = 200, offset: int = 0
) -> list[ListedAlert]:
    """Return alerts that stand, the latest first.

    The keys of the page are chosen first: with all that a line shows, sorting the tens of thousands
    that a changed rule raises at once would take most of a second.
    """
    keys = (Alert.exam_id, Alert.rule_id, Alert.rule_version)
    order = (Alert.raised_at.desc(), Alert.exam_id, Alert.rule_id)
    page = _standing(select(*keys), chosen).order_by(*order).limit(limit).offset(offset)
    if chosen.station:
        page = page.join(Exam, Exam.id == Alert.exam_id)
    statement = (
        select(
            Alert.exam_id,
            Exam.patient_id,
            Patient.name,
            Exam.started,
            Exam.modality,
            Exam.description,
            Exam.station,
            Alert.rule_id,
            Alert.level,
            Alert.sentence,
            Alert.raised_at,
        )
        .join(Exam, Exam.id == Alert.exam_id)
        .join(Patient, Patient.id == Exam.patient_id)
        .where(tuple_(*keys).in_(page))
        .order_by(*order)
    )
    return [ListedAlert(*row) for row in connection.execute(statement)]


def count_alerts(connection: Connection, chosen: AlertFilter = _ALL) -> int:
    """Count the alerts that stand."""
    statement = select(func.count()).select_from(Alert)
    if chosen.station:
        statement = statement.join(Exam, Exam.id == Alert.exam_id)
    return connection.scalar(_standing(statement, chosen)) or 0


def alert_rooms(connection: Connection) -> list[str]:
    """Return the rooms of the exams of the latest alerts that stand, some thousands of them."""
    latest = _standing(select(Alert.exam_id), _ALL).order_by(Alert.raised_at.desc()).limit(_LATEST)
    stated = select(Exam.station).where(Exam.id.in_(latest), Exam.station != "").distinct()
    return sorted(connection.scalars(stated))


def alert_rules(connection: Connection) -> list[str]:
    """Return the rules of which an alert stands."""
    return sorted(connection.scalars(_standing(select(Alert.rule_id).distinct(), _ALL)))


def alerting_exams(connection: Connection, exam_ids: Collection[str]) -> dict[str, str]:
    """Return, of these exams, those on which an alert stands, with its gravest level (P47)."""
    if not exam_ids:
        return {}
    statement = select(Alert.exam_id, func.max(_GRAVITY)).where(
        one_of(connection, Alert.exam_id, exam_ids)
    )
    rows = connection.execute(_standing(statement, _ALL).group_by(Alert.exam_id))
    return {exam_id: level_of(gravity) for exam_id, gravity in rows}


def gravity_of_exam() -> ScalarSelect[int | None]:
    """The column of a statement on `exam` that `level_of` reads."""
    statement = select(func.max(_GRAVITY)).where(Alert.exam_id == Exam.id)
    return _standing(statement, _ALL).scalar_subquery()


def level_of(gravity: int | None) -> str:
    """Return the gravest level of an exam's alerts; empty where none stands."""
    return "" if gravity is None else LEVELS[gravity]


def _standing(statement: Select[*tuple[Any, ...]], chosen: AlertFilter) -> Select[*tuple[Any, ...]]:
    statement = statement.where(Alert.withdrawn_at.is_(None))
    if chosen.level:
        statement = statement.where(Alert.level == chosen.level)
    if chosen.rule_id:
        statement = statement.where(Alert.rule_id == chosen.rule_id)
    if chosen.station:
        statement = statement.where(Exam.station == chosen.station)
    if chosen.since:
        statement = statement.where(Alert.raised_at >= chosen.since)
    if chosen.until:
        statement = statement.where(Alert.raised_at < chosen.until)
    return statement
