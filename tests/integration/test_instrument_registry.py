"""From the wire of a dosimeter to the pages of the registry, with the code of both sides."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import insert

from dosebook_central.access.users import add_user
from dosebook_central.ingest.verify import Incoming
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Box, Exam
from dosebook_edge.capture.instrument.exposures.rules import rules_of
from dosebook_edge.capture.instrument.recording.recorder import Whose
from dosebook_edge.capture.instrument.recording.records import Instrument
from dosebook_edge.capture.instrument.source import InstrumentSettings, InstrumentSource
from dosebook_edge.capture.room import Room
from dosebook_protocol.reading import Outcome, Patient, ProcedureStep, Reading, Study
from dosebook_protocol.record import Clock
from dosebook_protocol.topics import Channel, topic
from tests.support.box import BOX, SIGNER, opened_outbox
from tests.support.meters import Diamentor, quick
from tests.support.registry import NOW, RegistryUnderTest
from tests.support.seed import PASSWORD
from tests.support.waiting import eventually
from tests.support.web import make_site

STEP = Reading(
    Outcome.READ,
    "mpps",
    "mpps",
    modality="RF",
    patient=Patient(id="T-1", issuer="CHU", name="Keller^Jonas"),
    study=Study(uid="1.9"),
    step=ProcedureStep("1.7", "IN PROGRESS"),
)


def captured(folder):
    """Two exposures of a box beside a meter: one before any step, one during a step."""
    profile, meter, room = quick("ptw-diamentor"), Diamentor(), Room()
    settings = InstrumentSettings(
        instrument=Instrument(
            BOX, "dap", profile.id, "0123456789ab", "PTW DIAMENTOR",
            factor=Decimal("1.05"), certificate="DKD 7", dap_position="before table",
            calibration_due=(datetime.now(UTC) + timedelta(days=400)).date(),
        ),
        profile=profile,
        rules=rules_of(profile, factor=Decimal("1.05")),
        opener=meter,
        address="usb:0403:6001",
        whose=Whose(room),
    )  # fmt: skip

    def expose(outbox, hundredths, count):
        before = meter.asked
        eventually(lambda: meter.asked >= before + 3, what="the meter is read")
        meter.shown += hundredths
        eventually(lambda: outbox.status().last_sequence >= count, what="a record")

    with opened_outbox(folder) as outbox:
        source = InstrumentSource(settings, outbox, Clock)
        source.start()
        try:
            expose(outbox, 100, 1)
            room.note("rf", STEP, datetime.now(UTC))
            expose(outbox, 200, 2)
        finally:
            source.stop()
        return [one.message for one in outbox.unacknowledged(0, 9, 10**9)]


@pytest.fixture
def registry(tmp_path):
    """A registry that knows the box."""
    made = RegistryUnderTest(tmp_path)
    add_user(made.engine, "physicist", "M. Physicist", "physicist", PASSWORD, must_change=False)
    key = SIGNER.public_key.public_bytes_raw()
    with writing(made.engine) as connection:
        connection.execute(insert(Box).values(id=BOX, public_key=key, added_at=NOW))
    yield made
    made.close()


def test_p18_what_a_meter_said_stands_on_the_pages_with_its_wire(registry, tmp_path):
    """P18: the attached exposure is an event of its exam, the other waits; both readings of the
    counter are marked in the transcript, raw, factor and corrected value stand side by side.
    """
    folder = tmp_path / "box"
    folder.mkdir()
    where = topic(BOX, Channel.RECORDS)
    messages = [Incoming(where, one) for one in captured(folder)]
    assert registry.statuses(*messages) == ["stored", "stored"]
    ((exam, dose),) = registry.rows(Exam.id, Exam.dose_area_product_gy_cm2)
    assert dose == Decimal("0.021")
    site = make_site(tmp_path, registry.engine)
    physicist = site.client("physicist")

    def page(path):
        return physicist.get(path).get_data(as_text=True)

    html = page(f"/exams/{exam}/measures/0")
    marked = re.findall(r'<li class="received is-source">(.*?)</li>', html)
    told = [unescape(re.sub(r"<[^>]+>", " ", one)) for one in marked]
    assert ["M0013.50" in told[0], "counter before" in told[0]] == [True, True]
    assert ["M0015.50" in told[1], "counter after" in told[1]] == [True, True]
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
    assert "PTW DIAMENTOR, serial 345678 chamber before table" in text
    assert "0.02 Gy·cm² × 1.05" in text
    assert "KAP 0.021 Gy·cm²" in text
    waiting = " ".join(unescape(re.sub(r"<[^>]+>", " ", page("/unassigned"))).split())
    assert "Why here: no procedure step was in progress." in waiting
    assert "0.0105 Gy·cm²" in waiting
    assert "Keller" in waiting
    site.importer.stop()
