"""Pages ask the database as often for many rows as for few."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import func, insert

from dosebook_central.alerting.judging import Judging
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.procedures.look import look
from dosebook_central.same_exams.look import observe
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Box, Exam, ImportJob, Quarantine
from tests.support.derivation import derive_all
from tests.support.dosimeter import exposure, metered
from tests.support.readings import PATIENT, event, reading, total
from tests.support.registry import NOW, RegistryUnderTest, SigningBox
from tests.support.screen_site import boxed, send_screens
from tests.support.seed import add_people
from tests.support.web import make_site

LISTS = (
    "/ /alerts /alerts/rules /at-risk /machines /boxes /boxes/instruments /quarantine /screens "
    "/unassigned /same-exams /procedures /people /audit /sets /imports /reference-levels"
).split()


@pytest.fixture
def registry(tmp_path):
    """A registry with people."""
    made = RegistryUnderTest(tmp_path)
    add_people(made.engine)
    yield made
    made.close()


@pytest.fixture
def ask(registry, tmp_path):
    """Ask for a page as an administrator; gives how many statements it took."""
    site = make_site(tmp_path, registry.engine)
    client = site.client("administrator")
    seen = []
    sql_event.listen(registry.engine, "before_cursor_execute", lambda *call: seen.append(call[2]))

    def count(path):
        seen.clear()
        answer = client.get(path)
        assert answer.status_code == 200, path
        return len(seen)

    yield count
    site.importer.stop()


def _report(number):
    shots = [
        event(f"1.{number}.{place}", dlp="700.5", phantom="32cm", protocol=f"Head {place}")
        for place in range(1, 2 + number % 3)
    ]
    made = reading("rdsr-ct", uid=f"1.{number}", accession=f"A{number}", events=shots,
                   totals=[total("dlp", "700.5", phantom="32cm")], patient=PATIENT)  # fmt: skip
    study = replace(made.study, uid=f"1.9.{number}", description=f"CT number {number}")
    equipment = replace(made.equipment, serial_number=f"S{number}", station_name=f"CT {number}")
    return replace(made, study=study, equipment=equipment)


def _fill(registry, box, rooms, numbers):
    """For each number an exam of a machine of its own, a screen, a reading, a refusal, a box."""
    for number in numbers:
        at = NOW + timedelta(minutes=number)
        registry.statuses(
            box.message(f"report {number}".encode(), _report(number)),
            metered(box, exposure("2.4", "2026-03-02T10:12:00"), at),
            box.message(f"no dose {number}".encode(), source="ct2"),
        )
        registry.add(SigningBox(f"box-{number}"))
        with writing(registry.engine) as connection:
            connection.execute(
                insert(ImportJob).values(
                    id=f"{number:032x}", created_by="me", state="done", created_at=at
                )
            )
    send_screens(rooms, numbers)
    derive_all(registry, observers=[Judging(), observe])
    with writing(registry.engine) as connection:
        look(connection, shipped())


def test_pages_ask_as_often_for_many_rows_as_for_few(registry, ask):
    """Four times the rows take the same statements: on every list, a history and its sums."""
    rooms = boxed(registry.engine, registry.evidence)
    box = registry.add(SigningBox("rf-1"))
    _fill(registry, box, rooms, range(3))
    patient = registry.rows(Exam.patient_id)[0][0]
    pages = [*LISTS, f"/patients/{patient}", f"/patients/{patient}/cumulative"]
    few = {path: ask(path) for path in pages}
    _fill(registry, box, rooms, range(3, 12))
    many = {path: ask(path) for path in pages}
    for table, rows in ((Box, 12), (Exam, 24), (ImportJob, 12), (Quarantine, 12)):
        assert registry.rows(func.count(table.id))[0][0] >= rows, table
    assert {path: (few[path], many[path]) for path in pages if many[path] > few[path]} == {}
