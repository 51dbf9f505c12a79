"""Dose reports as hospitals send them: units, numbers, codes and doubles beyond the standard.

The sources of each are in docs/understand/readers.md.
"""

from decimal import Decimal
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dosebook_protocol.codes import canonical
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.quantities import UnitError, canonical_unit, parse_decimal
from dosebook_protocol.reading import Outcome, Reading
from dosebook_protocol.report import report
from tests.support import sr
from tests.support.dicom_bytes import file_bytes

BODY, HEAD = ("113691", "DCM", "body"), ("113690", "DCM", "head")
KAP, RP_DOSE, CTDI, DLP, PHANTOM = "122130", "113738", "113830", "113838", "113835"


def _read(*children: Dataset, **attributes: Any) -> Reading:
    return read_object(sr.encoded(sr.document(*children, **attributes)))


def _event(*children: Dataset) -> Reading:
    return _read(sr.x_ray_event("2.25.1", *children))


def _doses(reading: Reading, quantity: str) -> list[Decimal]:
    return [v.value for e in reading.events for v in e.values if v.quantity == quantity]


def _kept(reading: Reading) -> set[str]:
    return {item.text for event in reading.events for item in event.items}


def _deviations(reading: Reading) -> set[str]:
    return {deviation.code for deviation in reading.deviations}


def _written(item: Dataset, text: str) -> Dataset:
    item.MeasuredValueSequence[0].add_new(0x0040A30A, "LO", text)
    return item


def _qualified(item: Dataset, value: str, meaning: str) -> Dataset:
    item.NumericValueQualifierCodeSequence = Sequence([sr.code(value, "DCM", meaning)])
    return item


def _with_unit(item: Dataset, value: str, meaning: str) -> Dataset:
    unit = item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0]
    unit.CodeValue, unit.CodeMeaning = value, meaning
    return item


@pytest.mark.parametrize(
    ("sent", "unit"),
    [
        ("dGy*cm*cm", "dGy.cm2"), ("cGy.cm.cm", "cGy.cm2"), ("Gy cm cm", "Gy.cm2"),
        ("GY.M2", "Gy.m2"), ("uGyM2", "uGy.m2"), ("dGy*cm^2", "dGy.cm2"), ("Gym**2", "Gy.m2"),
        ("minutes", "min"), ("seconds", "s"), ("second", "s"), ("kVP", "kV"), ("ma", "mA"),
        ("mAS", "mA.s"), ("fps", "{pulse}/s"), ("pulses/s", "{pulse}/s"), ("1/sec", "{pulse}/s"),
        ("º", "deg"), ("Mbq", "MBq"), ("[mCi]", "mCi"),
    ],
)  # fmt: skip
def test_p01_units_in_the_spellings_of_consoles(sent: str, unit: str) -> None:
    """How PS3.3 and consoles write a unit is that unit; no prefix is ever changed (P1)."""
    assert canonical_unit(sent) == unit


@pytest.mark.parametrize("sent", ["mbq", "mGy/cm", "MGym2", "Gy.km2", "10uGym2", "mGy.cm.m"])
def test_p02_what_could_be_two_units_is_none(sent: str) -> None:
    """`mbq` may be milli or mega, and a DLP is no dose per length: unknown (P2)."""
    with pytest.raises(UnitError):
        canonical_unit(sent)


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("1,5", "1.5"), ("0,234", "0.234"), ("1234,5", "1234.5"), ("12,34", "12.34"),
        ("1,234.5", "1234.5"), ("1.234,5", "1234.5"), ("1,234,567.8", "1234567.8"),
        (".5", "0.5"), ("5.", "5"), ("+1.5E-05", "0.000015"), ("-0.0", "0"),
    ],
)  # fmt: skip
def test_p39_numbers_with_commas_that_can_mean_one_thing(sent: str, value: str) -> None:
    """A decimal comma and grouped thousands are read where only one number is possible (P39)."""
    assert parse_decimal(sent) == Decimal(value)
    assert not parse_decimal(sent).is_signed()


@pytest.mark.parametrize("sent", ["1,234", "-12,345", "1,2,3", "1 234.5", "1.5 Gy", "1.5D-05"])
def test_p02_a_thousand_is_never_guessed(sent: str) -> None:
    """`1,234` is either 1.234 or 1234: no number (P2)."""
    with pytest.raises(ValueError, match=r"comma|not a number"):
        parse_decimal(sent)


def test_p39_a_decimal_comma_in_a_report_is_noted_and_an_ambiguous_one_is_text() -> None:
    """A KAP of `1,5` is read and said so; one of `1,234` is shown as sent and sums to nothing."""
    clear = _event(_written(sr.num(KAP, "1", "Gy.cm2"), "1,5"))
    unclear = _event(_written(sr.num(KAP, "1", "Gy.cm2"), "1,234"))
    assert _doses(clear, "dose_area_product") == [Decimal("1.5")]
    assert "decimal-comma" in _deviations(clear)
    assert not _doses(unclear, "dose_area_product")
    assert "1,234 Gy.cm2" in _kept(unclear)


@pytest.mark.parametrize(
    ("text", "deviation"),
    [("-1.5", "negative-dose"), ("1e400", "number-too-large"), ("NaN", "not-a-number")],
)
def test_p39_impossible_numbers_of_a_report_are_text(text: str, deviation: str) -> None:
    """A negative, infinite or boundless dose costs no other value of its report (P39)."""
    reading = _event(_written(sr.num(KAP, "1", "Gy.m2"), text), sr.num(RP_DOSE, "2", "mGy"))
    assert reading.outcome is Outcome.READ, reading.reason
    assert not _doses(reading, "dose_area_product")
    assert _doses(reading, "dose_rp") == [2]
    assert deviation in _deviations(reading)
    assert f"{text} Gy.m2" in _kept(reading)


def test_p29_a_number_whose_measurement_failed_is_no_dose() -> None:
    """CID 42: 0 with `Measurement failure` is not a dose of 0, 99999 not one of 99999 (P29)."""
    reading = _event(
        _qualified(sr.num(KAP, "0", "Gy.m2"), "114006", "Measurement failure"),
        _qualified(sr.num(RP_DOSE, "99999", "Gy"), "114007", "Measurement not attempted"),
    )
    assert not _doses(reading, "dose_area_product")
    assert not _doses(reading, "dose_rp")
    assert {"0 Gy.m2", "99999 Gy"} <= _kept(reading)
    assert "qualified-number" in _deviations(reading)


def test_a_binary_number_stands_in_for_an_empty_decimal_one() -> None:
    """Floating Point Value (0040,A161) is read where Numeric Value is empty."""
    item = sr.num(RP_DOSE, "1", "Gy")
    item.MeasuredValueSequence[0].NumericValue = ""
    item.MeasuredValueSequence[0].FloatingPointValue = 0.012
    assert _doses(_event(item), "dose_rp") == [12]


def test_p29_zero_in_no_units_is_zero() -> None:
    """Consoles write 0 `no units` for what they did not use: it quarantines no report (P29)."""
    reading = _event(sr.num(KAP, "0", "1"), sr.num(RP_DOSE, "1", "mGy"))
    assert _doses(reading, "dose_area_product") == [0]
    assert "zero-in-other-unit" in _deviations(reading)


def test_p02_a_dose_without_unit_is_refused_in_plain_words() -> None:
    """The reason of the quarantine says that the unit is missing, not that it is a ratio (P2)."""
    item = sr.num(KAP, "1.5", "x")
    del item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence
    reading = _event(item)
    assert reading.outcome is Outcome.QUARANTINED
    assert "it has no unit" in reading.reason


def test_p39_a_unit_that_is_only_a_meaning_is_read_and_noted() -> None:
    """An empty code value with the meaning `Gym2` states the unit all the same (P39)."""
    reading = _event(_with_unit(sr.num(KAP, "1", "x"), "", "Gym2"))
    assert _doses(reading, "dose_area_product") == [10000]
    assert "unit-without-code" in _deviations(reading)


def test_p02_a_unit_whose_meaning_contradicts_its_code_is_noted() -> None:
    """The code counts, as everywhere; the other unit of the meaning does not pass unseen (P2)."""
    reading = _event(_with_unit(sr.num(KAP, "1.5", "x"), "Gy.m2", "dGy.cm2"))
    assert _doses(reading, "dose_area_product") == [15000]
    assert {"unit-contradiction", "implausible-dose"} <= _deviations(reading)
    degrees = _event(_with_unit(sr.num("112011", "30", "x"), "deg", "º"))
    assert "unit-contradiction" not in _deviations(degrees)


@pytest.mark.parametrize(
    ("value", "scheme", "meant"),
    [
        ("122130", "", ("122130", "DCM")),
        ("122130", "DICOM", ("122130", "DCM")),
        ("122130", "1.2.840.10008.2.16.4", ("122130", "DCM")),
        ("272741003", "2.16.840.1.113883.6.96", ("272741003", "SCT")),
        ("77477000", "SNOMED", ("77477000", "SCT")),
        ("8302-2", "2.16.840.1.113883.6.1", ("8302-2", "LN")),
        ("272741003", "", ("272741003", "")),
        ("122130", "99MAKER", ("122130", "99MAKER")),
    ],
)
def test_p39_a_scheme_by_another_name_or_none(
    value: str, scheme: str, meant: tuple[str, str]
) -> None:
    """Schemes by UID or by name, and DICOM's own left out, are known; private ones stay (P39)."""
    assert canonical(value, scheme) == meant


def test_p39_doses_are_read_whatever_the_scheme_is_called() -> None:
    """A whole event whose codes lack their scheme gives its KAP and plane (P39)."""
    event = sr.container(
        ("113706", ""),
        sr.coded(("113764", ""), ("113621", "", "Plane B")),
        sr.uid(("113769", ""), "1.2.3"),
        sr.num((KAP, ""), "1", "Gy.cm2"),
    )
    (read,) = _read(event).events
    assert (read.uid, read.plane) == ("1.2.3", "b")
    assert [v.value for v in read.values] == [1]


def test_p39_a_dose_in_a_text_item_is_shown_and_noted() -> None:
    """A CTDIvol as TEXT is no number, but neither lost nor unseen (P39)."""
    reading = _read(sr.container("113819", sr.text(CTDI, "10 mGy"), sr.num(DLP, "100", "mGy.cm")))
    assert "10 mGy" in _kept(reading)
    assert "number-as-text" in _deviations(reading)


@pytest.mark.parametrize("second", [("10000", "Gy.cm2"), ("1.001", "Gy.m2")])
def test_p08_a_dose_stated_twice_in_one_event_counts_once(second: tuple[str, str]) -> None:
    """The same KAP in two units or roundings is one exposure, both stay visible (P8)."""
    reading = _event(sr.num(KAP, "1", "Gy.m2"), sr.num(KAP, *second))
    assert _doses(reading, "dose_area_product") == [10000]
    assert report(reading)["totals"]["sum_of_events"]["dose_area_product_gy_cm2"] == 10000
    assert "repeated-dose" in _deviations(reading)
    assert f"{second[0]} {second[1]}" in _kept(reading)


def test_p02_two_unlike_doses_of_one_event_are_none() -> None:
    """Which of two KAPs is that of the event is not guessed, and they are never added (P2)."""
    reading = _event(sr.num(KAP, ["1", "3"], "Gy.cm2"), sr.num(RP_DOSE, "2", "mGy"))
    assert not _doses(reading, "dose_area_product")
    assert _doses(reading, "dose_rp") == [2]
    assert {"1 Gy.cm2", "3 Gy.cm2"} <= _kept(reading)
    assert "several-doses" in _deviations(reading)


def test_p12_one_scan_stated_for_both_phantoms_is_not_two() -> None:
    """CTDIvol and DLP for 16 cm and for 32 cm in one event are not added up (P12)."""
    dose = [
        sr.container(
            "113829", sr.num(CTDI, ctdi, "mGy"), sr.num(DLP, dlp, "mGy.cm"), sr.coded(PHANTOM, of)
        )
        for ctdi, dlp, of in (("10", "100", BODY), ("20", "200", HEAD))
    ]
    reading = _read(sr.container("113819", sr.uid("113769", "1.2.3"), *dose))
    assert reading.events[0].phantom is None
    assert "dlp_by_phantom_mgy_cm" not in report(reading)["totals"]["sum_of_events"]
    assert {"several-doses", "several-phantoms"} <= _deviations(reading)
    assert {"100 mGy.cm", "200 mGy.cm"} <= _kept(reading)


def test_p12_a_total_over_events_of_both_phantoms_says_so() -> None:
    """A stated DLP total is not passed off as one of a single phantom (P12)."""
    found = report(
        _read(
            sr.ct_totals(2, "150"),
            sr.ct_event("1.2.1", ctdi="10", dlp="100"),
            sr.ct_event("1.2.2", ctdi="10", dlp="50", phantom="113690"),
            template="10011",
        )
    )
    assert found["totals"]["dlp_mgy_cm"] == 150
    assert "phantoms" in found["totals"]["notes"]["dlp_mgy_cm"]


def test_p04_a_total_within_an_event_is_no_dose_of_the_event() -> None:
    """A running total that a console repeats in each event is text, never summed (P4)."""
    reading = _read(
        *(
            sr.x_ray_event(f"1.2.{n}", sr.num(KAP, "1", "Gy.cm2"), sr.num("113722", n, "Gy.cm2"))
            for n in (1, 2)
        )
    )
    assert _doses(reading, "dose_area_product") == [1, 1]
    assert "2 Gy.cm2" in _kept(reading)
    assert "total-in-event" in _deviations(reading)


def test_p04_a_total_that_two_containers_repeat_is_one() -> None:
    """Fluoroscopy and integrated containers of one plane state one KAP, not its double (P4)."""
    twice = _read(
        sr.x_ray_totals(sr.num("113722", "2", "Gy.cm2"), sr.num("113730", "60", "s")),
        sr.x_ray_totals(sr.num("113722", "0.0002", "Gy.m2"), sr.num("113731", "9", "1")),
    )
    parts = _read(
        sr.x_ray_totals(sr.num("113722", "2", "Gy.cm2"), plane="113620"),
        sr.x_ray_totals(sr.num("113722", "2", "Gy.cm2"), plane="113621"),
    )
    assert report(twice)["totals"]["dose_area_product_gy_cm2"] == 2
    assert report(twice)["totals"]["fluoro_time_s"] == 60
    assert "repeated-total" in _deviations(twice)
    assert report(parts)["totals"]["dose_area_product_gy_cm2"] == 4, "planes are not repetitions"


def test_p05_equal_totals_of_two_parts_are_both_counted_where_the_events_say_so() -> None:
    """Two scans of 50 mGy·cm, each with its own container, are 100 mGy·cm and two events (P5)."""
    events = [sr.ct_event(f"1.2.{n}", ctdi="1", dlp="50") for n in (1, 2)]
    found = report(_read(sr.ct_totals(1, "50"), sr.ct_totals(1, "50"), *events, template="10011"))
    assert found["totals"]["dlp_mgy_cm"] == 100
    assert found["totals"]["number_of_events"] == 2


def test_p01_a_dose_that_no_event_has_is_flagged() -> None:
    """25 Gy·m² for one run can only be dGy·cm²: kept as stated, and said to be too much (P1)."""
    assert "implausible-dose" in _deviations(_event(sr.num(KAP, "25", "Gy.m2")))
    assert "implausible-dose" not in _deviations(_event(sr.num(KAP, "25", "Gy.cm2")))


@pytest.mark.parametrize(
    ("sent", "local", "offset"),
    [
        ("20260314092653.1234567", "2026-03-14T09:26:53.123456", ""),
        ("2026-03-14T09:26:53", "2026-03-14T09:26:53", ""),
        ("2026-03-14 09:26:53,5", "2026-03-14T09:26:53.5", ""),
        ("20260314T092653Z", "2026-03-14T09:26:53", "+00:00"),
        ("20260314092653+01:00", "2026-03-14T09:26:53", "+01:00"),
    ],
)
def test_p26_times_in_other_forms_than_dt(sent: str, local: str, offset: str) -> None:
    """Seven digits of a second, ISO 8601 and `Z` are moments too (P26)."""
    started = _started(sent).events[0].started
    assert started is not None
    assert (started.original, started.local, started.offset) == (sent, local, offset)


@pytest.mark.parametrize("sent", ["00010101000000", "18991230", "19700101000000", "20261399"])
def test_p26_a_calendars_day_zero_is_no_date(sent: str) -> None:
    """What a program writes where it has no date is text, never a day of an exposure (P26)."""
    reading = _started(sent)
    assert reading.events[0].started is None
    assert sent in _kept(reading)
    assert "not-a-moment" in _deviations(reading)


def _started(sent: str) -> Reading:
    item = sr.at("111526", "20260101")
    item.add_new(0x0040A120, "LO", sent)
    return _event(item, sr.num(KAP, "1", "Gy.cm2"))


def test_r28_a_report_names_the_physician_who_sent_the_patient() -> None:
    """The referring physician of a report is read as sent; orders are another source (R28)."""
    reading = _read(
        sr.x_ray_totals(sr.num("113722", "1", "Gy.cm2")), ReferringPhysicianName="Ito^Y"
    )
    assert reading.study.referring_physician == "Ito^Y"
    assert report(reading)["study"]["referring_physician"] == "Ito^Y"


@pytest.mark.parametrize("declared", ["", "ISO_IR 100", "ISO_IR 192"])
def test_p22_utf_8_is_read_whatever_is_declared(declared: str) -> None:
    """A name in UTF-8 under a Latin set is that name, and noted; a Latin name stays (P22)."""
    for sop_class, modality in (("1.1", "DX"), ("88.67", "SR")):
        named, latin = (
            read_object(
                file_bytes(
                    {
                        0x00080005: ("CS", declared),
                        0x00080016: ("UI", f"1.2.840.10008.5.1.4.1.1.{sop_class}"),
                        0x00080060: ("CS", modality),
                        0x00100010: ("PN", "Müller^Jörg".encode(encoding)),
                        0x0020000D: ("UI", "1.2.3"),
                    }
                )
            )
            for encoding in ("utf-8", "utf-8" if declared == "ISO_IR 192" else "latin-1")
        )
        assert named.patient.name == latin.patient.name == "Müller^Jörg"
        assert ("undeclared-utf-8" in _deviations(named)) is (declared != "ISO_IR 192")
        assert "undeclared-utf-8" not in _deviations(latin)


@pytest.mark.parametrize("sent", ["2.25.1002", "2.25.1003", "2.25.1001", "1.2.840.10008.1.1"])
def test_p08_the_uid_of_something_else_is_no_events_uid(sent: str) -> None:
    """The study's UID as event UID would make two reports of one study one dose (P8)."""
    first, second = (
        _read(sr.x_ray_event(sent, sr.num(KAP, value, "Gy.cm2"))).events[0] for value in "12"
    )
    assert first.uid_is_synthesised
    assert first.uid != second.uid
    assert sent in {item.text for item in first.items}
