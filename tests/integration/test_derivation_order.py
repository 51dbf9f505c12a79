"""Derived doses follow from the evidence alone: not from its order, its batches, or its upgrade."""

from dataclasses import replace
from decimal import Decimal
from importlib.resources import as_file, files
from itertools import permutations

import pytest
from alembic import command
from sqlalchemy import MetaData, column, insert, select
from sqlalchemy import table as bare

from dosebook_central.dosimetry.stored_form import from_text
from dosebook_central.store import migrate
from dosebook_central.store.dose_models import Derivation, ExamDose, RegionDose
from dosebook_central.store.engine import open_engine, writing
from dosebook_central.store.models import Base, Exam
from dosebook_protocol.reading import Code, EventKind
from tests.support.derivation import derive_all, present, versions
from tests.support.readings import PATIENT, event, reading, step, total
from tests.support.registry import RegistryUnderTest

CHEST = Code("51185008", "SCT", "Chest")
SIZED = replace(PATIENT, size_m=Decimal("1.7"), weight_kg=Decimal(70))


@pytest.fixture
def registry(tmp_path):
    """A registry on SQLite."""
    made = RegistryUnderTest(tmp_path)
    yield made
    made.close()


def scan(number, count, patient=PATIENT, at=0, **sizes):
    """A cumulative CT report of a chest with so many scans."""
    events = [
        event(
            f"{number}.{one}",
            dlp=100 + one,
            ctdi_vol=5,
            phantom="32cm",
            target_region=CHEST,
            **sizes,
        )
        for one in range(count)
    ]
    return reading(
        uid=f"1.{number}.{count}.{at}",
        study=f"9.{number}",
        created=f"2026-03-02T10:{at}{count}:00",
        events=events,
        totals=[total("dlp", sum(100 + one for one in range(count)))],
        patient=patient,
        modality="CT",
    )


def finished(number, patient=SIZED):
    """A performed step that states height and weight."""
    return reading(
        "mpps",
        uid=f"7.{number}",
        study=f"9.{number}",
        created="2026-03-02T11:00:00",
        patient=patient,
        step=step(uid=f"7.{number}"),
    )


def send(registry, box, read, number=0):
    """Commit a reading, its own evidence."""
    (status,) = registry.statuses(box.message(f"{number} {read!r}".encode(), read))
    assert status in {"stored", "duplicate"}


def latest(registry):
    """What is in force of each exam, by study."""
    with registry.engine.connect() as connection:
        rows = connection.execute(
            select(Exam.study_uid, Derivation.body)
            .join(ExamDose, ExamDose.exam_id == Exam.id)
            .join(
                Derivation,
                (Derivation.exam_id == Exam.id) & (Derivation.version == ExamDose.version),
            )
        )
        return {study: from_text(body) for study, body in rows}


def test_any_order_of_arrival_gives_the_same_doses(registry, box):
    """Every order of a cumulative series, its step and its weaker copy ends with one derivation."""
    orders = list(permutations(range(4)))
    for number, order in enumerate(orders):
        reads = [
            scan(number, 1),
            scan(number, 3),
            finished(number),
            reading(
                "image-header",
                uid=f"5.{number}",
                study=f"9.{number}",
                events=[event(f"{number}.0", dlp=100, ctdi_vol=5)],
                patient=PATIENT,
            ),
        ]
        for place in order:
            send(registry, box, reads[place], number)
            if number % 2:
                derive_all(registry)
    derive_all(registry)
    found = latest(registry)
    assert len(found) == len(orders)
    assert all(one == found["9.0"] for one in found.values())
    assert any(one.quantity == "dlp" and one.value == 303 for one in found["9.0"].values)


def test_p28_size_that_arrives_later_gives_a_new_version_beside_the_old(registry, box):
    """P28: SSDE is computed when a size arrives later; what was said before stays readable."""
    send(registry, box, scan(1, 2))
    derive_all(registry)
    send(registry, box, scan(1, 2, at=3, water_equivalent_diameter=300))
    derive_all(registry)
    (_, _, before), (_, reason, after) = versions(registry)
    assert reason == "inputs changed"
    assert "ssde" in {one.quantity for one in before.absences}
    assert "ssde" not in {one.quantity for one in before.values}
    sizes = [one for one in after.values if one.quantity == "ssde"]
    assert sizes
    assert any(one.method.coefficient_set for one in sizes)
    shown = max(one.value for one in sizes if one.is_headline)
    assert registry.rows(ExamDose.ssde_max_mgy, ExamDose.version) == [(shown, 2)]


def test_p28_height_and_weight_that_arrive_later_stand_in_the_present_view(registry, box):
    """P28: a performed step brings height and weight to an exam whose report states none."""
    send(registry, box, scan(1, 2))
    derive_all(registry)
    assert registry.rows(ExamDose.size_m, ExamDose.weight_kg) == [(None, None)]
    send(registry, box, finished(1))
    derive_all(registry)
    assert registry.rows(ExamDose.size_m, ExamDose.weight_kg) == [(Decimal("1.7"), 70)]


def test_sum_over_regions_is_the_sum_of_the_listed_events(registry, box):
    """What regions got adds up to what the events of the exam state."""
    send(registry, box, scan(1, 3))
    derive_all(registry)
    rows = registry.rows(RegionDose.value, RegionDose.quantity)
    assert sum(value for value, quantity in rows if quantity == "dlp") == 303


def test_database_of_the_first_version_is_derived_after_its_upgrade(registry, box, tmp_path):
    """Exams from before facts were kept are reconciled from their readings, then derived."""
    send(registry, box, scan(1, 2, SIZED))
    send(registry, box, finished(2))
    send(
        registry,
        box,
        reading("image-header", study="9.3", events=[event("3", EventKind.PROJECTION, dose_rp=3)]),
    )
    derive_all(registry)
    old = open_engine(tmp_path / "old.db")
    with as_file(files("dosebook_central.store") / "migrations") as folder:
        made = migrate._settings(folder)
        with writing(old) as connection:
            made.attributes["connection"] = connection
            command.upgrade(made, "0001")
    tables = MetaData()
    tables.reflect(old)
    for table in tables.sorted_tables:
        if table.name != "alembic_version":
            kept = {one.name for one in Base.metadata.tables[table.name].columns}
            wanted = [one.name for one in table.columns if one.name in kept]
            gone = {one.name: 0 for one in table.columns if one.name not in kept}
            with registry.engine.connect() as connection:
                rows = connection.execute(
                    select(*(column(name) for name in wanted)).select_from(bare(table.name))
                )
                found = [{**row, **gone} for row in rows.mappings()]
            with writing(old) as connection:
                if found:
                    connection.execute(
                        insert(bare(table.name, *map(column, [*wanted, *gone]))), found
                    )
    old.dispose()
    upgraded = RegistryUnderTest(tmp_path, f"sqlite:///{tmp_path / 'old.db'}")
    try:
        derive_all(upgraded)
        assert present(upgraded) == present(registry)
        assert latest(upgraded) == latest(registry)
    finally:
        upgraded.close()
