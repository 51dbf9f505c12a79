"""Exams that may be one as people see them: on every page that adds up, and decided by hand."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dosebook_central.coefficients.adopt import adopt_shipped
from dosebook_central.fleet.ca import REGISTRY_NAME
from dosebook_central.store.models import Exam
from dosebook_central.store.queries.same_exams import count_open
from dosebook_protocol.cose import Signer
from dosebook_protocol.reading import Patient
from tests.support.axe import barriers
from tests.support.readings import PATIENT
from tests.support.registry import RegistryUnderTest, SigningBox
from tests.support.same_exams import screen, take_in, xray
from tests.support.seed import add_people
from tests.support.waiting import eventually
from tests.support.web import make_site, need_built_pages

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]
NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """An angiography room: a screen under another study, one without a patient, and a single."""
    need_built_pages()
    folder = tmp_path_factory.mktemp("angiography")
    registry = RegistryUnderTest(folder)
    add_people(registry.engine)
    adopt_shipped(registry.engine, Signer(Ed25519PrivateKey.generate(), REGISTRY_NAME), NOW)
    box = registry.add(SigningBox("angio-1"))
    other = replace(PATIENT, id="4712", name="Keller^Jonas")
    take_in(
        registry,
        box,
        xray(),
        screen(),
        xray("1.5", shots=[("15:02:11", "2.417")], patient=other, accession="B1"),
        replace(
            screen("1.4", "2.42", patient=Patient(), accession=""),
            study=replace(screen("1.4").study, time="150300", accession_number=""),
        ),
        xray("1.3", shots=[("08:00:00", "0.91")], accession="A0"),
    )
    made = make_site(folder, registry.engine, now=lambda: NOW)
    yield made, registry
    made.importer.stop()
    registry.close()


def _open(site):
    with site[1].engine.connect() as connection:
        return count_open(connection)


def _patient(site):
    return dict(site[1].rows(Exam.study_uid, Exam.patient_id))["1.9"]


def test_a_double_is_seen_decided_and_taken_back(visit, site):
    """Notice on exam, history and sum; one exam by a decision; an undo brings everything back."""
    assert _open(site) == 2
    exams = dict(site[1].rows(Exam.study_uid, Exam.id))
    opened = visit()
    page = opened.sign_in("physicist")
    page.goto(f"/exams/{exams['1.8']}")
    assert "KAP 4.236 Gy·cm² may count twice" in page.inner_text("#same").replace("\u202f", " ")
    page.goto(f"/patients/{_patient(site)}")
    assert page.locator("text=may be double").count() == 2
    page.goto(f"/patients/{_patient(site)}/cumulative?quantity=kap")
    assert "too high" in page.inner_text(".remarks")
    page.click("nav.main-nav >> text=Collect")
    page.click("text=Possible doubles")
    pair = page.locator(".case", has_text="Muster")
    pair.locator("input[name=reason]").fill("Screen and report of one procedure")
    pair.locator("button[value=one]").click()
    page.wait_for_selector(".toast >> text=One exam")
    assert _open(site) == 1
    take_in(site[1], None)
    page.goto(f"/exams/{exams['1.8']}")
    assert page.url.endswith(exams["1.9"])
    assert "One exam by decision" in page.inner_text("#same")
    opened.shoot("same-exams-joined")
    page.goto(f"/patients/{_patient(site)}/cumulative?quantity=kap")
    assert "too high" not in page.inner_text("main")
    page.goto("/same-exams?state=one")
    assert "Counts no more: KAP 4.24 Gy·cm²" in page.inner_text(".case").replace("\u202f", " ")
    opened.shoot("same-exams-decided")
    page.click("text=Take back")
    page.wait_for_selector(".toast >> text=Taken back")
    eventually(lambda: _open(site) == 2)
    take_in(site[1], None)


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
def test_the_pages_fit_in_both_themes(visit, site, width, scheme):
    """The list, an exam, the history and the sum: no barrier, no sideways scroll."""
    exams = dict(site[1].rows(Exam.study_uid, Exam.id))
    opened = visit(width=width, scheme=scheme)
    page = opened.sign_in("physicist")
    for name, path in {
        "list": "/same-exams",
        "none": "/same-exams?state=two",
        "exam": f"/exams/{exams['1.9']}",
        "history": f"/patients/{_patient(site)}",
        "sum": f"/patients/{_patient(site)}/cumulative?quantity=kap",
        "home": "/",
    }.items():
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert barriers(page) == [], path
        opened.shoot(f"same-exams-{name}-{width}-{scheme}")
    assert opened.problems == []
