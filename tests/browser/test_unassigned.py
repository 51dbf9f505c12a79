"""Unassigned readings, instruments and transcripts as people see them: keyboard, themes, sizes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from sqlalchemy import select

from dosebook_central.coefficients.adopt import adopt_shipped
from dosebook_central.fleet.ca import REGISTRY_NAME
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Box, Exam
from dosebook_central.store.queries import unassigned
from dosebook_protocol.cose import Signer
from dosebook_protocol.reading import EventKind
from tests.support.axe import barriers
from tests.support.dosimeter import exposure, in_study, metered
from tests.support.readings import PATIENT, event, reading, step, total
from tests.support.registry import RegistryUnderTest, SigningBox
from tests.support.seed import add_people
from tests.support.web import make_site, need_built_pages

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

DAY = "2026-03-02"
NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
PEOPLE = (
    ("Keller^Jonas", "10:00", "5.2"),
    ("Moreau^Lucie", "11:30", "2.6"),
    ("Rossi^Elena", "", ""),
)


def _report(number, name, at, dose):
    shot = event(
        f"1.{number}.1", EventKind.PROJECTION, f"{DAY}T{at}:00", dose_area_product=dose,
        fluoro_time=40,
    )  # fmt: skip
    made = reading(
        "rdsr-projection",
        uid=f"1.{number}",
        created=f"{DAY}T{at}:30",
        events=[shot],
        totals=[total("dose_area_product", dose), total("fluoro_time", 40)],
        patient=replace(PATIENT, id=f"471{number}", name=name),
        modality="RF",
    )
    study = replace(made.study, uid=f"1.9.{number}", description="Fluoroscopy, upper GI tract")
    return replace(made, study=study)


def _fill(registry):
    """A room with three exams, one of them with a meter, and readings that nobody claims."""
    rooms = {"rf-1": "Fluoroscopy 1", "or-2": "Theatre 2", "nm-1": "Hot lab"}
    boxes = {name: registry.add(SigningBox(name)) for name in rooms}
    with writing(registry.engine) as connection:
        for name, room in rooms.items():
            connection.execute(Box.__table__.update().where(Box.id == name).values(room=room))
    rf, theatre = boxes["rf-1"], boxes["or-2"]
    registry.statuses(
        *(rf.message(name.encode(), _report(number, name, at, dose))
          for number, (name, at, dose) in enumerate(PEOPLE) if at),
        rf.message(
            b"step",
            in_study(reading("mpps", uid="1.7", step=step("IN PROGRESS"), modality="RF",
                             patient=replace(PATIENT, id="4719", name="Rossi^Elena")), "1.9.9"),
        ),
        metered(rf, in_study(exposure("2.4", f"{DAY}T10:02:00", fluoro_time="18",
                                      patient=replace(PATIENT, id="4710")), "1.9.0")),
    )  # fmt: skip
    lost = [("incomplete:lost-poll", "Three answers in a row are missing from 10:04:11 on.")]
    for place, read in enumerate(
        (
            exposure("2.6", f"{DAY}T10:04:00", fluoro_time="22", flags=lost),
            exposure("0.042", f"{DAY}T11:31:20", unassigned="no procedure step was in progress"),
            exposure("1.25", f"{DAY}T13:15:00", calibration_due=""),
            exposure("0.8", f"{DAY}T07:10:00"),
        )
    ):
        registry.statuses(metered(rf, read, NOW - timedelta(minutes=place)))
    registry.statuses(
        metered(
            theatre,
            exposure("3.75", f"{DAY}T12:02:00", calibration_due="2026-01-31",
                     instrument="PTW DIAMENTOR CX, serial 001122", dap_position="after table"),
            NOW - timedelta(hours=1),
        ),
        metered(
            boxes["nm-1"],
            exposure("371.5", f"{DAY}T08:01:00", quantity="pre_administration_activity",
                     kind=EventKind.RADIOPHARMACEUTICAL, instrument="Capintec CRC-15R, serial 4711",
                     instrument_profile="capintec-crc15@0f21aa", dap_position="",
                     calibration_due="2026-04-02", exposure_end="settled"),
            NOW - timedelta(hours=2),
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A fluoroscopy room, a theatre and a hot lab with their instruments."""
    need_built_pages()
    folder = tmp_path_factory.mktemp("instruments")
    registry = RegistryUnderTest(folder)
    add_people(registry.engine)
    adopt_shipped(registry.engine, Signer(Ed25519PrivateKey.generate(), REGISTRY_NAME), NOW)
    _fill(registry)
    made = make_site(folder, registry.engine, now=lambda: NOW)
    yield made, registry
    made.importer.stop()
    registry.close()


def _waiting(site):
    with site[0].engine.connect() as connection:
        return unassigned.count_waiting(connection)


def _shown(page, record):
    page.wait_for_selector(f'#loose-one [data-record="{record}"]')


def _told(page, words):
    """Wait for the message of an act, and for the scripts that listen to keys."""
    page.wait_for_selector(f".toast >> text={words}")
    page.wait_for_load_state()


def test_readings_are_assigned_by_keyboard_alone(visit, site):
    """Move, assign with a digit, undo, no patient with a reason: no mouse; the list goes on."""
    before = _waiting(site)
    page = visit().sign_in("physicist")
    page.goto("/unassigned")
    records = page.eval_on_selector_all("tr[id^=r-]", "rows => rows.map(r => r.id.slice(2))")
    assert len(records) == before
    page.keyboard.press("j")
    _shown(page, records[1])
    page.keyboard.press("j")
    _shown(page, records[2])
    page.keyboard.press("k")
    _shown(page, records[1])
    page.keyboard.press("1")
    _told(page, "Assigned")
    _shown(page, records[2])
    assert _waiting(site) == before - 1
    page.keyboard.press("n")
    page.keyboard.type("Constancy test")
    page.keyboard.press("Enter")
    _told(page, "nobody was exposed")
    assert _waiting(site) == before - 2
    page.keyboard.press("u")
    _told(page, "waits again")
    _shown(page, records[2])
    assert _waiting(site) == before - 1
    page.goto("/unassigned?state=assign")
    page.click("[data-loose]")
    page.wait_for_selector("#loose-one [data-undo-loose]")
    page.keyboard.press("u")
    _told(page, "waits again")
    assert _waiting(site) == before


def _step_down(page):
    """Step to the second reading, again where the page did not listen to its rows yet."""
    for _ in range(8):
        try:
            with page.expect_request("**/unassigned/*", timeout=2000):
                page.keyboard.press("j")
        except PlaywrightTimeout:
            page.keyboard.press("k")
        else:
            return
    raise AssertionError("the page asks for no reading")


def test_a_key_never_assigns_another_reading_than_the_one_shown(visit, site):
    """Between a step and the registry's answer a digit does nothing: the pane is another's."""
    before = _waiting(site)
    page = visit().sign_in("physicist")
    page.goto("/unassigned")
    held = []

    def hold(route):
        held.append(route)

    records = page.eval_on_selector_all("tr[id^=r-]", "rows => rows.map(r => r.id.slice(2))")
    page.route("**/unassigned/*", hold)
    _step_down(page)
    page.keyboard.press("1")
    for route in held:
        route.continue_()
    _shown(page, records[1])
    assert _waiting(site) == before


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (800, "light")])
def test_the_pages_fit_in_both_themes(visit, site, width, scheme):
    """List with candidates, instruments, exam with calibration: no barrier, no sideways scroll."""
    window = visit(width=width, scheme=scheme)
    page = window.sign_in("physicist")
    found = []
    with site[0].engine.connect() as connection:
        exam = connection.scalar(select(Exam.id).where(Exam.study_uid == "1.9.0"))
    for name, path in (
        ("unassigned", "/unassigned"),
        ("instruments", "/boxes/instruments"),
        ("home", "/"),
        ("exam", f"/exams/{exam}#instruments"),
    ):
        page.goto(path)
        page.wait_for_load_state()
        window.shoot(f"readings-{name}-{width}-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        found += barriers(page)
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_value_of_a_meter_opens_the_wire(visit, site, scheme):
    """One click from the number to the line of the transcript that it was read from."""
    window = visit(scheme=scheme)
    page = window.sign_in("physicist")
    with site[0].engine.connect() as connection:
        record = unassigned.list_waiting(connection, "rf-1")[0].record_id
    page.goto(f"/unassigned/{record}")
    page.locator(".candidate", has_text="Rossi").get_by_role("button").click()
    _told(page, "Assigned")
    with site[0].engine.connect() as connection:
        exam = connection.scalar(select(Exam.id).where(Exam.study_uid == "1.9.9"))
    page.goto(f"/exams/{exam}")
    page.locator(".headline a.q.source").first.click()
    page.wait_for_selector(".transcript .is-source")
    assert "the value" in page.inner_text(".transcript .is-source")
    page.locator(".transcript .is-source").scroll_into_view_if_needed()
    window.shoot(f"readings-transcript-{scheme}")
    assert barriers(page) == []
    page.goto(f"/unassigned/{record}?state=assign")
    page.get_by_role("button", name="Take back").click()
    _told(page, "waits again")
