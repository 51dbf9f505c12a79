"""The page of reference levels in a real browser: points, keyboard, print, themes and widths."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from sqlalchemy import insert

from dosebook_central.store.dose_models import ExamDose
from dosebook_central.store.models import Exam, Patient
from tests.browser.conftest import SCREENSHOTS
from tests.support.axe import barriers

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

PAGE = "/reference-levels?country=JP&since=2026-01-01&until=2026-06-30"


@pytest.fixture(scope="module")
def sampled(site):
    """Head CTs of two rooms, one of them with a few unusually low exams, in the hospital."""
    now = datetime.now(UTC)
    with site[0].engine.begin() as connection:
        connection.execute(
            insert(Patient).values(id="drl", issuer="", identifier="d", updated_at=now)
        )
        for room, doses in (
            ("CT 1", [*range(820, 1000, 5), 310, 250]),
            ("CT 2", list(range(1400, 1650, 10))),
            ("Theatre", [900] * 4),
        ):
            for number, dose in enumerate(doses):
                name = f"{room}-{number}".replace(" ", "-")
                started = f"{date(2026, 1, 5) + timedelta(days=number)}T09:00:00"
                connection.execute(
                    insert(Exam).values(
                        id=name, group_id=name, patient_id="drl", study_uid=name, started=started,
                        modality="CT", event_count=2, origin="captured", updated_at=now, facts={},
                        summary={"headline": [], "parts": []}, description="CT head",
                    )
                )  # fmt: skip
                connection.execute(
                    insert(ExamDose).values(
                        exam_id=name, version=1, patient_id="drl", started=started, modality="CT",
                        station=room, origin="captured", phantom="16cm", procedure_id="ct_head",
                        age_years=Decimal(60), dlp_imaging_mgy_cm=Decimal(dose),
                        ctdi_vol_max_mgy=Decimal(dose) / 20,
                    )
                )  # fmt: skip
    return site


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (800, "light"), (800, "dark")]
)
def test_the_page_and_its_samples_fit_and_have_no_barriers(visit, sampled, width, scheme):
    """Levels and a sample: nothing wider than the window, nothing axe calls serious."""
    window = visit(width=width, scheme=scheme)
    page = window.sign_in("physicist")
    page.goto(PAGE)
    page.wait_for_selector(".boxplot")
    window.shoot(f"reference-levels-{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = barriers(page)
    page.locator(".drl-table [data-row-link]", has_text="CT 1").last.click()
    page.wait_for_selector("text=unusually low")
    window.shoot(f"reference-sample-{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert found + barriers(page) == []


def test_any_box_opens_the_exams_that_made_it(visit, sampled):
    """A picture and the row beside it lead to the same exams, which are as many as its n."""
    page = visit().sign_in("physicist")
    page.goto(PAGE)
    row = page.locator(".drl-table tr", has_text="CT 2").last
    n = int(row.locator("td").nth(1).inner_text())
    assert row.locator(".plot a").get_attribute("href") == row.locator(
        "[data-row-link]"
    ).get_attribute("href")
    row.locator(".boxplot").click()
    page.wait_for_url("**/reference-levels/exams?**")
    assert page.locator("tbody tr[data-value]:not(.faint)").count() == n == 25


def test_a_sample_is_reached_and_opened_by_keyboard(visit, sampled):
    """j and Enter go from a level to its sample; j stands on the first exam there."""
    page = visit().sign_in("physicist")
    page.goto(PAGE)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reference-levels/exams?**")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.pathname").startswith("/exams/CT-")


def test_print_holds_what_the_screen_holds(visit, sampled):
    """Paper shows every median, level and picture of the screen, and nothing to press."""
    page = visit().sign_in("physicist")
    page.goto(PAGE)
    page.wait_for_selector(".boxplot")
    medians = page.locator(".drl-table tbody td:nth-child(4)").all_inner_texts()
    pictures = page.locator(".boxplot").count()
    page.emulate_media(media="print")
    assert page.locator(".drl-table tbody td:nth-child(4)").all_inner_texts() == medians
    assert page.locator(".boxplot:visible").count() == pictures == len(medians) >= 6
    assert page.locator(".filters:visible, .top:visible").count() == 0
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / "reference-levels.pdf").write_bytes(page.pdf(format="A4"))


def test_the_table_downloads_with_the_same_numbers(visit, sampled):
    """The file holds each median of the page, with its unit."""
    page = visit().sign_in("physicist")
    page.goto(PAGE)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text(encoding="utf-8")
    rows = list(csv.DictReader(StringIO(text)))
    shown = page.locator(".drl-table tbody tr[data-median]").evaluate_all(
        "rows => rows.map(row => row.dataset.median)"
    )
    assert sorted(row["median"] for row in rows) == sorted(shown)
    assert {row["unit"] for row in rows} == {"mGy", "mGy·cm"}
