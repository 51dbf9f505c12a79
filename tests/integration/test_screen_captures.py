"""Dose screens sent as DICOM secondary captures: stored first, read afterwards, once."""

from contextlib import contextmanager
from decimal import Decimal
from io import BytesIO
from random import Random

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from dosebook_edge.capture.screen.captures import CaptureReading
from dosebook_edge.capture.screen.pending import SECONDARY_CAPTURES, PendingCaptures
from dosebook_edge.capture.screen.picture import PictureError
from dosebook_edge.capture.screen.pixel_data import pictures_of
from dosebook_edge.capture.screen.recorder import RecorderSettings
from dosebook_edge.simulate.scene import make_scene, to_bytes
from dosebook_edge.simulate.screens import sequences
from dosebook_edge.simulate.screens.capture import SECONDARY_CAPTURE, dose_capture, visit_of
from dosebook_edge.simulate.screens.gallery import draw
from dosebook_edge.simulate.vendors import VENDORS
from dosebook_protocol.record import Clock, SourceKind
from tests.support.box import BOX, association, listening, opened_outbox
from tests.support.fonts import need_fonts
from tests.support.screen_reading import TAKEN_AT, grey_of
from tests.support.screen_source import opened, reader_of, record_of
from tests.support.waiting import eventually


@pytest.fixture
def outbox(outbox):
    """An outbox, where screens can be drawn."""
    need_fonts()
    return outbox


def exam(seed: int = 5):
    """A simulated exam: its scene, the screen of its console, and the object that holds it."""
    rng = Random(seed)
    scene = make_scene(rng, VENDORS["ge-ct"])
    screen = draw("ge-ct", seed, visit=visit_of(rng, scene))
    return scene, screen, dose_capture(rng, scene, screen, at=scene.after(600))


@contextmanager
def reading_captures(outbox, pending, equipped, refused):
    """A reader of noted captures, stopped afterwards."""
    settings = RecorderSettings(BOX, "ct-screens")
    reading = CaptureReading(settings, outbox, Clock, pending, lambda: equipped, refused.append)
    reading.start()
    try:
        yield reading
    finally:
        reading.stop()


def send(port: int, *datasets) -> list[int]:
    """C-STORE objects; the statuses."""
    with association(port, SECONDARY_CAPTURE) as assoc:
        return [assoc.send_c_store(one).Status for one in datasets]


def messages(outbox) -> list[bytes]:
    """Every message of the outbox, in order."""
    return [one.message for one in outbox.unacknowledged(0, 100, 10**9)]


def test_a_capture_is_stored_first_and_its_picture_is_read_afterwards(outbox):
    """Two records: the object with its pixels, then the doses of its picture, in its exam."""
    scene, screen, dataset = exam()
    pending, refused = PendingCaptures("ct", outbox), []
    with listening(outbox, captures=pending) as source:
        assert send(source.port, dataset) == [0]
        assert len(messages(outbox)) == 1  # nothing reads yet, and the answer did not wait
        with reading_captures(outbox, pending, reader_of(screen), refused) as reading:
            eventually(lambda: len(messages(outbox)) == 2, what="the second record")
            assert send(source.port, dataset) == [0]  # again: the object that was there
            eventually(lambda: not pending.first())
            assert reading.health().last_record_at is not None
    first, second = messages(outbox)
    stored, (record, evidence) = record_of(first), opened(second)
    assert stored.source_kind is SourceKind.DICOM_STORE
    assert stored.evidence.size > 512 * 512
    assert record.source_kind is SourceKind.SCREEN
    assert record.transport["object"] == dataset.SOPInstanceUID
    assert record.transport["record"] == stored.record_id
    assert record.reading.study.uid == scene.study_uid
    assert record.reading.patient.id == scene.patient.id
    assert record.reading.equipment.station_name == scene.vendor.station
    (total,) = record.reading.totals
    assert total.value.value == Decimal(screen.cell("total_dlp").value)
    assert evidence.report.source == "secondary capture"
    assert not refused


def test_what_was_not_read_before_a_stop_is_read_after_the_next_start(tmp_path):
    """The note to read lies on disk with the object: a box that dies in between loses nothing."""
    need_fonts()
    _, screen, dataset = exam(6)
    with opened_outbox(tmp_path) as outbox:
        pending = PendingCaptures("ct", outbox)
        with listening(outbox, captures=pending) as source:
            send(source.port, dataset)
    with opened_outbox(tmp_path) as outbox:
        pending = PendingCaptures("ct", outbox)
        with reading_captures(outbox, pending, reader_of(screen), []):
            eventually(lambda: len(messages(outbox)) == 2, what="the second record")
            eventually(lambda: not pending.first())


def test_other_captures_and_other_patients_are_refused_by_name(outbox):
    """A page that no profile knows and a screen of somebody else leave no dose behind (P51)."""
    _, screen, dataset = exam(7)
    _, _, unknown = exam(8)
    page = sequences.work_list((512, 512), 1)
    unknown.PixelData = page.tobytes()
    dataset.PatientID = "another"
    pending, refused = PendingCaptures("ct", outbox), []
    with (
        listening(outbox, captures=pending) as source,
        reading_captures(outbox, pending, reader_of(screen), refused) as reading,
    ):
        send(source.port, dataset, unknown)
        eventually(lambda: len(refused) == 2, what="two refusals")
        eventually(lambda: not pending.first())
        assert [one.partition(":")[0] for one in refused] == ["wrong-patient", "unknown-layout"]
        assert reading.health().refused == 2
    assert len(messages(outbox)) == 2


def test_broken_pixels_stop_nothing(outbox):
    """Broken pixels are noted; the object stays, and the next one is read."""
    _, screen, good = exam(12)
    _, _, broken = exam(13)
    broken.Rows = 4000
    pending, refused = PendingCaptures("ct", outbox), []
    equipped = reader_of(screen)
    with (
        listening(outbox, captures=pending) as source,
        reading_captures(outbox, pending, equipped, refused),
    ):
        send(source.port, broken, good)
        eventually(lambda: len(messages(outbox)) == 3, what="the record of the good one")
    assert [one.partition(":")[0] for one in refused] == ["unreadable"]


def test_without_screens_to_read_pixels_are_dropped_as_ever(outbox):
    """Nobody pays for pictures that nobody reads."""
    _, _, dataset = exam(9)
    with listening(outbox) as source:
        assert send(source.port, dataset) == [0]
    (message,) = messages(outbox)
    assert record_of(message).transport["pixels"] == "dropped"


@pytest.mark.parametrize(("factor", "said"), [("1", []), ("2", ["header-disagrees"])])
def test_a_header_that_states_a_dose_checks_its_picture(outbox, factor, said):
    """One object is one dose: its header's. A picture that says otherwise is told, not counted."""
    _, screen, dataset = exam(10)
    total = Decimal(screen.cell("total_dlp").value) * Decimal(factor)
    dataset.CommentsOnRadiationDose = f"Total DLP={total}"
    pending, refused = PendingCaptures("ct", outbox), []
    with (
        listening(outbox, captures=pending) as source,
        reading_captures(outbox, pending, reader_of(screen), refused),
    ):
        assert send(source.port, dataset) == [0]
        eventually(lambda: not pending.first(), what="the picture is read")
    assert len(messages(outbox)) == 1
    assert [one.partition(":")[0] for one in refused] == said


def test_pixels_become_the_grey_of_the_screen_itself():
    """RGB, grey and inverted grey give one picture; what is no picture is an error."""
    need_fonts()
    _, screen, dataset = exam(11)
    expected = grey_of(screen)
    (picture,) = pictures_of(to_bytes(dataset), TAKEN_AT)
    assert (picture.grey == expected).all()
    assert picture.way == "lossless"
    for kind, pixels in (("MONOCHROME2", expected), ("MONOCHROME1", 255 - expected)):
        dataset.PhotometricInterpretation, dataset.SamplesPerPixel = kind, 1
        dataset.PixelData = pixels.tobytes()
        (picture,) = pictures_of(to_bytes(dataset), TAKEN_AT)
        assert (picture.grey == expected).all()
    dataset.LossyImageCompression = "01"
    assert pictures_of(to_bytes(dataset), TAKEN_AT)[0].way == "grabbed"
    dataset.Rows = 60_000
    with pytest.raises(PictureError):
        pictures_of(to_bytes(dataset), TAKEN_AT)
    with pytest.raises(PictureError):
        pictures_of(b"not DICOM", TAKEN_AT)


def test_a_lossy_capture_is_read_as_a_grabbed_picture():
    """JPEG moves pixels, so that exact shapes prove nothing: it is decoded, and told apart."""
    need_fonts()
    _, screen, dataset = exam(14)
    stream = BytesIO()
    screen.picture.convert("L").save(stream, "JPEG", quality=95)
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.PixelData = encapsulate([stream.getvalue()])
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    (picture,) = pictures_of(to_bytes(dataset), TAKEN_AT)
    assert picture.way == "grabbed"
    apart = picture.grey.astype(int) - grey_of(screen)
    assert abs(apart).mean() < 3


def test_only_secondary_captures_of_a_sensible_size_keep_their_pixels(outbox):
    """A cine run under this class must not fail to be stored for its pixels."""
    pending = PendingCaptures("ct", outbox)
    assert SECONDARY_CAPTURE in SECONDARY_CAPTURES
    assert pending.wants_pixels(SECONDARY_CAPTURE, 4_000_000)
    assert not pending.wants_pixels(SECONDARY_CAPTURE, 90_000_000)
    assert not pending.wants_pixels("1.2.840.10008.5.1.4.1.1.2", 500_000)


@pytest.mark.parametrize(("stored", "allocated"), [(1, 8), (4, 8), (12, 16), (16, 16)])
def test_few_or_many_bits_become_the_same_grey_levels(stored, allocated):
    """A screen of black and white in one bit is not black, and one in twelve not cut short."""
    need_fonts()
    _, screen, dataset = exam(11)
    expected = (grey_of(screen) > 127).astype(np.uint16)
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = allocated, stored, stored - 1
    pixels = expected * (2**stored - 1)
    dataset.PixelData = pixels.astype(np.uint8 if allocated == 8 else np.uint16).tobytes()
    (picture,) = pictures_of(to_bytes(dataset), TAKEN_AT)
    assert (picture.grey == expected * 255).all()


def test_a_window_takes_away_what_lies_far_outside_of_the_screens_levels():
    """One padding pixel of 32,000 must not make the ink of a screen of 16 bits invisible."""
    need_fonts()
    _, screen, dataset = exam(11)
    expected = (grey_of(screen) > 127) * 255
    pixels = expected.astype(np.int16) * 2
    pixels[0, 0] = 32_000
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation, dataset.PixelData = 1, pixels.tobytes()
    dataset.WindowCenter, dataset.WindowWidth = "255.5", "510"
    (picture,) = pictures_of(to_bytes(dataset), TAKEN_AT)
    assert (picture.grey[1:] == expected[1:]).all()
