"""What operators do to a site: a registry from last night's backup, a box from an old copy."""

import random
import shutil
import sqlite3
import subprocess
from contextlib import ExitStack, closing
from datetime import datetime
from datetime import time as clock
from decimal import Decimal

import pytest
from sqlalchemy import select

from dosebook_central.store.models import Exam, Patient
from dosebook_central.store.queries.boxes import list_boxes
from dosebook_edge.simulate import exam, scene
from dosebook_edge.simulate.random_patient import random_patient
from dosebook_edge.simulate.send import send
from tests.support.programs import need_program
from tests.support.site import embedded_site, hospital_site, wait_delivered
from tests.support.waiting import eventually
from tools.site.box import Box
from tools.site.registry import HOST

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

HEALED_WITHIN_S = 100.0  # a box speaks of itself once a minute
SPEAKS_OFTEN = '[health]\ninterval = "1s"\n'


@pytest.fixture
def site(tmp_path):
    """A registry on SQLite with its own broker, and a box."""
    with embedded_site(tmp_path, [Box(tmp_path / "box", "ct-1")]) as running:
        yield running


def give(box, *seeds):
    """Send one CT report a seed and wait for its receipt; returns the study UIDs."""
    studies = set()
    for seed in seeds:
        rng = random.Random(f"restored {seed}")
        one = exam.ct_exam(rng, random_patient(rng), datetime.combine(scene.DAY, clock(10, 30)))
        results = send(one.objects, HOST, box.port("ct"), "CT_BOX", "MODALITY")
        assert {result.status for result in results} == {0}
        studies.add(one.truth.study_instance_uid)
    wait_delivered(box)
    return studies


def biplane(seed):
    """The messages of a procedure step, and its truth."""
    rng = random.Random(f"restored {seed}")
    one = exam.biplane_exam(rng, random_patient(rng), datetime.combine(scene.DAY, clock(10, 30)))
    return [item for item in one.objects if item.kind != "store"], one.truth


def counted(site):
    """Study UIDs of all exams, one a time that it counts."""
    with site.engine.connect() as connection:
        return sorted(connection.scalars(select(Exam.study_uid)))


def state(site):
    """The box as pages and `status` show it."""
    with site.engine.connect() as connection:
        return next(one for one in list_boxes(connection) if one.id == site.box.box_id)


def is_whole(site, studies):
    """Whether each of these studies counts once and no number is missing."""
    found = counted(site)
    return len(found) == len(set(found)) and studies <= set(found) and not state(site).gaps


def wait_whole(site, studies, seconds=15.0):
    """Wait until `is_whole`; what the programs said goes with the failure."""
    try:
        eventually(lambda: is_whole(site, studies), seconds, what="every exam counts once")
    except AssertionError as error:
        for program in (site.box, site.registry):
            error.add_note(program.tail())
        raise


def test_a_registry_from_an_old_backup_gets_back_what_it_had_receipted(site):
    """The box holds it as delivered; the registry asks for it as soon as it hears of the box."""
    studies = give(site.box, "evening")
    database = site.registry.data_dir / "registry.db"
    backup = database.with_name("backup.db")
    with closing(sqlite3.connect(database)) as now, closing(sqlite3.connect(backup)) as copy:
        now.backup(copy)
    studies |= give(site.box, "night 1", "night 2", "night 3")
    site.registry.stop()
    site.engine.dispose()
    for path in database.parent.glob("registry.db*"):
        path.unlink()
    backup.rename(database)
    site.registry.start()
    wait_whole(site, studies, HEALED_WITHIN_S)


def test_a_registry_from_an_old_dump_gets_back_all_of_its_boxes(tmp_path, postgres_url, repository):
    """PostgreSQL, Mosquitto: each box gives again; one enrolled since then is named, then too."""
    dump, load = (need_program(name, "postgresql") for name in ("pg_dump", "pg_restore"))
    address, backup = postgres_url.replace("+psycopg2", ""), tmp_path / "backup"
    box, late = (Box(tmp_path / name, name, settings=SPEAKS_OFTEN) for name in ("ct-1", "ct-2"))
    with hospital_site(tmp_path, [box], postgres_url, repository) as site, ExitStack() as stack:
        studies = give(box, "evening")
        subprocess.run([dump, "--format=custom", f"--file={backup}", address], check=True)
        site.registry.enrol(late)
        stack.callback(late.stop)
        late.start()
        studies |= give(box, "night 1", "night 2")
        later = give(late, "night 3", "night 4")
        site.registry.stop()
        site.engine.dispose()
        subprocess.run([load, "--clean", "--if-exists", f"--dbname={address}", backup], check=True)
        site.registry.start()
        wait_whole(site, studies, HEALED_WITHIN_S)
        log = site.registry.log
        eventually(lambda: "no box ct-2 was added" in log.read_text(), what="it is named")
        site.registry.enrol(late)
        wait_whole(site, studies | later, HEALED_WITHIN_S)


def test_a_box_from_an_old_copy_loses_no_dose(site):
    """Its old outbox gives numbers again that it gave before: all count, once, and it is said."""
    studies = give(site.box, "before the copy")
    site.box.stop()
    image = site.box.data_dir.with_name("image")
    shutil.copytree(site.box.data_dir, image)
    site.box.start()
    studies |= give(site.box, "after it")
    site.box.stop()
    shutil.rmtree(site.box.data_dir)
    image.rename(site.box.data_dir)
    site.box.start()
    studies |= give(site.box, "restored 1", "restored 2", "after it")
    wait_whole(site, studies)
    assert state(site).reused
    assert "under numbers given twice" in site.registry.cli("status")


def test_p53_a_box_set_up_anew_within_a_procedure_keeps_its_dose(site):
    """P53: outbox and key are gone, the step's end is kept, joined, counted."""
    steps, truth = biplane("anew")
    box = site.box
    (begun,) = send(steps[:1], HOST, box.port("ct"), "CT_BOX", "MODALITY")
    assert begun.status == 0
    wait_delivered(box)
    box.stop()
    for path in box.data_dir.glob("outbox.*"):
        path.unlink()
    box.start()
    ended = send(steps[1:], HOST, box.port("ct"), "CT_BOX", "MODALITY")
    assert {result.status for result in ended} == {0x0112}
    wait_delivered(box)
    columns = (Exam.dose_area_product_gy_cm2, Patient.identifier)
    found = select(*columns).join(Patient, Patient.id == Exam.patient_id)

    def dose():
        with site.engine.connect() as connection:
            return connection.execute(
                found.where(Exam.study_uid == truth.study_instance_uid)
            ).one_or_none()

    eventually(lambda: (one := dose()) and one[0], what="the dose of the step's end counts")
    (told,) = (
        value.value
        for item in truth.objects
        if item.kind == "mpps"
        for value in item.totals
        if value.quantity == "dose_area_product"
    )
    assert dose() == (Decimal(told), truth.patient.id)
