"""From the kiosk to the next picture: what a person confirms, the reader of a whole box knows."""

from random import Random

import pytest

from dosebook_edge.box import Box
from dosebook_edge.capture.screen.confirmations import add
from dosebook_edge.capture.screen.equip import equip
from dosebook_edge.config import load
from dosebook_edge.simulate.scene import make_scene
from dosebook_edge.simulate.screens.capture import SECONDARY_CAPTURE, dose_capture, visit_of
from dosebook_edge.simulate.screens.gallery import draw
from dosebook_edge.simulate.vendors import VENDORS
from dosebook_protocol.record import SourceKind
from tests.support.axe import barriers
from tests.support.box import association, configuration
from tests.support.confirming import confirmation
from tests.support.fonts import need_fonts
from tests.support.kiosk import PERSON, pins
from tests.support.kiosk_page import ready, sign_in
from tests.support.screen_reading import picture_of
from tests.support.screen_source import opened, record_of
from tests.support.waiting import eventually

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

FIRST, NEXT = 0, 3
"""Exams whose panels together show all ten digits, and neither alone."""
VALUES = 6
SIZES = [(800, 480, "light"), (1280, 800, "dark")]


def capture_of(seed):
    """The panel of a C-arm after an exam, and the object that the console stores of it."""
    rng = Random(seed)
    scene = make_scene(rng, VENDORS["ge-surgery"])
    panel = draw("carm-panel", seed, visit=visit_of(rng, scene))
    return panel, dose_capture(rng, scene, panel, at=scene.after(600))


class Room:
    """A box that reads the secondary captures of a C-arm and serves its page."""

    def __init__(self, folder) -> None:
        kiosk = ("[uplink]", "enabled = false", "[kiosk]", "enabled = true", "port = 0",
                 "[[kiosk.person]]", f'name = "{PERSON}"', f'pin = "{pins()[PERSON]}"')  # fmt: skip
        self._file = configuration(folder, *kiosk, read_screens=["carm-panel"])
        self.start()

    def start(self):
        """Begin anew, with nothing in memory."""
        self.box = Box(load(self._file))
        self.box.start()

    def source(self, name):
        """How a source stands."""
        return next(one for one in self.box.status()["sources"] if one["name"] == name)

    def screens(self):
        """What was read of screens, in order."""
        found = [one.message for one in self.box.outbox.unacknowledged(0, 100, 10**9)]
        screens = [one for one in found if record_of(one).source_kind is SourceKind.SCREEN]
        return [opened(one)[1].report for one in screens]

    def send(self, capture):
        """C-STORE, and wait until its picture was read."""
        count = len(self.screens()) + 1
        with association(self.source("ct")["port"], SECONDARY_CAPTURE) as assoc:
            assert assoc.send_c_store(capture).Status == 0
        eventually(lambda: len(self.screens()) == count, what="a screen was read")
        return self.screens()[-1]


@pytest.fixture
def room(tmp_path):
    """A running box, stopped afterwards."""
    need_fonts()
    made = Room(tmp_path)
    yield made
    made.box.stop()


@pytest.fixture
def address(room):
    """Where the box serves its page."""
    return f"http://127.0.0.1:{room.source('kiosk')['port']}"


def _signed_in(window):
    """The page after the door and the PIN."""
    sign_in(window.page, "nav")
    return window.page


def _see_taught(page):
    """Open the page of what was taught."""
    ready(page)
    page.click("text=Taught")
    page.wait_for_selector("h1:has-text('What the reader was taught')")
    ready(page)


@pytest.mark.parametrize(("width", "height", "scheme"), SIZES)
def test_what_contradicts_is_seen_and_forgotten_by_touch(room, visit, width, height, scheme):
    """A slip stands against a right word: both are shown with their crops, one touch takes it."""
    right, slip = confirmation("5.10", by="A"), confirmation("5.20", "6.20", by="B")
    outbox = room.box.outbox
    for one in (right, slip):
        outbox.run(lambda connection, one=one: add(connection, outbox.vault, one))
    window = visit(width=width, height=height, scheme=scheme)
    page = _signed_in(window)
    _see_taught(page)
    window.shoot(f"kiosk-taught-{scheme}-{width}")
    assert barriers(page) == []
    assert "none of it counts" in page.inner_text(".error")
    page.click("li:has-text('6.20') button")
    page.wait_for_selector(".told:has-text('Forgotten.')")
    assert page.locator(".error").count() == 0
    assert page.locator("main li").count() == 1


def test_what_is_confirmed_at_the_kiosk_releases_the_next_picture(room, visit):
    """Six values wait and are accepted by touch; the box starts anew; the next six are released.

    Alone, the next picture proves nothing: not all ten digits stand on it.
    """
    panel, _ = capture_of(NEXT)
    alone = equip(["carm-panel"]).reader.read(picture_of(panel))
    assert not alone.accepted
    _, capture = capture_of(FIRST)
    read = room.send(capture)
    assert [one.state for one in read.values] == ["review"] * VALUES
    window = visit(width=800, height=480)
    page = _signed_in(window)
    for left in range(VALUES, 0, -1):
        page.wait_for_selector(f"header:has-text('1 of {left} ')")
        ready(page)
        page.click("[data-confirm]")
    page.wait_for_selector("text=No value waits for a person.")
    _see_taught(page)
    assert page.locator("main li").count() == VALUES
    assert "ct-screens, carm-panel" in page.inner_text("main")
    page.wait_for_function("[...document.images].every((one) => one.complete)")
    room.box.stop()
    room.start()
    panel, capture = capture_of(NEXT)
    read = room.send(capture)
    assert [one.state for one in read.values] == ["accepted"] * VALUES
    for one in read.values:
        assert one.text == panel.cell(one.path.removeprefix("SCREEN/")).text
    assert any(
        "as persons confirmed" in check.detail for one in read.values for check in one.checks
    )
    assert room.source("kiosk")["detail"] == "0 values wait for a person"
