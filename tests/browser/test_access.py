"""What axe-core finds on the pages, and names and disagreements as people see them."""

import pytest
from sqlalchemy import select

from dosebook_central.store.models import Exam, Patient
from tests.support.axe import barriers
from tests.support.troubles import JAPANESE, NORWEGIAN

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


def exam_with(site, code):
    """Id of the exam, that has doses, with a conflict of this code."""
    with site[0].engine.connect() as connection:
        rows = connection.execute(select(Exam.id, Exam.summary).where(Exam.has_conflict)).all()
    return next(
        row.id
        for row in rows
        if row.summary["headline"] and row.summary["conflicts"][0]["code"] == code
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_serious_barrier(visit, site, scheme):
    """No page has a violation that axe-core calls serious or critical, in either theme."""
    with site[0].engine.connect() as connection:
        patient = connection.execute(select(Exam.patient_id).limit(1)).scalar_one()
    exam = exam_with(site, "total-differs")
    page = visit(scheme=scheme).sign_in()
    found = {}
    for path in (
        "/",
        f"/patients/{patient}",
        f"/patients/{patient}/cumulative",
        f"/exams/{exam}",
        f"/exams/{exam}/measures/0",
        "/boxes",
        "/quarantine",
        "/imports",
        "/people",
        "/audit",
        "/sets",
        "/sets/alert-thresholds",
        "/profile",
    ):
        page.goto(path)
        found[path] = barriers(page)
    assert {path: list(ids) for path, ids in found.items() if ids} == {}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("total-differs", ("X-ray dose report (RDSR)", "Performed procedure step (MPPS)", "apart")),
        ("instance-changed", ("One object came twice", "captured", "10 % apart")),
        ("event-of-two-patients", ("two patients", "counted once")),
    ],
)
def test_p07_disagreement_names_both_numbers_and_where_they_stand(visit, site, code, words):
    """P6, P7, P9: a disagreement is one sentence with both numbers and their objects."""
    page = visit().sign_in("physicist")
    page.goto(f"/exams/{exam_with(site, code)}")
    sentence = page.locator(".flags .warn").first.inner_text()
    assert [word for word in words if word not in sentence] == []


def test_p46_imported_exams_are_marked(visit, site):
    """P46: an exam known from imported files only says so in the history and on its page."""
    with site[0].engine.connect() as connection:
        row = connection.execute(
            select(Exam.id, Exam.patient_id).where(Exam.origin == "imported").limit(1)
        ).one()
    page = visit().sign_in("radiologist")
    page.goto(f"/patients/{row.patient_id}")
    assert page.locator(f".exams tr[data-exam='{row.id}'] .origin-mark").count() == 1
    marked = page.locator(".origin-mark").count()
    assert 0 < marked < page.locator(".exams tbody tr").count()
    page.goto(f"/exams/{row.id}")
    assert page.locator(".exam-title .origin-mark").inner_text() == "imported"


def test_p22_names_beyond_ascii_are_shown_and_found(visit, site):
    """P22: ideographs first with their reading beside; sorlie finds Sørlie, kana finds Yamada."""
    page = visit().sign_in("radiologist")
    with site[0].engine.connect() as connection:
        patient = connection.execute(select(Patient.id).where(Patient.name == JAPANESE)).scalar()
    page.goto(f"/patients/{patient}")
    assert page.inner_text(".patient-name h1") == "山田 花子"
    assert page.inner_text(".patient-name .muted") == "Yamada Hanako · やまだ はなこ"
    family = NORWEGIAN.split("^")[0]
    for typed, shown in (("sorlie", family), ("やまだ", "山田 花子")):
        page.fill("#search", typed)
        page.wait_for_selector(f".hits .hit-name >> text={shown}")
