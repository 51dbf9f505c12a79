"""Screens and reports of one exam in the registry: one dose, and a disagreement that shows."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from dosebook_central.domain.exam import from_json
from dosebook_central.store.models import Exam
from dosebook_edge.capture.screen.captures import CaptureReading
from dosebook_edge.capture.screen.pending import PendingCaptures
from dosebook_edge.capture.screen.recorder import RecorderSettings
from dosebook_edge.simulate import ct
from dosebook_edge.simulate.scene import to_bytes
from dosebook_edge.simulate.screens.capture import SECONDARY_CAPTURE, dose_capture, visit_of
from dosebook_edge.simulate.screens.gallery import draw
from dosebook_edge.simulate.screens.rows import rows_of
from dosebook_protocol.record import Clock
from dosebook_protocol.wire import split_record_message
from tests.support.box import BOX, association, listening, opened_outbox
from tests.support.fonts import need_fonts
from tests.support.registry import RegistryUnderTest, SigningBox
from tests.support.screen_source import reader_of, record_of
from tests.support.waiting import eventually


@pytest.fixture
def registry(tmp_path: Path):
    need_fonts()
    folder = tmp_path / "registry"
    folder.mkdir()
    found = RegistryUnderTest(folder)
    yield found
    found.close()


class Exposed:
    """One simulated CT exam: its dose report, and the secondary capture of its dose page."""

    def __init__(self, seed: int, *, factor: str = "1") -> None:
        rng = Random(seed)
        scene, protocol = ct.ct_scene(rng, "ge-ct")
        self.report, truth = ct.ct_report(rng, scene, ct.ct_events(rng, scene, protocol))
        rows = [
            replace(row, dlp=row.dlp * Decimal(factor)) for row in rows_of(truth)
        ]  # fmt: skip
        visit = visit_of(rng, scene)
        self.page = draw("ge-ct", seed, visit=visit, rows=tuple(rows))
        self.capture = dose_capture(rng, scene, self.page, at=scene.after(900))


def messages_of(exam: Exposed, folder: Path, box: SigningBox):
    """What a box makes of the capture, signed anew by a box that the registry knows."""
    with opened_outbox(folder) as outbox:
        pending = PendingCaptures("ct", outbox)
        reading = CaptureReading(
            RecorderSettings(BOX, "ct-screens"),
            outbox,
            Clock,
            pending,
            lambda: reader_of(exam.page),
            lambda _: None,
        )
        with listening(outbox, captures=pending) as source:
            with association(source.port, SECONDARY_CAPTURE) as assoc:
                assert assoc.send_c_store(exam.capture).Status == 0
            reading.start()
            try:
                eventually(lambda: not pending.first(), what="the capture is read")
            finally:
                reading.stop()
        for waiting in outbox.unacknowledged(0, 10, 10**9):
            record = record_of(waiting.message)
            _, evidence = split_record_message(waiting.message)
            yield box.message(
                evidence,
                record.reading,
                media_type=record.evidence.media_type,
                source_kind=record.source_kind,
                source=record.source,
                transport=record.transport,
            )


def exam_in(registry: RegistryUnderTest):
    """The one exam: DLP, number of events, roles of the evidences by kind, conflicts."""
    ((dlp, events, has_conflict, summary),) = registry.rows(
        Exam.dlp_mgy_cm, Exam.event_count, Exam.has_conflict, Exam.summary
    )
    found = from_json(summary)
    return dlp, events, has_conflict, {one.kind: one.role for one in found.evidences}


def test_a_capture_alone_is_the_dose_of_its_exam(registry, tmp_path):
    """A console that sends no report: the rows of its page are the events, their sum the DLP."""
    exam, box = Exposed(3), registry.add(SigningBox("box-7"))
    messages = list(messages_of(exam, tmp_path, box))
    assert registry.statuses(*messages) == ["stored", "stored"]
    dlp, events, has_conflict, roles = exam_in(registry)
    rows = [cell for cell in exam.page.cells if cell.field == "dlp" and cell.value]
    assert dlp == Decimal(exam.page.cell("total_dlp").value)
    assert events == len(rows)
    assert not has_conflict
    assert roles["screen"] == "counted"


@pytest.mark.parametrize("is_report_first", [True, False], ids=["report first", "screen first"])
def test_p07_a_report_and_a_capture_are_one_dose_in_any_order(registry, tmp_path, is_report_first):
    """The report counts, the screen corroborates it; nothing is added."""
    exam, box = Exposed(3), registry.add(SigningBox("box-7"))
    report = box.message(to_bytes(exam.report))
    messages = list(messages_of(exam, tmp_path, box))
    registry.receipts(*([report, *messages] if is_report_first else [*messages, report]))
    dlp, _, has_conflict, roles = exam_in(registry)
    assert abs(dlp - Decimal(exam.page.cell("total_dlp").value)) < Decimal("0.5")
    assert roles["rdsr-ct"] == "counted"
    assert roles["screen"] == "corroborates"
    assert not has_conflict


def test_a_screen_that_disagrees_with_the_report_shows(registry, tmp_path):
    """Twelve percent apart: the report's dose stands, and the exam is marked."""
    exam, box = Exposed(3, factor="1.12"), registry.add(SigningBox("box-7"))
    registry.receipts(box.message(to_bytes(exam.report)), *messages_of(exam, tmp_path, box))
    dlp, _, has_conflict, roles = exam_in(registry)
    shown = Decimal(exam.page.cell("total_dlp").value)
    assert dlp < shown / Decimal("1.1")
    assert has_conflict
    assert roles["screen"] == "corroborates"
