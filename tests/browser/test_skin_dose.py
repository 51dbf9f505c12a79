"""The skin dose map in a real browser: picture, window by keyboard, narrow and dark, print."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from dosebook_central.dosimetry.skin_dose.model import to_text
from dosebook_central.dosimetry.skin_dose.result import Computed, conclude
from dosebook_central.store import skin_dose as store
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Exam
from tests.support.axe import barriers
from tests.support.skin_dose import ask, beam_event

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def mapped(site):
    """An exam of fluoroscopy with a finished map: two fields, the larger dose on the back."""
    with site[0].engine.connect() as connection:
        exam_id = connection.scalar(select(Exam.id).where(Exam.modality == "XA"))
    request = ask(beam_event(1), beam_event(2))
    rows = [[0.0] * 63 for _ in range(152)]
    for row in range(40, 56):
        for column in range(10, 22):
            rows[row][column] = 2400.0 + 60 * (row - 40) if 12 < column < 18 else 900.0
        for column in range(28, 34):
            rows[row][column] = 300.0
    result = conclude(request, Computed(rows, [1, 2]), "a" * 64)
    row = store.SkinDoseRow(
        exam_id, "a" * 64, "done", 2, 2, "", result.peak_mgy, to_text(result), "test", NOW, NOW, NOW
    )
    with writing(site[0].engine) as connection:
        store.put(connection, [row])
    return exam_id


def shades(page):
    """The shade of each level of the map."""
    return page.eval_on_selector_all(
        ".skin-figure .skin-map path[data-mgy]", "all => all.map(one => one.className.baseVal)"
    )


def test_r23_the_window_moves_by_keyboard_alone(visit, mapped):
    """R23: arrows on the two ends give the same doses other shades; the scale says the window."""
    window = visit()
    page = window.sign_in("physicist")
    page.goto(f"/exams/{mapped}/skin-dose")
    before = shades(page)
    assert page.inner_text('[data-window="high"]') == "3\u202f300 mGy"
    page.focus('[data-end="high"]')
    for _ in range(16):
        page.keyboard.press("ArrowLeft")
    assert page.inner_text('[data-window="high"]') == "2\u202f475 mGy"
    narrowed = shades(page)
    assert narrowed != before
    assert narrowed[-1] == "shade-16"
    page.focus('[data-end="low"]')
    page.keyboard.press("End")
    assert page.inner_text('[data-window="low"]') != page.inner_text('[data-window="high"]')
    page.click("[data-reset]")
    assert shades(page) == before
    window.shoot("skin-dose")


def test_the_map_stands_at_800_and_in_the_dark(visit, mapped):
    """Nothing is cut off at 800 px, the dark theme has its ramp, and axe-core finds no barrier."""
    narrow = visit(width=800)
    page = narrow.sign_in("radiographer")
    page.goto(f"/exams/{mapped}/skin-dose")
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
    assert barriers(page) == []
    narrow.shoot("skin-dose-800")
    dark = visit(scheme="dark")
    page = dark.sign_in("radiographer")
    page.goto(f"/exams/{mapped}/skin-dose")
    fills = page.eval_on_selector_all(
        ".skin-scale rect", "all => all.map(one => getComputedStyle(one).fill)"
    )
    assert len(set(fills)) == 16
    assert barriers(page) == []
    dark.shoot("skin-dose-dark")


def test_assumptions_are_printed_with_the_picture(visit, mapped):
    """On paper the picture, the peak and every assumption stay; the sliders go."""
    window = visit()
    page = window.sign_in("physicist")
    page.goto(f"/exams/{mapped}/skin-dose")
    page.emulate_media(media="print")
    assert page.is_visible(".skin-figure .skin-map")
    assert page.is_visible("text=What this map assumes")
    assert page.is_visible("text=1.786 m and 73.2 kg")
    assert not page.is_visible(".skin-window")
