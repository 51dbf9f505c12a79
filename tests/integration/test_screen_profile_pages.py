"""Pages on which a profile of a screen is drawn, as they work without a script."""

import io
import re
import tomllib
from html.parser import HTMLParser

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from dosebook_central.store.draft_models import ScreenDraft, ScreenDraftPicture
from dosebook_central.store.models import AuditEvent, Record
from dosebook_edge.capture.screen.loader import shipped
from dosebook_edge.simulate.cli import main as simulate
from tests.support.fonts import need_fonts
from tests.support.screen_site import boxed, send_screens
from tests.support.screens import TAKEN_AT, png
from tests.support.seed import message
from tests.support.web import make_site, post, token_of

FRONT = "/screens/profiles"
SCREEN = png(640, 480, "762.04")
SHIPPED = shipped()["carm-panel"].read_bytes()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A registry without a program of the box: what needs it says so."""
    made = make_site(tmp_path_factory.mktemp("drawing"), screen_reader="no-such-program")
    send_screens(boxed(made.engine, made.evidence), range(2))
    yield made
    made.importer.stop()
    made.engine.dispose()


@pytest.fixture
def client(site):
    """A physicist."""
    return site.client("physicist")


def _file(data: bytes, name: str = "x.png"):
    return io.BytesIO(data), name


def _begin(client, **given):
    """Begin a draft; its address."""
    answer = post(client, FRONT, FRONT, **given)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return answer.headers["Location"]


class _Fields(HTMLParser):
    """What a browser would send of the form `profile`, as the page shows it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent = MultiDict()
        self._area = self._select = ""
        self._is_in = self._is_template = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "template":
            self._is_template = True
        if tag == "form":
            self._is_in = given.get("id") == "profile"
        if not self._is_in or self._is_template:
            return
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.sent.add(given["name"], given.get("value", ""))
        elif tag == "textarea":
            self._area = given["name"]
            self.sent.add(self._area, "")
        elif tag == "select":
            self._select = given["name"]
            self.sent[self._select] = ""
        elif tag == "option" and "selected" in given and self._select:
            self.sent[self._select] = given["value"]

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""
        elif tag == "template":
            self._is_template = False
        elif tag == "form":
            self._is_in = False

    def handle_data(self, data):
        if self._area:
            self.sent[self._area] += data


def _sent(client, address):
    return _Fields(client.get(address).get_data(as_text=True)).sent


def _saved(client, address):
    return tomllib.loads(client.get(f"{address}/profile.toml").get_data(as_text=True))


def _acts(site):
    with site.engine.connect() as connection:
        return list(connection.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def test_without_a_draft_the_page_teaches(tmp_path):
    """What to bring, what to do, and why nothing is read back here."""
    made = make_site(tmp_path, screen_reader="no-such-program")
    page = made.client("data-manager").get(FRONT).get_data(as_text=True)
    made.importer.stop()
    made.engine.dispose()
    assert "Take captures of the console" in page
    assert "pip install" in page


def test_a_profile_goes_through_the_page_and_stays_the_same(client):
    """From a file to the form, saved as a browser sends it, and downloaded under its id."""
    address = _begin(client, profile=_file(SHIPPED, "mine.toml"), pictures=[_file(SCREEN)])
    assert client.post(address, data=_sent(client, address)).status_code == 302
    assert _saved(client, address) == tomllib.loads(SHIPPED.decode())
    answer = client.get(f"{address}/profile.toml")
    assert 'filename="carm-panel.toml"' in answer.headers["Content-Disposition"]


def test_parts_are_added_and_removed_without_a_script(client):
    """Each button of the form is a request of its own where no script runs."""
    address = _begin(client, pictures=[_file(SCREEN)])
    assert _saved(client, address)["screen"] == {"width": 640, "height": 480}
    for verb in ("add table", "add table[0].column", "add field", "add field", "remove field[0]"):
        assert client.post(address, data=_sent(client, address) | {"do": verb}).status_code == 302
    sent = _sent(client, address)
    sent["field[0].label"] = 'KAP "total"'
    sent["table[0].column[0].units"] = "mGy*cm = mGy.cm"
    client.post(address, data=sent)
    saved = _saved(client, address)
    assert saved["field"] == [{"label": 'KAP "total"'}]
    assert saved["table"] == [{"column": [{"units": {"mGy*cm": "mGy.cm"}}]}]


def test_two_people_do_not_overwrite_each_other(client, site):
    """The later one is told, keeps what was typed, and decides."""
    address = _begin(client)
    mine, theirs = _sent(client, address), _sent(client, address)
    other = site.client("administrator")
    theirs["csrf_token"] = token_of(other.get(address).get_data(as_text=True))
    theirs["maker"] = "Theirs"
    assert other.post(address, data=theirs).status_code == 302
    mine["maker"] = "Mine"
    script = {"X-Requested-With": "drawing"}
    assert "Somebody else" in client.post(address, data=mine, headers=script).json["problem"]
    refused = client.post(address, data=mine)
    assert refused.status_code == 409
    assert _saved(client, address)["maker"] == "Theirs"
    again = _Fields(refused.get_data(as_text=True)).sent
    assert again["maker"] == "Mine"
    assert client.post(address, data=again).status_code == 302
    assert _saved(client, address)["maker"] == "Mine"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pictures": [_file(b"\xff\xd8 a photograph")]}, "no PNG"),
        ({"pictures": [_file(SCREEN) for _ in range(11)]}, "10 pictures at most"),
        ({"profile": _file(b"[[[", "x.toml")}, "not TOML"),
        ({"profile": _file(b"colour = 1", "x.toml")}, "does not know: colour"),
        ({"profile": _file(b"#" * 300_000, "x.toml")}, "larger than 256 KB"),
        ({"shipped": "carm-panel"}, "pip install"),
        ({"record": "no-such"}, "not there any more"),
    ],
)
def test_what_cannot_be_used_is_told_with_the_cure(client, given, said):
    """Nothing is begun, and the name of a file, which may name a patient, is not repeated."""
    before = client.get(FRONT).get_data(as_text=True).count("Delete the draft")
    answer = post(client, FRONT, FRONT, **given)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in re.sub(r"<[^>]+>", "", page)
    assert page.count("Delete the draft") == before


def test_a_screen_that_a_box_sent_is_drawn_on(client, site):
    """The frame of the evidence becomes a picture of the draft; looking at it is on record."""
    page = client.get(FRONT).get_data(as_text=True)
    record = re.search(r'<option value="([0-9a-f]{32})"', page)
    address = _begin(client, record=record[1])
    answer = client.get(f"{address}/pictures/1.png")
    assert answer.mimetype == "image/png"
    assert _saved(client, address)["screen"] == {"width": 320, "height": 200}
    told = [one for one in _acts(site) if one in {"evidence.read", "screen-profile.begin"}]
    assert told[-2:] == ["evidence.read", "screen-profile.begin"]


def test_pictures_come_and_go_with_the_draft(client, site):
    """Ten at most; deleted with the draft, and every step is in the activity log."""
    address = _begin(client, pictures=[_file(SCREEN) for _ in range(9)])
    added = post(
        client, address, f"{address}/pictures", pictures=[_file(SCREEN), _file(png(64, 40, "1"))]
    )
    assert added.status_code == 302
    assert "1 were added" in client.get(address).get_data(as_text=True)
    assert client.get(f"{address}/pictures/10.png").data == SCREEN
    post(client, address, f"{address}/pictures/1/delete")
    assert client.get(f"{address}/pictures/1.png").status_code == 404
    empty = post(client, address, f"{address}/pictures")
    assert empty.status_code == 422
    post(client, address, f"{address}/delete")
    assert client.get(address).status_code == 404
    draft_id = address.rpartition("/")[2]
    with site.engine.connect() as connection:
        held = select(func.count()).where(ScreenDraftPicture.draft_id == draft_id)
        assert connection.scalar(held) == 0
    wanted = ["begin", "add-picture", "delete-picture", "delete"]
    told = [one.removeprefix("screen-profile.") for one in _acts(site) if "screen-profile" in one]
    assert [one for one in told if one in wanted][-4:] == wanted


def test_a_sitting_is_one_line_of_the_activity_log(client, site):
    """Keeping as one draws does not fill the log; a change of somebody else is a line."""
    address = _begin(client)
    before = _acts(site).count("screen-profile.save")
    for maker in ("A", "B", "C"):
        sent = _sent(client, address)
        sent["maker"] = maker
        answer = client.post(address, data=sent, headers={"X-Requested-With": "drawing"})
        assert answer.json["version"] > 1
    assert _acts(site).count("screen-profile.save") == before
    other = site.client("administrator")
    sent = _sent(other, address)
    sent["maker"] = "D"
    other.post(address, data=sent, headers={"X-Requested-With": "drawing"})
    assert _acts(site).count("screen-profile.save") == before + 1


def test_without_the_program_reading_back_says_what_to_do(client):
    """Drawing works; the sentence names the cure, on the page and to its script."""
    address = _begin(client, pictures=[_file(SCREEN)])
    page = client.post(f"{address}/read", data=_sent(client, address)).get_data(as_text=True)
    assert "pip install" in page
    assert "screens.reader" in client.get(f"{address}/faults").json["problem"]


def test_no_more_drafts_than_are_looked_after(site, client):
    """A full list asks to delete one, and stores nothing."""
    address = _begin(client)
    with site.engine.begin() as connection:
        row = connection.execute(
            select(ScreenDraft.__table__).where(ScreenDraft.id == address.rpartition("/")[2])
        ).one()
        rows = [row._asdict() | {"id": f"full-{number}"} for number in range(50)]
        connection.execute(ScreenDraft.__table__.insert(), rows)
    answer = post(client, FRONT, FRONT)
    with site.engine.begin() as connection:
        connection.execute(ScreenDraft.__table__.delete().where(ScreenDraft.id.like("full-%")))
    assert answer.status_code == 422
    assert "delete one that is done" in answer.get_data(as_text=True)


def test_r78_only_those_who_review_screens_draw(site):
    """R78: a radiographer neither sees nor changes drafts."""
    assert site.client("radiographer").get(FRONT).status_code == 403
    assert site.client("field-engineer").get(FRONT).status_code == 403


@pytest.fixture(scope="module")
def read_site(tmp_path_factory):
    """A registry beside the box's program, with a capture whose screen no box could read."""
    made = make_site(tmp_path_factory.mktemp("reading"))
    yield made
    made.importer.stop()
    made.engine.dispose()


def _capture(site, folder) -> str:
    """A secondary capture of a C-arm's panel arrives; its record."""
    file = folder / "capture.dcm"
    line = ["screen", "carm-panel", "--seed", "3", "--dicom", str(file)]
    assert CliRunner().invoke(simulate, line).exit_code == 0
    data = file.read_bytes()
    hospital = boxed(site.engine, site.evidence)
    box = hospital.boxes["ct-1"]
    hospital.send([message(box, data, "application/dicom", TAKEN_AT)])
    with site.engine.connect() as connection:
        return connection.scalars(select(Record.id)).one()


def test_an_unread_capture_is_drawn_read_back_and_its_patch_is_cut(read_site, tmp_path):
    """From a screen that a box could not read to values, beside their crops, with the program."""
    need_fonts()
    client = read_site.client("physicist")
    record = _capture(read_site, tmp_path)
    assert record not in client.get(FRONT).get_data(as_text=True)
    assert record in client.get(f"{FRONT}?captures=1").get_data(as_text=True)
    address = _begin(client, record=record, shipped="carm-panel")
    sent = _sent(client, address)
    sent["patch[0].name"] = "title"
    sent.setlist("patch[0].box", ["30", "24", "200", "30"])
    sent["field[0].decimals"] = "many"
    page = client.post(f"{address}/read", data=sent).get_data(as_text=True)
    assert "missing or wrong" in page
    told = client.get(f"{address}/faults").json["places"]
    assert list(told) == ["field[0].decimals"]
    cut = _saved(client, address)["patch"][0]["png"]
    sent["field[0].decimals"] = "2"
    sent["version"] = _sent(client, address)["version"]
    page = client.post(f"{address}/read", data=sent).get_data(as_text=True)
    assert re.search(r'data-value="dose_area_product">.*?data-text>\d+\.\d\d<', page, re.DOTALL)
    assert _saved(client, address)["patch"][0]["png"] == cut
    sent["version"] = _sent(client, address)["version"]
    sent["anchor[1].texts"] = "* = DAP total"
    page = client.post(f"{address}/read", data=sent).get_data(as_text=True)
    assert "refused: half-drawn" in page
    assert "not found" in page
