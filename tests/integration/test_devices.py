"""What the exams of a machine are, decided by a person: of yesterday and of tomorrow (P36)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text, update

from dosebook_central.derivation.engine import Rules
from dosebook_central.domain.devices import ModalityChoice
from dosebook_central.domain.exam import from_json
from dosebook_central.domain.procedures.names import name_id
from dosebook_central.domain.procedures.resolve import Resolver
from dosebook_central.domain.procedures.vocabulary import vocabulary_of
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.exams.regroup import reconcile_decided
from dosebook_central.store import devices
from dosebook_central.store.dose_models import ExamDose
from dosebook_central.store.engine import writing
from dosebook_central.store.models import AuditEvent, Exam
from dosebook_protocol.reading import Equipment, EventKind
from tests.support.derivation import derive_all, versions
from tests.support.readings import event, reading, total
from tests.support.registry import RegistryUnderTest, SigningBox
from tests.support.seed import add_people
from tests.support.waiting import eventually
from tests.support.web import make_site, post

ROOM = Equipment("Siemens", "Luminos", "4711", station_name="RF1", institution="CHU")
OTHER = Equipment("Siemens", "Luminos", "4712", station_name="RF2", institution="CHU")
DX = ModalityChoice("DX", "DX")
BY_FLUOROSCOPY = ModalityChoice("RF", "DX")


@pytest.fixture
def registry(registry):
    """A registry on each engine, with a box."""
    registry.box = registry.add(SigningBox("rf-1"))
    return registry


def send(registry, study, fluoro_time=None, equipment=ROOM, **fields):
    """Commit a report that says RF; returns the id of its exam."""
    totals = [total("dose_area_product", "1.5")]
    totals += [] if fluoro_time is None else [total("fluoro_time", fluoro_time)]
    read = reading(
        "rdsr-projection",
        uid=f"{study}.1",
        study=study,
        events=[event(f"{study}.1.1", EventKind.PROJECTION, dose_area_product="1.5")],
        totals=totals,
        modality="RF",
        equipment=equipment,
        **fields,
    )
    assert registry.statuses(registry.box.message(study.encode(), read)) == ["stored"]
    return next(one for one, uid in registry.rows(Exam.id, Exam.study_uid) if uid == study)


def device_id(registry, exam_id):
    """The machine of an exam."""
    return dict(registry.rows(Exam.id, Exam.devices))[exam_id]


def decide(registry, device, choice, act="decide"):
    """Decide as a physicist; the number of groups that are due."""
    now = datetime(2026, 3, 3, tzinfo=UTC)
    decided = devices.Decided(device, act, choice, "a radiography room", "physicist", now)
    with writing(registry.engine) as connection:
        return devices.decide(connection, decided)


def settle(registry):
    """Reconcile and derive what is due, as the worker does."""
    with writing(registry.engine) as connection:
        while reconcile_decided(connection, 1):
            pass
    derive_all(registry)


def modalities(registry, column=Exam):
    """Modality by study, as exams or as the rows of derived doses have it."""
    if column is Exam:
        return dict(registry.rows(Exam.study_uid, Exam.modality))
    with registry.engine.connect() as connection:
        joined = select(Exam.study_uid, ExamDose.modality).join(
            ExamDose, ExamDose.exam_id == Exam.id
        )
        return dict(tuple(row) for row in connection.execute(joined))


def part(registry, study):
    """The only part of the exam of a study."""
    summaries = dict(registry.rows(Exam.study_uid, Exam.summary))
    (found,) = from_json(summaries[study]).parts
    return found


def test_p36_a_decision_holds_for_past_and_future_exams_of_that_machine_only(registry):
    """P36: radiographs sent as RF become DX, those of before too; the twin room stays as it is."""
    exam_id = send(registry, "1")
    send(registry, "2", equipment=OTHER)
    settle(registry)
    assert decide(registry, device_id(registry, exam_id), DX) == 1
    settle(registry)
    send(registry, "3")
    settle(registry)
    expected = {"1": "DX", "2": "RF", "3": "DX"}
    assert modalities(registry) == expected
    assert modalities(registry, ExamDose) == expected
    assert [part(registry, study).reported_modality for study in "123"] == ["RF", "", "RF"]


def test_p36_the_name_of_a_procedure_is_looked_up_as_one_of_the_decided_modality(registry):
    """P36: decided DX, a chest is found by its words and stands in the sample of radiography."""
    exam_id = send(registry, "1", "0", protocol="Thorax p.a.")
    resolver = Rules(shipped(), Resolver(vocabulary_of(shipped())))
    derive_all(registry, resolver)
    assert registry.rows(ExamDose.procedure_id) == [("",)]
    decide(registry, device_id(registry, exam_id), BY_FLUOROSCOPY)
    with writing(registry.engine) as connection:
        reconcile_decided(connection, 10)
    derive_all(registry, resolver)
    assert registry.rows(ExamDose.procedure_id) == [("dx_chest_pa",)]
    assert registry.rows(Exam.name_id) == [(name_id("dx", "Thorax p.a."),)]


def test_p36_by_rule_an_exam_without_fluoroscopy_is_a_radiograph(registry):
    """P36, P29: fluoroscopy time of zero makes DX, one not stated decides nothing."""
    exam_id = send(registry, "1", "0")
    send(registry, "2", "12.5")
    send(registry, "3")
    assert decide(registry, device_id(registry, exam_id), BY_FLUOROSCOPY) == 3
    settle(registry)
    assert modalities(registry) == {"1": "DX", "2": "RF", "3": "RF"}


def test_p36_an_undo_gives_back_what_was_reported_and_history_stays(registry):
    """P36, P56: taken back, the exam is RF again; every decision and derivation is kept."""
    exam_id = send(registry, "1")
    settle(registry)
    device = device_id(registry, exam_id)
    assert decide(registry, device, DX, "undo") is None
    decide(registry, device, DX)
    settle(registry)
    assert decide(registry, device, DX, "undo") == 1
    settle(registry)
    assert modalities(registry) == {"1": "RF"}
    with registry.engine.connect() as connection:
        kept = devices.decisions(connection, device)[device]
    assert [one.act for one in kept] == ["decide", "undo"]
    assert len(versions(registry)) >= 1
    assert registry.rows(devices.ReconcileDue.group_id) == []


def test_p44_a_machine_with_a_serial_number_is_one_whatever_its_station_is_called(registry):
    """P44: a console that is renamed and upgraded stays the machine that was decided on."""
    exam_id = send(registry, "1")
    decide(registry, device_id(registry, exam_id), DX)
    renamed = Equipment(
        "SIEMENS", "Luminos", "4711", software_versions="VF20", station_name="ROOM 7"
    )
    send(registry, "2", equipment=renamed)
    settle(registry)
    assert modalities(registry) == {"1": "DX", "2": "DX"}


def test_p36_the_order_of_decision_and_arrival_does_not_matter(registry, tmp_path):
    """P36: a registry that decides first and one that decides last hold the same exams."""
    first = send(registry, "1", "0")
    send(registry, "2", "30")
    decide(registry, device_id(registry, first), BY_FLUOROSCOPY)
    settle(registry)
    folder = tmp_path / "other"
    folder.mkdir()
    other = RegistryUnderTest(folder)
    other.box = other.add(SigningBox("rf-1"))
    decide(other, device_id(registry, first), BY_FLUOROSCOPY)
    send(other, "1", "0")
    send(other, "2", "30")
    settle(other)
    assert other.everything() == registry.everything()
    other.close()


def test_p36_a_physicist_decides_on_the_page_and_takes_it_back(tmp_path):
    """P36, R84: the page lists the machine, asks why, tells the log, and the exam says both."""
    registry = RegistryUnderTest(tmp_path)
    add_people(registry.engine)
    registry.box = registry.add(SigningBox("rf-1"))
    exam_id = send(registry, "1", "0")
    page = f"/machines/{device_id(registry, exam_id)}"
    site = make_site(tmp_path, registry.engine)
    client = site.client("physicist")
    assert "Siemens Luminos" in client.get("/machines").get_data(as_text=True)

    post(client, page, f"{page}/decide", **{"with": "RF", "without": "DX", "reason": " "})
    assert "Nobody decided" in client.get(page).get_data(as_text=True)
    post(client, page, f"{page}/decide", **{"with": "RF", "without": "DX", "reason": "bucky"})
    settle(registry)
    shown = client.get(f"/exams/{exam_id}").get_data(as_text=True)
    assert "Shown as DX by a decision on the machine; its objects say RF." in shown
    post(client, page, f"{page}/undo")
    settle(registry)
    assert "Shown as DX" not in client.get(f"/exams/{exam_id}").get_data(as_text=True)

    acts = [one for one, kind in registry.rows(AuditEvent.action, AuditEvent.object_kind) if kind]
    assert [one for one in acts if one.startswith("device.")] == ["device.decide", "device.undo"]
    refused = site.client("radiologist")
    assert refused.get(page).status_code == 200
    assert post(refused, page, f"{page}/undo").status_code == 403
    site.importer.stop()
    registry.close()


def test_p36_a_decision_waits_for_those_who_reconcile_by_the_one_before(tmp_path, postgres_url):
    """P36: an exam that is being written while a person decides is put right as well.

    SQLite has one writer at a time: there nobody writes beside a decision.
    """
    registry = RegistryUnderTest(tmp_path, postgres_url)
    registry.box = registry.add(SigningBox("rf-1"))
    send(registry, "1")
    device = "0123456789abcdef"
    with ThreadPoolExecutor(1) as pool:
        with writing(registry.engine) as connection:
            assert devices.choices(connection) == {}
            connection.execute(update(Exam).values(devices=device))
            deciding = pool.submit(decide, registry, device, DX)
            assert eventually(lambda: _is_anyone_waiting(registry))
            assert not deciding.done()
        assert deciding.result(timeout=30) == 1
    registry.close()


def _is_anyone_waiting(registry):
    with registry.engine.connect() as connection:
        waiting = text(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = "
            "'device_decision'::regclass"
        )
        return connection.scalar(waiting) > 0
