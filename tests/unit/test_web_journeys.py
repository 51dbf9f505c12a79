"""What the pages say to somebody who begins, and that their counts are whole."""

import csv
import re
import time
from datetime import UTC, datetime
from io import StringIO

import pytest
from sqlalchemy import insert

from dosebook_central.audit import log
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Exam, Patient
from dosebook_central.web.numbers import days_text
from tests.support.web import make_site, post, token_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def site(tmp_path):
    """A registry on its first day."""
    made = make_site(tmp_path)
    yield made
    made.importer.stop()
    made.engine.dispose()


@pytest.mark.parametrize("path", ["/", "/boxes"])
def test_a_first_day_names_every_command_that_brings_a_box_in(site, path):
    """Pages without a box give whole commands, in the order in which they are typed."""
    page = site.client("administrator").get(path).get_data(as_text=True)
    commands = (
        "dosebook-box identity request --out room-1.csr",
        "dosebook-registry box add room-1 --csr room-1.csr",
        "dosebook-box identity install room-1.json",
    )
    places = [page.find(command) for command in commands]
    assert -1 not in places
    assert places == sorted(places)


def test_the_registry_is_no_box_of_its_own(site):
    """What the registry imports itself is not counted among the boxes that are well."""
    client = site.client("administrator")
    assert "no box is enrolled yet" in client.get("/").get_data(as_text=True)
    page = client.get("/boxes").get_data(as_text=True)
    assert "No box yet" in page
    assert "1 of 1 well" not in page


def test_all_exams_that_disagree_are_counted_though_few_are_listed(site):
    """The start page lists the newest eight exams whose evidences disagree, and counts them all."""
    with writing(site.engine) as connection:
        connection.execute(
            insert(Patient).values(id="p", issuer="", identifier="7", name="A^B", updated_at=NOW)
        )
        connection.execute(
            insert(Exam),
            [
                {
                    "id": f"e{number}",
                    "group_id": f"g{number}",
                    "origin": "captured",
                    "patient_id": "p",
                    "study_uid": f"2.25.{number}",
                    "started": f"2026-02-{number:02d}T10:00:00",
                    "modality": "CT",
                    "event_count": 1,
                    "has_conflict": True,
                    "summary": {},
                    "updated_at": NOW,
                }
                for number in range(1, 12)
            ],
        )
    page = site.client("radiologist").get("/").get_data(as_text=True)
    tile = page[page.index('href="#conflicts"') :].partition("</a>")[0]
    assert '<span class="task-number num">11</span>' in tile
    assert 'the newest <span class="num">8</span> of <span class="num">11</span>' in page


def test_reference_levels_say_that_nobody_named_the_country(site):
    """Levels of the first country of the list are not passed off as those of the hospital."""
    client = site.client("physicist")
    assert "registry.country" in client.get("/reference-levels").get_data(as_text=True)
    chosen = client.get("/reference-levels?country=DE").get_data(as_text=True)
    assert "registry.country" not in chosen


@pytest.mark.parametrize(
    ("days", "words"),
    [(1, "a day"), (30, "30 days"), (365, "a year"), (366, "a year"), (400, "400 days"),
     (1826, "5 years"), (730, "2 years"), (735, "735 days")],
)  # fmt: skip
def test_periods_of_rules_read_as_years_where_they_are_years(days, words):
    """Five years with their leap days are not 1826 days to a reader."""
    assert days_text(days) == words


def test_who_was_deactivated_by_mistake_is_back_with_one_press(site):
    """Deactivating signs a person out at once; the notice that says so takes it back."""
    client = site.client("administrator")
    post(client, "/people", "/people/1/active", active="no")
    page = client.get("/people").get_data(as_text=True)
    assert '<form action="/people/1/active?active=yes" method="post">' in page
    post(client, "/people", "/people/1/active?active=yes")
    assert "deactivated" not in client.get("/people").get_data(as_text=True)


def test_the_activity_log_leaves_as_a_file_with_what_the_filter_finds(site, monkeypatch):
    """The auditor takes every line of one person along, also what is beyond one page."""
    monkeypatch.setattr("dosebook_central.web.views.audit._AT_A_TIME", 2)
    for _ in range(3):
        site.client("radiographer").get("/patients")
    site.client("physicist")
    client = site.client("auditor")
    answer = client.get("/audit/lines.csv?actor=radiographer")
    rows = list(csv.DictReader(StringIO(answer.get_data(as_text=True))))
    assert answer.mimetype == "text/csv"
    assert {row["who"] for row in rows} == {"radiographer"}
    assert [row["act"] for row in rows] == ["session.start"] * 3
    assert [int(row["line"]) for row in rows] == sorted(
        (int(row["line"]) for row in rows), reverse=True
    )
    page = client.get("/audit?actor=auditor").get_data(as_text=True)
    assert "audit.export" in page
    assert "filters: actor" in page


def test_a_line_leads_to_all_lines_of_its_person_and_its_object(site):
    """Who looked at whom is one click, not an id that is copied by hand."""
    client = site.client("administrator")
    post(client, "/people", "/people/1/unlock")
    page = client.get("/audit?action=user.unlock").get_data(as_text=True)
    assert 'href="/audit?actor=administrator"' in page
    assert 'href="/audit?object=1"' in page


def test_rights_that_somebody_changed_meanwhile_are_not_overwritten(site):
    """A form opened before another administrator's change says so in place of undoing it."""
    client = site.client("administrator")
    page = client.get("/people/1").get_data(as_text=True)
    standing = re.search(r'name="standing" value="([^"]+)"', page)[1]
    post(client, "/people/1", "/people/1/rights", role="physicist")
    post(client, "/people/1", "/people/1/rights", role="radiographer", standing=standing)
    after = client.get("/people/1").get_data(as_text=True)
    assert "Not saved: role or rights were changed while this form was open." in after
    assert '<option value="physicist" selected>' in after


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/procedures?q=nothing-is-called-so", "No name in this selection"),
        ("/screens?profile=none", "No value in this selection"),
        ("/unassigned?box=none", "No reading in this selection"),
        ("/unassigned?page=7", "No reading in this selection"),
    ],
)
def test_an_empty_selection_is_not_told_as_an_empty_list(site, path, words):
    """A filter that finds nothing says so and leads out of it: work may wait beyond it."""
    page = site.client("administrator").get(path).get_data(as_text=True)
    assert words in page
    assert ">Show " in page


@pytest.mark.parametrize(
    ("path", "front"),
    [
        ("/quarantine?page=7", "/quarantine?state=open"),
        ("/same-exams?page=7", "/same-exams"),
        ("/same-exams?state=two&page=7", "/same-exams?state=two"),
    ],
)
def test_a_page_that_was_worked_off_leads_to_the_first(site, path, front):
    """Behind the last decision of the last page stands no claim that nothing waits."""
    answer = site.client("administrator").get(path)
    assert (answer.status_code, answer.location) == (302, front)


def test_a_decision_goes_back_to_the_page_that_it_was_made_on(site):
    """Who works through a long list stays on their page of it."""
    client = site.client("administrator")
    token = token_of(client.get("/same-exams").get_data(as_text=True))
    form = {"csrf_token": token, "counts": "a", "decision": "one", "page": "3"}
    made = client.post("/same-exams/a/b", data=form | {"reason": "sent twice"})
    assert made.location == "/same-exams?page=3"
    unsaid = client.post("/same-exams/a/b", data=form | {"reason": " "})
    assert unsaid.location == "/same-exams?page=3#pair-a-b"


@pytest.mark.parametrize(("text", "words"), [("a", "One letter finds everybody"), ("山", "Nobody")])
def test_a_search_says_that_one_letter_is_none(site, text, words):
    """One letter is not looked for, so it is not told as nobody; an ideograph is a name."""
    page = post(site.client("radiologist"), "/patients", "/patients", q=text)
    assert words in page.get_data(as_text=True)


def test_days_of_the_activity_log_are_those_of_the_times_it_shows(site, monkeypatch):
    """A day begins at midnight of the registry's zone, in which the lines stand."""
    client = site.client("auditor")
    with writing(site.engine) as connection:
        log.append(connection, log.Act("physicist", "exam.read"), NOW.replace(hour=20))
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        day = client.get("/audit?actor=physicist&since=2026-03-03&until=2026-03-03")
        before = client.get("/audit?actor=physicist&until=2026-03-02")
    time.tzset()
    assert "2026-03-03 05:00:00" in day.get_data(as_text=True)
    assert "No line matches" in before.get_data(as_text=True)


def test_an_older_page_of_the_activity_log_leads_back_to_the_newest(site):
    """The way back keeps what was asked for."""
    page = site.client("auditor").get("/audit?before=2&actor=auditor").get_data(as_text=True)
    assert re.search(r'href="/audit\?[^"]*actor=auditor[^"]*">Newest</a>', page)
