"""A registry as full as a real one: copies of seeded exams, and one patient with a long history."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Engine, insert, select, text

from dosebook_central.store.models import Event, Exam, Patient

_BATCH = 1000
_LARGEST_SUMMARY = 12_000


def crowd(engine: Engine, exams: int, showcase_exams: int = 150) -> str:
    """Fill up to `exams` exams; returns the id of a patient who has `showcase_exams` of them."""
    rng = Random(5)
    exam_rows, event_rows = _templates(engine)
    showcase = _patient(0)
    with engine.begin() as connection:
        connection.execute(insert(Patient).values(**showcase))
    plan: Iterator[tuple[str, dict[str, Any]]] = _plan(rng, exams, showcase_exams, exam_rows)
    exam_batch: list[dict[str, Any]] = []
    event_batch: list[dict[str, Any]] = []
    patient_batch: list[dict[str, Any]] = []
    for number, (known_patient, template) in enumerate(plan):
        if not known_patient:
            patient_batch.append(_patient(number + 1))
        patient_id = known_patient or patient_batch[-1]["id"]
        exam_id = f"{number:032x}"
        started = datetime.fromisoformat("2026-06-01T08:00") - timedelta(
            minutes=rng.randrange(20 * 365 * 24 * 60)
        )
        moved = {
            "id": exam_id,
            "patient_id": patient_id,
            "group_id": exam_id,
            "study_uid": f"2.25.{number}",
            "accession_number": f"C{number:07d}",
            "started": started.isoformat(),
        }
        exam_batch.append(template | moved)
        event_batch += [
            event | {"exam_id": exam_id, "uid": f"{event['uid']}.{number}"}
            for event in event_rows.get(template["id"], ())
        ]
        if len(exam_batch) == _BATCH:
            _flush(engine, patient_batch, exam_batch, event_batch)
    _flush(engine, patient_batch, exam_batch, event_batch)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return str(showcase["id"])


def _plan(
    rng: Random, exams: int, showcase_exams: int, templates: list[dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for _ in range(showcase_exams):
        yield _patient(0)["id"], rng.choice(templates)
    for _ in range(exams - showcase_exams):
        yield "", rng.choice(templates)


def _templates(engine: Engine) -> tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    with engine.connect() as connection:
        exams = [
            dict(row) for row in connection.execute(select(*Exam.__table__.columns)).mappings()
        ]
        events: dict[str, list[dict[str, Any]]] = {}
        for row in connection.execute(select(*Event.__table__.columns)).mappings():
            events.setdefault(row["exam_id"], []).append(dict(row))
    usual = [row for row in exams if len(json.dumps(row["summary"])) <= _LARGEST_SUMMARY]
    return usual, events


def _patient(number: int) -> dict[str, Any]:
    name = f"Crowd{number % 4999:04d}^Person{number:06d}"
    return {
        "id": f"{number:08x}{'c' * 24}",
        "issuer": "CROWD",
        "identifier": f"{number:07d}",
        "name": name,
        "name_search": name.casefold().replace("^", " "),
        "sex": "F",
        "birth_date": "19600101",
        "updated_at": datetime(2026, 1, 1).astimezone(),
    }


def _flush(engine: Engine, *batches: list[dict[str, Any]]) -> None:
    with engine.begin() as connection:
        for model, batch in zip((Patient, Exam, Event), batches, strict=True):
            if batch:
                connection.execute(insert(model), batch)
            batch.clear()
