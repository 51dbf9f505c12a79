"""Several orders of one acquisition in a registry: parts, corrections, undo, on both engines."""

import re
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy import select

from dosebook_central.store.dose_models import ExamDose, OrderDecision
from dosebook_central.store.engine import writing
from dosebook_central.store.models import AuditEvent, Exam
from dosebook_central.store.orders import decide, decisions, in_force
from tests.support.derivation import derive_all
from tests.support.orders import REPORT, take_in
from tests.support.readings import event
from tests.support.registry import NOW, SigningBox
from tests.support.web import make_site, post


@pytest.fixture
def registry(registry):
    """A registry on each engine with one CT that answers two orders, derived."""
    take_in(registry)
    return registry


@pytest.fixture
def exam_id(registry):
    """The exam."""
    ((found,),) = registry.rows(Exam.id)
    return found


@pytest.fixture
def site(registry, tmp_path):
    """Its pages."""
    made = make_site(tmp_path, registry.engine)
    yield made
    made.importer.stop()


def _panel(site, exam_id, login="physicist"):
    html = site.client(login).get(f"/exams/{exam_id}").get_data(as_text=True)
    found = re.search(r'<section class="panel" id="orders">.*?</section>', html, re.DOTALL)
    return found[0] if found else ""


def _text(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def _correct(site, exam_id, login="physicist", **form):
    page = f"/exams/{exam_id}"
    named = {name.replace("_", "-"): value for name, value in form.items()}
    return post(site.client(login), page, f"{page}/orders", **named)


def test_p10_parts_of_two_orders_stand_on_the_exam_and_add_up(site, exam_id):
    """P10: the report names A1, the regions decide; the parts and the rounding make the total."""
    text = _text(_panel(site, exam_id))
    assert "A1 CT head 2 300.75" in text
    assert "A2 CT chest 1 300.00" in text
    assert "In no event what the report totals beside its events, mostly rounding 0.25" in text
    assert "Exam 3 601.00" in text
    assert "the only order that asks for this region" in text


def test_p10_a_person_corrects_an_event_and_takes_it_back(site, registry, exam_id):
    """P10: a correction moves the dose between orders, keeps the sum, and is undone by a row more.

    Every decision stays, with who and when; the activity log has both acts.
    """
    assert _correct(site, exam_id, order_1="A2").status_code == 302
    panel = _text(_panel(site, exam_id))
    assert "A1 CT head 1 200.25" in panel
    assert "A2 CT chest 2 400.50" in panel
    assert "Exam 3 601.00" in panel
    assert "assigned to A2" in panel

    assert _correct(site, exam_id, undo="1").status_code == 302
    panel = _text(_panel(site, exam_id))
    assert "A1 CT head 2 300.75" in panel
    assert "took the decision before it back" in panel
    assert [row[:2] for row in registry.rows(OrderDecision.act, OrderDecision.actor)] == [
        ("assign", "physicist"),
        ("undo", "physicist"),
    ]
    acts = [one for (one,) in registry.rows(AuditEvent.action) if one.startswith("order.")]
    assert acts == ["order.assign", "order.undo"]


def test_p10_an_event_may_be_shown_with_all_orders(site, exam_id):
    """P10: a topogram for both orders is assigned to neither, and its dose is in no order."""
    _correct(site, exam_id, order_1="")
    text = _text(_panel(site, exam_id))
    assert "A1 CT head 1 200.25" in text
    assert "Not assigned shown with all orders 1 100.50" in text


def test_p09_a_correction_changes_no_dose_of_exam_or_patient(site, registry, exam_id):
    """P9: the exam, its derived doses and the patient's sum count each event once, as before."""
    columns = [one for one in ExamDose.__table__.columns if one.name != "version"]
    before = registry.rows(*columns), registry.everything()
    _correct(site, exam_id, order_1="A2", order_2="", order_3="A1")
    derive_all(registry)
    assert (registry.rows(*columns), registry.everything()) == before
    assert [row[0] for row in registry.rows(ExamDose.dlp_mgy_cm)] == [601]


def test_p10_corrections_need_the_right_and_an_order_of_the_exam(site, registry, exam_id):
    """A radiographer reads the parts without the form; unknown orders and events are refused."""
    assert "<select" in _panel(site, exam_id, "data-manager")
    assert "<select" not in _panel(site, exam_id, "radiographer")
    assert _correct(site, exam_id, "radiographer", order_1="A2").status_code == 403
    assert _correct(site, exam_id, order_1="A9").status_code == 400
    assert _correct(site, exam_id, undo="1").status_code == 400
    assert registry.rows(OrderDecision.id) == []


def test_p10_an_exam_with_one_order_shows_no_panel(site, registry):
    """Exams with one accession number, nearly all, have no panel and no form."""
    box = registry.add(SigningBox("ct-2"))
    only = replace(REPORT, sop_instance_uid="7.7", events=(event("7.1", dlp=5),), totals=())
    only = replace(only, study=replace(only.study, uid="7.9"), scope_uid="7.9")
    assert registry.statuses(box.message(b"only", only)) == ["stored"]
    found = {study: exam for exam, study in registry.rows(Exam.id, Exam.study_uid)}
    assert _panel(site, found["7.9"]) == ""
    assert _correct(site, found["7.9"], order_1="A1").status_code == 404


def test_p10_decisions_follow_the_event_when_an_exam_is_reconciled_anew(registry, exam_id):
    """A decision is on event and patient: what is read again later keeps it."""
    with writing(registry.engine) as connection:
        assert decide(connection, exam_id, {"1.1": "A2", "9.9": "A1"}, "anna", NOW) == 1
    box = registry.add(SigningBox("ct-3"))
    again = replace(REPORT, created=replace(REPORT.created, local="2026-03-02T11:00:00"))
    again = replace(again, sop_instance_uid="1.2.9", study=replace(REPORT.study, uid="1.9"))
    assert registry.statuses(box.message(b"again", again)) == ["stored"]
    with registry.engine.connect() as connection:
        (now_id,) = connection.scalars(select(Exam.id))
        held = in_force(decisions(connection, now_id))
    assert {uid: (one.accession_number, one.actor) for uid, one in held.items()} == {
        "1.1": ("A2", "anna")
    }
