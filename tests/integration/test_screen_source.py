"""A source that watches a screen: one record of each dose screen, and the right refusals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from dosebook_edge.capture.screen.edid import Edid
from dosebook_edge.capture.screen.equip import equip
from dosebook_edge.capture.screen.equipped import Equipped
from dosebook_edge.capture.screen.to_reading import Whose
from dosebook_edge.capture.screen.video_signal import VideoSignal
from dosebook_edge.capture.source import CaptureError
from dosebook_edge.outbox import OutboxFullError, TooLargeError
from dosebook_edge.simulate.screens import sequences
from dosebook_edge.simulate.screens.damage import damaged
from dosebook_edge.simulate.screens.gallery import draw
from dosebook_protocol.reading import Patient
from dosebook_protocol.record import SourceKind
from tests.support.fonts import need_fonts
from tests.support.screen_source import Monitor, NoisyMonitor, reader_of, watching, whose
from tests.support.waiting import eventually


@pytest.fixture
def outbox(outbox):
    """An outbox, where screens can be drawn."""
    need_fonts()
    return outbox


def code_of(watched) -> str:
    """The code of the last refusal."""
    return watched.refused[-1].partition(":")[0] if watched.refused else ""


def test_a_dose_screen_becomes_one_record_of_the_exam_in_the_room(outbox):
    """Values, exam and evidence arrive; the same screen shown again adds nothing (P6)."""
    screen = draw("ge-ct", 3)
    with watching(outbox, reader_of(screen)) as watched:
        watched.whose = whose(screen)
        watched.monitor.show(screen.picture)
        ((record, evidence),) = eventually(watched.records, what="a record")
        assert record.source_kind is SourceKind.SCREEN
        assert record.transport == {"screen": "framebuffer", "way": "lossless"}
        assert record.reading.patient.id == screen.cell("patient_id").text
        assert record.reading.performed_step_uid == "2.25.72"
        (total,) = record.reading.totals
        assert total.value.value == Decimal(screen.cell("total_dlp").value)
        assert evidence.report.width == 512
        watched.monitor.show(sequences.work_list((512, 512), 1))
        eventually(lambda: code_of(watched) == "unknown-layout")
        watched.monitor.show(screen.picture)
        seen = watched.monitor.grabs
        eventually(lambda: watched.monitor.grabs > seen + 30)
        assert len(watched.records()) == 1
        assert watched.source.health().last_record_at is not None


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        (lambda _: draw("ge-ct", 4).picture, "wrong-patient"),
        (lambda screen: sequences.half_drawn(screen, 0.5), "half-drawn"),
        (lambda _: sequences.screensaver((512, 512), 3), "screensaver"),
        (lambda _: sequences.work_list((512, 512), 2), "unknown-layout"),
    ],
    ids=["next patient", "half drawn", "screensaver", "unknown layout"],
)
def test_what_is_no_dose_screen_of_the_running_exam_is_refused(outbox, shown, code):
    """Each is refused by its own name, and nothing of it becomes a dose (P51)."""
    screen = draw("ge-ct", 3)
    with watching(outbox, reader_of(screen, draw("ge-ct", 4))) as watched:
        watched.whose = whose(screen)
        watched.monitor.show(shown(screen))
        eventually(lambda: watched.refused, what="a refusal")
        assert code_of(watched) == code
        assert not watched.records()
        assert watched.source.health().refused >= 1
        assert screen.cell("patient_id").text not in " ".join(watched.refused)


def test_a_screen_without_an_exam_is_kept_and_says_why(outbox):
    """No step runs: the record names nobody, for a person to assign (P51)."""
    screen = draw("ge-ct", 3)
    with watching(outbox, reader_of(screen)) as watched:
        watched.whose = Whose(unassigned="two procedure steps are in progress")
        watched.monitor.show(screen.picture)
        ((record, _),) = eventually(watched.records, what="a record")
    assert not record.reading.patient.id
    said = {one.name: one.text for one in record.reading.items}
    assert said["unassigned"] == "two procedure steps are in progress"


def test_a_screen_that_names_no_patient_must_have_come_up_in_the_exam(outbox):
    """What was up before, or shows the very values of the exam before, is not this exam's (P51)."""
    first, second = draw("dap-display", 3), draw("dap-display", 4)
    page = sequences.work_list((480, 240), 1)
    began = datetime.now(UTC)
    exam = Whose(patient=Patient("1"), performed_step_uid="2.25.1", started_at=began)
    with watching(outbox, reader_of(first, second)) as watched:
        watched.whose = exam
        watched.monitor.show(first.picture)
        eventually(lambda: watched.refused, what="a refusal")
        assert watched.refused == ["older-than-exam: it was up before the box began to look"]
        watched.monitor.show(second.picture)
        ((record, _),) = eventually(watched.records, what="a record")
        assert record.reading.performed_step_uid == "2.25.1"
        watched.whose = replace(exam, performed_step_uid="2.25.2")
        watched.monitor.show(page)
        eventually(lambda: code_of(watched) == "unknown-layout")
        watched.monitor.show(second.picture)
        eventually(lambda: "before the exam" in watched.refused[-1], what="a refusal")
        watched.whose = replace(watched.whose, started_at=began + timedelta(hours=1))
        watched.monitor.show(first.picture)
        eventually(lambda: "before the exam began" in watched.refused[-1], what="a refusal")
        assert len(watched.records()) == 1


def test_a_full_outbox_is_tried_again_until_there_is_room(outbox):
    """A screen that could not be kept is not forgotten while it is shown."""
    screen = draw("ge-ct", 3)
    equipped = reader_of(screen)
    refusing = _Refusing(outbox)
    with watching(refusing, equipped) as watched:
        watched.whose = whose(screen)
        watched.monitor.show(screen.picture)
        eventually(lambda: refusing.refusals >= 2)
        refusing.is_full = False
        eventually(lambda: outbox.unacknowledged(0, 10, 10**8), what="a record")
        assert len(outbox.unacknowledged(0, 10, 10**8)) == 1


def test_a_screen_that_can_never_be_kept_is_told_once(outbox):
    """A record that is larger than any may be is refused, not tried for ever."""
    screen = draw("ge-ct", 3)
    refusing = _Refusing(outbox, TooLargeError)
    with watching(refusing, reader_of(screen)) as watched:
        watched.whose = whose(screen)
        watched.monitor.show(screen.picture)
        eventually(lambda: watched.refused, what="a refusal")
        seen = watched.monitor.grabs
        eventually(lambda: watched.monitor.grabs > seen + 20)
    assert code_of(watched) == "not-recordable"
    assert refusing.refusals == 1


def test_a_lost_signal_shows_in_health_and_comes_back(outbox):
    """A grabber without signal fails with its reason; with the picture the source is back."""
    screen = draw("ge-ct", 3)
    with watching(outbox, reader_of(screen)) as watched:
        eventually(lambda: watched.source.health().state == "failed")
        assert watched.source.health().detail == "the cable is out"
        watched.monitor.show(screen.picture)
        eventually(lambda: watched.source.health().state == "listening", timeout=40)
        eventually(watched.records, what="a record")
    assert watched.source.health().state == "stopped"


def test_a_grabbed_screen_is_read_from_several_frames(outbox):
    """Noise differs between frames, so that they prove each other: they are read until they do."""
    screen = draw("ge-ct", 6)
    equipped = reader_of(screen)
    reader = _Hesitant(equipped.reader, frames=3)
    monitor = Monitor(way="grabbed", words="grabber")
    with watching(outbox, Equipped(reader, equipped.profiles), monitor) as watched:
        watched.whose = whose(screen)
        watched.monitor.show(screen.picture)
        ((record, _),) = eventually(watched.records, what="a record")
    assert reader.earlier == [0, 1, 2]
    assert record.transport == {"screen": "grabber", "way": "grabbed"}
    assert record.reading.totals


def test_a_source_says_what_its_grabber_makes_of_the_signal(outbox):
    """A scaled signal is a problem in health, and record and health name signal and monitor."""
    screen = draw("ge-ct", 6)
    equipped = reader_of(screen)
    wide, high = screen.picture.size
    signal = VideoSignal(wide // 2, high // 2, 60.0, edid=Edid("SCREEN", wide, high))
    monitor = Monitor(way="grabbed", words="grabber", signal=signal)
    reader = _Hesitant(equipped.reader, frames=1)
    with watching(outbox, Equipped(reader, equipped.profiles), monitor) as watched:
        watched.whose = whose(screen)
        watched.monitor.show(screen.picture)
        ((record, _),) = eventually(watched.records, what="a record")
        detail = watched.source.health().detail
    assert f"the grabber scales {wide // 2} x {high // 2} to {wide} x {high}" in detail
    assert f"EDID SCREEN, prefers {wide} x {high}" in detail
    assert record.transport == {
        "screen": "grabber",
        "way": "grabbed",
        "signal": signal.words,
        "monitor": signal.monitor,
    }


def test_a_noisy_screen_settles_and_is_read_right(outbox):
    """Behind a grabber no two pictures are equal: it settles all the same, and nothing is wrong."""
    screen = draw("carm-panel", 5)
    seen = damaged(screen, "grab", 7)
    with watching(outbox, equip(["carm-panel"]), NoisyMonitor()) as watched:
        watched.whose = whose(screen)
        watched.monitor.show(seen.picture)
        ((record, evidence),) = eventually(watched.records, what="a record")
    shown = {f"SCREEN/{cell.name}": cell for cell in screen.cells}
    assert evidence.report.values
    for total in record.reading.totals:
        assert total.value.original == shown[total.value.path].text
    assert "dose_area_product" in {total.value.quantity for total in record.reading.totals}


def test_a_source_that_cannot_read_does_not_start(outbox):
    """A model that fails its self-test is a failed source with the reason, not wrong doses."""

    def broken() -> Equipped:
        raise CaptureError("the model reads its known crops wrongly")

    screen = draw("ge-ct", 3)
    with watching(outbox, reader_of(screen)) as watched:
        source = watched.source
        source.stop()
        source._equipped, source._equip = None, broken
        with pytest.raises(CaptureError, match="known crops"):
            source.start()
        assert source.health().state == "failed"


class _Hesitant:
    """A reader that releases nothing before the last of so many frames."""

    def __init__(self, reader, frames: int) -> None:
        self._reader = reader
        self._frames = frames
        self.earlier: list[int] = []

    def read(self, picture, earlier=(), exam=None):
        self.earlier.append(len(earlier))
        seen = self._reader.read(replace(picture, way="lossless"), (), exam)
        state = "accepted" if len(earlier) + 1 >= self._frames else "review"
        return replace(seen, values=tuple(replace(one, state=state) for one in seen.values))


class _Refusing:
    """An outbox that is full until a test says otherwise."""

    def __init__(self, outbox, error=OutboxFullError) -> None:
        self._outbox = outbox
        self._error = error
        self.is_full = True
        self.refusals = 0

    @property
    def vault(self):
        return self._outbox.vault

    def append(self, draft, also=None):
        if self.is_full:
            self.refusals += 1
            raise self._error("no room")
        return self._outbox.append(draft, also)

    def __getattr__(self, name):
        return getattr(self._outbox, name)


def test_black_is_nobodys_dose_screen(outbox):
    """A dark monitor is looked at and never read: no record, no refusal for every picture."""
    screen = draw("ge-ct", 3)
    with watching(outbox, reader_of(screen)) as watched:
        watched.monitor.show(np.zeros((512, 512), np.uint8))
        eventually(lambda: watched.monitor.grabs > 20)
        assert not watched.refused
        assert not watched.records()
