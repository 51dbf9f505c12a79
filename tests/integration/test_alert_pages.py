"""Pages of alerts, rules and patients to look at: trying, versions, words and rights."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from dosebook_central.alerting.judging import Judging
from dosebook_central.derivation.engine import derive_batch
from dosebook_central.domain.alerts.rule import Rule
from dosebook_central.store.derivation_due import mark_due
from dosebook_central.store.dose_models import AlertRule, DerivationDue
from dosebook_central.store.engine import writing
from dosebook_central.store.models import AuditEvent
from dosebook_central.store.queries import alert_rules
from tests.support.derivation import shipped_rules
from tests.support.one_exam import add_one_exam
from tests.support.web import make_site, post

TOTAL = {"quantity": "dose_rp", "value": "5600", "basis": "summed"}


@pytest.fixture
def site(tmp_path):
    """A registry with one patient, and one procedure of 5.6 Gy that is derived and judged."""
    made = make_site(tmp_path)
    now = datetime.now(UTC)
    with writing(made.engine) as connection:
        add_one_exam(
            connection,
            now,
            exam={
                "modality": "XA",
                "station": "XA1",
                "facts": {"birth_date": "19600101", "totals": [TOTAL]},
            },
            event={"kind": "projection", "facts": {"values": {"dose_rp": "5600"}}},
        )
        mark_due(connection)
        derive_batch(connection, shipped_rules(), 10, [Judging()])
    yield made
    made.importer.stop()
    made.engine.dispose()


def form(**changes):
    """A rule as the form sends it."""
    return {
        "title": "look at the skin",
        "kind": "exam",
        "quantity": "dose_rp",
        "comparison": ">=",
        "threshold": "4000",
        "level": "alert",
        "do": "save",
        "is_enabled": "yes",
    } | changes


def send(site, path, **fields):
    """Send a form as the physicist."""
    return post(site.client("physicist"), "/alerts/rules/new", path, **fields)


def test_r36_an_alert_stands_on_the_list_with_its_reason(site):
    """R36: the list names exam, level and the reason in one sentence."""
    text = site.client("radiologist").get("/alerts").get_data(as_text=True)
    assert "Ka,r 5600 mGy is above 5000 mGy" in text
    assert "/exams/e" in text


def test_r35_a_rule_is_tried_before_it_is_saved(site):
    """R35: trying says how often it would have fired and saves nothing."""
    answer = send(site, "/alerts/rules/new", **form(do="try"))
    text = answer.get_data(as_text=True)
    assert "would have fired" in text
    assert "Ka,r 5600 mGy is above 4000 mGy: look at the skin." in text
    with site.engine.connect() as connection:
        assert connection.execute(select(AlertRule.id)).all() == []


def test_a_change_is_a_new_version_and_is_logged(site):
    """A saved rule is a version beside the one before; the act is in the log, all exams are due."""
    assert send(site, "/alerts/rules/srdl-kar", **form(threshold="4,5e3")).status_code == 302
    assert send(site, "/alerts/rules/srdl-kar", **form(is_enabled="")).status_code == 302
    with site.engine.connect() as connection:
        found = [
            (one.rule.version, one.is_enabled, one.rule.threshold)
            for one in alert_rules.rule_versions(connection, "srdl-kar")
        ]
        acts = connection.scalars(select(AuditEvent.object_id)).all()
        due = connection.scalars(select(DerivationDue.exam_id)).all()
    assert found == [(3, False, Decimal(4000)), (2, True, Decimal(4500))]
    assert acts.count("srdl-kar") == 2
    assert due == ["e"]


def test_two_who_change_one_rule_hear_of_each_other(site):
    """A form older than the rule is refused with who was first, and keeps what was typed."""
    assert send(site, "/alerts/rules/srdl-kar", **form(of="1")).status_code == 302
    late = form(of="1", threshold="4321")
    answer = send(site, "/alerts/rules/srdl-kar", **late)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "physicist saved version 2 while this form was open" in text
    assert 'value="4321"' in text
    assert '<input type="hidden" name="of" value="2">' in text
    assert send(site, "/alerts/rules/srdl-kar", **late | {"of": "2"}).status_code == 302


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"threshold": "much"}, "The threshold is no number: much"),
        ({"threshold": ""}, "State one of"),
        ({"quantity": "ctdi_vol", "kind": "sum", "period_days": "30"}, "never adds up"),
        ({"period_days": "soon"}, "no whole number of days"),
        ({"threshold": "NaN"}, "is no number"),
        ({"threshold": "-5"}, "Threshold: has to be above 0"),
        ({"times_room": "1", "threshold": ""}, "Times off its room: has to be above 1"),
        ({"regions": "haed"}, "Regions: “haed” is none that Dosebook knows; near it: head"),
        ({"procedures": "ct_hed"}, "Procedures: “ct_hed” is none that Dosebook knows; near it: ct"),
    ],
)
def test_what_makes_no_sense_is_said_and_kept_in_the_form(site, changes, words):
    """A refused form says why in words and still holds what was typed."""
    answer = send(site, "/alerts/rules/new", **form(**changes))
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in text
    assert 'value="look at the skin"' in text


def test_a_rule_of_blanks_is_refused_in_the_words_of_its_form(site):
    """A field of spaces passes the browser; what is said then names the field as the form does."""
    text = send(site, "/alerts/rules/new", **form(title="  ")).get_data(as_text=True)
    assert "What to do: write in a few words" in text


def test_p59_patients_to_look_at_are_listed_without_any_word_of_a_limit(site):
    """P59: the list gives reasons, links the history, and never speaks of a limit."""
    rule = Rule(
        "kerma-year", "plan a follow-up", "sum", "dose_rp", threshold=Decimal(5000),
        period_days=365, is_at_risk=True,
    )  # fmt: skip
    with writing(site.engine) as connection:
        now = datetime.now(UTC)
        alert_rules.save_rule(connection, rule, is_enabled=True, actor="me", now=now)
        mark_due(connection)
        derive_batch(connection, shipped_rules(), 10, [Judging()])
    text = site.client("radiologist").get("/at-risk").get_data(as_text=True)
    assert "Ka,r of 5600 mGy from 1 exam on" in text
    assert "/patients/p" in text
    assert "no reason to refuse" in text
    assert "limit" not in text.lower()


@pytest.mark.parametrize(
    ("login", "path", "status"),
    [
        ("radiographer", "/at-risk", 403),
        ("physicist", "/at-risk", 200),
        ("radiographer", "/alerts/rules", 403),
        ("director", "/alerts/rules", 200),
        ("auditor", "/alerts", 403),
    ],
)
def test_r78_pages_need_their_rights(site, login, path, status):
    """R78: each page opens for those who have its right."""
    assert site.client(login).get(path).status_code == status


def test_r78_only_who_manages_dosimetry_changes_a_rule(site):
    """R78: a director sees the rule and cannot save it."""
    answer = post(
        site.client("director"), "/alerts/rules/srdl-kar", "/alerts/rules/srdl-kar", **form()
    )
    assert answer.status_code == 403


def test_r36_filters_stand_in_the_address_and_say_when_nothing_is_left(site):
    """R36: level, rule, room and day choose the alerts; an empty choice leads back to all."""
    client = site.client("radiologist")
    today = datetime.now(UTC).astimezone().date().isoformat()
    found = {
        query: "/exams/e" in client.get(f"/alerts?{query}").get_data(as_text=True)
        for query in (
            "rule=srdl-kar",
            "room=XA1",
            f"since={today}&until={today}",
            "since=2999-01-01",
            "level=information",
            "page=2",
            "room=unknown&page=x",
        )
    }
    assert found == {
        "rule=srdl-kar": True,
        "room=XA1": True,
        f"since={today}&until={today}": True,
        "since=2999-01-01": False,
        "level=information": False,
        "page=2": False,
        "room=unknown&page=x": True,
    }
    assert "No alert in this selection" in client.get("/alerts?page=2").get_data(as_text=True)


def test_p47_an_alerting_exam_is_marked_wherever_it_is_listed(site):
    """P47: exam page with the sentence and its rule, history, start page: each marks the exam."""
    client = site.client("physicist")
    exam = client.get("/exams/e").get_data(as_text=True)
    assert "Ka,r 5600 mGy is above 5000 mGy" in exam
    assert "/alerts/rules/srdl-kar" in exam
    for path in ("/patients/p", "/"):
        text = client.get(path).get_data(as_text=True)
        row = next(row for row in text.split("<tr") if 'href="/exams/e"' in row and "status" in row)
        assert "substantial dose" in row, path
    assert "raised since yesterday" in client.get("/").get_data(as_text=True)
    assert "Rule srdl-kar, version 1" in site.client("radiographer").get("/exams/e").text


def test_undo_says_again_what_the_rule_said_before(site):
    """The toast's undo adds a version equal to the former one; a later change is not lost."""
    with site.engine.connect() as connection:
        (shipped,) = [
            one.rule
            for one in alert_rules.list_rules(connection, shipped_rules().library)
            if one.rule.id == "srdl-kar"
        ]
    path = "/alerts/rules/srdl-kar"
    assert send(site, path, **form(threshold="4500", is_enabled="")).status_code == 302
    assert send(site, f"{path}/undo/2").status_code == 302
    with site.engine.connect() as connection:
        latest, changed = alert_rules.rule_versions(connection, "srdl-kar")
    assert (latest.rule.threshold, latest.is_enabled) == (shipped.threshold, True)
    assert (changed.rule.threshold, changed.is_enabled) == (Decimal(4500), False)
    assert send(site, f"{path}/undo/2").status_code == 302
    with site.engine.connect() as connection:
        assert alert_rules.rule_versions(connection, "srdl-kar")[0].rule.version == 3


def test_undo_of_a_new_rule_switches_it_off(site):
    """A rule that did not exist before cannot be unsaid; it is off and stays readable."""
    send(site, "/alerts/rules/new", **form())
    with site.engine.connect() as connection:
        rule_id = connection.scalars(select(AlertRule.id)).one()
    send(site, f"/alerts/rules/{rule_id}/undo/2")
    with site.engine.connect() as connection:
        latest = alert_rules.rule_versions(connection, rule_id)[0]
    assert (latest.rule.version, latest.is_enabled) == (3, False)


def test_rules_are_found_by_words_and_parted_by_state(site):
    """A search holds every word; what is on stands before what is off."""
    client = site.client("physicist")
    text = client.get("/alerts/rules?q=ka,r").get_data(as_text=True)
    assert "srdl-kar" in text
    assert "skin_band" not in text.lower()
    both = client.get("/alerts/rules").get_data(as_text=True)
    assert both.index("Rules that are on") < both.index("Rules that are off")
