"""Alerts, rules and patients to look at in a real browser: by keyboard, both themes, two widths."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from dosebook_central.alerting.judging import Judging
from dosebook_central.derivation.engine import derive_batch
from dosebook_central.domain.alerts.rule import Rule
from dosebook_central.store.derivation_due import mark_due
from dosebook_central.store.dose_models import Alert, AlertRule
from dosebook_central.store.engine import writing
from dosebook_central.store.queries import alert_rules
from tests.support.axe import barriers
from tests.support.derivation import shipped_rules

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

SIZES = [(1280, "light"), (1280, "dark"), (800, "light"), (800, "dark")]


@pytest.fixture(scope="module")
def judged(site):
    """The hospital with two rules of its own, every exam derived and judged."""
    rules = [
        Rule("large-dlp", "look at the protocol", "exam", "dlp", threshold=Decimal(600)),
        Rule(
            "often", "ask whether the next exam can wait", "count", "exams",
            threshold=Decimal(5), period_days=3650, is_at_risk=True,
        ),
        Rule("kerma", "look at the skin", "exam", "dose_rp", threshold=Decimal(50), level="alert"),
    ]  # fmt: skip
    with writing(site[0].engine) as connection:
        for rule in rules:
            alert_rules.save_rule(
                connection, rule, is_enabled=True, actor="me", now=datetime.now(UTC)
            )
        mark_due(connection)
        judging = Judging()
        while derive_batch(connection, shipped_rules(), 100, [judging]).taken:
            pass
    return site


def fits(page, width):
    """The page itself never scrolls sideways."""
    return page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_the_pages_fit_and_have_no_barriers(visit, judged, width, scheme):
    """Alerts, rules, a rule, patients to look at, an alerting exam: calm, narrow, accessible."""
    window = visit(width=width, scheme=scheme)
    page = window.sign_in("physicist")
    with judged[0].engine.connect() as connection:
        exam = connection.scalars(select(Alert.exam_id).where(Alert.rule_id == "kerma")).first()
    found = []
    for name, path in (
        ("alerts", "/alerts"),
        ("rules", "/alerts/rules"),
        ("rule", "/alerts/rules/large-dlp"),
        ("at-risk", "/at-risk"),
        ("alerting-exam", f"/exams/{exam}"),
    ):
        page.goto(path)
        window.shoot(f"{name}-{width}-{scheme}")
        if not fits(page, width):
            found.append(f"{path} is wider than {width} px")
        found += [f"{path}: {barrier}" for barrier in barriers(page)]
    assert found == []


def test_r36_the_list_of_alerts_opens_exams_by_keyboard(visit, judged):
    """R36: j moves through the alerts, Enter opens the exam, where the same sentence stands."""
    page = visit().sign_in("physicist")
    page.goto("/alerts?rule=kerma")
    page.keyboard.press("j")
    row = page.locator("tr:focus-within")
    sentence = row.locator("td").nth(4).inner_text().split("\n")[0]
    page.keyboard.press("Enter")
    page.wait_for_selector("#alerts")
    assert sentence in page.inner_text("#alerts")


def test_a_filter_stands_in_the_address(visit, judged):
    """Choosing a rule reloads the list with the choice in the address, and nothing empty."""
    page = visit().sign_in("physicist")
    page.goto("/alerts")
    page.select_option("select[name=rule]", "large-dlp")
    page.wait_for_url("**/alerts?rule=large-dlp")
    assert set(page.locator("tbody td:nth-child(5) .sub").all_inner_texts()) == {"large-dlp"}


def test_r35_a_rule_is_tried_saved_and_taken_back_by_keyboard(visit, judged):
    """R35: without a mouse: change a threshold, try it, save it, undo it from the toast."""
    page = visit().sign_in("physicist")
    page.goto("/alerts/rules/large-dlp")
    page.focus("input[name=threshold]")
    page.keyboard.press("Control+A")
    page.keyboard.type("1")
    _tab_to(page, "button[value=try]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tried")
    fired = int(re.search(r"fired (\d+) times", page.inner_text(".tried"))[1])
    with judged[0].engine.connect() as connection:
        before = connection.scalar(
            select(func.count()).select_from(Alert).where(Alert.rule_id == "large-dlp")
        )
    assert fired >= before
    assert page.input_value("input[name=threshold]") == "1"
    page.focus("input[name=threshold]")
    _tab_to(page, "button[value=save]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast >> text=Undo")
    page.focus("main")
    _tab_to(page, ".toast button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast >> text=Taken back")
    with judged[0].engine.connect() as connection:
        versions = alert_rules.rule_versions(connection, "large-dlp")
    assert [one.rule.threshold for one in versions[:3]] == [600, 1, 600]


def test_the_unit_follows_the_quantity_and_fields_follow_the_kind(visit, judged):
    """A threshold names the unit of its quantity; a period is asked only of a rule over one."""
    page = visit().sign_in("physicist")
    page.goto("/alerts/rules/new")
    threshold = page.locator("label:has(input[name=threshold])")
    assert "mGy" in threshold.inner_text()
    assert page.is_hidden("input[name=period_days]")
    page.select_option("select[name=quantity]", "effective_dose")
    page.select_option("select[name=kind]", "sum")
    assert "mSv" in threshold.inner_text()
    assert page.is_visible("input[name=period_days]")
    page.select_option("select[name=kind]", "count")
    assert page.input_value("select[name=quantity]") == "exams"
    page.fill("input[name=title]", "ask")
    page.fill("input[name=threshold]", "3")
    page.click("button[value=save]")
    page.wait_for_selector("[role=alert]")
    assert "need a period" in page.inner_text("[role=alert]")
    with judged[0].engine.connect() as connection:
        assert "ask" not in {row.body["title"] for row in connection.execute(select(AlertRule))}


def test_p59_a_patient_to_look_at_opens_the_history(visit, judged):
    """P59: each line gives its reason and opens the patient; nothing speaks of a limit."""
    page = visit().sign_in("radiologist")
    page.goto("/at-risk?years=all")
    text = page.inner_text("main")
    assert "ask whether the next exam can wait" in text
    assert "limit" not in text.casefold()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector(".patient-name h1")


def _tab_to(page, selector):
    for _ in range(80):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the keyboard does not reach {selector}")
