"""The cumulative page as people use it: figure, table, regions, keyboard, themes and print."""

import re

import pytest
from sqlalchemy import func, select

from dosebook_central.store.models import Exam
from tests.support.axe import barriers
from tests.support.derivation import derive_all

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

_NUMBERS = """rows => rows.map(row => [row.dataset.region, row.dataset.value,
    row.querySelector('td.num').innerText.split('\\n')[0].trim()])"""
_FIGURE = """links => links.map(link => [link.dataset.region, link.dataset.value])"""
# What a region looks like in grey: its fill over the ground it lies on, by relative luminance.
_LUMINANCE = """links => links.map(link => {
    const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
    const shade = link.querySelector('.body-shade');
    const own = rgb(getComputedStyle(shade).fill);
    const ground = rgb(getComputedStyle(link.querySelector('.body-base')).fill);
    const opacity = Number(shade.getAttribute('fill-opacity'));
    const mixed = own.map((part, at) => (part * opacity + ground[at] * (1 - opacity)) / 255);
    const linear = mixed.map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return [Number(link.dataset.value),
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]];
})"""


@pytest.fixture(scope="module")
def patient(site):
    """Id of the patient with the longest history, every exam derived."""
    derive_all(site[0])
    with site[0].engine.connect() as connection:
        return connection.execute(
            select(Exam.patient_id).group_by(Exam.patient_id).order_by(func.count().desc()).limit(1)
        ).scalar_one()


@pytest.fixture
def page(visit, patient):
    """The page of that patient, before a physicist."""
    found = visit().sign_in("physicist")
    found.goto(f"/patients/{patient}")
    found.get_by_role("link", name="Cumulative dose").click()
    found.wait_for_selector(".body")
    return found


@pytest.mark.parametrize("quantity", ["effective_dose", "dlp-32", "kap", "exams"])
def test_r13_figure_and_table_hold_the_same_numbers(page, patient, quantity):
    """R13, R31: each region of the figure has its row with the same value, and rows add up."""
    page.goto(f"/patients/{patient}/cumulative?quantity={quantity}")
    rows = page.eval_on_selector_all(".regions tbody tr", _NUMBERS)
    figure = page.eval_on_selector_all(".body-region[data-value]", _FIGURE)
    assert sorted(figure) == sorted([region, value] for region, value, _ in rows)
    for _, value, shown in rows:
        assert shown == "—" if not value else float(shown) == pytest.approx(float(value), rel=0.01)
    total = float(page.get_attribute("[data-total]", "data-total"))
    added = sum(float(value) for _, value, _ in rows if value)
    assert added >= total if quantity == "exams" else added == pytest.approx(total)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figure_reads_the_same_in_grey(visit, patient, scheme):
    """More dose is strictly further from the ground in luminance, in both themes, without hue."""
    page = visit(scheme=scheme).sign_in("physicist")
    page.goto(f"/patients/{patient}/cumulative")
    shown = page.eval_on_selector_all(".body-region[data-value]:has(.body-shade)", _LUMINANCE)
    by_value = dict(sorted(map(tuple, shown)))
    grey = list(by_value.values())
    assert len(grey) > 3
    assert grey == sorted(set(grey), reverse=scheme == "light")


def test_a_region_leads_to_its_exams_and_events_by_keyboard_alone(page):
    """Tab reaches a region, Enter opens it, its exams add up to it, its events are marked."""
    page.focus("select[name=quantity]")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.body-region[data-region=abdomen]')"):
            break
    line = page.evaluate(
        "getComputedStyle(document.activeElement.querySelector('.body-line')).strokeWidth"
    )
    assert float(line.removesuffix("px")) > 3
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("region=abdomen"))
    whole = float(page.get_attribute(".regions tr.is-chosen", "data-value"))
    parts = page.eval_on_selector_all(
        ".region-exams tr[data-value]", "rows => rows.map(row => Number(row.dataset.value))"
    )
    assert sum(parts) == pytest.approx(whole)
    page.locator(".region-exams a", has_text=re.compile("event")).first.click()
    page.wait_for_selector(".events tr.is-chosen")
    assert "those of Abdomen are marked" in page.inner_text("#events header")


def test_p43_period_and_modality_narrow_everything_at_once(page, patient):
    """P43: figure, table, chart and sum follow the one query of the address; a reload shows it."""
    page.locator(".toggle", has_text="CT").first.click()
    page.wait_for_url(re.compile("modality=ct"))
    page.locator(".segment", has_text="5 years").click()
    page.wait_for_url(re.compile("period=5y"))
    address = page.url
    total = page.get_attribute("[data-total]", "data-total")
    page.keyboard.press("t")
    page.wait_for_selector("[data-chart-table]")
    in_all = page.locator("[data-chart-table] tr:last-child td:last-child").inner_text()
    assert float(in_all) == pytest.approx(float(total))
    page.goto(address)
    assert page.get_attribute("[data-total]", "data-total") == total
    # A day takes the place of the period, not both.
    page.fill("[name=since]", "2020-01-01")
    page.keyboard.press("Tab")
    page.wait_for_url(re.compile("since=2020-01-01"))
    page.locator(".segment", has_text="1 year").click()
    page.wait_for_url(re.compile("period=1y"))
    assert "since" not in page.url


def test_r100_p46_therapeutic_stands_apart_and_outside_exams_can_be_left_out(page):
    """R100, P46: two tabs that never add up; one click leaves imported exams out."""
    assert "from elsewhere and count here" in page.inner_text(".remarks")
    before = float(page.get_attribute("[data-total]", "data-total"))
    page.locator(".toggle", has_text="from elsewhere").click()
    page.wait_for_url(re.compile("outside=no"))
    assert float(page.get_attribute("[data-total]", "data-total")) < before
    page.get_by_role("link", name="Therapeutic").click()
    page.wait_for_url(re.compile("intent=therapeutic"))
    assert page.locator("[data-total]").count() == 0
    assert "No exam in this selection" in page.inner_text("#main")


def test_p31_p59_words(page):
    """P31, P59: an estimate for a reference person; no limit, no risk, and no exam is refused."""
    text = page.inner_text("#main").casefold()
    assert "estimate for a reference person" in text
    assert "an exam that is needed stays needed" in text
    for word in ("limit", "risk", "exceed", "cancer", "%"):
        assert word not in text.replace("upper limb", "").replace("lower limb", "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_cumulative_page_has_no_barrier_and_fits(visit, patient, scheme, width):
    """axe-core finds nothing serious, nothing is wider than the window; pictures for people."""
    window = visit(width=width, height=1400, scheme=scheme)
    page = window.sign_in("physicist")
    page.goto(f"/patients/{patient}/cumulative?region=chest")
    assert barriers(page) == []
    window.shoot(f"cumulative-{scheme}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_cumulative_page_prints_figure_and_numbers(visit, patient):
    """On paper: the figure keeps its shades, the filters go, the table stays."""
    window = visit()
    page = window.sign_in("physicist")
    page.goto(f"/patients/{patient}/cumulative")
    page.emulate_media(media="print")
    assert page.is_hidden(".filters")
    assert page.is_visible(".regions")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.body-shade')).printColorAdjust")
        == "exact"
    )
    window.shoot("cumulative-print")
