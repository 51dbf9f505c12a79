"""The pages as people use them, in a real browser that can reach nothing but the registry."""

import json
import re
import zipfile

import pytest
from sqlalchemy import func, select

from dosebook_central.store.models import Exam, Patient, Quarantine, Record
from tests.support.seed import PASSWORD

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def showcase(site):
    """Id and name of the patient with the longest history."""
    with site[0].engine.connect() as connection:
        return connection.execute(
            select(Patient.id, Patient.name, Patient.identifier, func.count().label("n"))
            .join(Exam, Exam.patient_id == Patient.id)
            .group_by(Patient.id)
            .order_by(func.count().desc())
            .limit(1)
        ).one()


@pytest.fixture(scope="module")
def biplane(site):
    """Id of an exam with two planes."""
    with site[0].engine.connect() as connection:
        rows = connection.execute(select(Exam.id, Exam.summary)).all()
    return next(
        row.id
        for row in rows
        if {"a", "b"} <= {one.get("plane") for one in row.summary["headline"]}
    )


def test_login_refuses_then_locks_then_an_administrator_unlocks(visit):
    """Five wrong passwords lock an account, in the same words as any failure; unlocking helps."""
    window = visit()
    for _ in range(5):
        page = window.sign_in("director", "not the password")
        assert "do not belong together" in page.inner_text("[role=alert]")
    page = window.sign_in("director", PASSWORD)
    assert "do not belong together" in page.inner_text("[role=alert]")
    admin = visit().sign_in()
    admin.goto("/people")
    row = admin.locator("tr", has_text="D. Director")
    assert "locked" in row.inner_text()
    row.get_by_role("button", name="Unlock").click()
    admin.wait_for_load_state()
    page = window.sign_in("director", PASSWORD)
    page.wait_for_selector("text=Good day, D. Director")


def test_search_finds_while_typing_and_keeps_what_is_typed_out_of_addresses(visit, showcase):
    """A name is found from a few folded letters by keyboard alone; no address ever holds it."""
    page = visit().sign_in("radiologist")
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.keyboard.press("/")
    family = re.sub(r"[^a-z]", " ", showcase.name.split("^")[1].casefold()).split()[-1]
    page.keyboard.type(family)
    page.wait_for_selector(".hits a")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector(".patient-name h1")
    assert not [url for url in seen if family in url.casefold()]
    assert showcase.identifier not in page.url


def test_r13_chart_and_table_hold_the_same_numbers(visit, showcase):
    """R13: each mark of the timeline has its row with the same value, and both name the exam."""
    page = visit().sign_in("physicist")
    page.goto(f"/patients/{showcase.id}")
    page.wait_for_selector(".chart-canvas svg")
    points = json.loads(page.get_attribute("[data-chart]", "data-points"))
    assert len(points) == showcase.n
    page.keyboard.press("t")
    page.wait_for_selector("[data-chart-table]")
    assert page.is_hidden("[data-chart]")
    rows = page.eval_on_selector_all(
        "[data-chart-table] tbody tr",
        """rows => rows.map(row => [row.dataset.exam, row.dataset.value,
            row.querySelector('td.right').innerText.split('\\n')[0].trim()])""",
    )
    assert [(one["id"], one["value"] or "") for one in points] == [
        row[:2] for row in map(tuple, rows)
    ]
    assert all(shown == (value or "—") for _, value, shown in rows)
    page.keyboard.press("t")
    assert page.is_visible("[data-chart]")


def test_filters_and_order_come_from_the_address(visit, showcase):
    """One query object in the address feeds chart and table; a reload shows the same."""
    page = visit().sign_in("physicist")
    page.goto(f"/patients/{showcase.id}")
    page.locator(".toggle", has_text="CT").click()
    page.wait_for_url("**modality=ct**")
    points = json.loads(page.get_attribute("[data-chart]", "data-points"))
    # A PET/CT is drawn with the PET and found by either of its parts.
    assert all("CT" in one["modality"].split(" + ") for one in points)
    assert page.locator(".exams tbody tr").count() == len(points)
    page.get_by_role("link", name="Dose", exact=True).click()
    page.wait_for_url("**sort=value**")
    assert "modality=ct" in page.url
    assert page.locator(".exams th[aria-sort=ascending]").count() == 1


def test_timeline_by_keyboard_opens_an_exam(visit, showcase):
    """Arrows move from exam to exam and say what stands there; Enter opens it."""
    page = visit().sign_in("physicist")
    page.goto(f"/patients/{showcase.id}")
    page.wait_for_selector(".chart-canvas svg")
    page.focus(".chart-canvas")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    points = json.loads(page.get_attribute("[data-chart]", "data-points"))
    assert page.get_attribute(".chart-canvas", "data-chosen") == points[-2]["id"]
    assert points[-2]["what"] in page.text_content("[data-chart-card]")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/exams/{points[-2]['id']}")


def test_every_number_opens_its_source(visit, biplane):
    """A headline number and an event's number show original text, place, box and signature."""
    page = visit().sign_in("physicist")
    page.goto(f"/exams/{biplane}")
    page.locator(".figure a.source").first.click()
    page.wait_for_selector(".evidence-head")
    text = page.inner_text("#evidence")
    for word in ("Written as", "113722", "Angiography 1", "SHA-256", "Signed by box angio-1"):
        assert word in text
    assert page.locator(".checks .broken").count() == 0
    page.locator(".events tbody a.source").nth(1).click()
    page.wait_for_selector("#evidence >> text=event 1")
    assert page.locator(".more summary").first.is_visible()
    page.keyboard.press("Escape")
    page.wait_for_selector(".evidence-empty")


def test_the_source_of_a_number_is_read_and_left_by_keyboard(visit, biplane):
    """Enter leads into the pane, Tab to its links, Escape back to the number; a click stays."""
    page = visit().sign_in("physicist")
    page.goto(f"/exams/{biplane}")
    page.wait_for_load_state()  # the scripts that listen to keys have run
    number = page.locator(".events tbody a.source").nth(1)
    number.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#evidence:focus")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#evidence') !== null")
    page.keyboard.press("Escape")
    page.wait_for_selector(".evidence-empty")
    assert number.evaluate("one => one === document.activeElement")
    number.click()
    page.wait_for_selector(".evidence-head")
    assert page.evaluate("document.activeElement.id") != "evidence"


def test_p16_two_planes_stand_apart(visit, biplane):
    """P16: Ka,r of two planes is shown per plane and never summed."""
    page = visit().sign_in("radiologist")
    page.goto(f"/exams/{biplane}")
    figure = page.locator(".figure", has=page.locator("sub", has_text="a,r"))
    assert [one.strip() for one in figure.locator(".figure-place").all_inner_texts()] == [
        "plane A",
        "plane B",
    ]


def test_changed_evidence_shows_at_once(visit, site):
    """One altered byte in the store, and the page says that the proof is broken."""
    made, _ = site
    with made.engine.connect() as connection:
        row = connection.execute(
            select(Exam.id, Record.evidence_sha256)
            .join(Record, Record.group_id == Exam.group_id)
            .where(Exam.modality == "MG", Record.kind == "rdsr-mammography")
            .limit(1)
        ).one()
    file = next(made.evidence._folder.glob(f"*/*/{row.evidence_sha256}"))
    content = file.read_bytes()
    page = visit().sign_in("physicist")
    file.chmod(0o600)
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        page.goto(f"/exams/{row.id}/measures/0")
        assert "was changed" in page.inner_text(".checks .broken")
    finally:
        file.write_bytes(content)
    page.reload()
    assert page.locator(".checks .broken").count() == 0


def test_quarantine_is_replayed_set_aside_and_taken_back(visit, site):
    """Replay says what happened, a dismissal has a note and can be undone, nothing goes away."""
    made, _ = site
    page = visit().sign_in("data-manager")
    page.goto("/quarantine")
    before = page.locator(".case").count()
    unknown = page.locator(".case", has_text="theatre-9").first
    unknown.get_by_role("button", name="Replay").click()
    page.wait_for_selector(".toast >> text=Still refused")
    case = page.locator(".case").first
    case.locator("summary").click()
    case.locator("textarea").fill("a test object")
    case.locator(".dismiss form button").click()
    page.wait_for_selector(".toast >> text=Undo")
    assert page.locator(".case").count() == before - 1
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector(".toast >> text=Open again")
    assert page.locator(".case").count() == before
    with made.engine.connect() as connection:
        total = connection.execute(select(func.count()).select_from(Quarantine)).scalar_one()
    assert total == before


def test_upload_tells_the_outcome_of_each_file(visit, folder_of_files, eventually, site):
    """Files and a ZIP are taken in one go; each gets an outcome, and a duplicate counts once."""
    made, _ = site
    with made.engine.connect() as connection:
        known = connection.execute(
            select(Record.evidence_sha256).where(Record.kind == "rdsr-ct").limit(1)
        ).scalar_one()
    report = folder_of_files / "report.dcm"
    report.write_bytes(made.evidence.get(known))
    (folder_of_files / "notes.txt").write_text("not a dose")
    with zipfile.ZipFile(folder_of_files / "more.zip", "w") as archive:
        archive.write(report, "inside/report.dcm")
    page = visit().sign_in("physicist")
    page.goto("/imports")
    page.locator("input[type=file]").first.set_input_files(
        [str(path) for path in sorted(folder_of_files.iterdir())]
    )
    page.wait_for_url(re.compile(r"/imports/[0-9a-f]+$"))
    page.wait_for_selector(".job[data-state=done]")
    text = page.inner_text(".job")
    assert "3 of 3 files" in text
    assert "already stored" in text
    assert "more.zip/inside/report.dcm" in text


def test_whole_way_by_keyboard_alone(visit, showcase):
    """From the login to the source of a number without a mouse, the focus always visible."""
    window = visit()
    page = window.page
    page.goto("/login")
    page.wait_for_function("document.activeElement.name === 'login'")  # autofocus comes late
    page.keyboard.type("physicist")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Good day")
    page.wait_for_load_state()  # the keys' script has run
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.matches('[data-row-link]')")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_selector(".exam-title")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('a.source')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector(".evidence-head")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")


def test_japanese_and_missing_values_are_shown_as_they_are(visit, site):
    """P29: what is not stated is a dash that says so, never 0; names keep their script."""
    page = visit().sign_in("radiologist")
    with site[0].engine.connect() as connection:
        exam = connection.execute(
            select(Exam.id).where(Exam.modality == "CT", Exam.event_count > 1).limit(1)
        ).scalar_one()
    page.goto(f"/exams/{exam}")
    missing = page.locator(".events .missing")
    if missing.count():
        assert missing.first.get_attribute("title") == "not stated"
    assert "phantom" in page.inner_text(".headline") or "cm" in page.inner_text(".headline")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_screenshots(visit, showcase, biplane, scheme, width):
    """Pictures of the main pages for people to look at; nothing may be wider than the window."""
    window = visit(width=width, height=900 if width == 1280 else 700, scheme=scheme)
    page = window.sign_in("administrator")
    tag = f"{scheme}-{width}"
    pages = {
        "home": "/",
        "history": f"/patients/{showcase.id}",
        "exam": f"/exams/{biplane}",
        "boxes": "/boxes",
        "quarantine": "/quarantine",
    }
    for name, path in pages.items():
        page.goto(path)
        if name == "history":
            page.wait_for_selector(".chart-canvas svg")
        if name == "exam" and width == 1280:
            page.locator(".figure a.source").first.click()
            page.wait_for_selector(".evidence-head")
        window.shoot(f"{name}-{tag}")
        width_of_page = page.evaluate("document.documentElement.scrollWidth")
        assert width_of_page <= width, f"{name} is {width_of_page} px wide"
