"""What the pages say to somebody who begins, and that their counts are whole."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from dosebook_central.store.engine import writing
from dosebook_central.store.models import Exam, Patient
from dosebook_central.web.numbers import days_text
from tests.support.web import make_site

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
