"""The simulated hospital of many years, reconciled and loaded into a registry's tables.

Each planned exam becomes the reading that its dose report would give, goes through the registry's
own reconciliation, and is written as ingest would write it; records and evidence are left out, but
for one record of each kind that all events name.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice, repeat
from typing import Any, Final, cast

from sqlalchemy import Engine, insert, text

from dosebook_central.domain.evidence import Evidence
from dosebook_central.domain.reconcile import reconcile
from dosebook_central.exams.rows import event_rows, exam_row, patient_rows
from dosebook_central.store.bulk import Row, insert_rows, upsert_rows
from dosebook_central.store.engine import open_engine, writing
from dosebook_central.store.models import Box, Event, Exam, Patient, Record
from dosebook_edge.simulate.codes import Code as SimCode
from dosebook_edge.simulate.population.hospital import plan
from dosebook_edge.simulate.population.plan import Number, PlannedEvent, PlannedExam
from dosebook_protocol.quantities import QUANTITIES, to_storage
from dosebook_protocol.reading import (
    READER_VERSION,
    Code,
    CodedItem,
    DoseValue,
    Equipment,
    EventKind,
    IrradiationEvent,
    Moment,
    Outcome,
    Reading,
    Study,
)
from dosebook_protocol.reading import Patient as PatientRead

_AT: Final = datetime(2026, 11, 20, tzinfo=UTC)
_BOX: Final = "population"
_KINDS: Final = {
    EventKind.CT: "rdsr-ct",
    EventKind.PROJECTION: "rdsr-projection",
    EventKind.MAMMOGRAPHY: "rdsr-mammography",
    EventKind.RADIOPHARMACEUTICAL: "rrdsr",
}
_ADMINISTERED: Final = "radiopharmaceutical_agent"
_PEOPLE_AT_ONCE: Final = 200


def load(url: str, seed: int, patients: int, processes: int = 2) -> int:
    """Fill a registry whose tables are there; returns the number of exams."""
    engine = open_engine(url)
    try:
        _add_record(engine)
    finally:
        engine.dispose()
    ranges = range(0, patients, _PEOPLE_AT_ONCE)
    sizes = [min(_PEOPLE_AT_ONCE, patients - first) for first in ranges]
    with ProcessPoolExecutor(processes) as pool:
        counts = pool.map(_load_range, repeat(url), repeat(seed), ranges, sizes)
        total = sum(counts)
    engine = open_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()
    return total


def readings(exam: PlannedExam) -> Iterator[Reading]:
    """Yield the readings of one planned exam: one report a family of dose."""
    for kind in dict.fromkeys(event.kind for event in exam.events):
        events = [event for event in exam.events if event.kind == kind]
        yield _reading(exam, EventKind(kind), events)


def rows(exams: Iterable[PlannedExam]) -> tuple[list[Row], list[Row], list[Row]]:
    """Reconcile planned exams; returns rows of patients, exams and events."""
    made = [
        one
        for exam in exams
        for one in reconcile(
            Evidence(reading.kind, f"{exam.study_uid}:{reading.kind}", "dicom", reading)
            for reading in readings(exam)
        )
    ]
    return (
        patient_rows(made, _AT),
        [exam_row(one, one.study_uid, _AT) for one in made],
        [row for one in made for row in event_rows(one)],
    )


def _load_range(url: str, seed: int, first: int, count: int) -> int:
    engine = open_engine(url)
    loaded = 0
    try:
        exams = plan(seed, count, first=first)
        while batch := list(islice(exams, 2000)):
            patient, exam, event = rows(batch)
            with writing(engine) as connection:
                upsert_rows(connection, Patient.__table__, patient, newer_by="as_of")
                insert_rows(connection, Exam.__table__, exam)
                insert_rows(connection, Event.__table__, event)
            loaded += len(exam)
    finally:
        engine.dispose()
    return loaded


def _reading(exam: PlannedExam, kind: EventKind, events: list[PlannedEvent]) -> Reading:
    person = exam.person
    stated = exam.is_size_stated
    return Reading(
        Outcome.READ,
        _KINDS[kind],
        READER_VERSION,
        modality=exam.modality,
        created=_moment(exam.started),
        patient=PatientRead(
            id=person.id,
            issuer="RIVERSIDE",
            name=person.name,
            sex=person.sex,
            birth_date=f"{person.birth_date:%Y%m%d}",
            size_m=Decimal(exam.size_m) if stated else None,
            weight_kg=Decimal(exam.weight_kg) if stated else None,
        ),
        study=Study(
            uid=exam.study_uid,
            date=f"{exam.started:%Y%m%d}",
            time=f"{exam.started:%H%M%S}",
            description=exam.description,
        ),
        equipment=Equipment(
            manufacturer="Simulated", model=exam.modality, station_name=exam.station
        ),
        events=tuple(_event(event) for event in events),
    )


def _event(event: PlannedEvent) -> IrradiationEvent:
    agent = () if event.agent is None else (CodedItem(_ADMINISTERED, _code(event.agent)),)
    return IrradiationEvent(
        event.uid,
        EventKind(event.kind),
        started=_moment(event.started),
        event_type=_code(event.event_type),
        protocol=event.protocol,
        target_region=_code(event.region),
        side=cast("Any", event.side or None),
        view=_code(event.view),
        phantom=cast("Any", event.phantom or None),
        values=tuple(_value(number) for number in event.values),
        items=agent,
    )


def _value(number: Number) -> DoseValue:
    sent = Decimal(number.value)
    unit = QUANTITIES[number.quantity].unit
    stored = to_storage(sent, number.unit, number.quantity)
    return DoseValue(number.quantity, stored, unit, number.value, number.unit, "")


def _moment(at: datetime) -> Moment:
    return Moment(f"{at:%Y%m%d%H%M%S}", at.isoformat())


def _code(code: SimCode | None) -> Code | None:
    return None if code is None else Code(code.value, code.scheme, code.meaning)


def _add_record(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(Box).values(id=_BOX, public_key=b"", added_at=_AT))
        for sequence, kind in enumerate(_KINDS.values(), 1):
            connection.execute(
                insert(Record).values(
                    id=kind,
                    box_id=_BOX,
                    sequence=sequence,
                    source=_BOX,
                    source_kind="dicom",
                    captured_at=_AT,
                    received_at=_AT,
                    status="stored",
                    evidence_sha256="",
                    evidence_size=0,
                    media_type="application/dicom",
                    kind=kind,
                    outcome="read",
                    reader_version=READER_VERSION,
                    envelope=b"",
                    transport={},
                )
            )
