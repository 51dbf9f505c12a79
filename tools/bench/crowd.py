"""A registry with as many exams as a large hospital's, made in seconds.

The tests' seeded hospital gives real exams, reconciled from real objects. One patient gets a long
history made of them; then all patients of the hospital are copied inside the database.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import (
    Engine,
    Integer,
    String,
    cast,
    func,
    insert,
    join,
    literal,
    select,
    text,
    true,
)

from dosebook_central.store.models import Event, Exam, Patient
from tests.support.seed import seed

SHOWCASE = "showcase"
_COPIES_AT_ONCE = 100
_TWENTY_YEARS_MIN = 20 * 365 * 24 * 60


def full_registry(engine: Engine, folder: Path, exams: int, showcase_exams: int) -> str:
    """Fill an empty database; returns the id of the patient with the long history."""
    seed(engine, folder, exams=16, prior_patients=1)
    with engine.connect() as connection:
        originals = connection.scalar(select(func.count()).select_from(Exam)) or 0
    _add_showcase(engine, showcase_exams)
    copies = -(-(exams - originals - showcase_exams) // originals)
    for first in range(1, copies + 1, _COPIES_AT_ONCE):
        _copy_all(engine, first, min(first + _COPIES_AT_ONCE - 1, copies))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return SHOWCASE


def _add_showcase(engine: Engine, exams: int) -> None:
    rng = Random(5)
    with engine.begin() as connection:
        patient = {"id": SHOWCASE, "issuer": "BENCH", "identifier": "1", "name": "Long^History"}
        patient |= {"name_search": "long history", "sex": "F", "birth_date": "19600101"}
        connection.execute(insert(Patient).values(**patient, updated_at=datetime.now(UTC)))
        templates = [dict(row) for row in connection.execute(select(*_columns(Exam))).mappings()]
        events = [dict(row) for row in connection.execute(select(*_columns(Event))).mappings()]
        for number in range(exams):
            template = rng.choice(templates)
            started = datetime(2026, 6, 1, 8) - timedelta(  # noqa: DTZ001 - local, as senders state it
                minutes=rng.randrange(_TWENTY_YEARS_MIN)
            )
            name = f"{SHOWCASE}-{number}"
            own = {"id": name, "group_id": name, "study_uid": f"2.25.{number}"}
            own |= {"patient_id": SHOWCASE, "started": started.isoformat()}
            connection.execute(insert(Exam).values(**(template | own)))
            rows = [
                event | {"exam_id": name, "uid": f"{event['uid']}.{number}"}
                for event in events
                if event["exam_id"] == template["id"]
            ]
            if rows:
                connection.execute(insert(Event), rows)


def _copy_all(engine: Engine, first: int, last: int) -> None:
    """Add copies of every patient of the hospital, with their exams and events."""
    numbers = select(literal(first, Integer).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < last))
    mark = literal("+") + cast(numbers.c.n, String)
    is_original = (Patient.id != SHOWCASE) & Patient.id.not_like("%+%")
    patients = join(Patient, numbers, true())
    exams = join(patients, Exam, Exam.patient_id == Patient.id)
    events = join(exams, Event, Event.exam_id == Exam.id)
    with engine.begin() as connection:
        for model, changed, source in (
            (Patient, ("id", "identifier"), patients),
            (Exam, ("id", "patient_id", "group_id", "study_uid"), exams),
            (Event, ("exam_id", "uid"), events),
        ):
            values = [one + mark if one.name in changed else one for one in _columns(model)]
            chosen = select(*values).select_from(source).where(is_original)
            names = [one.name for one in _columns(model)]
            connection.execute(insert(model).from_select(names, chosen))


def _columns(model: Any) -> list[Any]:
    return list(model.__table__.c)
