"""The review of procedure names as a person does it: by keyboard, a thousand names long."""

import time
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from sqlalchemy import insert, select

from dosebook_central.domain.procedures.vocabulary import vocabulary_of
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.procedures.look import look
from dosebook_central.store.dose_models import ProcedureDecision, ProcedureName
from dosebook_central.store.engine import writing
from dosebook_central.store.models import AuditEvent, Exam, Patient
from tests.support.axe import barriers
from tests.support.raw_names import site_names
from tests.support.web import make_site, need_built_pages, post

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = 1000


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A registry with a thousand distinct names under 3,000 exams."""
    need_built_pages()
    made = make_site(tmp_path_factory.mktemp("names"))
    patient = {"id": "p", "issuer": "", "identifier": "1", "name": "", "name_search": ""}
    exams = [
        {
            "id": f"{number:04d}-{copy}",
            "group_id": f"{number}-{copy}",
            "patient_id": "p",
            "study_uid": f"2.25.{number}.{copy}",
            "started": f"2026-02-{number % 28 + 1:02d}T10:00:00",
            "modality": name.modality,
            "description": name.text,
            "event_count": 1,
            "origin": "captured",
            "summary": {},
            "facts": {"descriptions": [name.text]},
            "updated_at": NOW,
        }
        for number, name in enumerate(site_names(vocabulary_of(shipped()), count=NAMES))
        for copy in range(1 + (NAMES - number) // 250)
    ]
    with writing(made.engine) as connection:
        connection.execute(insert(Patient).values(**patient, updated_at=NOW))
        connection.execute(insert(Exam), exams)
        look(connection, shipped())
    yield made, None
    made.importer.stop()
    made.engine.dispose()


def _state(site, name_id):
    with site[0].engine.connect() as connection:
        return connection.execute(
            select(ProcedureName.state, ProcedureName.procedure_id).where(
                ProcedureName.id == name_id
            )
        ).one()


def _row(page):
    page.wait_for_selector("tr[data-row]:focus")
    return page.evaluate("document.activeElement.id").removeprefix("n-")


def _reopened(page, name_id):
    page.wait_for_selector(f"#n-{name_id}[data-name-state=open]")


def _toast(page, words):
    page.wait_for_selector(f".toast >> text={words}")


def test_p35_names_are_reviewed_by_keyboard_alone(visit, site):
    """P35: move, confirm, choose in another language, set aside, undo: no mouse, no ids."""
    page = visit().sign_in("data-manager")
    page.goto("/procedures?state=suggested")
    page.wait_for_selector("[data-names] tr[data-row]")
    page.keyboard.press("j")
    first = _row(page)
    page.keyboard.press("Enter")
    _toast(page, "Undo")
    assert _state(site, first).state == "confirmed"
    second = _row(page)
    assert second != first
    page.keyboard.press("x")
    _toast(page, "is set aside")
    assert _state(site, second) == ("ignored", "")
    third = _row(page)
    page.keyboard.press("/")
    page.wait_for_selector("dialog#choose[open]")
    page.keyboard.type("rochers")
    page.wait_for_selector("#choose-hits [data-procedure=ct_petrous]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    _toast(page, "is CT temporal bones")
    assert _state(site, third) == ("confirmed", "ct_petrous")
    page.keyboard.press("u")
    _reopened(page, third)
    assert _state(site, third).state == "open"
    page.keyboard.press("k")
    assert _row(page) == second
    page.keyboard.press("u")
    _reopened(page, second)
    assert _state(site, second).state == "open"
    with site[0].engine.connect() as connection:
        told = connection.scalars(
            select(AuditEvent.action).where(AuditEvent.action.startswith("procedure."))
        ).all()
    assert told[-5:] == [
        "procedure.confirm",
        "procedure.ignore",
        "procedure.confirm",
        "procedure.undo",
        "procedure.undo",
    ]


def test_a_name_that_fits_several_procedures_is_never_confirmed_by_enter(visit, site):
    """What the words leave open is asked, not guessed: Enter shows the choices, Escape none."""
    with site[0].engine.connect() as connection:
        row = connection.execute(
            select(ProcedureName.id, ProcedureName.raw).where(
                ProcedureName.why.contains("does not say which"), ProcedureName.family == "ct"
            )
        ).first()
    page = visit().sign_in("physicist")
    page.goto("/procedures?" + urlencode({"state": "unmapped", "q": row.raw}))
    page.keyboard.press("j")
    name_id = _row(page)
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog#choose[open] [role=option] >> nth=1")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"#n-{name_id}:focus")
    assert _state(site, name_id).state == "open"


def test_more_names_follow_without_gaps(visit, site):
    """The next page begins after the last name shown, whatever was decided meanwhile."""
    page = visit().sign_in("physicist")
    page.goto("/procedures?state=suggested")
    shown = page.eval_on_selector_all("[data-names] tr[data-row]", "rows => rows.map(r => r.id)")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    _toast(page, "Undo")
    page.click("[data-more]")
    page.wait_for_selector(f"[data-names] tr[data-row] >> nth={len(shown)}")
    ids = page.eval_on_selector_all("[data-names] tr[data-row]", "rows => rows.map(r => r.id)")
    assert ids[: len(shown)] == shown
    assert len(set(ids)) == len(ids) == 200
    page.keyboard.press("u")
    _toast(page, "taken back")


def test_many_suggestions_are_accepted_at_once_and_taken_back(visit, site):
    """The count stands beside the level before anybody confirms; one undo takes all back."""
    page = visit().sign_in("physicist")
    page.goto("/procedures?state=suggested")
    option = page.locator("select[name=level] option").first
    promised = int(
        "".join(filter(str.isdecimal, option.inner_text().split(":")[1].split("name")[0]))
    )
    page.select_option("select[name=level]", option.get_attribute("value"))
    page.get_by_role("button", name="Confirm these").click()
    page.wait_for_selector(f".toast >> text={promised} names confirmed")
    with site[0].engine.connect() as connection:
        before = len(connection.scalars(select(ProcedureDecision.id)).all())
    assert promised > 500
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector(f".toast >> text={promised} names taken back")
    with site[0].engine.connect() as connection:
        assert len(connection.scalars(select(ProcedureDecision.id)).all()) == before + promised
        states = connection.scalars(select(ProcedureName.state).distinct()).all()
    assert "confirmed" not in states or promised


def test_reading_is_for_clinical_roles_and_deciding_is_not(visit, site):
    """A radiologist reads what a name is taken for and finds no button to change it."""
    page = visit().sign_in("radiologist")
    page.goto("/procedures?state=suggested")
    assert page.locator("[data-names] tr[data-row]").count() == 100
    assert page.locator(".decide button, dialog#choose").count() == 0
    name_id = page.locator("[data-names] tr[data-row]").first.get_attribute("id")[2:]
    target = f"/procedures/{name_id}/confirm"
    refused = post(site[0].client("radiologist"), "/", target, procedure="ct_head")
    assert refused.status_code == 403
    assert _state(site, name_id).state == "open"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (800, "light")])
def test_the_page_fits_and_is_quick(visit, site, width, scheme):
    """A thousand names: shown in a second, without a sideways scroll of the page, both themes."""
    window = visit(width=width, scheme=scheme)
    page = window.sign_in("physicist")
    started = time.monotonic()
    page.goto("/procedures")
    page.wait_for_selector("[data-names] tr[data-row]")
    took = time.monotonic() - started
    assert took < 3, f"{took:.2f} s"  # the aim is one second; the machine of a test is shared
    page.keyboard.press("j")
    window.shoot(f"procedures-{width}-{scheme}")
    found = barriers(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto("/procedures?state=suggested")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("/")
    page.keyboard.type("thorax")
    page.wait_for_selector("#choose-hits [role=option]")
    window.shoot(f"procedures-choose-{width}-{scheme}")
    assert found + barriers(page) == []
    page.goto("/")
    assert "to map" in page.inner_text(".tasks")
    window.shoot(f"procedures-home-{width}-{scheme}")
