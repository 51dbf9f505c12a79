"""An exam beside the reference levels of its day: a hint in numbers, or why there is none."""

import re
from datetime import UTC, datetime

import pytest

from dosebook_central.derivation.engine import Rules, derive_batch
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.sets import Choices
from dosebook_central.store.derivation_due import mark_due
from dosebook_central.store.engine import writing
from tests.support.derivation import no_procedure
from tests.support.exams import library
from tests.support.one_exam import add_one_exam
from tests.support.web import make_site


def _head(*_):
    """Every exam is a CT of the head."""
    return ("ct_head", "decision")


def exam_page(folder, *, country, procedure_of=_head):
    """What the page of a head CT of 52 mGy says of levels in a registry of one country."""
    text = exam_html(folder, procedure_of=procedure_of, country=country)
    found = re.search(r'<section class="panel levels".*?</section>', text, re.DOTALL)
    return plain(found[0])


def plain(html):
    """What a page says, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)).replace("&#8239;", "\u202f")


def exam_html(folder, procedure_of=_head, sets=None, protocol="", **where):
    """The page of a head CT of 52 mGy."""
    site = make_site(folder, **where)
    now = datetime(2026, 5, 4, tzinfo=UTC)
    with writing(site.engine) as connection:
        add_one_exam(
            connection,
            now,
            exam={"modality": "CT", "station": "CT1", "facts": {"birth_date": "19600101"}},
            event={
                "kind": "ct",
                "phantom": "16cm",
                "protocol": protocol,
                "facts": {"values": {"ctdi_vol": "52", "dlp": "900"}},
            },
        )
        mark_due(connection)
        derive_batch(connection, Rules(sets or shipped(), procedure_of), 10)
    text = site.client("physicist").get("/exams/e").get_data(as_text=True)
    site.importer.stop()
    site.engine.dispose()
    return text


def test_r34_an_exam_stands_beside_the_level_of_its_day(tmp_path):
    """R34: value, ratio and level with its name; it says that a level is for a median."""
    text = exam_page(tmp_path, country="JP")
    assert "for the median of a sample, not one patient" in text
    assert re.search(r"CTDIvol 52.00\s*mGy \(event 1\) is 0\.776\s*× the level 67\.00", text)
    assert "JP 2025, Head routine unenhanced, adult" in text
    assert "does not state its phantom" in text


@pytest.mark.parametrize(
    ("country", "procedure_of", "words"),
    [("", _head, "registry.country"), ("JP", no_procedure, "not mapped")],
)
def test_where_no_level_applies_the_page_says_why(tmp_path, country, procedure_of, words):
    """Without a country or a procedure nothing is compared, and the page says what to do."""
    assert words in exam_page(tmp_path, country=country, procedure_of=procedure_of)


def test_p15_an_exempted_comparison_is_named_on_the_exam(tmp_path):
    """P15: the page names rule, place and reason, among the levels and at the top of the exam."""
    sets = library(ct_exemptions=Choices(is_enabled=True, with_unverified=True))
    text = plain(
        exam_html(tmp_path, sets=sets, protocol="CTP brain", country="JP", subdivision="DE-BY")
    )
    why = "not compared: rule brain-perfusion (DE): a perfusion scans one place many times"
    assert f"Event 1, reference levels and alert rules: {why}" in text
    assert text.count(why) >= 3
    assert "× the level" not in text
