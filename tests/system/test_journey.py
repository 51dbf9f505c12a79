"""One patient's dose on its whole way, and what a box does while the registry is away."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from datetime import time as clock
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from dosebook_central.store.models import Event, Exam, Record
from dosebook_edge.outbox.schema import connect
from dosebook_edge.outbox.store import DATABASE
from dosebook_edge.simulate import dx, exam, scene
from dosebook_edge.simulate.random_patient import random_patient
from dosebook_edge.simulate.send import send
from tests.support import leaks, waiting
from tests.support.pages import Reader
from tests.support.site import embedded_site, in_outbox, wait_delivered
from tools.site.box import Box
from tools.site.registry import HOST

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

LOGIN, PASSWORD = "physicist", "three quiet rivers"
REVOKED_WITHIN_S = 60.0
SEEN_WITHIN_S = 30.0


@pytest.fixture(scope="module", autouse=True)
def no_leaks():
    """Fail if the module leaves a process: within it tests restart programs that live on."""
    before = leaks.children()
    yield
    waiting.eventually(lambda: leaks.children() <= before, 10, what="children of the module ended")


@pytest.fixture(scope="module")
def site(no_leaks, tmp_path_factory):
    """A registry, and boxes in a theatre, on a ward, and one that will be stolen."""
    folder = tmp_path_factory.mktemp("site")
    boxes = (
        Box(folder / "theatre", "theatre-1", (("c-arm", "XA_BOX"), ("dx", "DX_BOX"))),
        Box(folder / "ward", "ward-1"),
        Box(folder / "stolen", "stolen-1"),
    )
    with embedded_site(folder, boxes) as running:
        options = ("--role", "physicist", "--password-stdin", "--keep-password")
        running.registry.cli("user", "add", LOGIN, *options, text=f"{PASSWORD}\n")
        yield running


@pytest.fixture
def theatre(site):
    """The box of the theatre."""
    return site.boxes[0]


@pytest.fixture
def ward(site):
    """The box of the ward."""
    return site.boxes[1]


def _simulated(make, seed):
    """One exam of a patient of its own."""
    rng = random.Random(f"journey {seed}")
    started = datetime.combine(scene.DAY, clock(10, 30))  # a modality's local time
    return make(rng, random_patient(rng), started)


def _send(box, source, title, objects):
    results = send(objects, HOST, box.port(source), title, "MODALITY")
    assert [result.status for result in results] == [0] * len(objects)


def _send_cts(box, seeds):
    """Send one CT report a seed; returns their study UIDs."""
    exams = [_simulated(exam.ct_exam, seed) for seed in seeds]
    for one in exams:
        _send(box, "ct", "CT_BOX", one.objects)
    return {one.truth.study_instance_uid for one in exams}


def _exam_of(site, study_uid):
    with site.engine.connect() as connection:
        return connection.execute(select(Exam).where(Exam.study_uid == study_uid)).one_or_none()


def _studies(site):
    with site.engine.connect() as connection:
        return set(connection.scalars(select(Exam.study_uid)))


def test_p16_biplane_dose_travels_from_the_room_to_the_page(site, theatre, eventually):
    """The dose of the MPPS comes first; with the report, pages name each plane's dose."""
    simulated = _simulated(exam.biplane_exam, 16)
    truth = simulated.truth
    steps = [item for item in simulated.objects if item.kind != "store"]
    reports = [item for item in simulated.objects if item.kind == "store"]
    _send(theatre, "c-arm", "XA_BOX", steps[:1])
    _send(theatre, "c-arm", "XA_BOX", steps[1:])
    ended = time.monotonic()

    def dose():
        found = _exam_of(site, truth.study_instance_uid)
        return found is not None and found.dose_area_product_gy_cm2

    (told,) = (
        value.value
        for item in truth.objects
        if item.kind == "mpps"
        for value in item.totals
        if value.quantity == "dose_area_product"
    )
    found = eventually(dose, SEEN_WITHIN_S, what="the dose of the MPPS is in the exam")
    print(f"MPPS dose in the exam after {time.monotonic() - ended:.2f} s")  # noqa: T201 - the measured figure
    assert found == Decimal(told)

    _send(theatre, "c-arm", "XA_BOX", reports)
    wait_delivered(theatre)
    row = _exam_of(site, truth.study_instance_uid)
    values = {
        (value.quantity, value.plane): Decimal(value.value)
        for value in truth.totals
        if value.quantity in {"dose_area_product", "dose_rp"}
    }
    planes = {
        (one["quantity"], one["plane"]): Decimal(one["value"])
        for one in row.summary["headline"]
        if one["quantity"] in {"dose_area_product", "dose_rp"}
    }
    assert {key: planes[key] for key in values} == values
    assert len(values) == 4
    assert row.dose_area_product_gy_cm2 == sum(
        value for (quantity, _), value in values.items() if quantity == "dose_area_product"
    )
    assert row.dose_rp_mgy is None  # two reference points never add
    assert (row.event_count, row.evidence_kind) == (truth.distinct_events, "rdsr-projection")

    reader = Reader(site.registry.url, LOGIN, PASSWORD)
    history = reader.html(f"/patients/{row.patient_id}")
    page = reader.html(f"/exams/{row.id}")
    for (quantity, _), value in values.items():
        digits = f"{value.normalize():f}"
        asks = f"Where does {digits} come from?"
        assert asks in page, f"{quantity} {value} is not on the exam page"
        if quantity == "dose_area_product":
            assert f'title="{digits}"' in history, f"{quantity} {value} is not in the history"
    for plane in ("plane A", "plane B"):
        assert plane in reader.text(f"/patients/{row.patient_id}")
        assert plane in reader.text(f"/exams/{row.id}")


def test_images_of_twelve_associations_at_once_are_one_exam(site, theatre):
    """Twelve exposures sent in twelve concurrent associations: twelve events, one exam."""
    rng = random.Random("journey dx")
    setting, radiograph = dx.dx_scene(rng)
    images = [
        scene.SimObject("store", event.image, event.image.SOPInstanceUID, event.started)
        for event in dx.dx_events(rng, setting, radiograph, 12)
    ]
    with ThreadPoolExecutor(len(images)) as modalities:
        for done in [
            modalities.submit(_send, theatre, "dx", "DX_BOX", [image]) for image in images
        ]:
            done.result()
    wait_delivered(theatre)
    with site.engine.connect() as connection:
        (one,) = connection.execute(select(Exam).where(Exam.study_uid == setting.study_uid))
        uids = connection.scalars(select(Event.uid).where(Event.exam_id == one.id)).all()
    assert (one.event_count, len(set(uids))) == (12, 12)


def test_revoked_box_is_refused_and_keeps_what_it_has(site, eventually):
    """A revoked box is out within 60 s; it goes on accepting, and nothing is lost or let in."""
    box = site.boxes[2]
    before = _send_cts(box, [301])
    wait_delivered(box)
    site.registry.cli("box", "revoke", box.box_id, "--reason", "stolen")
    revoked = time.monotonic()
    eventually(
        lambda: box.outbox()["uplink_state"] == "refused",
        REVOKED_WITHIN_S,
        what="the revoked box is off the broker",
    )
    print(f"revoked box refused after {time.monotonic() - revoked:.1f} s")  # noqa: T201 - the measured figure
    after = _send_cts(box, [302, 303, 304])
    assert in_outbox(box) == {"stored": len(before), "waiting": len(after)}
    assert before <= _studies(site)
    assert not after & _studies(site)
    (told,) = (one for one in _status(site)["boxes"] if one["id"] == box.box_id)
    assert (told["status"], told["records"]) == ("revoked", len(before))


def test_box_works_without_the_registry_and_delivers_later(site, ward, eventually):
    """An outage in miniature: exams are accepted, box and registry restart, each arrives once."""
    held = _records_of(site, ward)
    site.registry.stop()
    try:
        sent = _send_cts(ward, range(400, 408))
        assert in_outbox(ward)["waiting"] == len(sent)
        ward.kill()
        assert in_outbox(ward)["waiting"] == len(sent)
        ward.start()
        sent |= _send_cts(ward, range(408, 410))
    finally:
        site.registry.start()
    wait_delivered(ward)
    assert _records_of(site, ward) == held + len(sent)
    assert sent <= _studies(site)
    site.registry.stop()
    site.registry.start()
    assert sent <= _studies(site)
    more = _send_cts(ward, [411])
    wait_delivered(ward)
    assert more <= _studies(site)


def test_withheld_record_shows_as_a_gap(site, ward):
    """A record that never comes is named by its number, in `status` and on the page of boxes."""
    site.registry.stop()
    try:
        _send_cts(ward, [501, 502, 503])
        ward.stop()
        last = _withhold(ward)
        ward.start()
    finally:
        site.registry.start()
    wait_delivered(ward)
    (told,) = (one for one in _status(site)["boxes"] if one["id"] == ward.box_id)
    assert told["missing"] == [[last - 1, last - 1]]
    assert told["records"] == told["last_sequence"] - 1
    page = Reader(site.registry.url, LOGIN, PASSWORD).text("/boxes")
    assert f"1 missing {last - 1}" in page


def _withhold(box):
    """Take the last but one record out of a stopped box's outbox; returns the last number."""
    connection = connect(box.data_dir / DATABASE)
    try:
        ((last,),) = connection.execute("SELECT max(sequence) FROM record")
        for table in ("record", "payload"):
            connection.execute(f"DELETE FROM {table} WHERE sequence = ?", (last - 1,))
    finally:
        connection.close()
    return last


def _records_of(site, box):
    with site.engine.connect() as connection:
        return connection.scalar(
            select(func.count()).select_from(Record).where(Record.box_id == box.box_id)
        )


def _status(site):
    return json.loads(site.registry.cli("status", "--json"))
