"""Orders of one acquisition as a person corrects them: by keyboard, in both themes."""

import pytest

from dosebook_central.store.models import Exam
from tests.support.axe import barriers
from tests.support.orders import take_in
from tests.support.registry import RegistryUnderTest
from tests.support.web import make_site, need_built_pages

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A registry with one CT that answers two orders."""
    need_built_pages()
    folder = tmp_path_factory.mktemp("orders")
    registry = RegistryUnderTest(folder)
    take_in(registry)
    made = make_site(folder, registry.engine)
    yield made, registry
    made.importer.stop()
    registry.close()


@pytest.fixture
def exam(site):
    """Path of the exam's page."""
    ((exam_id,),) = site[1].rows(Exam.id)
    return f"/exams/{exam_id}#orders"


def open_events(page):
    """Open the events by keyboard; with decisions on record they are open already."""
    if page.get_attribute("#orders details", "open") is None:
        page.focus("#orders summary")
        page.keyboard.press("Enter")


def test_p10_an_event_is_given_to_another_order_by_keyboard_and_taken_back(visit, exam):
    """P10: open the list, choose an order, save, undo: no pointer is needed, no barrier is left."""
    window = visit()
    page = window.sign_in("physicist")
    page.goto(exam)
    open_events(page)
    page.wait_for_selector("#orders select[name=order-1]")
    assert barriers(page) == []
    page.focus("#orders select[name=order-1]")
    page.keyboard.press("ArrowDown")
    page.focus("#orders button.primary")
    page.keyboard.press("Enter")
    page.wait_for_selector("#orders button[name=undo]")
    assert page.input_value("#orders select[name=order-1]") == "A2"
    page.locator("#orders").scroll_into_view_if_needed()
    window.shoot("orders-1280")
    page.focus("#orders button[name=undo]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#orders >> text=took the decision before it back")
    assert page.input_value("#orders select[name=order-1]") == "A1"


def test_orders_fit_a_small_dark_window(visit, exam):
    """At 800 px in the dark theme nothing is wider than the page, and no barrier is left."""
    window = visit(width=800, scheme="dark")
    page = window.sign_in("radiographer")
    page.goto(exam)
    open_events(page)
    page.wait_for_selector("#orders td:has-text('the only order')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
    page.locator("#orders").scroll_into_view_if_needed()
    window.shoot("orders-800-dark")
    assert barriers(page) == []
