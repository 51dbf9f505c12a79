"""A whole box beside a console: MPPS over DICOM, its dose page on a real X server, its records."""

from contextlib import contextmanager
from decimal import Decimal
from random import Random

import pytest

from dosebook_central.store.models import Exam, Record
from dosebook_edge.box import Box
from dosebook_edge.config import load
from dosebook_edge.folder import IDENTITY
from dosebook_edge.simulate.mpps import mpps_create, mpps_set
from dosebook_edge.simulate.scene import make_scene
from dosebook_edge.simulate.screens import sequences
from dosebook_edge.simulate.screens.capture import SECONDARY_CAPTURE, dose_capture, visit_of
from dosebook_edge.simulate.screens.display import XDisplay
from dosebook_edge.simulate.screens.gallery import draw
from dosebook_edge.simulate.send import send
from dosebook_edge.simulate.vendors import VENDORS
from dosebook_protocol.record import SourceKind
from dosebook_protocol.screen import pending_of, unpack
from tests.support.box import TITLE, BoxProcess, association
from tests.support.fonts import need_fonts
from tests.support.hospital import Hospital
from tests.support.screen_source import opened, record_of
from tests.support.waiting import eventually
from tests.support.xvfb import virtual_screen

_BOX = """
[box]
id = "box-1"
data_dir = "{folder}/data"

[uplink]
enabled = {uplink}

[[source]]
name = "ct"
kind = "dicom"
port = 0
bind = "127.0.0.1"
read_screens = ["ge-ct-dose-report"]

[[source]]
name = "monitor"
kind = "screen"
address = "xwd:{file}"
profiles = ["ge-ct-dose-report"]
interval = "100ms"
settle = "200ms"
"""


def configuration(folder, file, *, uplink=False):
    """Write the file of a box that watches a monitor and reads secondary captures."""
    path = folder / "box.toml"
    path.write_text(_BOX.format(folder=folder, file=file, uplink=str(uplink).lower()))
    return path


class Console:
    """A CT with its monitor: it begins and ends procedure steps, and shows their dose pages."""

    def __init__(self, box: Box, display: XDisplay, port: int) -> None:
        self.box = box
        self.show = display.show
        self._port = port

    def exam(self, seed: int):
        """A scene and the dose page that it ends with."""
        rng = Random(seed)
        scene = make_scene(rng, VENDORS["ge-ct"])
        return scene, draw("ge-ct", seed, visit=visit_of(rng, scene))

    def begin(self, scene) -> None:
        """N-CREATE."""
        self._send(mpps_create(scene, "CT", scene.started))

    def end(self, scene) -> None:
        """N-SET COMPLETED."""
        self._send(mpps_set(scene, scene.after(900), None))

    def records(self, kind: SourceKind):
        """Messages of one way of capture."""
        found = [one.message for one in self.box.outbox.unacknowledged(0, 100, 10**9)]
        return [one for one in found if record_of(one).source_kind is kind]

    def screens(self):
        """Records of screens, opened."""
        return [opened(one) for one in self.records(SourceKind.SCREEN)]

    def refusals(self) -> set[str]:
        """Codes of what the monitor's source refused since the box started."""
        self.box.tick()
        rows = self.box.outbox.read(
            lambda connection: connection.execute("SELECT source, reason FROM refusal").fetchall()
        )
        return {reason.partition(":")[0] for source, reason in rows if source == "monitor"}

    def store(self, dataset) -> int:
        """C-STORE; the status."""
        with association(self._port, SECONDARY_CAPTURE) as assoc:
            return assoc.send_c_store(dataset).Status

    def _send(self, message) -> None:
        (result,) = send([message], "127.0.0.1", self._port, TITLE, "CT1")
        assert result.is_success


@pytest.fixture
def console(tmp_path):
    need_fonts()
    with beside_a_monitor(tmp_path, 512, 512) as found:
        yield found


@contextmanager
def beside_a_monitor(folder, width, height, *, uplink=False):
    """A console with a monitor of that size, and a box in this process that watches it."""
    with (
        virtual_screen(folder / "fb", width, height) as server,
        XDisplay(server.display) as display,
    ):
        box = Box(load(configuration(folder, server.file, uplink=uplink)))
        try:
            box.start()
            yield Console(box, display, box.sources[0].health().port)
        finally:
            box.stop()


def test_the_dose_page_at_the_end_of_a_procedure_is_a_record_of_its_exam(console):
    """MPPS begins and ends, the console shows its page: values with evidence in the outbox (P51).

    Then the next exam begins: a work list, the page of the patient before, a half-drawn page and a
    screensaver give no further record, each is refused by its name.
    """
    scene, page = console.exam(3)
    other_scene, other_page = console.exam(4)
    console.begin(scene)
    console.end(scene)
    console.show(page.picture)
    ((record, evidence),) = eventually(console.screens, what="a record of the screen")
    assert record.source == "monitor"
    assert record.reading.study.uid == scene.study_uid
    assert record.reading.performed_step_uid == scene.step_uid
    assert record.reading.patient.id == scene.patient.id
    assert record.reading.equipment.station_name == scene.vendor.station
    (total,) = record.reading.totals
    assert total.value.value == Decimal(page.cell("total_dlp").value)
    shown = {cell.name: Decimal(cell.value) for cell in page.cells if cell.field == "dlp"
             and cell.value}  # fmt: skip
    read = {
        value.path.removeprefix("SCREEN/"): value.value
        for event in record.reading.events
        for value in event.values
        if value.quantity == "dlp"
    }
    assert read == shown
    assert not [one for one in record.reading.items if pending_of(one)]
    assert len(evidence.report.model_hash) == 64
    console.begin(other_scene)
    for picture, code in (
        (sequences.work_list((512, 512), 2), "unknown-layout"),
        (page.picture, "wrong-patient"),
        (sequences.half_drawn(other_page, 0.5), "half-drawn"),
        (sequences.screensaver((512, 512), 2), "screensaver"),
    ):
        console.show(picture)
        eventually(lambda wanted=code: wanted in console.refusals(), what=code)
    assert len(console.screens()) == 1
    console.show(other_page.picture)
    eventually(lambda: len(console.screens()) == 2, what="the page of the next patient")


def test_a_dose_page_arrives_in_the_registry_with_the_crop_of_each_value(tmp_path):
    """From the monitor to the exam of the registry, over the real uplink: doses and evidence."""
    need_fonts()
    hospital = Hospital(tmp_path)
    try:
        hospital.fleet.enrol("box-1")
        box = tmp_path / "box"
        (box / "data").mkdir(parents=True)
        hospital.fleet.identity_dir("box-1").rename(box / "data" / IDENTITY)
        with beside_a_monitor(box, 512, 512, uplink=True) as console:
            scene, page = console.exam(3)
            console.begin(scene)
            console.show(page.picture)
            dlp = eventually(lambda: hospital.one(Exam.dlp_mgy_cm), what="the dose of the exam")
        assert dlp == Decimal(page.cell("total_dlp").value)
        assert hospital.one(Exam.study_uid) == scene.study_uid
        assert hospital.one(Exam.evidence_kind) == "screen"
        kept = hospital.evidence.get(
            hospital.one(Record.evidence_sha256, Record.source_kind == "screen")
        )
        assert "SCREEN/total_dlp" in unpack(kept).crops
    finally:
        hospital.close()


def test_a_changed_resolution_is_refused_by_name(tmp_path):
    """A page that is larger than its profile says is refused, not read at guessed places."""
    need_fonts()
    with beside_a_monitor(tmp_path, 640, 640) as console:
        _, page = console.exam(3)
        console.show(sequences.resized(page, (640, 640)))
        eventually(lambda: "resolution-changed" in console.refusals(), what="the refusal")
        assert not console.screens()


def test_a_secondary_capture_is_the_same_doses_as_its_screen(console):
    """The object that the console sends of its page, and the page itself: the same events (P7)."""
    scene, page = console.exam(5)
    console.begin(scene)
    dataset = dose_capture(Random(5), scene, page, at=scene.after(900))
    assert console.store(dataset) == 0
    ((record, _),) = eventually(console.screens, what="a record of the screen")
    assert record.source == "ct-screens"
    assert record.transport["object"] == dataset.SOPInstanceUID
    assert record.reading.study.uid == scene.study_uid
    (total,) = record.reading.totals
    assert total.value.value == Decimal(page.cell("total_dlp").value)
    console.show(page.picture)
    eventually(lambda: len(console.screens()) == 2, what="the record of the monitor")
    _, (again, _) = console.screens()
    assert again.source == "monitor"
    assert again.reading.events == record.reading.events


def test_a_box_without_the_software_for_screens_says_so_and_goes_on(tmp_path):
    """Where numpy is not installed, the screens fail with the cure; DICOM is received."""
    box = BoxProcess(configuration(tmp_path, tmp_path / "none"))
    try:
        assert box.ports["ct"] > 0
        with association(box.ports["ct"], SECONDARY_CAPTURE) as assoc:
            assert assoc.is_established
    finally:
        box.end()
    log = box.log_path.read_text()
    assert "pip install 'dosebook-edge[screen]'" in log
