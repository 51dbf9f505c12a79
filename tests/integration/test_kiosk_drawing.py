"""Drawing at the box over its real socket: who may, what is refused, what is in use afterwards."""

import json
import re
from urllib.parse import urlencode

import pytest

from dosebook_edge.box import Box
from dosebook_edge.capture.screen.loader import load
from dosebook_edge.config import load as load_config
from tests.support.drawing import SOURCE, box_file, drawing_box, recorded
from tests.support.kiosk import PERSON, PIN, ask
from tests.support.screens import png
from tests.support.waiting import eventually

PATIENT = "PENHALE"


class Engineer:
    """Somebody at the page, without a browser."""

    def __init__(self, port):
        self.port = port
        form = urlencode({"person": PERSON, "pin": PIN})
        _, headers, _ = ask(port, "POST", "/sign-in", form)
        self.cookie = headers["Set-Cookie"].partition(";")[0]
        self.token = re.search('name="token" value="([^"]+)"', self.get("/"))[1]

    def get(self, path):
        """The text of a page."""
        return ask(self.port, path=path, Cookie=self.cookie)[2]

    def post(self, path, **form):
        """Status, headers and text of the answer to a form."""
        body = urlencode({"token": self.token} | form, doseq=True)
        return ask(self.port, "POST", path, body, Cookie=self.cookie)

    def begin(self, start=""):
        """The address of a new draft."""
        return self.post("/profiles", start=start)[1]["Location"]

    def bring(self, draft, data):
        """Status and problem of a picture that is brought."""
        headers = {"X_Token": self.token, "Cookie": self.cookie}
        status, _, text = ask(self.port, "POST", f"{draft}/picture", data, **headers)
        return status, json.loads(text).get("problem", "")


@pytest.fixture
def box(tmp_path):
    """A box that watches a C-arm's console and has no profile for it, with its page."""
    with drawing_box(tmp_path) as found:
        yield found


@pytest.fixture
def engineer(box):
    """Signed in, and allowed to draw."""
    return Engineer(box[2])


def test_drawing_is_for_those_whom_the_box_lets(tmp_path):
    """Without may_draw_profiles there is no way in, and no form larger than a decision."""
    with drawing_box(tmp_path, "may_draw_profiles = false") as (_, _, port):
        other = Engineer(port)
        assert "/profiles" not in other.get("/")
        assert "may_draw_profiles" in other.get("/profiles")
        assert other.post("/profiles", start="")[0] == 403
        assert other.post("/profiles", start="x" * 9000)[0] == 413
        status, headers, _ = ask(port, path="/profiles/0123456789abcdef/1.png")
        assert (status, headers["Location"]) == (303, "/")


def test_forms_of_others_change_nothing(engineer):
    """CSRF: the token of the session is asked for with every form and every picture."""
    draft = engineer.begin()
    token, engineer.token = engineer.token, "wrong"
    assert engineer.post(f"{draft}/delete")[0] == 403
    assert engineer.bring(draft, png(64, 48))[0] == 403
    engineer.token = token
    engineer.post("/sign-out")
    status, _, text = engineer.post(draft, version="1")
    assert (status, json.loads(text)["problem"][:22]) == (403, "Your session has ended")


def test_what_is_no_picture_is_refused_in_words(engineer):
    """Nothing but a PNG within bounds becomes part of a draft, and nothing of it but pixels."""
    draft = engineer.begin()
    status, problem = engineer.bring(draft, b"GIF89a")
    assert status == 422
    assert "it is no PNG" in problem
    assert "0 of 10" in engineer.get(draft)
    assert engineer.bring(draft, png(64, 48)) == (200, "")
    assert "1 of 10" in engineer.get(draft)
    assert ask(engineer.port, path=f"{draft}/1.png")[0] == 303, "only for who is signed in"


def test_a_profile_with_faults_is_not_used(engineer, tmp_path):
    """The box's own rules decide, and the page says how many things are to mend."""
    draft = engineer.begin()
    status, headers, _ = engineer.post(f"{draft}/use", source=SOURCE)
    assert (status, headers["Location"]) == (303, f"{draft}#fields")
    assert "Not in use: " in engineer.get(draft)
    assert not (_folder(tmp_path) / "my-console.toml").exists()


def test_a_profile_in_use_stays_after_a_restart_until_it_is_dropped(tmp_path, caplog):
    """The source reads with it at once and anew after a start; without it nothing is known."""
    caplog.set_level("INFO", logger="dosebook_edge")
    with drawing_box(tmp_path) as (box, console, port):
        engineer = Engineer(port)
        draft = engineer.begin("carm-panel")
        engineer.post(f"{draft}/look", source=SOURCE)
        assert PATIENT not in engineer.get(draft), "whom the picture shows is nowhere in words"
        engineer.post(f"{draft}/use", source=SOURCE)
        assert "carm-panel is in use" in engineer.get(draft)
        assert load(_folder(tmp_path) / "carm-panel.toml").profile.id == "carm-panel"
        console.show(2)
        eventually(lambda: console.kap in recorded(box), what="a record of the screen")
    again = Box(load_config(box_file(tmp_path, console.file)))
    again.start()
    try:
        console.show(3)
        eventually(lambda: console.kap in recorded(again), what="a record after the restart")
        engineer = Engineer(_port(again))
        assert f"read by {SOURCE}" in engineer.get("/profiles")
        engineer.post("/profiles/drop", profile=f"{SOURCE}/carm-panel")
        assert "out of use" in engineer.get("/profiles")
        told = [one for one in caplog.messages if one.startswith("profile_")]
        assert told == ["profile_in_use", "profile_dropped"]
        refused = _refused(again)
        console.show(4)
        eventually(lambda: _refused(again) > refused, what="a screen that is unknown again")
        draft = engineer.begin()
        status, headers, _ = engineer.post(f"{draft}/capture", sequence="2")
        assert (status, headers["Location"]) == (303, f"{draft}#draw")
        assert "1 of 10" in engineer.get(draft), "what the box recorded can be drawn on"
    finally:
        again.stop()


def test_who_draws_on_a_deleted_draft_is_told(engineer):
    """The script of an open page hears it in words, not a page of something else."""
    draft = engineer.begin()
    engineer.post(f"{draft}/delete")
    status, _, text = engineer.post(draft, version="1", id="x")
    assert (status, json.loads(text)["problem"]) == (
        409,
        "That draft is gone: somebody deleted it.",
    )
    draft = engineer.begin()
    assert engineer.post(draft, version="7", id="x")[0] == 409
    assert "no picture yet" in engineer.post(f"{draft}/read", version="1", id="x")[2]


def test_a_screen_that_is_gone_is_told(engineer, box):
    """No picture: the page says why, and what to look at."""
    draft = engineer.begin()
    box[1].file.unlink()
    engineer.post(f"{draft}/look", source=SOURCE)
    assert "Does the X server run" in engineer.get(draft)


def _folder(tmp_path):
    return tmp_path / "data" / "screen-profiles" / SOURCE


def _port(box):
    return {one["name"]: one["port"] for one in box.status()["sources"]}["kiosk"]


def _refused(box):
    return {one["name"]: one["refused"] for one in box.status()["sources"]}[SOURCE]
