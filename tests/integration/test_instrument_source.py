"""An instrument as a source of a box: from its line to records, through restarts and failures."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from click.testing import CliRunner

from dosebook_edge.capture.instrument.exposures.rules import rules_of
from dosebook_edge.capture.instrument.recording.journal import Journal
from dosebook_edge.capture.instrument.recording.recorder import Whose
from dosebook_edge.capture.instrument.recording.records import Instrument
from dosebook_edge.capture.instrument.source import InstrumentSettings, InstrumentSource
from dosebook_edge.capture.room import Room
from dosebook_edge.cli.main import main
from dosebook_edge.outbox import OutboxFullError
from dosebook_protocol.cose import verify
from dosebook_protocol.reading import Outcome, Patient, ProcedureStep, Reading, Study
from dosebook_protocol.record import Clock, SourceKind
from dosebook_protocol.wire import check_evidence, decode_record, split_record_message
from tests.support.box import SIGNER, opened_outbox
from tests.support.meters import Diamentor, quick
from tests.support.waiting import eventually

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


class Site:
    """A source on an outbox, with its room; started and stopped as a box does."""

    def __init__(self, outbox, meter, *, factor="1.05", room=None):
        profile = quick("ptw-diamentor")
        self.outbox = outbox
        self.meter = meter
        self.room = room or Room()
        self.settings = InstrumentSettings(
            instrument=Instrument("box-1", "dap", profile.id, "0123456789ab", "PTW DIAMENTOR",
                                  factor=Decimal(factor)),
            profile=profile,
            rules=rules_of(profile, factor=Decimal(factor)),
            opener=meter,
            address="usb:0403:6001",
            whose=Whose(self.room),
        )  # fmt: skip
        self.source = InstrumentSource(self.settings, outbox, Clock)

    def __enter__(self):
        self.source.start()
        self.heard(3)
        return self

    def __exit__(self, *_):
        self.source.stop()

    def heard(self, more=3):
        """Wait until the meter was read a few times more."""
        before = self.meter.asked
        eventually(lambda: self.meter.asked >= before + more, what="the meter is read")

    def exposes(self, hundredths):
        """The counter rises, and the box sees it."""
        self.meter.shown += hundredths
        self.heard()

    def records(self, count):
        """The records, once there are so many."""
        eventually(lambda: self.outbox.status().last_sequence >= count, what=f"{count} records")
        assert self.outbox.status().last_sequence == count
        return [opened(one.message) for one in self.outbox.unacknowledged(0, 99, 10**9)]


def opened(message):
    """Record and evidence of a message."""
    envelope, evidence = split_record_message(message)
    record = decode_record(verify(envelope, SIGNER.public_key))
    check_evidence(record, evidence)
    return record, evidence


def step(uid, status="IN PROGRESS"):
    """What an MPPS message says."""
    return Reading(
        Outcome.READ, "mpps", "mpps", modality="RF", patient=Patient(id="T-1"),
        study=Study(uid="1.9"), step=ProcedureStep(uid, status),
    )  # fmt: skip


def value(record):
    """The one dose of a record."""
    (event,) = record.reading.events
    return event.values[0].value


def test_an_exposure_becomes_a_record_whose_evidence_replays_to_it(tmp_path):
    """From the line to the outbox; `instrument test` reads the evidence to the same number."""
    with opened_outbox(tmp_path) as outbox, Site(outbox, Diamentor()) as site:
        site.room.note("rf", step("1.7"), datetime.now(UTC) - timedelta(seconds=60))
        site.exposes(200)
        ((record, evidence),) = site.records(1)
    assert (record.source, record.source_kind) == ("dap", SourceKind.INSTRUMENT)
    assert record.reading.patient.id == "T-1"
    assert record.reading.performed_step_uid == "1.7"
    assert value(record) == Decimal("0.021")
    assert record.evidence.media_type == (
        "text/vnd.dosebook.transcript; profile=ptw-diamentor; revision=0123456789ab"
    )
    capture = tmp_path / "evidence.txt"
    capture.write_bytes(evidence)
    result = CliRunner().invoke(
        main, ["instrument", "test", "ptw-diamentor", str(capture), "--factor", "1.05", "--json"]
    )
    daps = [
        Decimal(reading["corrected"])
        for outcome in json.loads(result.stdout)["outcomes"]
        for reading in outcome.get("readings", ())
        if reading["name"] == "dap"
    ]
    assert daps[-1] - daps[0] == value(record)


def test_without_a_step_it_is_nobodys(tmp_path):
    """No step in progress: the record names no patient, and says why."""
    with opened_outbox(tmp_path) as outbox, Site(outbox, Diamentor()) as site:
        site.exposes(100)
        ((record, _),) = site.records(1)
    assert record.reading.patient == Patient()
    said = {item.name: item.text for item in record.reading.items}
    assert said["unassigned"] == "no procedure step was in progress"
    assert said["instrument"] == "PTW DIAMENTOR, serial 345678"


def test_the_end_of_a_step_parts_two_patients(tmp_path):
    """Two patients within the idle time: the step's end ends the exposure, none is merged."""
    with opened_outbox(tmp_path) as outbox:
        site = Site(outbox, Diamentor())
        with site:
            site.room.note("rf", step("1.7"), datetime.now(UTC))
            site.exposes(100)
            site.room.note("rf", step("1.7", "COMPLETED"), datetime.now(UTC))
            (first,) = site.records(1)
            site.room.note("rf", step("1.8"), datetime.now(UTC))
            site.exposes(200)
            _, second = site.records(2)
    assert [one[0].reading.performed_step_uid for one in (first, second)] == ["1.7", "1.8"]
    assert [value(one[0]) for one in (first, second)] == [Decimal("0.0105"), Decimal("0.021")]


def test_a_box_that_was_off_counts_what_the_meter_did_in_that_time(tmp_path):
    """After a start the difference is one exposure that says `restart`, and is nobody's."""
    meter = Diamentor()
    with opened_outbox(tmp_path) as outbox:
        with Site(outbox, meter) as site:
            site.exposes(100)
            site.records(1)
        meter.shown += 500
        with Site(outbox, meter) as site:
            (_, (record, _)) = site.records(2)
        with Site(outbox, meter) as site:
            site.heard(10)
            site.records(2)
    assert value(record) == Decimal("0.0525")
    assert [one.code for one in record.reading.deviations] == ["incomplete:restart"]
    assert record.reading.patient == Patient()


def test_an_unplugged_meter_fails_says_so_and_comes_back(tmp_path):
    """The source tells the cure while the line is gone; what rose meanwhile is incomplete."""
    meter = Diamentor()
    with opened_outbox(tmp_path) as outbox, Site(outbox, meter) as site:
        assert site.source.health().state == "listening"
        eventually(lambda: "shows 0012.50 cGy.cm2" in site.source.health().detail)
        meter.is_plugged = False
        eventually(lambda: "is the adapter plugged in?" in site.source.health().detail)
        assert site.source.health().state == "failed"
        meter.shown += 300
        meter.is_plugged = True
        ((record, _),) = site.records(1)
        assert site.source.health().state == "listening"
    assert value(record) == Decimal("0.0315")
    assert "incomplete:stale" in [one.code for one in record.reading.deviations]


def test_a_full_outbox_loses_no_exposure(tmp_path, monkeypatch):
    """What cannot be written waits, is told in the health, and is written once there is room."""
    with opened_outbox(tmp_path) as outbox, Site(outbox, Diamentor()) as site:
        append = outbox.append
        refusals = []

        def refuse(*_, **__):
            refusals.append(1)
            raise OutboxFullError("the outbox is full")

        monkeypatch.setattr(outbox, "append", refuse)
        site.exposes(100)
        eventually(lambda: len(refusals) > 2, what="it is tried again")
        assert "1 exposures wait" in site.source.health().detail
        monkeypatch.setattr(outbox, "append", append)
        ((record, _),) = site.records(1)
    assert value(record) == Decimal("0.0105")


def test_p55_carry_over_is_told_also_after_a_restart(tmp_path):
    """P55: the counter was not reset between two patients, and the box was restarted between."""
    meter = Diamentor(shown=0)
    with opened_outbox(tmp_path) as outbox:
        with Site(outbox, meter) as site:
            site.room.note("rf", step("1.7"), datetime.now(UTC))
            site.exposes(100)
            site.records(1)
        with Site(outbox, meter) as site:
            site.room.note("rf", step("1.8"), datetime.now(UTC))
            site.exposes(200)
            (_, (record, _)) = site.records(2)
    assert value(record) == Decimal("0.021")
    (deviation,) = record.reading.deviations
    assert deviation.code == "carry-over"
    assert "it stood at 0001.00 cGy.cm2" in deviation.detail


def test_p52_a_reset_is_durable_as_soon_as_it_is_sure(tmp_path):
    """P52: after a reset and a power cut, a counter at its old number tells a dose."""
    meter = Diamentor(shown=300)
    with opened_outbox(tmp_path) as outbox, Site(outbox, meter) as site:
        journal = Journal("dap", outbox)
        meter.shown = 0
        eventually(
            lambda: (one := journal.recall("345678")) and one.account.value == 0,
            what="the reset is written down",
        )
        assert site.outbox.status().last_sequence == 0
