"""The pages of procedure names without scripts: forms, languages, limits, and what is logged."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from dosebook_central.domain.procedures.names import name_id
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.procedures.look import look
from dosebook_central.store.dose_models import ProcedureName
from dosebook_central.store.engine import writing
from dosebook_central.store.models import AuditEvent, Exam, Patient
from tests.support.web import make_site, post

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> Thorax"
TEXTS = ("CT Thorax nativ", "CT Kopf nativ", "Tx 4711", HOSTILE)


@pytest.fixture
def site(tmp_path):
    """A registry with four names."""
    made = make_site(tmp_path)
    patient = {"id": "p", "issuer": "", "identifier": "1", "name": "", "name_search": ""}
    exams = [
        {
            "id": str(number),
            "group_id": str(number),
            "patient_id": "p",
            "study_uid": f"2.25.{number}",
            "modality": "CT",
            "description": text,
            "event_count": 1,
            "origin": "captured",
            "summary": {},
            "facts": {"descriptions": [text]},
            "updated_at": NOW,
        }
        for number, text in enumerate(TEXTS)
    ]
    with writing(made.engine) as connection:
        connection.execute(insert(Patient).values(**patient, updated_at=NOW))
        connection.execute(insert(Exam), exams)
        look(connection, shipped())
    yield made
    made.importer.stop()
    made.engine.dispose()


def _states(site):
    with site.engine.connect() as connection:
        rows = connection.execute(select(ProcedureName.raw, ProcedureName.state))
        return {raw: state for raw, state in rows if state != "open"}


def _acts(site):
    with site.engine.connect() as connection:
        return connection.execute(
            select(AuditEvent.action, AuditEvent.actor, AuditEvent.object_id)
            .where(AuditEvent.action.startswith("procedure."))
            .order_by(AuditEvent.id)
        ).all()


def test_procedures_are_named_in_the_language_of_the_browser(site):
    """A French browser reads French names; an unknown language reads English ones."""
    client = site.client("physicist")
    for language, words in (
        ("fr-BE,fr;q=0.9", "Scanner thoracique sans"),
        ("fi", "CT chest without"),
    ):
        headers = {"Accept-Language": language}
        page = client.get("/procedures?state=suggested", headers=headers).get_data(as_text=True)
        assert words in page


def test_p40_a_hostile_name_is_shown_as_text(site):
    """P40: whatever a console sends as description is text, on the list and on its own page."""
    client = site.client("physicist")
    for path in ("/procedures", f"/procedures/{name_id('ct', HOSTILE)}"):
        page = client.get(path).get_data(as_text=True)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_nothing_is_confirmed_that_nobody_chose(site):
    """Where nothing is likely, the form begins with no procedure and asks for one."""
    client = site.client("physicist")
    unclear = client.get(f"/procedures/{name_id('ct', 'Tx 4711')}").get_data(as_text=True)
    assert '<option value="">choose' in unclear
    assert " selected" not in unclear.partition("<select")[2]
    likely = client.get(f"/procedures/{name_id('ct', 'CT Thorax nativ')}").get_data(as_text=True)
    assert '<option value="">' not in likely
    assert 'value="ct_chest" selected' in likely


def test_forms_do_without_scripts_and_each_decision_is_logged(site):
    """Choose on the name's page, set aside, undo: by forms alone, each one line of the log."""
    client, key = site.client("data-manager"), name_id("ct", "Tx 4711")
    page = f"/procedures/{key}"
    assert post(client, page, f"{page}/confirm", procedure="ct_kub").status_code == 302
    assert _states(site) == {"Tx 4711": "confirmed"}
    answer = client.get(page).get_data(as_text=True)
    assert "confirmed as CT kidneys" in answer
    assert 'class="link">Undo' in answer
    post(client, page, f"{page}/ignore")
    assert _states(site) == {"Tx 4711": "ignored"}
    post(client, page, f"{page}/undo")
    post(client, page, f"{page}/undo")
    assert _states(site) == {}
    verbs = ("confirm", "ignore", "undo", "undo")
    assert _acts(site) == [(f"procedure.{verb}", "data-manager", key) for verb in verbs]


def test_a_procedure_that_does_not_exist_is_refused(site):
    """Only procedures of the list can be confirmed, only levels of the list accepted."""
    client, key = site.client("data-manager"), name_id("ct", "Tx 4711")
    answer = post(client, "/procedures", f"/procedures/{key}/confirm", procedure="ct_nonsense")
    assert answer.status_code == 400
    for form in ({"level": "0.10"}, {"level": "0.90", "state": "confirmed"}):
        assert post(client, "/procedures", "/procedures/accept", **form).status_code == 400
    assert _states(site) == {}
    assert _acts(site) == []


def test_accepting_many_keeps_to_the_filters_of_the_page(site):
    """What is confirmed at once is what the page shows: its state, its modality, its words."""
    client = site.client("data-manager")
    form = {"level": "0.95", "state": "suggested", "q": "kopf"}
    post(client, "/procedures", "/procedures/accept", **form)
    assert _states(site) == {"CT Kopf nativ": "confirmed"}
    page = client.get("/procedures?state=suggested").get_data(as_text=True)
    assert "1 name confirmed" in page
    undo = page.split('form action="/procedures/undo/')[1].split('"')[0]
    post(client, "/procedures", f"/procedures/undo/{undo}")
    assert _states(site) == {}


def test_p35_the_start_page_says_what_is_unmapped_to_those_who_map(site):
    """P35: the share is a number on the start page of those who can bring it down."""
    page = site.client("physicist").get("/").get_data(as_text=True)
    assert "of exams without a procedure" in page
    assert "50.0" in page
    assert "of exams without a procedure" not in site.client("radiographer").get("/").get_data(
        as_text=True
    )
