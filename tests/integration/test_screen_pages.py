"""The pages of values from screens: review, frame, exam page, numbers and export, over HTTP."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from html import unescape
from io import BytesIO
from itertools import count
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from dosebook_central.store.models import AuditEvent, Event, Exam, Record
from dosebook_central.store.screen_models import ScreenValue
from tests.support.box_decisions import decision_on
from tests.support.screen_site import boxed, decision_message, message, reading_for, screen_of
from tests.support.screens import TAKEN_AT
from tests.support.seed import Hospital
from tests.support.web import Site, make_site, post, token_of

PAGE = "/screens"


@dataclass
class Review:
    """The pages over one registry, and the screen of one test: its own profile, room and exam."""

    site: Site
    rooms: Hospital
    clients: dict[str, FlaskClient]
    number: int
    record_id: str = ""

    @property
    def page(self):
        """The queue of this screen's profile alone."""
        return f"{PAGE}?profile=console-{self.number}"

    @property
    def read(self):
        """What the reader made of the row that waits."""
        return f"{800 + self.number}.10"

    def send(self, data=None):
        """Send the screen; `data` in the place of its container."""
        box = self.rooms.boxes["ct-1"]
        screen = screen_of(self.number, f"console-{self.number}")
        self.rooms.send([message(box, screen, reading_for(self.number, screen), TAKEN_AT, data)])
        self.record_id = self.rows(ScreenValue.record_id, path="SCREEN/dlp[1]")[0][0]

    def client(self, login="physicist"):
        """Somebody who is signed in."""
        if login not in self.clients:
            self.clients[login] = self.site.client(login)
        return self.clients[login]

    def shown(self, address="", login="physicist"):
        """The source of a page."""
        answer = self.client(login).get(address or self.page)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    def act(self, act, path="SCREEN/dlp[1]", login="physicist", **form):
        """Send a form of a card."""
        target = f"{PAGE}/{self.record_id}/{act}"
        return post(self.client(login), PAGE, target, path=path, **form)

    def rows(self, *columns, **where):
        """Columns of the values of this screen."""
        where["profile"] = f"console-{self.number}"
        with self.site.engine.connect() as connection:
            statement = select(*columns).order_by(*columns)
            for name, wanted in where.items():
                statement = statement.where(getattr(ScreenValue, name) == wanted)
            return connection.execute(statement).all()

    @property
    def exam_id(self):
        """The exam of this screen."""
        with self.site.engine.connect() as connection:
            return connection.scalar(
                select(Exam.id)
                .join(Record, Record.group_id == Exam.group_id)
                .where(Record.id == self.record_id)
            )

    @property
    def dlps(self):
        """The DLPs that count in this exam."""
        with self.site.engine.connect() as connection:
            found = connection.scalars(
                select(Event.dlp_mgy_cm).where(Event.exam_id == self.exam_id)
            )
            return [one for one in found if one is not None]

    def told(self, prefix):
        """Activities on this screen, but for lists."""
        with self.site.engine.connect() as connection:
            return connection.scalars(
                select(AuditEvent.action)
                .where(AuditEvent.action.startswith(prefix), AuditEvent.object_id == self.record_id)
                .order_by(AuditEvent.id)
            ).all()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One registry for all, with clients that sign in once."""
    made = make_site(tmp_path_factory.mktemp("screens"))
    yield made, boxed(made.engine, made.evidence), {}, count(1)
    made.importer.stop()
    made.engine.dispose()


@pytest.fixture
def unsent(shared):
    """A test's own screen, not sent yet."""
    site, rooms, clients, numbers = shared
    return Review(site, rooms, clients, next(numbers))


@pytest.fixture
def review(unsent):
    """A test's own screen, with a row and a total that wait."""
    unsent.send()
    return unsent


def _text(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_the_queue_shows_crop_reading_alternatives_and_checks(review):
    """A value that waits stands with all that a person needs, and nothing of the patient."""
    page = review.shown()
    text = _text(page)
    assert page.count("data-screen-state") == 2
    assert 'src="data:image/png;base64,' in page
    assert f'value="{review.read}"' in page
    assert f"{review.read[:-2]}70 0.21" in text
    assert "dlp sum fails rows add up to 805.20" in text
    assert f"read as {review.read} , confidence 0.71, by the net" in text
    assert f"Number{review.number}" not in text


def test_the_queue_is_cut_by_room(review):
    """Whoever knows one room reviews that."""
    assert review.shown(f"{review.page}&box=ct-1").count("data-screen-state") == 2
    assert review.shown(f"{review.page}&box=petct-1").count("data-screen-state") == 0


def test_accepting_and_correcting_make_doses_and_undo_takes_them_back(review):
    """Confirm as read, confirm another text, take both back; every act is told."""
    assert review.act("confirm", text=review.read).status_code == 302
    assert review.dlps == [Decimal(review.read)]
    assert review.act("undo").status_code == 302
    assert review.dlps == []
    assert review.act("confirm", text=f"{800 + review.number},70").status_code == 302
    assert review.dlps == [Decimal(f"{800 + review.number}.7")]
    assert review.told("screen.") == ["screen.accept", "screen.undo", "screen.correct"]


def test_a_comma_for_the_point_is_the_same_number(review):
    """Who types 801,10 for 801.10 accepts: that is no correction of the reader."""
    review.act("confirm", text=review.read.replace(".", ","))
    assert review.told("screen.") == ["screen.accept"]


def test_p51_a_typing_without_the_decimal_point_is_refused_with_a_sentence(review):
    """P51: 80110 for 801.10 never counts."""
    client = review.client()
    answer = client.post(
        f"{PAGE}/{review.record_id}/confirm",
        data={
            "csrf_token": token_of(review.shown()),
            "path": "SCREEN/dlp[1]",
            "text": review.read.replace(".", ""),
        },
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 422
    assert "always shows 2 decimals" in answer.get_data(as_text=True)
    assert review.dlps == []


def test_a_rejected_value_counts_nowhere_and_says_why(review):
    """The reason stays; without one nothing is rejected."""
    assert review.act("reject").status_code == 400
    assert review.act("reject", note="cannot be read in the crop").status_code == 302
    assert "Rejected: cannot be read in the crop" in _text(
        review.shown(f"{review.page}&state=rejected")
    )
    assert review.dlps == []


def test_p51_a_screen_of_another_patient_goes_as_a_whole(review):
    """P51: said of one value, it takes all values of the screen out; undo brings them back."""
    review.act("reject", note="screen of another patient or exam")
    states = [("rejected",), ("rejected",), ("rejected",)]
    assert review.rows(ScreenValue.state) == states
    text = _text(review.shown(f"{review.page}&state=rejected"))
    assert text.count("The whole screen was set aside: screen of another patient or exam") == 3
    review.act("undo")
    assert review.rows(ScreenValue.state) == [("released",), ("waiting",), ("waiting",)]


def test_a_second_person_learns_that_the_first_decided(review):
    """Two reviewers of one card: the later one is told, and nothing changes."""
    review.act("confirm", text=review.read, seen=0)
    review.act("confirm", text="1.00", seen=0, login="data-manager")
    assert "Somebody else decided" in _text(review.shown(login="data-manager"))
    assert review.dlps == [Decimal(review.read)]


@pytest.mark.parametrize("login", ["radiographer", "director"])
def test_only_who_may_review_sees_and_decides(review, login):
    """The right `screen.review` opens the page and its acts (R78)."""
    client = review.client(login)
    assert client.get(PAGE).status_code == 403
    answer = post(client, "/", f"{PAGE}/{review.record_id}/confirm", text="1")
    assert answer.status_code == 403


def test_the_whole_screen_is_a_picture_that_is_told(review):
    """The frame is served as PNG only, to who may see evidence, and stands in the activity log."""
    answer = review.client().get(f"{PAGE}/{review.record_id}/frame")
    assert answer.status_code == 200
    assert answer.mimetype == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data.startswith(b"\x89PNG")
    assert review.client("director").get(f"{PAGE}/{review.record_id}/frame").status_code == 403
    assert review.client().get(f"{PAGE}/nothing/frame").status_code == 404
    assert review.told("evidence.read") == ["evidence.read"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xff", "cannot be opened: not CBOR"),
        (b"\xa1\x65frame\x41x", "not a map of frame, crops and reading"),
    ],
)
def test_a_damaged_container_says_so_and_nothing_can_be_accepted(unsent, data, words):
    """Evidence that does not open: a sentence in the place of the crop, and only rejecting."""
    unsent.send(data)
    assert words in _text(unsent.shown())
    assert unsent.client().get(f"{PAGE}/{unsent.record_id}/frame").status_code == 404
    unsent.act("confirm", text=unsent.read)
    assert unsent.dlps == []
    unsent.act("reject", note="cannot be read in the crop")
    assert unsent.rows(ScreenValue.path, state="rejected") == [("SCREEN/dlp[1]",)]


def test_evidence_that_was_changed_in_the_store_is_not_shown(review):
    """One altered byte: no crop, a sentence."""
    with review.site.engine.connect() as connection:
        which = select(Record.evidence_sha256).where(Record.id == review.record_id)
        digest = connection.scalar(which)
    path = review.site.evidence._path(digest)
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert "was changed in the store" in _text(review.shown())


def test_the_exam_page_shows_the_crop_and_takes_a_wrong_value_back(review):
    """Provenance of a number opens its crop; "this value is wrong" voids it and queues it again."""
    number = f"/exams/{review.exam_id}/events/1/ctdi_vol"
    page = review.shown(number)
    assert 'class="screen-crop" src="data:image/png;base64,' in page
    assert "This value is wrong" in page
    note = "not the value that the field names"
    assert review.act("void", "SCREEN/ctdi_vol[1]", note=note, exam="1").status_code == 302
    assert ("SCREEN/ctdi_vol[1]",) in review.rows(ScreenValue.path, state="waiting")
    assert review.client().get(number).status_code == 404
    review.act("confirm", "SCREEN/ctdi_vol[1]", text="13.40")
    text = _text(review.shown(number))
    assert "Corrected as 13.40 by physicist" in text
    assert "read as 12.40" in text
    assert "a person has decided on its values since" in text
    assert f"2026-11 console-{review.number} 1 1 2 0 0 0 2 0" in _text(review.shown())


def test_corrected_crops_are_handed_out_as_cases(review):
    """Each correction is a case with its truth; no case names a patient, exam, box or record."""
    review.act("confirm", text=f"{review.read[:-2]}70")
    answer = review.client().get(f"{PAGE}/cases.zip")
    assert answer.mimetype == "application/zip"
    with ZipFile(BytesIO(answer.data)) as archive:
        said = [json.loads(line) for line in archive.read("cases.jsonl").decode().splitlines()]
        (case,) = [one for one in said if one["profile"] == f"console-{review.number}"]
        assert archive.read(case["file"]).startswith(b"\x89PNG")
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert (case["text"], case["read"]) == (f"{review.read[:-2]}70", review.read)
    for word in (review.record_id, "Screen^Number", "SC00", "ct-1", "2.25.71", "CHU-A"):
        assert word.encode() not in everything


def test_home_says_how_many_values_wait(review):
    """Who may review finds the number on the start page; others do not."""
    assert "to read from screens" in _text(review.shown("/"))
    assert "to read from screens" not in _text(review.shown("/", "director"))


def test_an_empty_queue_teaches(tmp_path):
    """Nothing waits: what would come here, and why."""
    text = _text(make_site(tmp_path).client("physicist").get(PAGE).get_data(as_text=True))
    assert "No value waits for a person" in text
    assert "two readers disagree" in text


def test_an_empty_selection_is_no_empty_queue(unsent):
    """Nothing of one profile waits: others may, and the page leads to them."""
    text = _text(unsent.shown())
    assert "No value in this selection" in text
    assert "Show the values of all profiles" in text


def _said_in_the_room(review, act, **changes):
    """Somebody at the box decides on the row, and the record arrives."""
    screen = screen_of(review.number, f"console-{review.number}")
    said = decision_on(screen, review.record_id, "SCREEN/dlp[1]", act, **changes)
    review.rooms.send([decision_message(review.rooms.boxes["ct-1"], said)])


def test_a_decision_at_the_box_names_its_person_on_the_card_and_the_exam(review):
    """What was confirmed in the room counts, and the card says who did it, and where."""
    _said_in_the_room(review, "correct", text=f"{800 + review.number}.90")
    assert review.dlps == [Decimal(800 + review.number) + Decimal("0.9")]
    page = _text(review.shown(f"{review.page}&state=corrected"))
    assert f"Corrected as {800 + review.number}.90 by R. Graf at box ct-1" in page


def test_who_decided_otherwise_in_the_room_is_shown_until_somebody_looked(review):
    """The first decision stands, the other has a list of its own; looking at it is on record."""
    review.act("confirm", text=review.read)
    _said_in_the_room(review, "correct", text=f"{800 + review.number}.90")
    disputed = f"{review.page}&disputed=1"
    page = _text(review.shown(disputed))
    assert "Decided otherwise in the room 1" in page
    assert f"R. Graf (box ct-1) corrected it to {800 + review.number}.90" in page
    assert review.dlps == [Decimal(review.read)]
    review.act("settle", disputed="1")
    assert "Nothing was decided otherwise in a room" in _text(review.shown(disputed))
    assert "Decided otherwise" not in _text(review.shown())
    assert review.told("screen.settle") == ["screen.settle"]
    assert review.dlps == [Decimal(review.read)]


def test_who_decides_anew_has_looked_at_what_the_room_said(review):
    """Taken back, the note stays beside the value that waits again; a new decision settles it."""
    review.act("confirm", text=review.read)
    _said_in_the_room(review, "correct", text=f"{800 + review.number}.90")
    review.act("undo")
    assert "R. Graf (box ct-1) corrected it" in _text(review.shown())
    review.act("confirm", text=f"{800 + review.number}.90")
    assert "Decided otherwise" not in _text(review.shown())
    assert review.dlps == [Decimal(f"{800 + review.number}.90")]
