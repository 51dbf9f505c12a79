"""Derived doses on an exam's page: method, interval and reason of each number, and versions."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import insert, select

from dosebook_central.dosimetry.stored_form import from_text, to_text
from dosebook_central.dosimetry.values import Flag, Interval
from dosebook_central.store.dose_models import Derivation, ExamDose
from dosebook_central.store.models import Event, Exam
from tests.support.axe import barriers
from tests.support.derivation import derive_all

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

KINDS = ("CT", "XA", "MG", "PT")


@pytest.fixture(scope="module")
def exams(site):
    """Id of one derived exam of each kind: the one with most events, and a biplane one for XA."""
    derive_all(site[0])
    with site[0].engine.connect() as connection:
        found = {
            kind: connection.execute(
                select(Exam.id)
                .where(Exam.modality == kind)
                .order_by(Exam.event_count.desc(), Exam.id)
                .limit(1)
            ).scalar_one()
            for kind in KINDS
        }
        found["XA"] = connection.execute(
            select(Event.exam_id).where(Event.plane == "b").limit(1)
        ).scalar_one()
    return found


@pytest.fixture
def page(visit):
    """A physicist's browser."""
    return visit().sign_in("physicist")


def _derivations(site, exam_id):
    with site[0].engine.connect() as connection:
        return connection.execute(
            select(Derivation).where(Derivation.exam_id == exam_id).order_by(Derivation.version)
        ).mappings().all()  # fmt: skip


def test_p31_effective_dose_says_what_it_is_and_by_which_set(page, exams):
    """P31: the headline says "estimate for a reference person" and names the coefficient set."""
    page.goto(f"/exams/{exams['CT']}")
    figure = page.locator(".figure", has_text="Effective dose")
    text = figure.inner_text()
    assert "mSv" in text
    assert "estimate for a reference person" in text
    assert re.search(r"[a-z0-9-]+ \d", text.splitlines()[-1])


def test_a_derived_value_opens_method_inputs_interval_and_its_inputs_sources(page, exams):
    """Click: formula, citation, set, inputs, interval or why none, version; an input goes on."""
    page.goto(f"/exams/{exams['CT']}")
    page.locator(".events td.is-derived a.source").last.click()
    page.wait_for_selector("#evidence >> text=Computed from")
    text = page.inner_text("#evidence")
    for word in ("Method", "After", "Set", "Interval", "Computed from", "Versions", "DLP"):
        assert word in text
    assert page.locator("#evidence a[href^='/sets/']").count() == 1
    page.locator("#evidence .inputs a.source").first.click()
    page.wait_for_selector("#evidence >> text=Written as")
    assert "SHA-256" in page.inner_text("#evidence")


def test_p14_localisers_stay_in_sight_and_two_totals_are_labelled(page, exams):
    """P14: report total and imaging total are two labelled numbers; localisers say they are out."""
    page.goto(f"/exams/{exams['CT']}")
    text = page.locator(".figure", has_text="DLP").first.inner_text()
    assert "as the report totals it" in text
    assert "imaging only" in text
    planning = page.locator(".events tr.planning")
    assert planning.count() > 0
    assert "not in the imaging total" in planning.first.inner_text()


def test_not_computable_is_an_answer_with_a_reason(page, exams):
    """P29: what has no value stands under "not computable" with its reason, and is not 0."""
    page.goto(f"/exams/{exams['CT']}")
    reasons = page.locator(".absences li")
    assert reasons.count() > 0
    assert all(len(text.split()) > 5 for text in reasons.all_inner_texts())


def test_p16_planes_stand_side_by_side(page, exams):
    """P16: two planes in two columns; what adds Ka,r says at two different reference points."""
    page.goto(f"/exams/{exams['XA']}")
    assert page.locator(".planes thead th").all_inner_texts() == [
        "By plane",
        "Plane A",
        "Plane B",
        "Both planes",
    ]
    row = page.locator(".planes tr", has=page.locator("sub", has_text="a,r")).first
    assert "sum at two different reference points" in row.inner_text()


def test_breasts_stand_side_by_side_and_are_never_one_number(page, exams):
    """R-mammography: AGD by view in two columns, accumulated per breast, without a patient sum."""
    page.goto(f"/exams/{exams['MG']}")
    assert page.locator(".sides thead th").all_inner_texts()[1:] == ["Left breast", "Right breast"]
    cells = page.locator(".sides tbody tr", has_text="accumulated").locator("td .num")
    left, right = (Decimal(text) for text in cells.all_inner_texts()[:2])
    assert f"{left + right}" not in page.inner_text(".exam-main")


def test_p60_pet_ct_is_one_exam_of_two_parts(page, exams):
    """P60: both parts have their heading, their events and their own columns."""
    page.goto(f"/exams/{exams['PT']}")
    titles = page.locator(".part-title").all_inner_texts()
    assert [title.split(" ", 2)[:2] for title in titles] == [["Part", "1:"], ["Part", "2:"]]
    assert "CTDI" in page.locator(".events").first.inner_text()
    assert "CTDI" not in page.locator(".events").last.inner_text()


def test_p56_earlier_versions_stand_beside_the_one_in_force(visit, site, exams):
    """P56: after a recomputation the old value is there with what was different, unchanged."""
    exam_id = exams["MG"]
    (first,) = _derivations(site, exam_id)
    derived = from_text(first["body"])
    place = next(i for i, one in enumerate(derived.values) if one.quantity == "effective_dose")
    old = derived.values[place]
    new = replace(
        old,
        value=old.value * 2,
        interval=Interval(old.value, old.value * 3, "choice of set", "range of published factors"),
        method=replace(old.method, coefficient_set="another-set", set_version="7"),
    )
    flag = Flag("phantom-region", "the phantom does not go with the region", 1)
    body = to_text(
        replace(
            derived,
            values=(*derived.values[:place], new, *derived.values[place + 1 :]),
            flags=(*derived.flags, flag),
        )
    )
    with site[0].engine.begin() as connection:
        connection.execute(
            insert(Derivation).values(dict(first) | {"version": 2, "body": body, "reason": "set"})
        )
        connection.execute(
            ExamDose.__table__.update().where(ExamDose.exam_id == exam_id).values(version=2)
        )
    page = visit().sign_in("physicist")
    page.goto(f"/exams/{exam_id}")
    assert "Event 1: the phantom does not go with the region." in page.inner_text(".flags")
    page.goto(f"/exams/{exam_id}/derived/2/{place}")
    text = page.inner_text("#evidence")
    assert "range of published factors" in text
    assert "choice of set" in text
    assert f"set {old.method.coefficient_set}" in page.inner_text("#evidence .versions")
    assert str(old.value) in page.inner_text("#evidence .versions")
    page.goto(f"/exams/{exam_id}/derived/1/{place}")
    assert "no longer in force, kept as it was" in page.inner_text("#evidence")
    assert next(iter(_derivations(site, exam_id)))["body"] == first["body"]


def test_history_shows_effective_dose_as_column_and_as_area(page, site, exams):
    """The history marks by effective dose on demand; its column says how sure each number is."""
    with site[0].engine.connect() as connection:
        patient = connection.execute(
            select(Exam.patient_id).where(Exam.id == exams["CT"])
        ).scalar_one()
    page.goto(f"/patients/{patient}?quantity=effective_dose")
    page.wait_for_selector(".chart-canvas svg")
    assert "Effective dose, one scale for all lanes" in page.inner_text("figcaption")
    row = page.locator(f".exams tr[data-exam='{exams['CT']}']")
    assert "estimate for a reference person" in row.locator("td span[title]").last.get_attribute(
        "title"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_derived_doses_have_no_barrier_and_fit(visit, exams, scheme, width):
    """axe-core finds nothing serious, nothing is wider than the window; pictures for people."""
    window = visit(width=width, height=1700, scheme=scheme)
    page = window.sign_in("physicist")
    for kind, exam_id in exams.items():
        page.goto(f"/exams/{exam_id}")
        if width == 1280:
            page.locator(".derived a.source").first.click()
            page.wait_for_selector(".evidence-head")
        assert barriers(page) == [], kind
        window.shoot(f"derived-{kind.lower()}-{scheme}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, kind
