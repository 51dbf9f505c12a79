"""The page of unassigned readings: candidates, one act each, undo, audit, rights; calibration."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from shutil import copyfile

import pytest

from dosebook_central.store.models import AuditEvent, Exam, ReadingDecision
from dosebook_central.store.queries import instruments, unassigned
from dosebook_protocol.reading import Equipment, EventKind, Moment
from tests.support.dosimeter import exposure, in_study, metered
from tests.support.readings import PATIENT, event, reading, step, total
from tests.support.registry import RegistryUnderTest, SigningBox
from tests.support.seed import add_people
from tests.support.web import make_site, post

AT = "2026-03-02T10:12:00"


@pytest.fixture(scope="module")
def with_people(tmp_path_factory):
    """The file of a database in which there are people: passwords take their time."""
    made = RegistryUnderTest(tmp_path_factory.mktemp("people"))
    add_people(made.engine)
    with made.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    made.close()
    return made.folder / "registry.db"


@pytest.fixture
def registry(tmp_path, with_people):
    """A registry with people."""
    copyfile(with_people, tmp_path / "registry.db")
    made = RegistryUnderTest(tmp_path)
    yield made
    made.close()


@pytest.fixture
def box(registry):
    """The box of a fluoroscopy room."""
    return registry.add(SigningBox("rf-1"))


@pytest.fixture
def site(registry, tmp_path):
    """Its pages, on the day of the exposures."""
    now = datetime(2026, 3, 2, 18, tzinfo=UTC)
    made = make_site(tmp_path, registry.engine, now=lambda: now)
    yield made
    made.importer.stop()


def text_of(html):
    """What a page says, in one line."""
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(bare).split())


def page(site, path, login="physicist", **headers):
    """A page as text."""
    answer = site.client(login).get(path, headers=headers)
    assert answer.status_code == 200, path
    return text_of(answer.get_data(as_text=True))


def report(study, uid, at, dose, name, **fields):
    """A dose report of one event."""
    shot = event(f"{uid}.1", EventKind.PROJECTION, at, dose_area_product=dose)
    made = reading(
        "rdsr-projection",
        uid=uid,
        events=[shot],
        totals=[total("dose_area_product", dose)],
        patient=replace(PATIENT, id=uid, name=name),
        **fields,
    )
    return in_study(made, study)


def waiting(site):
    """Ids of the readings that the page lists."""
    html = site.client("physicist").get("/unassigned").get_data(as_text=True)
    return re.findall(r'id="r-([0-9a-f]{32})"', html)


def exam_ids(registry):
    """Exams by study."""
    return dict(registry.rows(Exam.study_uid, Exam.id))


def test_candidates_stand_nearest_first_with_what_they_count(site, registry, box):
    """Exams of the box or the station within half a day, and whether the dose fits each."""
    other = registry.add(SigningBox("ct-9"))
    registry.statuses(
        box.message(b"a", report("1.91", "1.1", "2026-03-02T10:00:00", "2.6", "Near^Anna")),
        box.message(b"b", report("1.92", "1.2", "2026-03-02T07:00:00", "1", "Morning^Mona")),
        box.message(b"c", report("1.93", "1.3", "2026-02-28T10:00:00", "2.6", "Before^Bert")),
        other.message(b"d", report("1.94", "1.4", "2026-03-02T10:10:00", "2.6", "Else^Elsa")),
        other.message(
            b"e",
            report(
                "1.95", "1.5", "2026-03-02T15:00:00", "9", "Later^Lars",
                equipment=Equipment(station_name="RF1"),
            ),
        ),
        metered(box, exposure(at=AT, station="RF1")),
    )  # fmt: skip
    text = page(site, "/unassigned")
    found = re.findall(r"(Near|Morning|Before|Else|Later)", text)
    assert found == ["Near", "Morning", "Later"]
    assert "12 min after it began" in text
    assert (
        "same box Stated 2.600 Measured — not stated With this 2.600 Gy·cm² Fit agrees within 5 %"
        in text
    )
    assert "With this 2.600 Gy·cm² Fit more than is stated" in text
    assert "same station" in text
    assert "less than is stated" in text
    assert "← M;2.5;Gy.cm2\\r\\n the value" in text


def test_a_reading_states_its_own_zone_and_is_placed_in_the_hospitals(site, registry, box):
    """P26: a box that writes UTC beside a modality that writes local time is near in truth."""
    local = datetime(2026, 3, 2, 10, 12, tzinfo=UTC).astimezone().replace(tzinfo=None)
    read = exposure(at=AT)
    (shot,) = read.events
    stamped = replace(shot, started=Moment(AT, AT, "+00:00"))
    registry.statuses(
        box.message(b"a", report("1.91", "1.1", local.isoformat(), "2.6", "Near^Anna")),
        metered(box, replace(read, events=(stamped,))),
    )
    assert "as it began" in page(site, "/unassigned")


def test_assign_undo_and_no_patient_each_with_audit(site, registry, box):
    """One form each; the list goes on, the exam shows it, every act is in the activity log."""
    registry.statuses(
        box.message(b"a", report("1.91", "1.1", "2026-03-02T10:00:00", "2.6", "Near^Anna")),
        metered(box, exposure(at=AT)),
        metered(box, exposure("7", at="2026-03-02T10:20:00")),
    )
    physicist = site.client("physicist")
    first, second = waiting(site)
    exam = exam_ids(registry)["1.91"]
    answer = post(physicist, "/unassigned", f"/unassigned/{first}/assign", exam=exam, next=second)
    assert answer.location.endswith(f"/unassigned/{second}")
    assert waiting(site) == [second]
    assert "assigned by physicist" in page(site, f"/exams/{exam}")
    assert "Near" in page(site, "/unassigned?state=assign")
    answer = post(physicist, "/unassigned", f"/unassigned/{second}/set-aside", reason=" ")
    assert waiting(site) == [second]
    post(physicist, "/unassigned", f"/unassigned/{second}/set-aside", reason="constancy test")
    assert "No reading waits for its exam" in page(site, "/unassigned")
    assert "constancy test" in page(site, "/unassigned?state=set-aside")
    for record in (first, second):
        answer = post(physicist, "/unassigned", f"/unassigned/{record}/undo")
        assert answer.location.endswith(f"/unassigned/{record}")
    assert sorted(waiting(site)) == sorted([first, second])
    assert "assigned by" not in page(site, f"/exams/{exam}")
    acts = [one for (one,) in registry.rows(AuditEvent.action) if one.startswith("reading.")]
    assert [one for one in acts if one != "reading.read"] == [
        "reading.assign",
        "reading.set-aside",
        "reading.undo",
        "reading.undo",
    ]


def test_r78_only_who_may_assign_sees_them(site, registry, box):
    """R78: a radiographer and a field engineer have neither page nor act; a data manager has."""
    registry.statuses(metered(box, exposure(at=AT)))
    (record,) = waiting(site)
    for login, status in (("radiographer", 403), ("field-engineer", 403), ("data-manager", 200)):
        assert site.client(login).get("/unassigned").status_code == status
    refused = post(
        site.client("radiographer"), "/", f"/unassigned/{record}/set-aside", reason="test"
    )
    assert refused.status_code == 403
    assert registry.rows(ReadingDecision.id) == []
    assert "1 unassigned reading" in page(site, "/")
    assert "unassigned" not in page(site, "/", "radiographer")


def test_what_was_decided_meanwhile_is_said_and_not_done_again(site, registry, box):
    """Two people on one reading: the second is told, and the first decision holds."""
    registry.statuses(
        box.message(b"a", report("1.91", "1.1", "2026-03-02T10:00:00", "2.6", "Near^Anna")),
        metered(box, exposure(at=AT)),
    )
    (record,) = waiting(site)
    target = f"/unassigned/{record}/assign"
    exam = exam_ids(registry)["1.91"]
    post(site.client("physicist"), "/unassigned", target, exam=exam)
    late = site.client("data-manager")
    post(late, "/unassigned", target, exam=exam)
    assert "Somebody else decided on it meanwhile" in text_of(
        late.get("/unassigned").get_data(as_text=True)
    )
    assert len(registry.rows(ReadingDecision.id)) == 1
    assert site.client("physicist").get("/unassigned/unknown").status_code == 404
    assert site.client("physicist").get("/unassigned?state=other").status_code == 404


def test_p18_raw_corrected_and_calibration_stand_on_the_exam(site, registry, box):
    """P18: raw, factor and corrected value, certificate, due date, place of the chamber, flags."""
    overdue = exposure(
        at=AT,
        study="1.9",
        patient=PATIENT,
        calibration_due="2026-01-31",
        flags=[("incomplete:lost-poll", "Three answers are missing at 10:12:04.")],
    )
    registry.statuses(metered(box, overdue))
    ((exam,),) = registry.rows(Exam.id)
    text = page(site, f"/exams/{exam}")
    assert "chamber before table 2.5 Gy·cm² × 1.04 KAP 2.600 Gy·cm²" in text
    assert "DKD-K-05501 2025-0311 was overdue since 2026-01-31" in text
    assert "depart from their standard" not in text
    assert "1 reading of PTW DIAMENTOR E2, serial 004711: incomplete: lost poll." in text
    assert "Three answers are missing" in text


def test_p18_instruments_stand_by_their_newest_reading_overdue_first(site, registry, box):
    """P18: one row an instrument; what is overdue stands above what is due soon, then the rest."""
    assert "No instrument yet" in page(site, "/boxes/instruments")
    for number, due in enumerate(("2027-03-11", "2026-02-01", "2026-04-01", ""), 1):
        own = registry.add(SigningBox(f"rf-{number + 1}"))
        old = exposure("9", at="2026-03-01T08:00:00", calibration_due="2020-01-01")
        new = exposure(at=AT, calibration_due=due, instrument=f"METER {number}")
        day = datetime(2026, 3, 1, tzinfo=UTC)
        registry.statuses(metered(own, old, day), metered(own, new, day.replace(day=2)))
    text = page(site, "/boxes/instruments", "field-engineer")
    assert re.findall(r"METER \d", text) == ["METER 2", "METER 3", "METER 4", "METER 1"]
    assert "overdue since 2026-02-01" in text
    assert "due 2026-04-01" in text
    assert "2020-01-01" not in text
    assert "before table" in text


def test_the_wire_stands_beside_the_value_with_its_line_marked(site, registry, box):
    """The evidence of a dosimeter is what went over the wire; the line of the value is marked."""
    registry.statuses(
        box.message(b"s", in_study(reading("mpps", uid="1.7", step=step()), "1.9")),
        metered(box, exposure(at=AT, study="1.9", patient=PATIENT)),
    )
    ((exam,),) = registry.rows(Exam.id)
    html = site.client("physicist").get(f"/exams/{exam}/measures/0").get_data(as_text=True)
    text = text_of(html)
    assert "The original object is in the store, unchanged" in text
    marked = re.findall(r'<li class="[a-z]+ is-source">(.*?)</li>', html)
    assert [text_of(one) for one in marked] == [
        "10:12:04.000 ← M;2.5;Gy.cm2\\r\\n the value 4d 3b 32 2e 35 3b 47 79 2e 63 6d 32 0d 0a"
    ]


def test_a_corroborating_reading_opens_its_wire_too(site, registry, box):
    """What is not counted beside a dose report is one click from its source like any number."""
    registry.statuses(
        box.message(b"a", report("1.9", "1.1", "2026-03-02T10:00:00", "2.6", "Near^Anna")),
        metered(box, exposure(at=AT, study="1.9", fluoro_time="7")),
    )
    ((exam, kind),) = registry.rows(Exam.id, Exam.evidence_kind)
    assert kind == "rdsr-projection"
    client = site.client("physicist")
    html = client.get(f"/exams/{exam}").get_data(as_text=True)
    links = re.findall(r'href="(/exams/\w+/readings/\w+/\d)"', html)
    assert len(links) == 2
    pane = client.get(links[0], headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "one reading beside the modality" in pane
    assert text_of(pane).count("the value") == 1
    assert client.get(links[0][:-1] + "9").status_code == 404
    assert client.get(f"/exams/{exam}/readings/{'0' * 32}/0").status_code == 404


def test_a_page_of_readings_opens_the_database_a_few_times_only(site, registry, box):
    """Fifty readings and nine candidates need no statement each."""
    for number in range(12):
        registry.statuses(
            box.message(
                b"%d" % number,
                report(
                    f"1.9{number}", f"1.{number}", f"2026-03-02T10:{number:02}:00", 1, f"N^{number}"
                ),
            ),
            metered(box, exposure(at=f"2026-03-02T10:{number:02}:30")),
        )
    client = site.client("physicist")
    client.get("/unassigned")
    registry.statements.clear()
    assert client.get("/unassigned").status_code == 200
    assert len([one for one in registry.statements if one.startswith("SELECT")]) < 14


def test_partial_indexes_serve_the_lists(registry):
    """The lists of waiting readings and of instruments do not walk the table of all records."""
    registry.statements.clear()
    with registry.engine.connect() as connection:
        unassigned.count_waiting(connection)
        instruments.newest(connection)
        asked = [one for one in registry.statements if "record" in one]
        plans = [
            str(
                connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {one}", ("",) * one.count("?")
                ).all()
            )
            for one in asked
        ]
    assert "ix_record_unassigned" in plans[0]
    assert "ix_record_instrument" in plans[1]
