"""What the record of an exposure says, and what is durable of it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dosebook_edge.capture.instrument.recording.journal import Journal
from dosebook_edge.capture.instrument.recording.records import Instrument, reading_of
from dosebook_edge.capture.room import Attachment, RoomStep
from dosebook_protocol.reading import (
    Equipment,
    EventKind,
    Outcome,
    Patient,
    ProcedureStep,
    Reading,
    Study,
)
from tests.support.box import draft, opened_outbox
from tests.support.exposures import BEGAN, Line

DIAMENTOR = Instrument(
    box_id="box-1",
    source="dap",
    profile_id="dap-line",
    revision="0123456789ab",
    name="any DAP meter",
    factor=Decimal("1.05"),
    certificate="C-1",
    calibrated_on=date(2024, 3, 11),
    calibration_due=date(2027, 3, 11),
    dap_position="before table",
    modality="",
)
NOBODY = Attachment(None, "no procedure step was in progress")
STEP = RoomStep(
    "1.7",
    "rf",
    Reading(
        Outcome.READ,
        "mpps",
        "mpps",
        modality="RF",
        patient=Patient(id="T-1", name="Zyxwalska^Testymona"),
        study=Study(uid="1.9", accession_number="A1"),
        equipment=Equipment(manufacturer="Maker", station_name="RF1"),
        step=ProcedureStep("1.7", "IN PROGRESS"),
    ),
    BEGAN,
)


def exposure(*numbers, **line):
    """One exposure of a DAP meter."""
    meter = Line(factor="1.05", serial="4711", **line)
    meter.shows(*numbers, numbers[-1])
    meter.passes(31)
    return meter.ended[-1]


def items(reading):
    """Items by name."""
    return {one.name: one.text for one in reading.items}


def test_an_attached_exposure_is_an_event_of_its_study():
    """Patient, study and station are the step's; the value is corrected, the raw one kept (P18)."""
    reading = reading_of(exposure("12.50", "12.50", "14.50"), DIAMENTOR, Attachment(STEP))
    assert (reading.outcome, reading.kind, reading.modality) == (Outcome.READ, "instrument", "RF")
    assert reading.patient.id == "T-1"
    assert (reading.study.uid, reading.performed_step_uid) == ("1.9", "1.7")
    assert reading.equipment.station_name == "RF1"
    (event,) = reading.events
    assert event.kind is EventKind.PROJECTION
    assert event.uid.startswith("2.25.")
    assert event.uid_is_synthesised
    (value,) = event.values
    assert (value.quantity, value.value, value.unit) == (
        "dose_area_product",
        Decimal("0.021"),
        "Gy.cm2",
    )
    assert (value.original, value.original_unit) == ("2", "cGy.cm2")
    assert items(reading) == {
        "instrument": "any DAP meter, serial 4711",
        "instrument_profile": "dap-line@0123456789ab",
        "raw_value": "0.02 Gy.cm2",
        "value_as_sent": "2 cGy.cm2",
        "counter_before": "12.50 cGy.cm2",
        "counter_after": "14.50 cGy.cm2",
        "calibration_factor": "1.05",
        "calibration_certificate": "C-1",
        "calibration_date": "2024-03-11",
        "calibration_due": "2027-03-11",
        "dap_position": "before table",
        "exposure_number": "1",
        "exposure_ended": items(reading)["exposure_ended"],
        "exposure_end": "no change for the idle time",
    }
    assert reading.deviations == ()


def test_an_unassigned_exposure_names_nobody_and_says_why():
    """Without a step there is no patient and no study, and the reason is told."""
    reading = reading_of(exposure("0.00", "0.00", "1.00"), DIAMENTOR, NOBODY)
    assert (reading.patient, reading.study, reading.equipment) == (Patient(), Study(), Equipment())
    assert reading.performed_step_uid == ""
    assert items(reading)["unassigned"] == "no procedure step was in progress"


def test_the_same_exposure_always_has_the_same_uid():
    """Told again after a crash it is the same event; another value is another event."""
    one, same = (exposure("0.00", "0.00", "1.00") for _ in range(2))
    other = exposure("0.00", "0.00", "2.00")
    uids = [reading_of(e, DIAMENTOR, NOBODY).events[0].uid for e in (one, same, other)]
    assert uids[0] == uids[1] != uids[2]


def test_p55_carry_over_is_told_where_the_step_changed():
    """P55: the next patient's exposure begins above zero; what stood there is not counted."""
    found = exposure("12.50", "12.50", "14.50")
    codes = [
        [one.code for one in reading_of(found, DIAMENTOR, at, step_before=before).deviations]
        for at, before in ((Attachment(STEP), "1.6"), (Attachment(STEP), "1.7"), (NOBODY, "1.6"))
    ]
    assert codes == [["carry-over"], [], []]
    from_zero = exposure("0.00", "0.00", "2.00")
    assert not reading_of(from_zero, DIAMENTOR, Attachment(STEP), step_before="1.6").deviations


def test_p18_an_overdue_calibration_and_flags_are_deviations():
    """P18: what is not sure of a value stands beside it."""
    overdue = replace(DIAMENTOR, calibration_due=BEGAN.date() - timedelta(days=1))
    late = Attachment(STEP, is_late=True)
    reading = reading_of(exposure("0.00", "0.00", "1.00", "OL", "2.00"), overdue, late)
    assert [one.code for one in reading.deviations] == [
        "incomplete:overload", "attached-late", "calibration-overdue",
    ]  # fmt: skip
    assert all(one.detail for one in reading.deviations)


@pytest.mark.parametrize(("meaning", "quantity"), [("not stated", None), ("dose_rp", "dose_rp")])
def test_an_air_kerma_is_a_patients_dose_only_if_the_site_says_where(meaning, quantity):
    """An electrometer knows no reference point: without the site's word it is no dose."""
    found = exposure("0.00", "0.00", "1.00")
    kerma = replace(
        found, segment=replace(found.segment, quantity="air_kerma", unit="mGy", text_unit="Gy")
    )
    reading = reading_of(kerma, replace(DIAMENTOR, meaning=meaning), Attachment(STEP))
    if quantity is None:
        assert (reading.outcome, reading.events) == (Outcome.NO_DOSE, ())
        assert "only where the site says" in reading.reason
        assert items(reading)["raw_value"] == "0.01 mGy"
    else:
        assert [value.quantity for value in reading.events[0].values] == [quantity]


def test_an_activity_is_what_was_drawn_up_never_what_was_given():
    """A calibrator knows the syringe, not the patient: pre-administration activity."""
    line = Line("capintec-crc-15")
    frame = bytes.fromhex("462031382020 05 CC853540")
    for _ in range(5):
        line.asks(b"@ABCDEFGHIJK\r\n")
        line.says(frame)
    (found,) = line.ended
    (event,) = reading_of(found, DIAMENTOR, NOBODY).events
    assert event.kind is EventKind.RADIOPHARMACEUTICAL
    assert [value.quantity for value in event.values] == ["pre_administration_activity"]
    assert [one.text for one in event.items] == ["F 18"]


def test_what_is_journalled_comes_back_exactly(tmp_path):
    """Account, open exposure and the parts of its transcript survive the process."""
    line = Line(serial="4711")
    line.shows("10.00", "10.00", "11.00", "12.00")
    with opened_outbox(tmp_path) as outbox:
        journal = Journal("dap", outbox)
        assert (journal.recall("4711"), journal.newest_serial()) == (None, "")
        journal.save(line.exposures.memory())
        line.shows("13.00", "13.00")
        journal.save(line.exposures.memory())
    with opened_outbox(tmp_path) as outbox:
        journal = Journal("dap", outbox)
        assert journal.newest_serial() == "4711"
        assert journal.recall("4711") == line.exposures.memory()
        assert journal.recall("4711").lines
        assert journal.recall("1") is None
        line.passes(31)
        (found,) = line.ended
        outbox.append(draft(), also=journal.with_record(found.memory))
        journal.is_recorded()
        assert journal.recall("4711") == found.memory
        count = outbox.read(lambda c: c.execute("SELECT count(*) FROM instrument_line").fetchone())
        assert count == (0,)


def test_a_record_that_fails_leaves_the_account_where_it_was(tmp_path):
    """Record and account are one transaction: neither without the other."""
    line = Line(serial="4711")
    line.shows("10.00", "10.00", "11.00", "11.00")
    before = line.exposures.memory()
    line.passes(31)
    with opened_outbox(tmp_path) as outbox:
        journal = Journal("dap", outbox)
        journal.save(before)
        remember = journal.with_record(line.ended[0].memory)

        def breaks(connection):
            remember(connection)
            raise RuntimeError("the disk is gone")

        with pytest.raises(RuntimeError):
            outbox.append(draft(), also=breaks)
        assert journal.recall("4711") == before
        assert outbox.status().waiting == 0


def test_an_outbox_of_an_earlier_release_gains_the_tables(tmp_path):
    """A box that is updated keeps its records and can have instruments."""
    with opened_outbox(tmp_path) as outbox:
        outbox.append(draft())
        outbox.run(lambda c: c.execute("DROP TABLE instrument"))
        outbox.run(lambda c: c.execute("DROP TABLE instrument_line"))
    with opened_outbox(tmp_path) as outbox:
        assert Journal("dap", outbox).newest_serial() == ""
        assert outbox.status().waiting == 1
