"""Look for exams that may be one with those that were just derived.

An observer of the derivation: in its transaction, beside ingest, a handful of statements a batch
however many exams the archive holds.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from dosebook_central.derivation.engine import DerivedExam
from dosebook_central.domain.exam import from_json
from dosebook_central.domain.links import study_key
from dosebook_central.domain.patient_identity import may_be_one_person
from dosebook_central.domain.same_exam import ComparedExam, Hint, compare
from dosebook_central.domain.same_exposures import Exposure, moment
from dosebook_central.store import same_exams
from dosebook_central.store.bulk import one_of
from dosebook_central.store.models import Event, Exam, Patient
from dosebook_protocol.reading import EventKind

_OF_A_PATIENT: Final = timedelta(days=1)
_OF_A_MACHINE: Final = timedelta(hours=1)
"""How far off exams are looked for: of the same patient, and at the same station whoever it is."""

_WHOSE_AND_WHEN: Final = select(
    Exam.id, Exam.patient_id, Exam.started, Exam.station, Patient.identifier, Patient.issuer
).join(Patient, Patient.id == Exam.patient_id)
_DOSES: Final = {
    "dlp": Event.dlp_mgy_cm,
    "ctdi_vol": Event.ctdi_vol_mgy,
    "dose_area_product": Event.dose_area_product_gy_cm2,
    "dose_rp": Event.dose_rp_mgy,
    "average_glandular_dose": Event.average_glandular_dose_mgy,
    "administered_activity": Event.administered_activity_mbq,
}
_TEXTS: Final = (
    "id",
    "started",
    "modality",
    "accession_number",
    "description",
    "protocol",
    "station",
    "manufacturer",
    "model",
    "evidence_kind",
)


def observe(connection: Connection, exams: Sequence[DerivedExam]) -> None:
    """Find the hints on derived exams anew."""
    look(connection, [one.exam.exam_id for one in exams])


def look(connection: Connection, exam_ids: Collection[str]) -> None:
    """Put what is found today in the place of the hints that name one of these exams."""
    pairs = _near(connection, exam_ids)
    hints = _compared(connection, pairs) if pairs else []
    same_exams.put_hints(connection, exam_ids, hints)


def pair_key(exam_id: str, study_uid: str) -> str:
    """What a decision that two exams are two knows an exam by: its study, as long as it has one."""
    return study_key(study_uid) if study_uid else f"exam:{exam_id}"


def facts_of(hint: Hint) -> str:
    """A digest of what a hint says: a decision holds until this changes."""
    said = same_exams.hint_to_json(hint)
    return sha256(json.dumps([said["rule"], said["reasons"]]).encode()).hexdigest()


def _near(connection: Connection, exam_ids: Collection[str]) -> set[tuple[str, str]]:
    """Pairs of exams that are worth comparing: of one patient, or of one machine and hour."""
    looked_at = connection.execute(_WHOSE_AND_WHEN.where(one_of(connection, Exam.id, exam_ids)))
    rows = looked_at.all()
    patients = {row.patient_id for row in rows}
    of_patient = one_of(connection, Exam.patient_id, sorted(patients))
    by_patient: defaultdict[str, list[Any]] = defaultdict(list)
    for other in connection.execute(_WHOSE_AND_WHEN.where(of_patient)):
        by_patient[other.patient_id].append(other)
    by_station: defaultdict[str, list[Any]] = defaultdict(list)
    hours = [hour for row in rows if (hour := _hour_of_machine(row)) is not None]
    for other in connection.execute(_WHOSE_AND_WHEN.where(or_(*hours))) if hours else ():
        by_station[other.station].append(other)
    return {
        _pair(row.id, other.id)
        for row in rows
        for other in (*by_patient[row.patient_id], *by_station[row.station])
        if other.id != row.id
        and may_be_one_person((row.identifier, row.issuer), (other.identifier, other.issuer))
        and _is_within_a_day(row.started, other.started)
    }


def _hour_of_machine(row: Any) -> ColumnElement[bool] | None:
    """Exams of the same station within an hour, whoever the patient is; by the index on time."""
    at = moment(row.started)
    if at is None or not row.station:
        return None
    return and_(
        Exam.started >= (at - _OF_A_MACHINE).isoformat(),
        Exam.started <= (at + _OF_A_MACHINE).isoformat(),
        Exam.station == row.station,
    )


def _is_within_a_day(one: str, other: str) -> bool:
    try:
        first, second = (datetime.fromisoformat(text[:10]) for text in (one, other))
    except ValueError:
        return False
    return abs(first - second) <= _OF_A_PATIENT


def _compared(connection: Connection, pairs: Collection[tuple[str, str]]) -> list[dict[str, Any]]:
    """The hints that stand, as rows: those that nobody decided to be two exams."""
    ids = {one for pair in pairs for one in pair}
    exams, patients, keys = _exams(connection, ids)
    hints = [
        hint
        for one, other in sorted(pairs)
        if one in exams and other in exams
        if (hint := compare(exams[one], exams[other])) is not None
    ]
    apart = same_exams.facts_kept_apart(connection, keys.values()) if hints else set()
    now = datetime.now(UTC)
    return [
        {
            "first_exam_id": hint.first_id,
            "second_exam_id": hint.second_id,
            "first_patient_id": patients[hint.first_id],
            "second_patient_id": patients[hint.second_id],
            "facts": facts,
            "body": same_exams.hint_to_json(hint),
            "found_at": now,
        }
        for hint in hints
        if (frozenset((keys[hint.first_id], keys[hint.second_id])), facts := facts_of(hint))
        not in apart
    ]


def _exams(
    connection: Connection, ids: Collection[str]
) -> tuple[dict[str, ComparedExam], dict[str, str], dict[str, str]]:
    """Exams to compare, their patients, and what decisions know them by; each by exam id."""
    exposures = _exposures(connection, ids)
    exams, patients, keys = {}, {}, {}
    for row in connection.execute(
        select(
            Exam.summary,
            Exam.study_uid,
            Exam.patient_id,
            Patient.identifier,
            Patient.issuer,
            *(getattr(Exam, name) for name in _TEXTS),
        )
        .join(Patient, Patient.id == Exam.patient_id)
        .where(one_of(connection, Exam.id, ids))
    ):
        texts: Mapping[str, str] = {name: getattr(row, name) for name in _TEXTS}
        exams[row.id] = ComparedExam(
            identifier=row.identifier,
            issuer=row.issuer,
            summary=from_json(row.summary),
            exposures=tuple(exposures[row.id]),
            **texts,
        )
        patients[row.id] = row.patient_id
        keys[row.id] = pair_key(row.id, row.study_uid)
    return exams, patients, keys


def _exposures(connection: Connection, ids: Collection[str]) -> defaultdict[str, list[Exposure]]:
    found: defaultdict[str, list[Exposure]] = defaultdict(list)
    rows = connection.execute(
        select(Event.exam_id, Event.kind, Event.started, Event.plane, Event.side, *_DOSES.values())
        .where(one_of(connection, Event.exam_id, ids))
        .order_by(Event.exam_id, Event.ordinal)
    )
    for exam_id, kind, started, plane, side, *doses in rows:
        stated = {name: dose for name, dose in zip(_DOSES, doses, strict=True) if dose is not None}
        found[exam_id].append(Exposure(EventKind(kind), started, plane, side, stated))
    return found


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)
