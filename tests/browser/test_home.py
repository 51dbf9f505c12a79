"""The start page and the menus in a real browser: tasks by role, keyboard, themes and widths."""

import pytest

from tests.support.axe import barriers
from tests.support.derivation import derive_all

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def derived(site):
    """The hospital with every exam derived."""
    derive_all(site[0])
    return site


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (800, "light")])
def test_the_start_page_fits_and_has_no_barriers(visit, derived, width, scheme):
    """Tasks first, then exams; nothing wider than the window, nothing axe calls serious."""
    window = visit(width=width, scheme=scheme)
    page = window.sign_in("physicist")
    window.shoot(f"home-{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert barriers(page) == []


@pytest.mark.parametrize(
    ("login", "has", "lacks"),
    [
        ("physicist", ["raised since yesterday", "to look at", "derive"], []),
        ("radiographer", ["since yesterday"], ["to look at", "derive"]),
        ("field-engineer", ["a look"], ["alert", "derive"]),
    ],
)
def test_tasks_are_those_of_the_role(visit, derived, login, has, lacks):
    """Each role finds its own tasks and none that it may not open."""
    page = visit().sign_in(login)
    text = page.inner_text(".tasks")
    assert [words for words in has if words not in text] == []
    assert [words for words in lacks if words in text] == []


@pytest.mark.parametrize("width", [1280, 800])
def test_menus_open_and_close_by_keyboard(visit, derived, width):
    """Enter opens an area in full, Tab goes through it in order, Escape closes it in place."""
    window = visit(width=width)
    page = window.sign_in("physicist")
    summary = page.locator(".nav-area summary", has_text="Optimise")
    summary.focus()
    page.keyboard.press("Enter")
    body = page.locator(".nav-area[open] .menu-body")
    body.wait_for()
    window.shoot(f"menu-{width}")
    box = body.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    # Nothing lies over it or cuts it off: its last entry can be clicked where it stands.
    page.locator(".nav-area[open] .menu-body a").last.click(trial=True)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Reference levels"
    page.keyboard.press("Escape")
    assert page.locator(".nav-area[open]").count() == 0
    assert summary.evaluate("node => node === document.activeElement")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reference-levels")
    assert page.locator(".nav-area summary[aria-current]").inner_text().strip() == "Optimise"
