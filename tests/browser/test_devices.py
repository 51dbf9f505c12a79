"""Machines in a real browser: the list by keyboard, a decision, both themes and two widths."""

import pytest

from dosebook_central.derivation.worker import Worker
from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.store.models import Exam
from dosebook_central.store.writer import Writer
from dosebook_protocol.reading import Equipment, EventKind
from tests.support.axe import barriers
from tests.support.derivation import shipped_rules
from tests.support.readings import event, reading, total
from tests.support.registry import RegistryUnderTest, SigningBox
from tests.support.seed import add_people
from tests.support.waiting import eventually
from tests.support.web import make_site, need_built_pages

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

ROOMS = (
    Equipment("Siemens", "Luminos dRF Max", "4711", station_name="BUCKY1", institution="CHU"),
    Equipment("Philips", "Azurion 7 M20", "88-3", station_name="ANGIO", institution="CHU"),
    Equipment("GE", "Optima XR240amx", station_name="WARD-MOBILE-3", institution="CHU Annexe"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A registry whose worker runs, with exams of three machines that all say RF."""
    need_built_pages()
    folder = tmp_path_factory.mktemp("machines")
    registry = RegistryUnderTest(folder)
    add_people(registry.engine)
    box = registry.add(SigningBox("box-1"))
    worker = Worker(Writer(registry.engine), lambda _: shipped_rules())
    ingest = Ingest(registry.engine, registry.evidence)
    ingest.process(
        [
            box.message(f"{room}.{number}".encode(), _report(room, number))
            for room in range(len(ROOMS))
            for number in range(6 - room)
        ]
    )
    worker.start()
    made = make_site(folder, registry.engine)
    yield made, registry
    worker.stop()
    made.importer.stop()
    registry.close()


def _report(room, number):
    uid = f"2.25.{room}.{number}"
    return reading(
        "rdsr-projection", uid=uid, study=f"{uid}.1", modality="RF", equipment=ROOMS[room],
        events=[event(f"{uid}.2", EventKind.PROJECTION, dose_area_product="1.5")],
        totals=[total("dose_area_product", "1.5"), total("fluoro_time", 0 if number else 40)],
    )  # fmt: skip


def modalities(registry):
    """How many exams are shown as what."""
    shown = [one for (one,) in registry.rows(Exam.modality)]
    return {one: shown.count(one) for one in sorted(set(shown))}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_and_have_no_barriers(visit, site, scheme):
    """Machines and one of them: calm, narrow, accessible, in both themes and two widths."""
    found = []
    for width in (1280, 800):
        window = visit(width=width, scheme=scheme)
        page = window.sign_in("physicist")
        for name in ("machines", "machine"):
            if name == "machines":
                page.goto("/machines")
            else:
                page.get_by_role("link", name="Siemens Luminos").click()
                page.get_by_role("button", name="Decide").wait_for()
            window.shoot(f"{name}-{width}-{scheme}")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.append(f"{name} is wider than {width} px")
            found += [f"{name}: {barrier}" for barrier in barriers(page)]
    assert found == []


def test_p36_a_decision_on_the_page_moves_past_exams_and_undo_moves_them_back(visit, site):
    """P36: RF with fluoroscopy, DX without; the exams follow by themselves, and come back."""
    _, registry = site
    page = visit().sign_in("physicist")
    page.goto("/machines")
    page.get_by_role("link", name="Siemens Luminos").click()
    page.get_by_label("Why").fill("bucky room")
    page.get_by_role("button", name="Decide").click()
    page.get_by_text("RF with fluoroscopy, DX without").first.wait_for()
    assert eventually(lambda: modalities(registry) == {"DX": 5, "RF": 10})
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Nothing is decided").wait_for()
    assert eventually(lambda: modalities(registry) == {"RF": 15})
