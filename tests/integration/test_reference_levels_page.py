"""The page of reference levels: samples of a period, medians, what is left out, and rights."""

import csv
import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from io import StringIO

import pytest
from sqlalchemy import insert

from dosebook_central.store.dose_models import ExamDose
from dosebook_central.store.models import Exam, Patient
from tests.support.web import make_site

DAY = date(2026, 5, 4)


def add_heads(engine, room, doses, **changes):
    """Captured head CTs of adults in one room, one a day, with these DLPs on the 16 cm phantom."""
    now = {"updated_at": changes.pop("now")}
    with engine.begin() as connection:
        for number, dose in enumerate(doses):
            name = f"{room}-{number}-{changes.get('origin', '')}-{changes.get('version', 1)}"
            started = f"{DAY + timedelta(days=number)}T09:00:00"
            connection.execute(
                insert(Exam).values(
                    id=name, group_id=name, patient_id="p", study_uid=name, started=started,
                    event_count=2, origin="captured", summary={}, **now,
                )
            )  # fmt: skip
            row = {
                "exam_id": name, "version": 1, "patient_id": "p", "started": started,
                "modality": "CT", "station": room, "origin": "captured", "phantom": "16cm",
                "procedure_id": "ct_head", "age_years": Decimal(60),
                "dlp_imaging_mgy_cm": Decimal(dose), "ctdi_vol_max_mgy": Decimal(50),
            }  # fmt: skip
            connection.execute(insert(ExamDose).values(**(row | changes)))


@pytest.fixture
def site(tmp_path):
    """A registry with one patient."""
    made = make_site(tmp_path)
    with made.engine.begin() as connection:
        connection.execute(
            insert(Patient).values(
                id="p", issuer="", identifier="1", updated_at=made.app.extensions["dosebook"].now()
            )
        )
    yield made
    made.importer.stop()
    made.engine.dispose()


def page(site, login="physicist", **arguments):
    """The page as one person sees it."""
    query = {"country": "JP", "since": "2026-01-01", "until": "2026-12-31"} | arguments
    return site.client(login).get("/reference-levels", query_string=query)


def test_r34_the_median_of_each_room_stands_beside_the_level(site):
    """R34: n, quartiles and the position of each room; under 20 exams none is judged."""
    now = site.app.extensions["dosebook"].now()
    add_heads(site.engine, "CT1", range(900, 925), now=now)
    add_heads(site.engine, "CT2", range(2000, 2030), now=now)
    add_heads(site.engine, "CT3", [1000] * 5, now=now)
    text = page(site).get_data(as_text=True)
    found = re.findall(r'data-median="([\d.]*)">\s*<td><a [^>]*>([^<]+)</a></td>', text)
    medians = {(room, float(median)) for median, room in found}
    assert {("CT1", 912), ("CT2", 2014.5), ("CT3", 1000)} <= medians
    assert "too few: under 20" in text
    assert text.count("above") >= 1
    assert text.count('role="img"') >= 4


def test_p46_imported_and_therapeutic_exams_are_no_part_of_it(site):
    """P46, R100: exams of other sites and therapeutic ones never enter local statistics."""
    now = site.app.extensions["dosebook"].now()
    add_heads(site.engine, "CT1", [1000] * 20, now=now)
    add_heads(site.engine, "CT9", [9000] * 20, now=now, origin="imported")
    add_heads(site.engine, "CT8", [9000] * 20, now=now, is_therapeutic=True)
    text = page(site).get_data(as_text=True)
    assert "CT1" in text
    assert "CT9" not in text
    assert "CT8" not in text


def test_p11_exams_on_another_phantom_are_left_out_and_counted(site):
    """P11: a DLP for the 32 cm phantom is not compared, and the page says how many were not."""
    now = site.app.extensions["dosebook"].now()
    add_heads(site.engine, "CT1", [1000] * 20, now=now)
    add_heads(site.engine, "CT2", [1000] * 3, now=now, phantom="32cm")
    text = page(site).get_data(as_text=True)
    assert re.search(r">3</span> — stated for the 32 cm phantom", text)


def test_an_empty_period_says_why(site):
    """A page without a sample says what is missing, and a period the wrong way round is turned."""
    text = page(site).get_data(as_text=True)
    assert "No exam was captured in this period." in text
    turned = page(site, since="2026-12-31", until="2026-01-01").get_data(as_text=True)
    assert 'name="since" value="2026-01-01"' in turned


@pytest.mark.parametrize(("login", "status"), [("physicist", 200), ("radiographer", 403)])
def test_r78_statistics_need_their_right(site, login, status):
    """R78: who may not see statistics does not."""
    assert page(site, login).status_code == status


def opened(site, room, login="physicist"):
    """The page of the exams behind the DLP sample of a room, by the link of its row."""
    text = page(site).get_data(as_text=True)
    found = re.findall(rf'data-row-link href="([^"]+)">{room}</a>', text)
    return site.client(login).get(unescape(found[-1]))


def test_a_row_opens_exactly_the_exams_that_made_it(site):
    """Each sample opens its exams with their values, and those left out with the reason."""
    now = site.app.extensions["dosebook"].now()
    add_heads(site.engine, "CT1", range(900, 925), now=now)
    add_heads(site.engine, "CT2", [1000] * 20, now=now)
    add_heads(site.engine, "CT1", [700], now=now, phantom="32cm", origin="captured", version=2)
    text = opened(site, "CT1").get_data(as_text=True)
    values = [float(value) for value in re.findall(r'<tr class="" data-value="([\d.]+)"', text)]
    assert values == sorted(range(900, 925), reverse=True)
    assert "left out: stated for the 32 cm phantom" in text
    assert "CT2-" not in text
    assert len(re.findall(r'href="/exams/CT1-', text)) == 26


def test_unusually_low_doses_are_named_for_their_image_quality(site):
    """Below half of the room's P25 an exam asks for a look at its image quality."""
    now = site.app.extensions["dosebook"].now()
    add_heads(site.engine, "CT1", [200, 499, 501, *[1000] * 22], now=now)
    assert "unusually low: check image quality" in page(site).get_data(as_text=True)
    text = opened(site, "CT1").get_data(as_text=True)
    low = re.findall(r'data-value="(\d+)">(?:(?!</tr>).)*unusually low', text, re.DOTALL)
    assert low == ["499", "200"]


def test_p42_the_tables_leave_as_typed_csv(site):
    """P42: numbers with a point, ISO dates, units named; a room is text and never a formula."""
    now = site.app.extensions["dosebook"].now()
    add_heads(site.engine, "=CT1", [Decimal("900.5")] * 20, now=now)
    query = {"country": "JP", "since": "2026-01-01", "until": "2026-12-31"}
    client = site.client("physicist")
    answer = client.get("/reference-levels/table.csv", query_string=query)
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(StringIO(answer.get_data(as_text=True))))
    dlp = {one["room"]: one for one in rows if one["quantity"] == "dlp"}
    assert set(dlp) == {"All rooms", "'=CT1"}
    assert (dlp["'=CT1"]["n"], dlp["'=CT1"]["median"], dlp["'=CT1"]["unit"]) == (
        "20",
        "900.5",
        "mGy·cm",
    )
    assert dlp["'=CT1"]["since"] == "2026-01-01"
    text = page(site).get_data(as_text=True)
    address = unescape(re.search(r'data-row-link href="([^"]+)">=CT1</a>', text)[1])
    sample = client.get(address.replace("/exams?", "/exams.csv?")).get_data(as_text=True)
    header, first = list(csv.reader(StringIO(sample)))[:2]
    assert header[3] in {"ctdi_vol (mGy)", "dlp (mGy·cm)"}
    assert re.fullmatch(r"2026-\d\d-\d\d", first[1])


def test_a_sample_that_is_not_there_is_not_found(site):
    """An address of a level or room that no exam is of gives 404, never another sample."""
    now = site.app.extensions["dosebook"].now()
    add_heads(site.engine, "CT1", [1000] * 20, now=now)
    query = {"country": "JP", "level": "nothing", "since": "2026-01-01", "until": "2026-12-31"}
    answer = site.client("physicist").get("/reference-levels/exams", query_string=query)
    assert answer.status_code == 404
