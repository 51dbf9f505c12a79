"""MPPS messages: state, dose and references, per message and merged (P53)."""

from decimal import Decimal

import pytest

from dosebook_protocol.dicom.mpps import Phase, read_mpps
from dosebook_protocol.dicom.read import _parse
from dosebook_protocol.reading import Outcome, Reading
from tests.support.dicom_bytes import Elements, file_bytes

STEP = "1.2.840.5"
CREATE: Elements = {
    0x00080060: ("CS", "XA"),
    0x00100010: ("PN", "Doe^Jane"),
    0x00100020: ("LO", "4711"),
    0x00400241: ("AE", "XA_ONE"),
    0x00400242: ("SH", "Room 3"),
    0x00400244: ("DA", "20260103"),
    0x00400245: ("TM", "0801"),
    0x00400252: ("CS", "IN PROGRESS"),
    0x00400253: ("SH", "P1"),
    0x00400270: (
        "SQ",
        [
            {0x00080050: ("SH", "A1"), 0x0020000D: ("UI", "1.2.3"), 0x00401001: ("SH", "R1")},
            {0x00080050: ("SH", "A2"), 0x0020000D: ("UI", "1.2.3"), 0x00401001: ("SH", "R2")},
        ],
    ),
}
EXPOSURES: Elements = {
    0x0040030E: (
        "SQ",
        [
            {0x0018115A: ("CS", "CONTINUOUS"), 0x00180060: ("DS", "72.5")},
            {
                0x0018115A: ("CS", "PULSED"),
                0x00180060: ("DS", "80"),
                0x00188151: ("DS", "150000"),
                0x00181150: ("IS", "900"),
            },
        ],
    )
}
DOSE: Elements = {
    0x0018115E: ("DS", "123.4"),
    0x00181110: ("DS", "1000"),
    0x00400250: ("DA", "20260103"),
    0x00400251: ("TM", "0830"),
    0x00400252: ("CS", "DISCONTINUED"),
    0x00400300: ("US", 600),
    0x00400301: ("US", 2),
    0x00400302: ("US", 0),
    0x00408302: ("DS", "12.5"),
}


def read(elements: Elements, phase: Phase) -> Reading:
    """Read one message of step 1.2.840.5."""
    return read_mpps(_parse(file_bytes(elements)), phase, STEP)


def totals(reading: Reading) -> dict[str, Decimal]:
    """Return the totals by quantity."""
    return {total.value.quantity: total.value.value for total in reading.totals}


def test_p53_created_step_is_in_progress_without_a_dose() -> None:
    """N-CREATE names patient, study, orders and room, and no dose."""
    reading = read(CREATE, "n-create")
    assert reading.outcome is Outcome.READ
    assert reading.step is not None
    assert (reading.step.uid, reading.step.status) == (STEP, "IN PROGRESS")
    assert reading.step.started is not None
    assert reading.step.started.local == "2026-01-03T08:01"
    assert (reading.study.uid, reading.study.accession_number) == ("1.2.3", "A1")
    assert (reading.patient.id, reading.equipment.station_name) == ("4711", "Room 3")
    assert (reading.events, reading.totals) == ((), ())


def test_p09_every_scheduled_order_stays_visible() -> None:
    """One step that answers two orders names both accession numbers."""
    reading = read(CREATE, "n-create")
    orders = [i.text for i in reading.items if i.name == "scheduled_accession_number"]
    assert orders == ["A1", "A2"]


def test_p53_discontinued_step_keeps_its_dose() -> None:
    """DISCONTINUED was irradiated all the same: totals and exposures are read."""
    reading = read({**DOSE, **EXPOSURES}, "n-set")
    assert reading.step is not None
    assert reading.step.status == "DISCONTINUED"
    assert totals(reading) == {
        "fluoro_time": 600,
        "number_of_events": 2,
        "dose_area_product": Decimal("12.34"),
        "entrance_dose": Decimal("12.5"),
    }
    assert [e.values[0].quantity for e in reading.events] == ["kvp", "kvp"]
    assert any(i.name == "distance_source_to_detector" for i in reading.items)


def test_n_set_carries_nothing_that_it_does_not_say() -> None:
    """An N-SET leaves patient, study and start empty rather than guessed."""
    reading = read(DOSE, "n-set")
    assert (reading.patient.id, reading.study.uid) == ("", "")
    assert reading.step is not None
    assert reading.step.started is None
    assert reading.step.ended is not None


def test_n_set_and_merged_message_name_the_same_events() -> None:
    """An exposure has one UID whether it is read from the N-SET or from the merged step."""
    alone = read({**DOSE, **EXPOSURES}, "n-set")
    merged = read({**CREATE, **DOSE, **EXPOSURES}, "merged")
    assert [e.uid for e in alone.events] == [e.uid for e in merged.events]
    assert len({e.uid for e in alone.events}) == 2
    assert merged.study.uid == "1.2.3"


@pytest.mark.parametrize(
    ("sent", "status", "is_odd"),
    [
        ("COMPLETED", "COMPLETED", False),
        ("completed", "COMPLETED", False),
        ("IN_PROGRESS", "IN PROGRESS", False),
        ("ABANDONED", "IN PROGRESS", True),
    ],
)
def test_p39_unknown_status_is_noted(sent: str, status: str, is_odd: bool) -> None:
    """A status that the standard does not know never closes a step."""
    reading = read({**DOSE, 0x00400252: ("CS", sent)}, "n-set")
    assert reading.step is not None
    assert reading.step.status == status
    assert any(d.code == "unknown-step-status" for d in reading.deviations) is is_odd


def test_p29_stated_zero_fluoroscopy_is_a_total() -> None:
    """Zero seconds of fluoroscopy is a statement; no attribute is none."""
    assert totals(read({**DOSE, 0x00400300: ("US", 0)}, "n-set"))["fluoro_time"] == 0
    without = {tag: element for tag, element in DOSE.items() if tag != 0x00400300}
    assert "fluoro_time" not in totals(read(without, "n-set"))


def test_ct_step_reads_the_dose_comment() -> None:
    """A CT that states its dose in words only still gives series and total."""
    comment = "Series #2 HEAD Average CTDIvol=52.1 DLP=830.5\r\nTotal DLP=830.5"
    reading = read({0x00080060: ("CS", "CT"), 0x00400310: ("ST", comment)}, "n-set")
    assert totals(reading) == {"dlp": Decimal("830.5")}
    assert [v.value for v in reading.events[0].values] == [Decimal("52.1"), Decimal("830.5")]
