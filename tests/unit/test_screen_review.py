"""What persons decide on values of screens, and the reading that follows from it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.domain.screen_review import (
    WHOLE,
    Decision,
    State,
    complete,
    from_json,
    screen_values,
    state_of,
    to_json,
)
from dosebook_central.domain.screen_text import confirm
from dosebook_protocol.reading import Reading
from dosebook_protocol.screen_text import TypedError, number_in
from tests.support.screens import EVENT_UID, evidence, place_of_total, reading_of, value

AT = datetime(2026, 11, 3, 9, tzinfo=UTC)
VALUES = (
    value("SCREEN/dlp[1]", "816.10"),
    value("SCREEN/ctdi_vol[1]", "12.40", quantity="ctdi_vol", unit="mGy", state="accepted"),
    value("SCREEN/total_dlp", "905.30", place=place_of_total()),
    value("SCREEN/dlp[2]", "89.20", state="accepted", place={"event_uid": "2.25.7102"}),
)
READING = reading_of(evidence(*VALUES))
PATHS = [one.path for one in VALUES]


def _decision(number: int, act: str, text: str = "816.70") -> Decision:
    if act == "disown":
        return Decision(WHOLE, "disown", "physicist", AT, "screen of another patient or exam")
    one = VALUES[number]
    number_of = confirm(one, text) if act in {"accept", "correct"} else None
    return Decision(one.path, act, "physicist", AT, confirmed=number_of)  # type: ignore[arg-type]


def _numbers(reading: Reading) -> dict[str, Decimal]:
    values = [total.value for total in reading.totals]
    values += [value for event in reading.events for value in event.values]
    return {value.path: value.value for value in values}


def test_a_value_in_review_counts_nowhere_until_it_is_confirmed() -> None:
    """What the reader did not release is no dose value; a person's word makes it one."""
    assert _numbers(READING).keys() == {"SCREEN/ctdi_vol[1]", "SCREEN/dlp[2]"}
    done = complete(READING, [_decision(0, "correct"), _decision(2, "accept", "905.30")])
    assert _numbers(done)["SCREEN/dlp[1]"] == Decimal("816.7")
    assert done.events[0].uid == EVENT_UID
    assert done.totals[0].value.original == "905.30"
    assert done.totals[0].phantom == "32cm"
    assert not any(item.name == "screen_review" for item in (*done.items, *done.events[0].items))


def test_a_wrong_accepted_value_leaves_and_its_correction_takes_its_place() -> None:
    """A void takes a released value out; the corrected one stands in the same event."""
    gone = complete(READING, [_decision(3, "void")])
    assert "SCREEN/dlp[2]" not in _numbers(gone)
    assert [item.path for item in gone.events[1].items] == ["SCREEN/dlp[2]"]
    again = complete(READING, [_decision(3, "void"), _decision(3, "correct", "39.20")])
    assert _numbers(again)["SCREEN/dlp[2]"] == Decimal("39.2")
    assert again.events[1].values[0].path == "SCREEN/dlp[2]"


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(VALUES) - 1),
            st.sampled_from(["accept", "correct", "reject", "void", "disown"]),
        ),
        max_size=12,
    ),
    st.lists(
        st.tuples(
            st.integers(0, len(VALUES) - 1),
            st.sampled_from(["accept", "correct", "reject", "void", "disown"]),
        ),
        max_size=8,
    ),
)
def test_decisions_and_as_many_undos_give_the_reading_of_before(
    first: list[tuple[int, str]], then: list[tuple[int, str]]
) -> None:
    """Whatever is decided and taken back, reading and states are exactly those of before."""
    before = [_decision(number, act) for number, act in first]
    taken_back = [
        *before,
        *(_decision(number, act, "11.11") for number, act in then),
        *(
            Decision(WHOLE, "undo", "physicist", AT)
            if act == "disown"
            else _decision(number, "undo")
            for number, act in reversed(then)
        ),
    ]
    assert complete(READING, taken_back) == complete(READING, before)
    for one in VALUES:
        own = [
            [each for each in series if each.path == one.path] for series in (before, taken_back)
        ]
        was_released = one.state == "accepted"
        assert state_of(own[0], was_released=was_released) == state_of(
            own[1], was_released=was_released
        )


@given(st.permutations(range(len(VALUES))), st.integers(0, 4))
def test_the_order_in_which_values_are_decided_does_not_matter(
    order: list[int], seconds: int
) -> None:
    """Two persons who review one screen in another order make the same reading."""
    decisions = [_decision(number, "accept", VALUES[number].text) for number in order]
    late = [
        Decision(one.path, one.act, one.by, AT + timedelta(seconds=seconds), "", one.confirmed)
        for one in sorted(decisions, key=lambda one: one.path)
    ]
    assert complete(READING, decisions) == complete(READING, late)


def test_p51_nothing_of_a_screen_of_another_exam_counts() -> None:
    """P51: set aside as a whole: no event, no total, and every value rejected."""
    gone = complete(READING, [_decision(0, "accept", "816.10"), _decision(0, "disown")])
    assert (gone.events, gone.totals) == ((), ())
    assert state_of([], was_released=True, is_disowned=True) is State.REJECTED


def test_undo_opens_a_value_again() -> None:
    """Accept, undo: waiting; void of an accepted one, undo: released as before."""
    assert state_of([_decision(0, "accept")], was_released=False) is State.ACCEPTED
    series = [_decision(0, "accept"), _decision(0, "undo")]
    assert state_of(series, was_released=False) is State.WAITING
    assert state_of([_decision(3, "void"), _decision(3, "undo")], was_released=True) is (
        State.RELEASED
    )


def test_every_value_is_listed_once_with_what_the_reader_did() -> None:
    """Released and pending values of rows and totals alike."""
    found = screen_values(READING)
    assert sorted(found) == sorted(PATHS)
    assert found["SCREEN/total_dlp"] == ("dlp", False)
    assert found["SCREEN/dlp[2]"] == ("dlp", True)


def test_a_confirmed_number_survives_its_json() -> None:
    """What is stored is what was decided."""
    confirmed = confirm(VALUES[2], "905,30")
    assert from_json(to_json(confirmed)) == confirmed


@pytest.mark.parametrize("text", ["81610", "816.1", "816.100", "8 16.10", "1,816.10", "", "-1.00"])
def test_p51_a_typed_number_needs_every_decimal_of_the_screen(text: str) -> None:
    """P51: a lost decimal point is refused in a person's typing as well."""
    with pytest.raises(TypedError):
        number_in(VALUES[0], text)


def test_comma_and_point_are_the_same_number() -> None:
    """Both decimal signs are understood; the text is kept as typed."""
    assert confirm(VALUES[0], "816,10").value.value == Decimal("816.1")
    assert confirm(VALUES[0], " 816,10 ").value.original == "816,10"


def test_a_unit_on_the_screen_is_converted_exactly() -> None:
    """µGy·m² and mGy·cm² on the screen give the same stored dose (P1)."""
    stored = [
        confirm(value("SCREEN/kap", text, quantity="dose_area_product", unit=unit), text)
        for text, unit in (("123.40", "uGy.m2"), ("1234.00", "mGy.cm2"))
    ]
    assert stored[0].value.value == Decimal("1.234")
    assert stored[1].value.value == Decimal("1.234")


def test_a_clock_is_minutes_and_seconds() -> None:
    """A fluoroscopy time as 12:05 is 725 s; 12:75 is no time."""
    time = value("SCREEN/time", "12:05", quantity="fluoro_time", unit="s", form="clock")
    assert confirm(time, "12:05").value.value == Decimal(725)
    assert confirm(time, "1:02:05").value.value == Decimal(3725)
    with pytest.raises(TypedError, match="12:05"):
        number_in(time, "12:75")


def test_a_number_outside_the_limits_is_doubted_not_refused() -> None:
    """The limits are the profile's guess; a person may know better, after a second look."""
    typed = number_in(value("SCREEN/dlp[1]", "816.10", maximum=Decimal(500)), "816.10")
    assert "outside the limits" in typed.doubt
    assert number_in(VALUES[0], "816.10").doubt == ""
