"""Whose exposure it was: the one procedure step that was in progress, or nobody's."""

from datetime import UTC, datetime, timedelta

import pytest

from dosebook_edge.capture.room import LONGEST_STEP, Room, Span
from dosebook_protocol.reading import Outcome, ProcedureStep, Reading

EIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
GRACE = timedelta(seconds=10)


def at(seconds):
    """Seconds after eight."""
    return EIGHT + timedelta(seconds=seconds)


def message(uid, status="IN PROGRESS"):
    """What an MPPS message says."""
    return Reading(Outcome.READ, "mpps", "mpps", step=ProcedureStep(uid, status))


def room_of(*steps):
    """A room with steps: (uid, began, ended or None, source)."""
    room = Room()
    for uid, began, ended, source in steps:
        room.note(source, message(uid), at(began))
        if ended is not None:
            room.note(source, message(uid, "COMPLETED"), at(ended))
    return room


def attached(room, after, until, sources=(), **span):
    """UID of the step that an exposure belongs to, else why none."""
    found = room.attach(Span(at(after), at(until), **span), sources, GRACE)
    return found.step.uid if found.step else found.reason


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([("1", 0, None, "rf")], "1"),
        ([("1", 0, 200, "rf")], "1"),
        ([("1", 0, 99.5, "rf")], "1"),  # ended between the two readings in which it began
        ([("1", 0, 50, "rf")], "no procedure step was in progress"),
        ([], "no procedure step was in progress"),
        ([("1", 0, None, "rf"), ("2", 10, None, "rf")], "2 procedure steps were in progress"),
        ([("1", 0, 50, "rf"), ("2", 60, None, "rf")], "2"),
        ([("1", 0, 99.5, "rf"), ("2", 99.8, None, "rf")], "2 procedure steps were in progress"),
        ([("1", 105, None, "rf")], "1"),  # announced late, within the grace
        ([("1", 105, None, "rf"), ("2", 106, None, "rf")], "no procedure step was in progress"),
        ([("1", 111, None, "rf")], "no procedure step was in progress"),
    ],
)
def test_an_exposure_belongs_to_the_one_step_at_its_beginning(steps, expected):
    """Exactly one step: attached. None or several: unassigned, with the reason; never guessed."""
    assert attached(room_of(*steps), 99, 100) == expected


def test_a_step_that_is_announced_late_is_said_to_be():
    """The record tells that the step came after the exposure."""
    found = room_of(("1", 105, None, "rf")).attach(Span(at(99), at(100)), (), GRACE)
    assert found.is_late


def test_steps_of_another_room_do_not_count():
    """`steps_from` names the DICOM sources of this room."""
    room = room_of(("1", 0, None, "rf"), ("2", 0, None, "ct"))
    assert attached(room, 99, 100) == "2 procedure steps were in progress"
    assert attached(room, 99, 100, {"ct"}) == "2"


def test_a_step_that_nobody_ended_is_not_running_for_ever():
    """After twelve hours a forgotten step is no patient on the table."""
    room = room_of(("1", 0, None, "rf"))
    late = LONGEST_STEP.total_seconds() + 60
    assert attached(room, late, late + 1) == "no procedure step was in progress"


def test_what_happened_unheard_needs_a_step_that_covers_it():
    """A difference over a restart belongs to the step that was open all the time, or to nobody."""
    room = room_of(("1", 0, None, "rf"))
    assert attached(room, 50, 100, is_observed=False) == "1"
    late = room_of(("1", 60, None, "rf"))
    assert "not heard" in attached(late, 50, 100, is_observed=False)
    soon = room_of(("1", 105, None, "rf"))
    assert "not heard" in attached(soon, 50, 100, is_observed=False)
    assert "which it is" in attached(room, 50, 100, is_identified=False)


def test_listeners_hear_of_beginning_and_end_only():
    """An N-SET in between changes nothing in the room."""
    room, heard = Room(), []
    room.listen(heard.append)
    for status in ("IN PROGRESS", "IN PROGRESS", "DISCONTINUED", "DISCONTINUED"):
        room.note("rf", message("1", status), at(0))
    assert heard == ["rf", "rf"]
