"""Screen review as a person does it: by keyboard alone, by touch, in both themes."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from dosebook_central.store.models import Event
from dosebook_central.store.screen_models import ScreenValue
from tests.support.axe import barriers
from tests.support.box_decisions import decision_on
from tests.support.screen_site import boxed, decision_message, screen_of, send_screens
from tests.support.screens import TAKEN_AT
from tests.support.web import make_site, need_built_pages

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

SCREENS = 24
BOXES = ("ct-1", "petct-1")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A registry with the dose pages of 24 exams: 48 values wait."""
    need_built_pages()
    made = make_site(tmp_path_factory.mktemp("screens"))
    rooms = boxed(made.engine, made.evidence)
    send_screens(rooms, range(SCREENS))
    yield made, rooms
    made.importer.stop()
    made.engine.dispose()


def _states(site):
    with site[0].engine.connect() as connection:
        rows = connection.execute(
            select(ScreenValue.state, func.count()).group_by(ScreenValue.state)
        )
        return {row[0]: row[1] for row in rows}


def _open(visit, address="/screens", **options):
    page = visit(**options).sign_in("physicist")
    page.goto(address)
    page.wait_for_selector("[data-screens] [data-row]:focus")
    return page


def _focused(page):
    return page.evaluate("document.activeElement.id")


def _press(page, key, words):
    """Press a key and wait for the toast that tells of it."""
    page.keyboard.press(key)
    page.wait_for_selector(f".toast >> text={words}")
    page.wait_for_selector("[data-screens] [data-row]:focus")
    page.evaluate("document.querySelector('.toasts').replaceChildren()")


def test_values_are_reviewed_by_keyboard_alone(visit, site):
    """Move, accept, type another number, choose a guess, reject, undo: no mouse."""
    page = _open(visit)
    before = _states(site)
    first = _focused(page)
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert _focused(page) == first
    _press(page, "a", "accepted")
    second = _focused(page)
    assert second != first
    page.keyboard.type("80010")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#{second} [role=alert]")
    assert "2 decimals" in page.inner_text(f"#{second} [role=alert]")
    page.keyboard.type("800.55")
    _press(page, "Enter", "corrected")
    third = _focused(page)
    page.keyboard.press("n")
    assert page.input_value(f"#{third} input[name=text]").endswith(".70")
    _press(page, "Enter", "corrected")
    fourth = _focused(page)
    page.keyboard.press("r")
    page.wait_for_selector(f"#{fourth} details.dismiss[open]")
    _press(page, "2", "rejected")
    assert _states(site)["waiting"] == before["waiting"] - 4
    _press(page, "u", "taken back")
    assert _focused(page) == fourth
    assert _states(site).get("rejected", 0) == 0
    page.keyboard.press("f")
    page.wait_for_selector(f"#{fourth} > .screen-frame image[href]")
    for key in ("k", "u", "k", "u", "k"):
        if key == "u":
            _press(page, key, "taken back")
        else:
            page.keyboard.press(key)
    _press(page, "u", "taken back")
    assert _states(site) == before


def test_thirty_values_in_one_go(visit, site):
    """Thirty in a few minutes: one key each, and the next page is there before it is needed."""
    page = _open(visit)
    for _ in range(30):
        _press(page, "a", "accepted")
    assert _states(site)["accepted"] == 30
    assert page.url.endswith("/screens")
    with site[0].engine.connect() as connection:
        assert connection.scalar(select(func.count()).where(Event.dlp_mgy_cm.is_not(None))) == 15
    for _ in range(30):
        _press(page, "u", "taken back")
        page.keyboard.press("k")
    assert "accepted" not in _states(site)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_the_page_reads_well_everywhere(visit, scheme, width):
    """Both themes, both widths: no barrier, nothing wider than the window; a picture to look at."""
    opened = visit(scheme=scheme, width=width)
    page = opened.sign_in("physicist")
    page.goto("/screens")
    page.wait_for_selector("[data-screens] [data-row]:focus")
    page.keyboard.press("j")
    opened.shoot(f"screens-{scheme}-{width}")
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("f")
    page.wait_for_selector(".screen-frame image[href]")
    opened.shoot(f"screens-frame-{scheme}-{width}")
    page.evaluate("document.getElementById('numbers').scrollIntoView()")
    opened.shoot(f"screens-numbers-{scheme}-{width}")


def test_touch_is_enough(visit, site):
    """Buttons do all that keys do, and are large enough for a finger (WCAG 2.5.8)."""
    page = _open(visit)
    before = _states(site)
    card = "[data-screens] [data-row]:first-child"
    for selector in ("button:visible", "summary:visible", "a.button:visible"):
        for box in [one.bounding_box() for one in page.query_selector_all(f"{card} {selector}")]:
            assert box["height"] >= 24
    page.click(f"{card} [data-other]")
    page.click(f"{card} .screen-form .button")
    page.click(".toast >> text=Undo")
    page.wait_for_selector(".toast >> text=taken back")
    assert _states(site) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_number_of_the_exam_opens_its_crop(visit, site, scheme):
    """From the exam's event table to the pixels in one click, and back to review from there."""
    opened = visit(scheme=scheme)
    page = opened.sign_in("physicist")
    page.goto("/screens?state=released")
    page.click("[data-screens] [data-row]:first-child .screen-place a")
    page.click("#events a.q.source")
    page.wait_for_selector("#evidence .screen-crop")
    opened.shoot(f"screens-exam-{scheme}")
    assert barriers(page) == []
    page.click("#evidence .screen-source summary")
    page.click("#evidence .reasons button")
    page.wait_for_selector(".toast >> text=Taken out of the dose")
    page.click(".toast >> text=Undo")
    page.wait_for_selector(".toast >> text=Taken back")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_decided_otherwise_in_the_room_stands_beside_the_value(visit, site, scheme):
    """A list of its own names person, box and number; one touch keeps what stands."""
    opened = visit(scheme=scheme)
    page = opened.sign_in("physicist")
    page.goto("/screens")
    page.wait_for_selector("[data-screens] [data-row]:focus")
    before = _states(site)
    with site[0].engine.connect() as connection:
        record_id, taken_at = connection.execute(
            select(ScreenValue.record_id, ScreenValue.captured_at)
            .where(ScreenValue.state == "waiting", ScreenValue.path == "SCREEN/dlp[1]")
            .order_by(ScreenValue.captured_at)
            .limit(1)
        ).one()
    number = (taken_at - TAKEN_AT) // timedelta(minutes=1)
    _press(page, "a", "accepted")
    said = decision_on(
        screen_of(number), record_id, "SCREEN/dlp[1]", "correct", text=f"{800 + number}.90"
    )
    site[1].send([decision_message(site[1].boxes[BOXES[number % 2]], said)])
    page.goto("/screens?disputed=1")
    page.wait_for_selector("text=R. Graf")
    opened.shoot(f"screens-disputed-{scheme}")
    assert barriers(page) == []
    page.click("text=Keep what stands")
    page.wait_for_selector("text=Nothing was decided otherwise in a room")
    page.goto("/screens?state=accepted")
    page.click("[data-decide=undo] button")
    page.wait_for_selector(".toast >> text=taken back")
    assert _states(site) == before
