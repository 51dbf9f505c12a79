"""What holds for every page: no barriers, narrow phones, and paper that shows the same."""

import pytest
from sqlalchemy import func, select

from dosebook_central.store.models import Exam
from tests.support.axe import barriers
from tests.support.derivation import derive_all

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

# Pages whose own tests do not look for barriers yet.
PLAIN = (
    "/boxes",
    "/boxes/instruments",
    "/quarantine",
    "/imports",
    "/people",
    "/people/1",
    "/profile",
    "/audit",
    "/sets",
    "/sets/aapm96",
    "/sets/aapm96/changes",
    "/patients",
    "/exams/none",
)
LISTS = (
    "/", "/alerts", "/alerts/rules", "/alerts/rules/new", "/at-risk", "/machines", "/screens",
    "/screens/profiles", "/unassigned", "/procedures", "/reference-levels",
)  # fmt: skip
NARROW = 320  # a phone, and a 1280 px window at 400 % (WCAG 2.2, 1.4.10)


@pytest.fixture(scope="module")
def paths(site):
    """A long history, its sums and one exam of each kind, all derived."""
    derive_all(site[0])
    with site[0].engine.connect() as connection:
        patient = connection.scalar(
            select(Exam.patient_id).group_by(Exam.patient_id).order_by(func.count().desc())
        )
        exams = connection.execute(
            select(func.max(Exam.id)).where(Exam.modality.in_(["CT", "XA", "MG", "PT"]))
            .group_by(Exam.modality)
        ).scalars()  # fmt: skip
        history = f"/patients/{patient}"
        return [history, f"{history}/cumulative", *(f"/exams/{one}" for one in exams)]


def wide(page, paths):
    """Which of these pages scroll sideways as a whole."""
    found = []
    for path in paths:
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > page.viewport_size["width"]:
            found.append(f"{path} is {width} px wide")
    return found


def test_plain_pages_have_no_barriers(visit, paths):
    """What has no test of its own is looked at too, and the page of a wrong address."""
    window = visit()
    page = window.sign_in()
    found = []
    for path in [paths[0], *PLAIN]:
        page.goto(path)
        found += [f"{path}: {barrier}" for barrier in barriers(page)]
    window.problems = [one for one in window.problems if "status of 404" not in one]
    assert found == []


def test_no_page_is_wider_than_a_phone(visit, paths):
    """On 320 px tables scroll in their frame, pages never sideways, and menus open whole."""
    window = visit(width=NARROW, height=800)
    page = window.sign_in()
    found = wide(page, [*paths, *LISTS, *PLAIN])
    window.problems = [one for one in window.problems if "status of 404" not in one]
    assert found == []
    for area in page.locator(".nav-area").all():
        area.locator("summary").click()
        box = area.locator(".menu-body").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= NARROW


def test_a_printed_timeline_holds_every_exam(visit, paths):
    """R13: paper shows the newest exams too: the picture is as wide as the sheet, no wider."""
    page = visit(scheme="dark").sign_in("physicist")
    page.goto(paths[0])
    page.wait_for_selector(".chart-canvas svg")
    on_screen = page.locator(".chart-canvas svg path").count()
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 690, "height": 900})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    drawn = page.locator(".chart-canvas svg")
    assert drawn.locator("path").count() == on_screen
    assert drawn.get_attribute("viewBox").startswith("0 0 900 ")
    box = drawn.bounding_box()
    assert 500 < box["width"] <= 690
    assert page.locator(".print-only").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert drawn.get_attribute("viewBox") is None
