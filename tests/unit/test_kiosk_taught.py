"""What is decided at the kiosk becomes evidence for the reader, and what an engineer sees of it."""

import json

import pytest
from click.testing import CliRunner

from dosebook_edge.capture.screen import confirmations
from dosebook_edge.capture.screen.confirmations import every
from dosebook_edge.cli.main import main
from dosebook_edge.kiosk.server import Request
from tests.support.box import configuration, opened_outbox
from tests.support.confirming import confirmation
from tests.support.kiosk import PERSON, opened_kiosk, put_screen, screen_of
from tests.support.screens import evidence, value


@pytest.fixture
def kiosk(tmp_path):
    """An outbox with one lossless screen of which two values wait, and somebody signed in."""
    with opened_kiosk(tmp_path) as (outbox, visitor):
        put_screen(outbox, screen_of(0))
        visitor.sign_in()
        yield outbox, visitor


def kept(outbox):
    """What was confirmed, forgotten or not."""
    return outbox.read(lambda connection: every(connection, outbox.vault))


def put(outbox, *found):
    """Keep confirmations as decisions do."""
    for one in found:
        outbox.run(lambda connection, one=one: confirmations.add(connection, outbox.vault, one))


def test_what_a_person_confirms_is_kept_with_its_pixels_who_and_when(kiosk):
    """Accept and correct: source, profile, field, crop, both texts, person, time of the record."""
    outbox, visitor = kiosk
    visitor.post("/decide", act="confirm", text="810.70")
    (one,) = kept(outbox)
    assert (one.source, one.profile, one.path) == ("console", "ge-ct-dose-report", "SCREEN/dlp[1]")
    assert (one.shown, one.text, one.by) == ("810.10", "810.70", PERSON)
    assert one.crop == screen_of(0).crops["SCREEN/dlp[1]"]
    assert one.at.endswith("+00:00")
    visitor.post("/decide", act="confirm", text="900.30")
    assert len(kept(outbox)) == 2


def test_what_cannot_be_read_teaches_nothing_and_an_undo_takes_back(kiosk):
    """A rejected value says nothing of shapes; what was taken back is forgotten by its person."""
    outbox, visitor = kiosk
    visitor.post("/decide", act="reject")
    assert kept(outbox) == []
    visitor.post("/decide", act="confirm", text="900.30")
    visitor.post("/undo")
    (one,) = kept(outbox)
    assert one.forgotten_by == PERSON


def test_a_grabbed_picture_teaches_nothing(tmp_path):
    """Noise makes other pixels of each character: nothing is kept of them."""
    with opened_kiosk(tmp_path) as (outbox, visitor):
        put_screen(outbox, evidence(value("SCREEN/dlp[1]", "8.10"), way="grabbed"))
        visitor.sign_in()
        visitor.post("/decide", act="confirm", text="8.10")
        assert "Stored" in visitor.page
        assert kept(outbox) == []


def test_a_page_shows_what_was_taught_and_takes_it_back(kiosk):
    """Crops, texts, who, and what contradicts what; forgetting needs the session's token."""
    outbox, visitor = kiosk
    visitor.get("/taught")
    assert "Nobody has confirmed" in visitor.page
    right, slip = confirmation("5.10", by="A"), confirmation("5.20", "6.20", by="<B>")
    put(outbox, right, slip, confirmation("2.10"))
    visitor.get("/taught")
    for words in ("monitor, carm-panel", "Taught: 0 1 2", "by &lt;B&gt;", "none of it counts"):
        assert words in visitor.page
    picture = visitor.kiosk.handle(Request("GET", f"/taught/{slip.id}", {}, {}, visitor.session_id))
    assert picture.body == slip.crop
    assert visitor.post("/forget", id=slip.id, token="x" * 32).status == 403
    visitor.get("/taught")
    visitor.post("/forget", id=slip.id)
    assert "Forgotten." in visitor.page
    assert "none of it counts" not in visitor.page
    assert [one.forgotten_by for one in kept(outbox)].count(PERSON) == 1
    visitor.post("/forget", id=slip.id)
    assert "forgotten already" in visitor.page


def test_what_was_taught_is_seen_by_nobody_who_did_not_sign_in(tmp_path):
    """Page and crops need a session, like the values themselves."""
    one = confirmation("5.10")
    with opened_kiosk(tmp_path) as (outbox, visitor):
        put(outbox, one)
        for path in ("/taught", f"/taught/{one.id}"):
            assert visitor.kiosk.handle(Request("GET", path)).location == "/"


def run(box_file, *arguments):
    """What a command of the box says, and its exit code."""
    result = CliRunner().invoke(main, ["--config", str(box_file), "screen", *arguments])
    return result.output, result.exit_code


@pytest.fixture
def taught_box(tmp_path):
    """The file of a box where two persons contradict each other, and what they said."""
    found = [confirmation("5.10", by="A"), confirmation("5.20", "6.20", by="B"),
             confirmation("77.1", shown="17.1"), confirmation("05.1", "5.1")]  # fmt: skip
    box_file = configuration(tmp_path)
    (tmp_path / "data").mkdir()
    with opened_outbox(tmp_path / "data") as outbox:
        put(outbox, *found)
    return box_file, found


def test_an_engineer_lists_what_was_taught(taught_box):
    """By console: the characters that count, what contradicts what, and each confirmation."""
    box_file, found = taught_box
    text, code = run(box_file, "confirmed")
    assert code == 0
    assert "monitor, carm-panel: taught 0 1 2 7" in text
    assert f"6 in {found[1].id[:8]} by B: none of it counts" in text
    for words in ("contradicted", "read as 17.1", "touches"):
        assert words in text
    told = json.loads(run(box_file, "confirmed", "--json")[0])
    (console,) = told["consoles"]
    assert [one["disputed"] for one in console["confirmations"]] == [False, False, True, True]
    assert "Nobody has confirmed" in run(box_file, "confirmed", "--source", "other")[0]


def test_an_engineer_forgets_what_was_taught(taught_box):
    """By the beginning of its id; one that does not say which is refused, and changes nothing."""
    box_file, found = taught_box
    text, code = run(box_file, "forget", found[1].id[:5])
    assert (code, "begin so" in text) == (1, True)
    assert run(box_file, "forget", found[1].id[:8])[1] == 0
    text, _ = run(box_file, "confirmed")
    assert "none of it counts" not in text
    assert "1 more are forgotten." in text
