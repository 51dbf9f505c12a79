"""Dose lists and event UIDs of headers as hospitals send them.

The sources of each are in docs/understand/readers.md.
"""

from decimal import Decimal
from typing import Any

import pytest

from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import Reading
from tests.support.dicom_bytes import file_bytes

Elements = dict[int, tuple[str, Any]]

KAP, KVP, CTDI, EVENT_UID = 0x0018115E, 0x00180060, 0x00189345, 0x00083010
COMMENT, EXPOSURES, IMAGE_TYPE = 0x00400310, 0x0040030E, 0x00080008
DAY, TIME, DATETIME = 0x00080022, 0x00080032, 0x0008002A
NUCLIDES, ACTIVITY, ADMINISTRATION_UID = 0x00540016, 0x00181074, 0x00083012
STUDY, SERIES, OBJECT, DEVICE = "1.2.3", "1.2.3.8", "1.2.3.9.1", "1.2.3.7"

LISTED: Elements = {
    0x00200011: ("IS", "2"),
    0x00189302: ("CS", "SPIRAL"),
    CTDI: ("FD", 10.0),
    0x00E10010: ("LO", "ELSCINT1"),
    0x00E11021: ("DS", "300"),
}


def _read(modality: str, sop_class: str, elements: Elements, uid: str = OBJECT) -> Reading:
    return read_object(
        file_bytes(
            {
                0x00080016: ("UI", f"1.2.840.10008.5.1.4.1.1.{sop_class}"),
                0x00080018: ("UI", uid),
                0x00080060: ("CS", modality),
                0x0020000D: ("UI", STUDY),
                0x0020000E: ("UI", SERIES),
                0x00181002: ("UI", DEVICE),
            }
            | elements
        )
    )


def _dx(elements: Elements, uid: str = OBJECT) -> Reading:
    return _read("DX", "1.1", {KAP: ("DS", "1")} | elements, uid)


def _doses(reading: Reading, quantity: str) -> list[Decimal]:
    return [v.value for e in reading.events for v in e.values if v.quantity == quantity]


def _deviations(reading: Reading) -> set[str]:
    return {deviation.code for deviation in reading.deviations}


@pytest.mark.parametrize("uid", [STUDY, SERIES, OBJECT, DEVICE, "0"])
def test_p08_an_event_uid_of_something_else_does_not_unite_exposures(uid: str) -> None:
    """Two exposures under the UID of their study, series or device stay two (P8)."""
    first = _dx({EVENT_UID: ("UI", uid), DAY: ("DA", "20240101"), TIME: ("TM", "101010")})
    second = _dx({EVENT_UID: ("UI", uid), DAY: ("DA", "20240101"), TIME: ("TM", "101210")})
    events = [first.events[0], second.events[0]]
    assert all(event.uid_is_synthesised for event in events)
    assert len({event.uid for event in events}) == 2
    assert uid in {item.text for item in events[0].items}
    assert "synthesised-uid" in _deviations(first)


def test_p08_an_event_uid_of_its_own_is_kept() -> None:
    """A UID that names nothing else is the event's, in the For Processing copy as well (P8)."""
    event = _dx({EVENT_UID: ("UI", "1.2.3.5")}).events[0]
    assert (event.uid, event.uid_is_synthesised) == ("1.2.3.5", False)


def test_p08_an_administration_uid_that_names_the_study_is_none() -> None:
    """Two agents under the UID of their study are two administrations (P8)."""
    items: list[Elements] = [
        {ACTIVITY: ("DS", "370"), 0x00180031: ("LO", agent), ADMINISTRATION_UID: ("UI", STUDY)}
        for agent in ("MIBI", "Thallium")
    ]
    reading = _read("NM", "20", {NUCLIDES: ("SQ", items)})
    assert _doses(reading, "administered_activity") == [370, 370]


def test_p08_a_date_alone_does_not_unite_the_exposures_of_a_day() -> None:
    """Acquisition DateTime without a time says less than date and time beside it (P8, P26)."""
    day: Elements = {DATETIME: ("DT", "20240101"), DAY: ("DA", "20240101")}
    first, second = _dx(day | {TIME: ("TM", "101010.")}), _dx(day | {TIME: ("TM", "101210.")})
    assert first.events[0].uid != second.events[0].uid
    started = first.events[0].started
    assert started is not None
    assert started.local == "2024-01-01T10:10:10"
    alone = _dx({DATETIME: ("DT", "20240101")})
    assert alone.events[0].uid != _dx({DATETIME: ("DT", "20240101")}, "1.2.3.9.2").events[0].uid


@pytest.mark.parametrize("kind", ["DERIVED\\SECONDARY\\DOSE_INFO", "ORIGINAL\\PRIMARY\\LOCALIZER"])
def test_a_dose_list_in_an_object_of_the_ct_image_class_is_read(kind: str) -> None:
    """Philips writes its Dose Info as CT image too: its exposures count, the localiser's none."""
    listed: Elements = {
        IMAGE_TYPE: ("CS", kind),
        KVP: ("DS", "120"),
        EXPOSURES: ("SQ", [LISTED]),
        COMMENT: ("ST", "Series #2 HEAD CTDIvol=10.0 DLP=300.0\nTotal DLP=300.0"),
    }
    reading = _read("CT", "2", listed)
    assert reading.kind == "dose-sc-header"
    assert _doses(reading, "ctdi_vol") == [10]
    assert _doses(reading, "dlp") == [300]
    assert [total.value.value for total in reading.totals] == [300]
    capture = _read("CT", "7", listed, "1.2.3.9.2")
    assert [event.uid for event in capture.events] == [event.uid for event in reading.events]


def test_a_list_without_dose_leaves_the_slice_its_own() -> None:
    """A slice that lists exposures without a dose is read by what it states of itself."""
    own: Elements = {CTDI: ("FD", 12.0), EXPOSURES: ("SQ", [{KVP: ("DS", "120")}])}
    reading = _read("CT", "2", own)
    assert reading.kind == "image-header"
    assert _doses(reading, "ctdi_vol") == [12]


def test_a_dose_that_only_the_list_of_a_projection_states_is_read() -> None:
    """A header with kV of its own and the KAP in its exposure list has that KAP, in one event."""
    listed: Elements = {KAP: ("DS", "3"), KVP: ("DS", "80")}
    reading = _read("DX", "1.1", {KVP: ("DS", "80"), EXPOSURES: ("SQ", [listed])})
    assert _doses(reading, "dose_area_product") == [Decimal("0.3")]
    assert len(reading.events) == 1
    next_image = _read("DX", "1.1", {EXPOSURES: ("SQ", [listed])}, "1.2.3.9.2")
    assert next_image.events[0].uid != reading.events[0].uid, "an equal dose, another exposure"
    technique = _read("DX", "1.1", {KVP: ("DS", "80"), EXPOSURES: ("SQ", [{KVP: ("DS", "70")}])})
    assert _doses(technique, "kvp") == [80]


@pytest.mark.parametrize("index", [{0x00186000: ("DS", "420")}, {0x00181405: ("IS", "1500")}])
def test_an_image_plate_that_states_its_exposure_only_is_an_event(index: Elements) -> None:
    """An S or REX number says that a plate was exposed: an event without dose; a name does not."""
    reading = _read("CR", "1", index)
    assert [event.values for event in reading.events] == [()]
    assert not _read("CR", "1", {0x00180015: ("CS", "HAND")}).events


def test_p60_an_administration_whose_activity_is_no_number_is_still_one() -> None:
    """221596 may be kBq: no activity, but not an image without an administration (P29, P60)."""
    reading = _read("PT", "128", {NUCLIDES: ("SQ", [{ACTIVITY: ("DS", "221596")}])})
    assert len(reading.events) == 1
    assert not _doses(reading, "administered_activity")
    assert "221596" in {item.text for item in reading.items}


@pytest.mark.parametrize(
    ("size", "weight", "metres", "kilograms"),
    [
        ("1.80 m", "80 kg", "1.80", "80"), ("180cm", "80,5 KG", "1.8", "80.5"),
        ("70 in", "180 lb", None, None), ("m", "kg", None, None),
    ],
)  # fmt: skip
def test_p28_a_size_with_its_unit_behind_it_is_read(
    size: str, weight: str, metres: str | None, kilograms: str | None
) -> None:
    """The unit that is written counts and is noted; inches and pounds are left out (P28)."""
    reading = _dx({0x00101020: ("LO", size), 0x00101030: ("LO", weight)})
    expected = [Decimal(text) if text else None for text in (metres, kilograms)]
    assert [reading.patient.size_m, reading.patient.weight_kg] == expected
    assert ("unit-in-number" if metres else "not-a-number") in _deviations(reading)


@pytest.mark.parametrize(
    ("comment", "dlp"),
    [
        ("TotalDLP=500.5 Event=1 DLP=200.5 Event=2 DLP=300.0", ["200.5", "300.0"]),
        ("TotalDLP=500.5 Event=1DLP=200.5,Event=2, DLP=300.0", ["200.5", "300.0"]),
        ("Series # 2 HEAD CTDIvol = .5  DLP =  30.5 Series #3 CTDIvol=5, DLP=.5", ["30.5", "0.5"]),
        ("Series #2 SCOUT Series #3 HEAD CTDIvol=5 DLP=60", ["60"]),
    ],
)
def test_every_exposure_of_a_dose_comment_is_read(comment: str, dlp: list[str]) -> None:
    """All in one line, without a space or a leading zero: none is lost, none takes another's."""
    reading = _read("CT", "7", {COMMENT: ("ST", comment)})
    assert _doses(reading, "dlp") == [Decimal(number) for number in dlp]
    assert all("Series" not in event.protocol for event in reading.events)
