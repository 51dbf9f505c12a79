"""Whose screen it is: the step that runs, or the one that has just ended; never a guess (P51)."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from dosebook_edge.capture.room import Room
from dosebook_edge.capture.screen.exam import running_exam
from dosebook_edge.config.screen_source import ScreenSourceSection
from dosebook_protocol.reading import Outcome, Patient, ProcedureStep, Reading, Study

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
LINGER = timedelta(minutes=10)


def minutes(number: float) -> datetime:
    return NOW + timedelta(minutes=number)


def say(room, uid, status, at, source="ct"):
    """A message of a modality about one of its steps."""
    reading = Reading(
        Outcome.READ,
        "mpps",
        "mpps",
        modality="CT",
        patient=Patient(f"patient of {uid}"),
        study=Study(f"study of {uid}", accession_number=f"order of {uid}"),
        step=ProcedureStep(uid, status),
    )
    room.note(source, reading, at)


def test_the_running_step_names_the_exam():
    """Patient, order, study and beginning are the step's."""
    room = Room()
    say(room, "1", "IN PROGRESS", minutes(0))
    whose = running_exam(room, (), LINGER)(minutes(5))
    assert whose.performed_step_uid == "1"
    assert whose.study.uid == "study of 1"
    assert whose.exam is not None
    assert (whose.exam.patient_id, whose.exam.accession) == ("patient of 1", "order of 1")
    assert whose.exam.started_at == minutes(0)


def test_a_step_that_has_just_ended_keeps_its_screen_until_another_runs():
    """The dose page shows after the end; with the next step it is the next step's or refused."""
    room = Room()
    say(room, "1", "IN PROGRESS", minutes(0))
    say(room, "1", "COMPLETED", minutes(5))
    at = running_exam(room, (), LINGER)
    assert at(minutes(14)).performed_step_uid == "1"
    assert at(minutes(16)).unassigned
    say(room, "2", "IN PROGRESS", minutes(8))
    assert at(minutes(9)).performed_step_uid == "2"


def test_two_steps_at_once_are_nobodys():
    """It does not choose between two that run, nor between two that have just ended."""
    room = Room()
    say(room, "1", "IN PROGRESS", minutes(0))
    say(room, "2", "IN PROGRESS", minutes(1))
    at = running_exam(room, (), LINGER)
    assert at(minutes(2)).unassigned == "2 procedure steps were in progress"
    assert at(minutes(2)).exam is None
    for uid in ("1", "2"):
        say(room, uid, "COMPLETED", minutes(3))
    assert at(minutes(4)).unassigned


def test_steps_of_other_rooms_do_not_count():
    """A console is beside the DICOM sources that `steps_from` names."""
    room = Room()
    say(room, "1", "IN PROGRESS", minutes(0), source="mr")
    assert running_exam(room, ("ct",), LINGER)(minutes(1)).unassigned
    assert running_exam(room, ("mr",), LINGER)(minutes(1)).performed_step_uid == "1"


def test_a_source_of_screens_says_what_it_reads():
    """An address of an unknown kind and a haste that helps nobody are refused.

    Without a profile it waits for one that is drawn on the box's own page.
    """
    whole = {"kind": "screen", "name": "m", "address": "fb:/dev/fb0", "profiles": ["carm-panel"]}
    assert ScreenSourceSection.model_validate(whole).linger == LINGER
    assert ScreenSourceSection.model_validate(whole | {"profiles": []}).profiles == ()
    for wrong in ({"address": "hdmi:1"}, {"interval": "1ms"}):
        with pytest.raises(ValidationError):
            ScreenSourceSection.model_validate(whole | wrong)
