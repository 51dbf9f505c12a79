"""Give a reading that names no patient to an exam, set it aside, or let it wait again.

Each is one transaction with the exams that follow from it. To be called in a transaction that holds
the write lock, or within `audit.log.perform`.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from dosebook_central.domain.links import study_key
from dosebook_central.domain.matching import Match
from dosebook_central.domain.patient_identity import UNIDENTIFIED
from dosebook_central.exams.regroup import reconcile_anew
from dosebook_central.store import matching
from dosebook_central.store.matching import Decided
from dosebook_central.store.models import Exam, Patient
from dosebook_central.store.queries.unassigned import is_waiting
from dosebook_central.store.records import lock_group


def assign(connection: Connection, record_id: str, exam_id: str, actor: str, now: datetime) -> bool:
    """Give a waiting reading to an exam; False where it does not wait, or the exam has no study."""
    match = _match_of(connection, exam_id)
    if match is None or not _take(connection, record_id):
        return False
    group = lock_group(connection, study_key(match.study_uid))
    if group is None:
        return False
    decided = Decided("assign", actor, now, match.study_uid, match.identifier, match.issuer)
    matching.add(connection, record_id, decided, group)
    reconcile_anew(connection, [group], now)
    return True


def set_aside(
    connection: Connection, record_id: str, reason: str, actor: str, now: datetime
) -> bool:
    """Say that a waiting reading exposed no patient; False where it does not wait."""
    if not _take(connection, record_id):
        return False
    matching.add(connection, record_id, Decided("set-aside", actor, now, reason=reason), "")
    return True


def take_back(connection: Connection, record_id: str, actor: str, now: datetime) -> bool:
    """Let a decided reading wait again, its exam as it was without it; False where it waits."""
    matching.lock_record(connection, record_id)
    decided = matching.in_force(connection, [record_id]).get(record_id)
    if decided is None:
        return False
    if decided.match is not None:
        lock_group(connection, study_key(decided.study_uid))
    group = matching.lock_record(connection, record_id)
    matching.add(connection, record_id, Decided("undo", actor, now), "")
    if group:
        reconcile_anew(connection, [group], now)
    return True


def _take(connection: Connection, record_id: str) -> bool:
    matching.lock_record(connection, record_id)
    return is_waiting(connection, record_id)


def _match_of(connection: Connection, exam_id: str) -> Match | None:
    row = connection.execute(
        select(Exam.study_uid, Patient.identifier, Patient.issuer)
        .join(Patient, Patient.id == Exam.patient_id)
        .where(Exam.id == exam_id, Exam.study_uid != "")
    ).one_or_none()
    if row is None:
        return None
    match = Match(*row)
    # A stand-in for somebody unknown is no identifier: whoever they turn out to be, it is theirs.
    return replace(match, identifier="", issuer="") if row.issuer == UNIDENTIFIED else match
