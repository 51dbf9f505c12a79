"""The pages of values from screens: review, frame, exam page, numbers and export, over HTTP."""

import json
import re
from decimal import Decimal
from html import unescape
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from dosebook_central.store.models import AuditEvent, Event, Exam, Record
from dosebook_central.store.screen_models import ScreenDecision, ScreenValue
from tests.support.screen_site import boxed, message, reading_for, screen_of, send_screens
from tests.support.screens import TAKEN_AT
from tests.support.web import make_site, post

PAGE = "/screens"


@pytest.fixture
def hospital(tmp_path):
    """Pages over a registry with three dose pages, each with two values that wait."""
    made = make_site(tmp_path)
    rooms = boxed(made.engine, made.evidence)
    send_screens(rooms, range(3))
    yield made, rooms
    made.importer.stop()


@pytest.fixture
def site(hospital):
    """The pages alone."""
    return hospital[0]


def _text(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def _rows(site, *columns, **where):
    with site.engine.connect() as connection:
        statement = select(*columns).order_by(*columns)
        for name, wanted in where.items():
            statement = statement.where(getattr(ScreenValue, name) == wanted)
        return connection.execute(statement).all()


def _waiting(site, path="SCREEN/dlp[1]"):
    return _rows(site, ScreenValue.record_id, path=path, state="waiting")[0].record_id


def _act(site, act, record_id, path="SCREEN/dlp[1]", login="physicist", **form):
    target = f"{PAGE}/{record_id}/{act}"
    return post(site.client(login), PAGE, target, path=path, **form)


def _shown(site, address=PAGE, login="physicist"):
    answer = site.client(login).get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def _dlps(site):
    with site.engine.connect() as connection:
        return sorted(one for one in connection.scalars(select(Event.dlp_mgy_cm)) if one)


def _exam(site, record_id):
    with site.engine.connect() as connection:
        return connection.scalar(
            select(Exam.id)
            .join(Record, Record.group_id == Exam.group_id)
            .where(Record.id == record_id)
        )


def test_the_queue_shows_crop_reading_alternatives_and_checks(site):
    """A value that waits stands with all that a person needs, and nothing of the patient."""
    page = _shown(site)
    text = _text(page)
    assert page.count("data-screen-state") == 6
    assert 'src="data:image/png;base64,' in page
    assert 'value="800.10"' in page
    assert "800.70 0.21" in text
    assert "dlp sum fails rows add up to 805.20" in text
    assert "read as 800.10 , confidence 0.71, by the net" in text
    assert "Number0" not in text


def test_the_queue_is_cut_by_profile_and_room(site):
    """Whoever knows one console or one room reviews that."""
    assert _shown(site, f"{PAGE}?profile=ge-ct-dose-report").count("data-screen-state") == 2
    assert _shown(site, f"{PAGE}?box=ct-1").count("data-screen-state") == 4


def test_accepting_and_correcting_make_doses_and_undo_takes_them_back(site):
    """Confirm as read, confirm another text, take both back; every act is told."""
    record_id = _waiting(site)
    assert _act(site, "confirm", record_id, text="800.10").status_code == 302
    assert _dlps(site) == [Decimal("800.1")]
    assert _act(site, "undo", record_id).status_code == 302
    assert _dlps(site) == []
    assert _act(site, "confirm", record_id, text="800,70").status_code == 302
    assert _dlps(site) == [Decimal("800.7")]
    with site.engine.connect() as connection:
        told = connection.scalars(
            select(AuditEvent.action).where(AuditEvent.action.startswith("screen."))
        ).all()
        acts = connection.scalars(select(ScreenDecision.act).order_by(ScreenDecision.id)).all()
    assert [one for one in told if one != "screen.list"] == [
        "screen.accept",
        "screen.undo",
        "screen.correct",
    ]
    assert acts == ["accept", "undo", "correct"]


def test_p51_a_typing_without_the_decimal_point_is_refused_with_a_sentence(site):
    """P51: 80010 for 800.10 never counts."""
    record_id = _waiting(site)
    client = site.client("physicist")
    token = re.search(
        r'name="csrf-token" content="([^"]+)"', client.get(PAGE).get_data(as_text=True)
    )
    answer = client.post(
        f"{PAGE}/{record_id}/confirm",
        data={"csrf_token": token[1], "path": "SCREEN/dlp[1]", "text": "80010"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 422
    assert "always shows 2 decimals" in answer.get_data(as_text=True)
    assert _dlps(site) == []


def test_a_rejected_value_counts_nowhere_and_says_why(site):
    """The reason stays; without one nothing is rejected."""
    record_id = _waiting(site)
    assert _act(site, "reject", record_id).status_code == 400
    assert _act(site, "reject", record_id, note="cannot be read in the crop").status_code == 302
    assert "Rejected: cannot be read in the crop" in _text(_shown(site, f"{PAGE}?state=rejected"))
    assert _dlps(site) == []


def test_a_second_person_learns_that_the_first_decided(site):
    """Two reviewers of one card: the later one is told, and nothing changes."""
    record_id = _waiting(site)
    _act(site, "confirm", record_id, text="800.10", seen=0)
    answer = _act(site, "confirm", record_id, text="800.70", seen=0, login="data-manager")
    assert answer.status_code == 302
    assert _dlps(site) == [Decimal("800.1")]


@pytest.mark.parametrize("login", ["radiographer", "radiologist", "director", "auditor"])
def test_only_who_may_review_sees_and_decides(site, login):
    """The right `screen.review` opens the page and its acts (R78)."""
    client = site.client(login)
    assert client.get(PAGE).status_code == 403
    assert post(client, "/", f"{PAGE}/{_waiting(site)}/confirm", text="1").status_code == 403


def test_the_whole_screen_is_a_picture_that_is_told(site):
    """The frame is served as PNG only, to who may see evidence, and stands in the activity log."""
    record_id = _waiting(site)
    answer = site.client("physicist").get(f"{PAGE}/{record_id}/frame")
    assert answer.status_code == 200
    assert answer.mimetype == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data.startswith(b"\x89PNG")
    assert site.client("director").get(f"{PAGE}/{record_id}/frame").status_code == 403
    assert site.client("physicist").get(f"{PAGE}/nothing/frame").status_code == 404
    with site.engine.connect() as connection:
        told = connection.execute(
            select(AuditEvent.object_id).where(AuditEvent.action == "evidence.read")
        ).scalars()
        assert list(told) == [record_id]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xff", "cannot be opened: not CBOR"),
        (b"\xa1\x65frame\x41x", "not a map of frame, crops and reading"),
    ],
)
def test_a_damaged_container_says_so_and_nothing_can_be_accepted(hospital, data, words):
    """Evidence that does not open: a sentence in the place of the crop, and only rejecting."""
    site, rooms = hospital
    screen = screen_of(9)
    read = reading_for(9, screen)
    rooms.send([message(rooms.boxes["ct-1"], screen, read, TAKEN_AT, data)])
    record_id = next(
        row.record_id
        for row in _rows(site, ScreenValue.record_id, path="SCREEN/dlp[1]")
        if site.client("physicist").get(f"{PAGE}/{row.record_id}/frame").status_code == 404
    )
    assert words in _text(_shown(site))
    _act(site, "confirm", record_id, text="809.10")
    assert _dlps(site) == []
    _act(site, "reject", record_id, note="cannot be read in the crop")
    assert _rows(site, ScreenValue.state, record_id=record_id, state="rejected")


def test_evidence_that_was_changed_in_the_store_is_not_shown(hospital):
    """One altered byte: no crop, a sentence (R29)."""
    site, _ = hospital
    record_id = _waiting(site)
    with site.engine.connect() as connection:
        digest = connection.scalar(select(Record.evidence_sha256).where(Record.id == record_id))
    path = site.evidence._path(digest)
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert "was changed in the store" in _text(_shown(site))


def test_the_exam_page_shows_the_crop_and_takes_a_wrong_value_back(site):
    """Provenance of a number opens its crop; "this value is wrong" voids it and queues it again."""
    record_id = _waiting(site)
    exam_id = _exam(site, record_id)
    page = _shown(site, f"/exams/{exam_id}/events/1/ctdi_vol")
    assert 'class="screen-crop" src="data:image/png;base64,' in page
    assert "This value is wrong" in page
    answer = _act(
        site, "void", record_id, "SCREEN/ctdi_vol[1]", note="not the value that the field names"
    )
    assert answer.status_code == 302
    assert _rows(site, ScreenValue.state, record_id=record_id, path="SCREEN/ctdi_vol[1]") == [
        ("waiting",)
    ]
    assert site.client("physicist").get(f"/exams/{exam_id}/events/1/ctdi_vol").status_code == 404
    _act(site, "confirm", record_id, "SCREEN/ctdi_vol[1]", text="13.40")
    page = _text(_shown(site, f"/exams/{exam_id}/events/1/ctdi_vol"))
    assert "Corrected as 13.40 by physicist" in page
    assert "read as 12.40" in page
    assert "of these wrong" in _text(_shown(site))
    assert "2026-11 siemens-ct-protocol 2 1 4 0 0 0 4" in _text(_shown(site))


def test_corrected_crops_are_handed_out_as_cases(site):
    """Each correction is a case with its truth; no case names a patient, exam, box or record."""
    record_id = _waiting(site)
    _act(site, "confirm", record_id, text="800.70")
    answer = site.client("physicist").get(f"{PAGE}/cases.zip")
    assert answer.mimetype == "application/zip"
    with ZipFile(BytesIO(answer.data)) as archive:
        (case,) = map(json.loads, archive.read("cases.jsonl").decode().splitlines())
        assert archive.read(case["file"]).startswith(b"\x89PNG")
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert (case["text"], case["read"], case["decimals"]) == ("800.70", "800.10", 2)
    for word in (record_id, "Screen^Number", "SC0000", "ct-1", "2.25.71"):
        assert word.encode() not in everything


def test_an_empty_queue_teaches(tmp_path):
    """Nothing waits: what would, and where screens come from."""
    made = make_site(tmp_path)
    text = _text(_shown(made, PAGE))
    assert "No value waits for a person" in text
    assert "Screens come from boxes with a screen source" in text
    made.importer.stop()
