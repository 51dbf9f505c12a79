"""No patient in logs, topics, file names, status or health (design rule 10)."""

import json
import random
from datetime import datetime
from datetime import time as clock
from pathlib import Path

import pytest
from sqlalchemy import select

from dosebook_central.store.models import Box as BoxRow
from dosebook_central.store.models import Exam, Quarantine
from dosebook_edge.simulate import exam, scene
from dosebook_edge.simulate.random_patient import random_patient
from dosebook_edge.simulate.send import send
from dosebook_protocol.topics import Channel, topic
from tests.support.pages import Reader
from tests.support.site import hospital_site
from tools.site.box import Box
from tools.site.registry import HOST

SCENARIOS = (
    exam.ct_exam,
    exam.biplane_exam,
    exam.mammo_exam,
    exam.dx_exam,
    exam.petct_exam,
    exam.mpps_only_exam,
)
PASSWORD = "three quiet rivers"


def _secrets(simulated) -> set[str]:
    """What names a patient: each part of each form of the name, identifiers, the birth date."""
    patient = simulated.truth.patient
    parts = {
        part
        for group in patient.name.split("=")
        for part in group.split("^")
        if len(part) > 2  # two characters stand in any log by chance
    }
    born = patient.birth_date.replace("-", "")
    return parts | {
        patient.name,
        patient.id,
        simulated.truth.accession_number,
        born,
        f"{born[:4]}-{born[4:6]}-{born[6:]}",
    }


def _names(folder: Path) -> str:
    return "\n".join(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_nothing_outside_the_stores_names_a_patient(postgres_url, repository, tmp_path):
    """Logs at debug level, topics, file names, status and health of a site name no patient."""
    rng = random.Random("privacy")
    started = datetime.combine(scene.DAY, clock(9, 0))  # a modality's local time
    work = [make(rng, random_patient(rng), started) for make in SCENARIOS]
    (tmp_path / "site").mkdir()
    box = Box(tmp_path / "box", "imaging-1", settings='[log]\nlevel = "debug"\n')
    with hospital_site(
        tmp_path / "site", [box], postgres_url, repository, log_level="debug"
    ) as site:
        for one in work:
            results = send(one.objects, HOST, box.port("ct"), "CT_BOX", "MODALITY")
            assert all(result.is_success for result in results)
        site.wait_delivered()
        _look_at_pages(site, work)
        told = [
            box.cli("outbox", "list", "--json"),
            json.dumps(box.outbox()),
            site.registry.cli("status", "--json"),
            site.registry.cli("box", "list", "--json"),
            *(topic(box.box_id, channel) for channel in Channel),
        ]
        with site.engine.connect() as connection:
            told += [json.dumps(health) for health in connection.scalars(select(BoxRow.health))]
            told += list(connection.scalars(select(Quarantine.reason)))
    logs = [program.log.read_text() for program in (box, site.registry, site.broker)]
    assert all(logs), "a log is empty"
    told += logs
    told.append(_names(tmp_path))
    text = "\n".join(told)
    assert "object_stored" in text
    assert box.box_id in text
    found = sorted(
        secret
        for secret in set().union(*map(_secrets, work))
        if secret.casefold() in text.casefold()
    )
    assert found == []


def _look_at_pages(site, work):
    """Search each patient by identifier, open each exam, boxes and quarantine, as people do."""
    site.registry.cli(
        "user", "add", "reader", "--role", "physicist", "--password-stdin", "--keep-password",
        text=f"{PASSWORD}\n",
    )  # fmt: skip
    reader = Reader(site.registry.url, "reader", PASSWORD)
    reader.text("/boxes")
    reader.text("/quarantine")
    for one in work:
        patient = one.truth.patient
        assert patient.id in reader.post("/patients", "/patients", q=patient.id)
        assert reader.text(f"/exams/{_exam_id(site, one)}")


def _exam_id(site, simulated):
    wanted = Exam.study_uid == simulated.truth.study_instance_uid
    with site.engine.connect() as connection:
        return connection.scalars(select(Exam.id).where(wanted)).first()
