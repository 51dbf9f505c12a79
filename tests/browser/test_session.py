"""Forms that outlive their session, and buttons that are pressed twice."""

import pytest
from sqlalchemy import func, select

from dosebook_central.store.models import User
from tests.support.axe import barriers
from tests.support.seed import PASSWORD

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

LONG_TITLE = "look at the skin again before the patient leaves the department"


def test_what_was_typed_outlives_the_session(visit):
    """R93: a form sent after the session ended asks for the password and then is sent, whole."""
    window = visit()
    page = window.sign_in("administrator")
    page.clock.install()
    page.goto("/alerts/rules/new")
    page.fill("[name=title]", LONG_TITLE)
    page.fill("[name=threshold]", "4200")
    page.clock.fast_forward("59:00")
    window.context.clear_cookies()
    page.click("text=Save as a new rule")
    dialog = page.locator("#signed-out")
    dialog.wait_for()
    window.shoot("signed-out")
    assert barriers(page) == []
    assert page.input_value("#signed-out [name=login]") == "administrator"
    page.fill("#signed-out [name=password]", "not the password")
    page.keyboard.press("Enter")
    dialog.locator("[data-refused]").wait_for()
    assert page.input_value("[name=title]") == LONG_TITLE
    page.fill("#signed-out [name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts/rules")
    assert LONG_TITLE in page.inner_text(".toast")


def test_not_now_leaves_the_form_as_it_is(visit):
    """Whoever does not sign in again keeps the page with what stands in it, and may try later."""
    window = visit()
    page = window.sign_in("administrator")
    page.clock.install()
    page.goto("/people")
    page.fill("[name=name]", "N. Nobody")
    page.fill("[name=login]", "nobody")
    page.clock.fast_forward("59:00")
    window.context.clear_cookies()
    page.click("text=Add person")
    page.locator("#signed-out").wait_for()
    page.keyboard.press("Escape")
    page.locator("#signed-out").wait_for(state="hidden")
    assert page.input_value("[name=name]") == "N. Nobody"
    page.click("text=Add person")
    page.locator("#signed-out").wait_for()
    page.click("text=Not now")
    assert page.input_value("[name=name]") == "N. Nobody"


def test_a_button_pressed_twice_acts_once(visit, site):
    """The second press while the first is on its way sends nothing: the password stays in sight."""
    window = visit()
    page = window.sign_in("administrator")
    page.goto("/people")
    page.fill("[name=name]", "T. Twice")
    page.fill("[name=login]", "twice")
    page.dblclick("text=Add person")
    page.locator(".handed-out", has_text="twice").wait_for()
    with site[0].engine.connect() as connection:
        found = select(func.count()).where(User.login == "twice")
        assert connection.scalar(found) == 1
