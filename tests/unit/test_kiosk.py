"""The box's own page without a browser: who may decide, what becomes durable, what is refused."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from dosebook_edge.kiosk.patient import patient_text
from dosebook_edge.kiosk.pin import Door, PinError, hash_of, is_hash, is_right
from dosebook_edge.kiosk.review import GoneError, Word
from dosebook_edge.kiosk.server import Request
from dosebook_edge.kiosk.tries import WrongTries
from dosebook_edge.outbox import OutboxFullError
from dosebook_protocol.reading import Outcome, Patient
from dosebook_protocol.record import SourceKind
from dosebook_protocol.screen import pack
from tests.support.box import receipts_for
from tests.support.kiosk import (
    PERSON,
    PIN,
    Visitor,
    decisions,
    opened_kiosk,
    pins,
    put_screen,
    review_of,
    screen_of,
)
from tests.support.screens import evidence, value


class Ticking:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def kiosk(tmp_path):
    """An outbox with one screen of which two values wait, and somebody before the page."""
    with opened_kiosk(tmp_path) as (outbox, visitor):
        put_screen(outbox, screen_of(0))
        yield outbox, visitor


def test_a_decision_is_a_record_of_its_own(kiosk):
    """Rule 1: what was shown and decided, by whom, is in the outbox before the page says stored."""
    outbox, visitor = kiosk
    screen = screen_of(0)
    (shown,) = outbox.entries()
    visitor.sign_in()
    assert "DLP" in visitor.page
    visitor.post("/decide", act="confirm", text="810.70")
    assert "DLP: 810.70 mGy·cm. Stored." in visitor.page
    ((record, decision),) = decisions(outbox)
    assert (record.source, record.source_kind) == ("kiosk", SourceKind.MANUAL)
    assert record.reading.outcome is Outcome.QUARANTINED, "an older registry keeps it, with words"
    assert decision.record_id == shown.record_id
    assert decision.evidence_sha256 == sha256(pack(screen)).hexdigest()
    assert decision.crop_sha256 == sha256(screen.crops["SCREEN/dlp[1]"]).hexdigest()
    assert (decision.path, decision.shown, decision.text) == ("SCREEN/dlp[1]", "810.10", "810.70")
    assert (decision.act, decision.by, decision.after) == ("correct", PERSON, "")


def test_values_are_accepted_rejected_and_taken_back(kiosk):
    """Accept, cannot be read, undo of both: four records in one chain a value, all wait again."""
    outbox, visitor = kiosk
    visitor.sign_in()
    visitor.post("/decide", act="confirm", text="810.10")
    visitor.post("/decide", act="reject")
    assert "No value waits" in visitor.page
    visitor.post("/undo")
    visitor.post("/undo")
    made = [one for _, one in decisions(outbox)]
    assert [one.act for one in made] == ["accept", "reject", "undo", "undo"]
    assert made[1].note == "cannot be read in the crop"
    assert [made[2].after, made[3].after] == [made[1].id, made[0].id]
    assert "1 of 2" in visitor.page


@pytest.mark.parametrize("text", ["81010", "8 10.10", "810.1", "", "<b>"])
def test_p51_a_typed_number_is_held_to_the_screens_decimals(kiosk, text):
    """P51, P54: what the registry would not take is not taken here; the page says what to type."""
    outbox, visitor = kiosk
    visitor.sign_in()
    answer = visitor.post("/decide", act="confirm", text=text)
    assert answer.status == 422
    assert 'role="alert"' in visitor.page
    assert "<b>" not in visitor.page
    assert decisions(outbox) == []


def test_a_number_outside_the_limits_is_asked_for_twice(kiosk):
    """Above the profile's limit: the first time a doubt, the same number again is believed."""
    outbox, visitor = kiosk
    visitor.sign_in()
    visitor.get("/", at=visitor.page.split('data-way="after" href="/?at=')[1][:16])
    assert visitor.post("/decide", act="confirm", text="9000.30").status == 422
    assert "outside the limits" in visitor.page
    visitor.post("/decide", act="confirm", text="9000.30", sure=visitor.hidden("sure"))
    ((_, decision),) = decisions(outbox)
    assert decision.text == "9000.30"


def test_nothing_is_said_to_be_stored_that_is_not(kiosk, monkeypatch):
    """Rule 1: a full outbox is told in words, and the value waits as before."""
    outbox, visitor = kiosk
    visitor.sign_in()

    def refuse(*_, **__):
        raise OutboxFullError("The outbox is full.")

    monkeypatch.setattr(outbox, "append", refuse)
    answer = visitor.post("/decide", act="confirm", text="810.10")
    assert answer.status == 503
    assert "Not stored" in visitor.page
    assert len(review_of(outbox).waiting()) == 2


def test_nobody_decides_unseen_over_another(kiosk):
    """Two who saw the same value: the second changes nothing."""
    outbox, _ = kiosk
    review = review_of(outbox)
    shown = review.show(review.waiting()[0])
    review.decide(shown, Word("accept", "A", "810.10"))
    with pytest.raises(GoneError):
        review.decide(shown, Word("correct", "B", "810.70"))
    assert len(decisions(outbox)) == 1


def test_a_newer_screen_of_the_exam_takes_the_place_of_the_older(tmp_path):
    """A counter that rose: only its latest value waits; what somebody decided stays decided."""
    with opened_kiosk(tmp_path) as (outbox, _):
        first = put_screen(outbox, screen_of(0), scope_uid="2.25.9")
        review = review_of(outbox)
        review.decide(review.show(review.waiting()[1]), Word("accept", "A", "900.30"))
        newer = put_screen(outbox, screen_of(0), scope_uid="2.25.9")
        assert {one.record_id for one in review.waiting()} == {newer.record_id}
        assert review.find(first.record_id, "SCREEN/total_dlp").act == "accept"
        other = put_screen(outbox, screen_of(0), scope_uid="2.25.10")
        assert {one.record_id for one in review.waiting()} == {newer.record_id, other.record_id}


def test_delivered_values_stay_for_a_while_and_are_then_the_registrys(kiosk):
    """After the receipt: shown for the time that is set, then the page says who has them."""
    outbox, visitor = kiosk
    outbox.acknowledge(receipts_for(*outbox.unacknowledged(0, 10, 10**8)))
    assert review_of(outbox).counts() == (2, 0)
    late = review_of(outbox, keep=timedelta(0))
    assert (late.waiting(), late.counts()) == ([], (0, 2))
    visitor.kiosk._review = late
    visitor.sign_in()
    assert "2 values are left to the registry" in visitor.page


def test_what_is_retired_leaves_the_list(tmp_path):
    """A payload that is gone takes its values along: nothing is offered that cannot be shown."""
    with opened_kiosk(tmp_path) as (outbox, _):
        put_screen(outbox, screen_of(0))
        outbox.acknowledge(receipts_for(*outbox.unacknowledged(0, 10, 10**8)))
        outbox.retire(datetime.now(UTC) + timedelta(days=60))
        assert review_of(outbox, keep=timedelta(days=90)).waiting() == []
        assert review_of(outbox).counts() == (0, 0)


def test_a_pin_opens_and_nothing_else_does(kiosk):
    """R77: name and PIN of a local list; crop, patient and every form need the session."""
    outbox, visitor = kiosk
    assert "2 values wait for a person." in _door(visitor)
    key = _first_key(outbox)
    for path in (f"/crop/{key}", f"/patient/{key}", "/decide"):
        assert visitor.kiosk.handle(Request("GET", path)).location == "/"
    assert visitor.kiosk.handle(Request("POST", "/decide", form={"key": key})).location == "/"
    assert visitor.sign_in("111111").status == 403
    assert "not right" in visitor.page
    assert visitor.sign_in().status == 200
    assert visitor.kiosk.handle(
        Request("GET", f"/crop/{key}", session_id=visitor.session_id)
    ).body.startswith(b"\x89PNG")


def _door(visitor):
    visitor.get()
    return visitor.page


def _first_key(outbox):
    review = review_of(outbox)
    return review.show(review.waiting()[0]).key


def test_a_form_needs_the_token_of_its_session(kiosk):
    """A form without this session's token changes nothing."""
    outbox, visitor = kiosk
    visitor.sign_in()
    assert visitor.post("/decide", act="reject", token="x" * 32).status == 403
    assert decisions(outbox) == []


def test_a_session_ends_when_nobody_touches_the_page_and_when_another_begins(tmp_path):
    """After the idle time the page asks for a PIN again; a new sign-in ends the one before."""
    clock = Ticking()
    with opened_kiosk(tmp_path, desk={"clock": clock}, idle_s=60) as (outbox, visitor):
        put_screen(outbox, screen_of(0))
        visitor.sign_in()
        clock.now += 59
        assert visitor.get().refresh_s == 61
        clock.now += 61
        visitor.get()
        assert "Who confirms?" in visitor.page
        visitor.sign_in()
        other = Visitor(visitor.kiosk)
        other.sign_in()
        visitor.get()
        assert "Who confirms?" in visitor.page
        other.post("/sign-out")
        assert "Who confirms?" in other.page


def test_wrong_pins_cost_longer_and_longer(tmp_path):
    """Three tries are free; then even the right PIN waits, 15 s, 30 s, … at most 15 minutes."""
    clock = Ticking()
    door = Door(pins(), clock)
    for _ in range(3):
        assert not door.opens(PERSON, "000000")
    assert door.wait_s(PERSON) == 15
    assert not door.opens(PERSON, PIN)
    clock.now += 15
    assert not door.opens(PERSON, "000000")
    assert door.wait_s(PERSON) == 30
    assert door.wait_s("somebody else") == 0
    clock.now += 30
    assert door.opens(PERSON, PIN)
    assert door.wait_s(PERSON) == 0


def test_a_restart_forgives_no_wrong_pin(tmp_path):
    """Waits begin anew with the box and go on growing; a new PIN, or the right one, begins at 0."""
    path, kept = tmp_path / "tries.json", pins()
    for _ in range(4):  # restarted after each
        clock = Ticking()
        door = Door(kept, clock, WrongTries(path))
        clock.now += door.wait_s(PERSON)
        assert not door.opens(PERSON, "000000")
    assert Door(kept, Ticking(), WrongTries(path)).wait_s(PERSON) == 30
    assert Door({PERSON: hash_of("4711")}, Ticking(), WrongTries(path)).wait_s(PERSON) == 0
    assert PERSON not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    clock = Ticking()
    door = Door(kept, clock, WrongTries(path))
    assert not door.opens(PERSON, PIN), "too early"
    clock.now += 30
    assert door.opens(PERSON, PIN)
    assert Door(kept, Ticking(), WrongTries(path)).wait_s(PERSON) == 0


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": null}', b"\xff"])
def test_counts_that_cannot_be_read_or_kept_stop_nobody(tmp_path, content):
    """A broken file, or a full disk, is told in the log; the page works, and counts in memory."""
    path = tmp_path / "tries.json"
    path.write_bytes(content)
    assert WrongTries(path).add("a") == 1
    tries = WrongTries(tmp_path / "tries.json" / "is-no-folder")
    assert [tries.add("a"), tries.add("a")] == [1, 2]


def test_a_pin_is_kept_as_a_salted_hash():
    """Two hashes of one PIN differ, each opens to it alone, and what is no PIN makes none."""
    one, two = hash_of(PIN), hash_of(PIN)
    assert one != two
    assert is_hash(one)
    assert is_right(PIN, one)
    assert is_right(PIN, two)
    assert not is_right("246811", one)
    assert not is_right(PIN, "scrypt$x$y")
    assert PIN not in one
    for text in ("", "123", "12a4", "1" * 13, "１２３４"):
        with pytest.raises(PinError):
            hash_of(text)


@pytest.mark.parametrize(
    ("policy", "shown"),
    [("nothing", ""), ("initials", "Z. T., 1961"), ("name", "Zyxwalska Testymona, 1961")],
)
def test_the_patient_shows_as_far_as_policy_goes(tmp_path, policy, shown):
    """The page itself names nobody; its script asks, and no identifier is ever told."""
    with opened_kiosk(tmp_path, policy=policy) as (outbox, visitor):
        put_screen(outbox, screen_of(0))
        visitor.sign_in()
        assert "Zyxwalska" not in visitor.page
        assert "4711" not in visitor.page
        assert ("data-patient" in visitor.page) is (policy != "nothing")
        visitor.get(f"/patient/{_first_key(outbox)}")
        assert visitor.page == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("山田^太郎=やまだ^たろう", "山. 太."),
        ("Solo", "S."),
        ("", "no name is known"),
        ("^", "no name is known"),
    ],
)
def test_initials_of_names_as_dicom_writes_them(name, shown):
    """The first of several writings, whatever parts it has (PS3.5 section 6.2.1)."""
    assert patient_text(Patient(name=name), "initials") == shown


def test_what_a_screen_says_is_escaped(tmp_path):
    """A label or a text from a profile or a picture is text on the page, never markup."""
    hostile = evidence(value("SCREEN/dlp[1]", "8.10", label='<script>"x"', second="<img>"))
    with opened_kiosk(tmp_path) as (outbox, visitor):
        put_screen(outbox, hostile)
        visitor.sign_in()
        assert "<script>&quot;" not in visitor.page
        assert '<script>"x"' not in visitor.page
        assert "&lt;img&gt;" in visitor.page
