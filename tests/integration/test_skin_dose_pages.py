"""The skin dose page without a browser: each state in words, rights, fragments, and the acts."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import select, update

from dosebook_central.dosimetry.skin_dose.model import REQUEST, Request, to_text
from dosebook_central.dosimetry.skin_dose.result import Computed, conclude
from dosebook_central.store import skin_dose as store
from dosebook_central.store.dose_models import SkinDose
from dosebook_central.store.engine import writing
from dosebook_central.store.models import AuditEvent, Exam
from tests.support.pyskindose_own import example
from tests.support.registry import RegistryUnderTest, SigningBox
from tests.support.seed import add_people
from tests.support.skin_dose import ask, beam_event
from tests.support.tree import ROOT
from tests.support.web import make_site, post

NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A registry with one exam of fluoroscopy, and its pages."""
    folder = tmp_path_factory.mktemp("site")
    registry = RegistryUnderTest(folder)
    add_people(registry.engine)
    box = registry.add(SigningBox("angio-1"))
    assert registry.statuses(
        box.message(example("siemens_axiom_example_procedure").read_bytes())
    ) == ["stored"]
    made = make_site(folder, registry.engine)
    yield made
    made.importer.stop()
    registry.close()


@pytest.fixture
def exam_id(site):
    """The exam, without any skin dose yet."""
    with writing(site.engine) as connection:
        connection.execute(SkinDose.__table__.delete())
        return connection.scalar(select(Exam.id))


def row_of(exam_id, state, **fields):
    """A computation in a state."""
    plain = store.SkinDoseRow(
        exam_id, "a" * 64, state, 0, 24, "", None, "", "pyskindose test", NOW, NOW, None
    )
    return replace(plain, **fields)


def done(exam_id, *events, hitting=(1, 2), **fields):
    """A finished computation: 3.2 Gy on the back."""
    request = ask(*(events or (beam_event(1), beam_event(2))))
    assert isinstance(request, Request)
    rows = [[0.0] * 63 for _ in range(152)]
    for column in range(14, 19):
        rows[40][column] = rows[41][column] = 3200.0 - 400 * abs(column - 16)
    result = conclude(request, Computed(rows, hitting), "a" * 64)
    plain = row_of(exam_id, "done", peak_mgy=result.peak_mgy, result=to_text(result))
    return replace(plain, finished_at=NOW, **fields)


def put(site, row):
    """Store a computation."""
    with writing(site.engine) as connection:
        store.put(connection, [row])


def page_of(site, exam_id, login="physicist", **headers):
    """The page's text without tags, and its HTML."""
    answer = site.client(login).get(f"/exams/{exam_id}/skin-dose", headers=headers)
    assert answer.status_code == 200
    html = answer.get_data(as_text=True)
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split()), html


def test_a_result_shows_peak_place_share_bands_and_every_assumption(site, exam_id):
    """R23: peak with unit and interval, place, share of Ka,r, areas by dose, all assumptions."""
    put(site, done(exam_id))
    text, html = page_of(site, exam_id)
    assert "Peak skin dose 3 200 mGy" in text
    assert "Back of the body, 40 cm below the head end" in text
    assert "Expected between 768 and 5 632 mGy" in text
    assert "2 of 2 irradiation events, 100 % of the Ka,r" in text
    for words in ("What this map assumes", "1.786 m and 73.2 kg", "not measured in this room"):
        assert words in text
    assert re.search(r"3 Gy</td><td class=\"num right\">4</td>", html)
    assert "peak 3 200 mGy" in text
    assert "lower bound" not in text


def test_a_map_with_events_missing_says_lower_bound_and_lists_them(site, exam_id):
    """Events that are not on the map stand in a table with their reason; the peak is at least."""
    put(site, done(exam_id, beam_event(1), beam_event(2), beam_event(3, kvp=None, dose_rp=4)))
    text, _ = page_of(site, exam_id)
    assert "A lower bound: 83.3 % of the Ka,r is on this map" in text
    assert "Peak skin dose, at least" in text
    assert "no tube voltage" in text
    assert "no upper end" in text


def test_a_refusal_is_a_sentence_and_says_what_kerma_is_not(site, exam_id):
    """A refused exam shows the reason in words and no picture."""
    refusal = ask(beam_event(1, kvp=None))
    put(site, row_of(exam_id, "refused", reason=refusal.reason, result=to_text(refusal)))
    text, html = page_of(site, exam_id)
    assert "No skin dose map" in text
    assert "no tube voltage in 1 of 1 events" in text
    assert "not a skin dose" in text
    assert "skin-map" not in html


def test_progress_is_shown_and_the_page_asks_again(site, exam_id):
    """A running computation shows events done of all; the fragment asks again until it ends."""
    put(site, row_of(exam_id, "running", progress=7))
    text, html = page_of(site, exam_id)
    assert "7 of 24 irradiation events" in text
    assert 'hx-trigger="load delay' in html
    _, fragment = page_of(site, exam_id, **{"HX-Request": "true"})
    assert "<html" not in fragment
    assert "7 of 24" in fragment


def test_an_exam_that_was_never_due_says_when_skin_doses_are_computed(site, exam_id):
    """Before anything is known the page teaches instead of staying empty."""
    text, _ = page_of(site, exam_id)
    assert "Not computed yet" in text
    assert "the registry computes it by itself" in text
    missing = site.client("physicist").get("/exams/nothing/skin-dose")
    assert missing.status_code == 404


def test_only_who_manages_dosimetry_may_call_off_and_try_again(site, exam_id):
    """A radiographer reads; a physicist calls off and queues again, and both acts are logged."""
    request = ask(beam_event(1))
    put(site, row_of(exam_id, "queued", result=REQUEST.dump_json(request).decode()))
    path = f"/exams/{exam_id}/skin-dose"
    reader = site.client("radiographer")
    assert "Call off" not in reader.get(path).get_data(as_text=True)
    assert post(reader, path, f"{path}/call-off").status_code == 403
    physicist = site.client("physicist")
    assert post(physicist, path, f"{path}/call-off").status_code == 302
    text, _ = page_of(site, exam_id)
    assert "called off by a person" in text
    assert post(physicist, path, f"{path}/retry").status_code == 302
    text, _ = page_of(site, exam_id)
    assert "Waiting to be computed" in text
    with site.engine.connect() as connection:
        acts = set(connection.scalars(select(AuditEvent.action)))
    assert {"skin_dose.call_off", "skin_dose.retry", "skin_dose.read"} <= acts


def test_p56_earlier_results_stay_listed(site, exam_id):
    """P56: the result that holds is shown, the one before it stands below with its version."""
    put(site, done(exam_id, software="pyskindose older"))
    later = replace(done(exam_id), input_sha256="b" * 64, queued_at=NOW.replace(hour=13))
    put(site, replace(later, peak_mgy=Decimal(3200)))
    text, _ = page_of(site, exam_id)
    assert "Earlier computations (1)" in text
    assert "pyskindose older" in text


def test_the_preview_is_small_and_honest(site, exam_id):
    """The exam's page gets the peak with a small picture, or the reason in one line."""

    def preview():
        answer = site.client("radiographer").get(f"/exams/{exam_id}/skin-dose/preview")
        return answer.get_data(as_text=True)

    assert "Not computed yet" in preview()
    put(site, done(exam_id))
    assert "skin-map is-small" in preview()
    assert "Back of the body" in preview() or "back of the body" in preview()
    with writing(site.engine) as connection:
        connection.execute(update(SkinDose).values(state="failed", reason="it did"))
    assert "Not computed: it did" in preview()


def test_the_ramp_goes_one_way_in_lightness_in_both_themes():
    """The shades can be told apart in grey: lightness falls throughout in light, rises in dark."""
    css = (ROOT / "central/dosebook_central/web/assets/src/_tokens.css").read_text()
    stops = re.findall(r"--dose-\d: light-dark\(#(\w{6}), #(\w{6})\)", css)
    assert len(stops) == 5
    light, dark = ([_luminance(pair[theme]) for pair in stops] for theme in (0, 1))
    assert light == sorted(light, reverse=True)
    assert dark == sorted(dark)
    for ramp in (light, dark):
        assert max(ramp) > 10 * min(ramp)


def _luminance(colour):
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
