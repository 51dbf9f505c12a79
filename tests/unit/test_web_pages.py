"""What the pages make of values and of hostile text, and how many statements they need."""

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import event, insert, text

from dosebook_central.domain.exam import Basis, ExamSummary, Measure, to_json
from dosebook_central.store.models import Exam, Patient
from dosebook_central.web.numbers import (
    lined_up,
    number_text,
    quantity_html,
    texts_apart,
    zone_text,
)
from tests.support.web import make_site

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>'\"><img src=x onerror=alert(2)>"


def _exam(number, *measures, modality="CT", description="CT head"):
    return {
        "id": f"exam{number}",
        "group_id": f"group{number}",
        "origin": "captured",
        "patient_id": "p1",
        "study_uid": f"2.25.{number}",
        "started": f"2026-02-{number:02d}T10:00:00",
        "modality": modality,
        "description": description,
        "station": description,
        "event_count": 1,
        "summary": to_json(ExamSummary(headline=measures)),
        "updated_at": NOW,
    }


def _dlp(value, phantom):
    return Measure("dlp", "DLP", Decimal(value), "mGy.cm", Basis.STATED, phantom=phantom)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """One patient with a hostile name and four exams, one with no name and an undated exam."""
    made = make_site(tmp_path_factory.mktemp("pages"))
    patient = {
        "id": "p1",
        "issuer": HOSTILE,
        "identifier": "1",
        "name": HOSTILE,
        "name_search": "script",
        "updated_at": NOW,
    }
    exams = [
        _exam(1, _dlp("0", "32cm")),
        _exam(2),
        _exam(3, _dlp("100", "16cm"), _dlp("200", "32cm")),
        _exam(4, _dlp("300", None), description=HOSTILE),
    ]
    with made.engine.begin() as connection:
        connection.execute(insert(Patient).values(**patient))
        bare = patient | {"id": "p2", "identifier": "2", "issuer": "", "name": ""}
        connection.execute(insert(Patient).values(**bare))
        undated = _exam(5) | {"patient_id": "p2", "started": "", "description": "", "station": ""}
        connection.execute(insert(Exam), [*exams, undated])
    yield made
    made.importer.stop()
    made.engine.dispose()


@pytest.fixture(scope="module")
def client(site):
    """A signed-in administrator."""
    return site.client("administrator")


@pytest.mark.parametrize("path", ["/", "/patients/p1", "/exams/exam4"])
def test_p40_markup_in_objects_is_shown_as_text(client, path):
    """P40: whatever an object carries as name or description is text on the page."""
    page = client.get(path).get_data(as_text=True)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page


def test_p29_zero_and_missing_differ_in_chart_and_table(client):
    """P29: a stated zero is a number, a missing value is none, in the chart's data too."""
    page = client.get("/patients/p1").get_data(as_text=True)
    points = page.split("data-points='")[1].split("'")[0]
    assert '"id":"exam1"' in points.replace(" ", "")
    assert '"value":"0"' in points.replace(" ", "")
    assert '"value":null' in points.replace(" ", "")
    assert 'data-exam="exam1" data-value="0"' in page
    assert 'data-exam="exam2" data-value=""' in page
    assert number_text(None, "dlp") == "—"
    assert number_text(Decimal(0), "dlp") == "0.0"


def test_p29_what_a_patient_and_an_exam_do_not_state_is_said_so(client):
    """P29: no name, birth date, sex or issuer; an exam without a date is listed, not drawn."""
    page = client.get("/patients/p2").get_data(as_text=True)
    assert "name not stated" in page
    band = page.partition('<dl class="patient-facts">')[2].partition("</dl>")[0]
    assert band.count('title="not stated"') == 3  # born, sex, issuer
    assert "n = 0 of 1 exam<" in page
    assert "1 exam has no date and stands in the list below only." in page
    assert 'data-exam="exam5"' in page


def test_p13_phantoms_stand_apart_and_are_never_summed(client):
    """P13: two phantoms are two values with their phantom beside them, without a sum."""
    page = client.get("/exams/exam3").get_data(as_text=True)
    assert "16 cm" in page
    assert "32 cm" in page
    assert "300" not in page
    assert "phantom not stated" in client.get("/exams/exam4").get_data(as_text=True)


@pytest.mark.parametrize(
    ("value", "quantity", "shown"),
    [
        ("0.00012345", "dose_area_product", "0.000123"),
        ("0.0113", "dose_area_product", "0.0113"),
        ("0.0298004", "dose_area_product", "0.0298"),
        ("0.05", "dose_area_product", "0.050"),
        ("12.34567", "dose_area_product", "12.346"),
        ("252.37", "dlp", "252.37"),
        ("252.3712", "dlp", "252.4"),
        ("252.00", "dlp", "252.0"),
        ("1E+2", "dlp", "100.0"),
    ],
)
def test_numbers_keep_three_digits_and_what_a_console_shows(value, quantity, shown):
    """Rounding for a column never hides a factor, and a stated 252.37 is not shown as 252.4."""
    assert number_text(Decimal(value), quantity) == shown


def test_a_column_has_the_decimals_of_its_longest_number():
    """The numbers of one column line up at the same decimals."""
    column = [Decimal("0.0113"), Decimal("1.2"), None]
    shown = [number_text(one, "dose_area_product", column) for one in column]
    assert shown == ["0.0113", "1.2000", "—"]


def test_points_of_a_column_stand_under_each_other():
    """Three digits of each leave different decimals: blanks as wide stand for the rest."""
    column = ["1.80", "10.7", "0.005", "12"]
    lined = [lined_up(one, column) for one in column]
    assert [one.strip() for one in lined] == column
    from_right = [len(one) - one.index(".") for one in lined[:3]]
    assert len(set(from_right)) == 1
    assert len(lined[3]) - len("12") == from_right[0]
    assert lined_up("3", ["3", "14"]) == "3"


def test_two_numbers_that_differ_never_look_the_same():
    """A difference is shown with the decimals that tell the two numbers apart."""
    assert texts_apart(Decimal("252.37001"), Decimal("252.37002"), "dlp") == (
        "252.37001",
        "252.37002",
    )
    assert texts_apart(Decimal(100), Decimal("110.25"), "dlp") == ("100.00", "110.25")


def test_indices_stand_below_the_line_in_every_quantity():
    """Ka,r and CTDIvol are set alike wherever they are part of a label."""
    assert quantity_html("dose_rp") == "K<sub>a,r</sub>"
    assert quantity_html("fluoro_dose_rp") == "Fluoroscopy K<sub>a,r</sub>"
    assert quantity_html("ctdi_vol") == "CTDI<sub>vol</sub>"


@pytest.mark.parametrize(
    ("zone", "words"),
    [("UTC0", "UTC"), ("CET-1", "CET (UTC+01:00)"), ("<+0530>-5:30", "UTC+05:30")],
)
def test_the_zone_of_times_is_named(monkeypatch, zone, words):
    """The server's zone by name and distance, once where the name is no more than that."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        shown = zone_text(NOW)
    time.tzset()
    assert shown == words


def test_history_page_needs_few_statements(site, client):
    """The history takes three statements, with session and log six, whatever its length."""
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_):
        statements.append(statement)

    event.listen(site.engine, "before_cursor_execute", note)
    try:
        assert client.get("/patients/p1").status_code == 200
    finally:
        event.remove(site.engine, "before_cursor_execute", note)
    assert len(statements) <= 6, statements


def test_history_uses_its_index(site):
    """The exams of one patient are found by index, not by walking all exams."""
    with site.engine.connect() as connection:
        plan = connection.execute(
            text("EXPLAIN QUERY PLAN SELECT id FROM exam WHERE patient_id = 'p1' ORDER BY started")
        ).all()
    assert "ix_exam_patient_id_started" in str(plan)


def test_p59_no_word_of_a_limit_on_a_patients_page(client):
    """P59: no page speaks of a limit for a patient's dose."""
    for path in ("/patients/p1", "/exams/exam3"):
        assert "limit" not in client.get(path).get_data(as_text=True).casefold()


def test_a_page_says_that_the_database_cannot_be_used_and_comes_back(tmp_path, caplog):
    """Disk full, server away: a sentence in the page and the reason in the log, no bare error."""
    made = make_site(tmp_path)
    client = made.client("physicist")
    database, away = tmp_path / "registry.db", tmp_path / "away.db"
    made.engine.dispose()
    database.rename(away)
    database.mkdir()  # what stands there cannot be opened
    answer = client.get("/boxes")
    assert answer.status_code == 503
    assert "The database cannot be used at the moment" in answer.get_data(as_text=True)
    assert client.get("/boxes", headers={"HX-Request": "true"}).status_code == 503
    (said, *_) = [vars(one) for one in caplog.records if "store_unavailable" in str(vars(one))]
    assert "the database: unable to open database file" in str(said)
    database.rmdir()
    away.rename(database)
    assert client.get("/boxes").status_code == 200
