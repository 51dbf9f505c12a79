"""Exams that a reading may belong to: of its box, room or station, and near in time."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, and_, case, exists, or_, select

from dosebook_central.domain.exam import ExamSummary, from_json
from dosebook_central.store.models import Box, Exam, Patient, Record
from dosebook_central.store.queries.instruments import SourceReading, readings_of

WINDOW: Final = timedelta(hours=12)
_LOOKED_AT: Final = 200  # exams of one room within a day; more of them are no help


@dataclass(frozen=True, slots=True)
class Nearby:
    """An exam near a reading, with what it counts and the readings of instruments in it.

    `tie` says what it shares with the reading: `box`, `room` or `station`.
    """

    exam_id: str
    started: str
    modality: str
    description: str
    station: str
    state: str
    accession_number: str
    patient_name: str
    patient_identifier: str
    patient_issuer: str
    birth_date: str
    tie: str
    summary: ExamSummary
    readings: tuple[SourceReading, ...]


def nearby(
    connection: Connection, box_id: str, room: str, station: str, at: datetime, limit: int
) -> list[Nearby]:
    """Exams within half a day of a local time, the nearest first.

    Only those that name a study: by that, a reading stays with its exam whatever comes later.
    """
    of_box = _has_record(Record.box_id == box_id)
    of_room = _has_record(and_(Box.room == room, Box.room != "", Box.id == Record.box_id))
    of_station = and_(Exam.station == station, Exam.station != "")
    rows = connection.execute(
        select(
            Exam.id,
            Exam.started,
            Exam.modality,
            Exam.description,
            Exam.station,
            Exam.state,
            Exam.accession_number,
            Patient.name,
            Patient.identifier,
            Patient.issuer,
            Patient.birth_date,
            case((of_box, "box"), (of_room, "room"), else_="station"),
            Exam.summary,
        )
        .join(Patient, Patient.id == Exam.patient_id)
        .where(
            # As text: a day without a time of day sorts before all of its times.
            Exam.started >= (at - WINDOW).date().isoformat(),
            Exam.started <= (at + WINDOW).isoformat(),
            Exam.study_uid != "",
            or_(of_box, of_room, of_station),
        )
        .order_by(Exam.started.desc())
        .limit(_LOOKED_AT)
    ).all()
    near = sorted(
        ((away, row) for row in rows if (away := apart(row.started, at)) <= WINDOW),
        key=lambda pair: (pair[0], pair[1].id),
    )[:limit]
    summaries = {row.id: from_json(row.summary) for _, row in near}
    readings = _readings(connection, summaries)
    found = []
    for _, row in near:
        columns: list[Any] = [*row[:-1], summaries[row.id], tuple(readings[row.id])]
        found.append(Nearby(*columns))
    return found


def apart(started: str, at: datetime) -> timedelta:
    """How far an exam's start is from a local time; one without a time of day is half a day."""
    try:
        start = datetime.fromisoformat(started).replace(tzinfo=None)
    except ValueError:
        return WINDOW * 2
    return abs(start - at) if "T" in started else WINDOW


def _has_record(condition: Any) -> Any:
    return exists().where(Record.group_id == Exam.group_id, Record.group_id != "", condition)


def _readings(
    connection: Connection, summaries: Mapping[str, ExamSummary]
) -> defaultdict[str, list[SourceReading]]:
    exam_of: dict[str, str] = {
        use.record_id: exam_id for exam_id, one in summaries.items() for use in one.evidences
    }
    found: defaultdict[str, list[SourceReading]] = defaultdict(list)
    wanted: Collection[str] = exam_of.keys()
    for reading in readings_of(connection, list(wanted)):
        found[exam_of[reading.record_id]].append(reading)
    return found
