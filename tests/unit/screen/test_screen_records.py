"""What becomes of a screen that was read: events, totals, values for a person, and the evidence."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from dosebook_edge.capture.screen.falls import kept_falls
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.picture import from_png
from dosebook_edge.capture.screen.reading import Check
from dosebook_edge.capture.screen.report import evidence_of
from dosebook_edge.capture.screen.to_reading import Whose, to_reading
from dosebook_edge.simulate.screens.gallery import draw
from dosebook_protocol.reading import Equipment, Outcome, Patient, Study
from dosebook_protocol.screen import pending_of, unpack
from tests.support.fonts import need_fonts
from tests.support.screen_reading import PROFILES, picture_of, reader_for

pytestmark = pytest.mark.usefixtures("fonts")


@pytest.fixture(scope="module")
def fonts():
    need_fonts()


def read(screen, **arguments):
    """Picture, reading and profile of a drawn screen."""
    picture = picture_of(screen)
    return picture, reader_for(screen, **arguments).read(picture), find(PROFILES[screen.layout])


def exam_of(screen) -> Whose:
    """The exam whose patient a drawn screen shows."""
    patient = Patient(screen.cell("patient_id").text, "CHU-A")
    return Whose(
        patient=patient,
        study=Study("2.25.71", accession_number=screen.cell("accession").text),
        equipment=Equipment("GE", station_name="CT1"),
        modality="CT",
        performed_step_uid="2.25.72",
    )


def ct_screen(rows: int = 3):
    """A drawn CT report with at least so many rows with dose."""
    screens = (draw("ge-ct", seed) for seed in range(40))
    return next(one for one in screens if f"dlp[{rows + 1}]" in {cell.name for cell in one.cells})


def test_rows_become_events_and_the_total_a_total():
    """Each row with a dose is one irradiation event in its phantom; scouts are none; P29."""
    screen = ct_screen()
    _, seen, loaded = read(screen)
    reading = to_reading(seen, loaded.profile, exam_of(screen), source="box-1/ct").reading
    assert reading.outcome is Outcome.READ
    assert (reading.kind, reading.modality) == ("screen", "CT")
    assert reading.patient.id == screen.cell("patient_id").text
    assert reading.performed_step_uid == "2.25.72"
    shown = [cell for cell in screen.cells if cell.field == "dlp" and cell.value]
    values = [one for event in reading.events for one in event.values if one.quantity == "dlp"]
    assert [one.value for one in values] == [Decimal(cell.value) for cell in shown]
    assert [one.path for one in values] == [f"SCREEN/{cell.name}" for cell in shown]
    size = screen.cell("phantom[2]").text[-2:]
    assert {event.phantom for event in reading.events} == {f"{size}cm"}
    (total,) = reading.totals
    assert total.value.value == Decimal(screen.cell("total_dlp").value)
    assert all(event.uid_is_synthesised for event in reading.events)


def test_the_same_rows_get_the_same_uids_and_another_exam_gets_others():
    """A screen that is shown again, or read after a restart, is the same events (P6)."""
    screen = ct_screen()
    _, seen, loaded = read(screen)
    later = replace(seen, taken_at=datetime(2026, 11, 3, tzinfo=UTC))
    whose = exam_of(screen)
    first, again, other = (
        {event.uid for event in to_reading(one, loaded.profile, exam, source="b/s").reading.events}
        for one, exam in (
            (seen, whose),
            (later, whose),
            (seen, replace(whose, performed_step_uid="2.25.73")),
        )
    )
    assert first == again
    assert not first & other


def test_a_value_for_a_person_is_no_dose_value():
    """A total that fails the sum stands as a pending item, with its crop, and counts nowhere."""
    screen = ct_screen()
    wrong = {"total_dlp": "9" + screen.cell("total_dlp").text[1:]}
    picture, seen, loaded = read(screen, wrong=wrong)
    screened = to_reading(seen, loaded.profile, exam_of(screen), source="box-1/ct")
    reading = screened.reading
    assert not reading.totals
    assert "SCREEN/total_dlp" in [
        pending.path for item in reading.items if (pending := pending_of(item))
    ]
    assert not [one for event in reading.events for one in event.values if one.quantity == "dlp"]
    assert "screen-check-failed" in {one.code for one in reading.deviations}
    evidence = unpack(evidence_of(picture, seen, screened.places, is_masked=False))
    total = next(one for one in evidence.report.values if one.path == "SCREEN/total_dlp")
    assert total.state == "review"
    assert total.reason.startswith("sum:")


def test_evidence_holds_the_frame_and_a_crop_of_every_value():
    """The crop of a value is cut from the very frame beside it."""
    screen = ct_screen()
    picture, seen, loaded = read(screen)
    screened = to_reading(seen, loaded.profile, exam_of(screen), source="box-1/ct")
    evidence = unpack(evidence_of(picture, seen, screened.places, is_masked=False))
    frame = from_png(evidence.frame)
    assert np.array_equal(frame, picture.grey)
    assert evidence.report.values
    for one in evidence.report.values:
        area = one.area
        cut = frame[area.y : area.y + area.height, area.x : area.x + area.width]
        assert np.array_equal(from_png(evidence.crops[one.path]), cut)


def test_patient_text_is_blank_where_policy_says_so():
    """With masking, nobody reads the patient from the evidence; the values stay readable."""
    screen = ct_screen()
    picture, seen, loaded = read(screen)
    screened = to_reading(seen, loaded.profile, exam_of(screen), source="box-1/ct")
    evidence = unpack(evidence_of(picture, seen, screened.places, is_masked=True))
    frame = from_png(evidence.frame)
    assert evidence.report.is_masked
    assert evidence.report.patient_areas
    for area in evidence.report.patient_areas:
        assert frame[area.y : area.y + area.height, area.x : area.x + area.width].max() == 0
    x, y, width, height = screen.cell("total_dlp").box
    assert frame[y : y + height, x : x + width].max() > 200
    assert picture.grey[48, 130:300].max() > 200  # the picture itself is left alone


def test_a_screen_without_an_exam_says_why():
    """Nothing is guessed: the reading names no patient and no study, and the reason."""
    screen = ct_screen()
    _, seen, loaded = read(screen)
    whose = Whose(unassigned="no procedure step is in progress")
    reading = to_reading(seen, loaded.profile, whose, source="box-1/ct").reading
    assert reading.patient == Patient()
    assert not reading.study.uid
    said = {one.name: one.text for one in reading.items}
    assert said["unassigned"] == "no procedure step is in progress"
    assert whose.exam is None


def test_planes_stay_apart():
    """Two planes of an angiography console are two totals, never one (P11)."""
    screen = draw("angio-console", 4)
    _, seen, loaded = read(screen)
    seen = replace(
        seen,
        values=tuple(replace(one, state="accepted", reason="") for one in seen.values),
    )
    reading = to_reading(seen, loaded.profile, exam_of(screen), source="box-1/xa").reading
    planes = [total.plane for total in reading.totals if total.value.quantity == "dose_rp"]
    assert sorted(str(one) for one in planes) == ["a", "b"]


def test_a_counter_that_fell_is_kept_over_later_frames():
    """The second frame of a screen agrees with the first, yet the first had fallen: to a person."""
    screen = draw("carm-panel", 4)
    _, seen, _ = read(screen)
    fell = Check("counter", "fail", "it was 9, and a counter never falls")
    first = replace(
        seen,
        values=tuple(
            replace(one, checks=(*one.checks, fell)) if one.name == "dose_area_product" else one
            for one in seen.values
        ),
    )
    last = replace(
        seen, values=tuple(replace(one, state="accepted", reason="") for one in seen.values)
    )
    kept = kept_falls(first, last)
    states = {one.name: one.state for one in kept.values}
    assert states["dose_area_product"] == "review"
    assert states["dose_rp"] == "accepted"
    assert kept_falls(last, last) is last
