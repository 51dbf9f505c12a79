"""What a report says elsewhere than is usual: its device, patient and order, codes and numbers.

The sources of each are in docs/understand/readers.md.
"""

from decimal import Decimal
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dosebook_protocol.codes import canonical
from dosebook_protocol.dicom.moments import date_and_time, moment
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.quantities import UnitError, canonical_unit
from dosebook_protocol.reading import Outcome, Reading
from tests.support import sr

KAP, DLP, AGD, ACTIVITY = "122130", "113838", "111631", "113507"
TOTAL_KAP, TOTAL_DLP, TOTAL_AGD = "113722", "113813", "111637"
HEIGHT, WEIGHT, LATERALITY = ("8302-2", "LN"), ("29463-7", "LN"), ("272741003", "SCT")


def _read(*children: Dataset, **attributes: Any) -> Reading:
    return read_object(sr.encoded(sr.document(*children, **attributes)))


def _administered(*children: Dataset, **attributes: Any) -> Reading:
    given = sr.container("113502", sr.uid("113503", "2.25.9"), sr.num(ACTIVITY, "300", "MBq"))
    return _read(given, *children, root="113500", sop_class=sr.RRDSR, **attributes)


def _doses(reading: Reading, quantity: str) -> list[Decimal]:
    return [v.value for e in reading.events for v in e.values if v.quantity == quantity]


def _deviations(reading: Reading) -> set[str]:
    return {deviation.code for deviation in reading.deviations}


def _observer(*, model: str = "Allura Xper") -> list[Dataset]:
    return [
        sr.uid("121012", "2.25.77"),
        sr.text("121013", "LAB5"),
        sr.text("121014", "Philips"),
        sr.text("121015", model),
        sr.text("121016", "4711"),
    ]


def _distance(uid: str, *values: Dataset) -> Dataset:
    return sr.x_ray_event(uid, sr.num(KAP, "1", "Gy.cm2"), *values)


def test_p44_a_device_that_only_its_observer_names_is_known() -> None:
    """Model and serial number stand in the content alone: header, quirks and machine have them."""
    first = _distance("2.25.1", sr.num("113750", "1100", "mm"))
    reading = _read(*_observer(), first, _distance("2.25.2"), Manufacturer="Philips Medical")
    equipment = reading.equipment
    assert equipment.manufacturer == "Philips Medical", "a header that says something counts"
    assert (equipment.model, equipment.serial_number) == ("Allura Xper", "4711")
    assert (equipment.station_name, equipment.device_uid) == ("LAB5", "2.25.77")
    assert _doses(reading, "distance_source_to_detector") == [1100, 1100]


def test_p44_observers_that_differ_name_no_device() -> None:
    """Of two models, a recording system and its source, neither is taken for the device."""
    reading = _read(*_observer(), *_observer(model="PACS"), _distance("2.25.1"))
    assert reading.equipment.model == ""
    assert reading.equipment.serial_number == "4711"


def test_p28_size_and_weight_of_the_content_complete_a_header_without_them() -> None:
    """Patient characteristics are converted by their unit; what the header states is kept."""
    stated = [sr.num(HEIGHT, "178", "cm"), sr.num(WEIGHT, "80500", "g")]
    patient = _administered(sr.container("121118", *stated)).patient
    assert (patient.size_m, patient.weight_kg) == (Decimal("1.78"), Decimal("80.5"))
    known = _administered(sr.container("121118", *stated), PatientWeight="82")
    assert known.patient.weight_kg == 82
    inches = _administered(sr.container("121118", sr.num(HEIGHT, "70", "[in_i]")))
    assert inches.patient.size_m is None
    assert "unknown-unit" in _deviations(inches)


def _request(*accessions: str) -> Sequence:
    requests = []
    for accession in accessions:
        item = Dataset()
        item.AccessionNumber, item.RequestedProcedureDescription = accession, "Knee"
        requests.append(item)
    return Sequence(requests)


def test_p09_one_accession_number_of_the_request_is_that_of_the_study() -> None:
    """The header leaves it empty and the referenced request has it; of two orders none is it."""
    event = _distance("2.25.1")
    one = _read(event, ReferencedRequestSequence=_request("A1", "A1")).study
    assert (one.accession_number, one.requested_procedure) == ("A1", "Knee")
    two = _read(event, ReferencedRequestSequence=_request("A1", "A2")).study
    assert two.accession_number == ""
    own = _read(event, ReferencedRequestSequence=_request("A2"), AccessionNumber="A1").study
    assert own.accession_number == "A1"


@pytest.mark.parametrize(
    ("value", "scheme", "meant"),
    [
        ("C0222600", "UMLS", "73056007"), ("c0222601", "umls", "80248007"),
        ("T-04020", "SCT", "73056007"), ("73056007", "SRT", "73056007"),
        ("80248007", "99SDM", "80248007"),
    ],
)  # fmt: skip
def test_p39_snomed_is_known_by_the_form_of_its_code(value: str, scheme: str, meant: str) -> None:
    """New codes under the old scheme, old ones under the new and UMLS are one concept (P39)."""
    assert canonical(value, scheme) == (meant, "SCT")
    assert canonical("113706", "SRT") != canonical("113706", "DCM")
    assert canonical("C9999999", "UMLS") == ("C9999999", "UMLS")


def test_p37_the_breast_of_a_umls_code_is_that_breast() -> None:
    """AGD of `Right breast` by its UMLS concept is not a dose without a side (P37)."""
    right = sr.coded(LATERALITY, ("C0222600", "UMLS", "Right breast"))
    reading = _read(
        sr.coded("121058", sr.MAMMOGRAPHY),
        sr.container("113702", sr.num(TOTAL_AGD, "1.5", "mGy", right)),
        sr.x_ray_event("2.25.1", sr.num(AGD, "1.5", "mGy"), right),
    )
    assert [total.side for total in reading.totals] == ["right"]
    assert [event.side for event in reading.events] == ["right"]


@pytest.mark.parametrize(
    ("sent", "unit"),
    [
        ("mGy x cm", "mGy.cm"), ("dGy x cm2", "dGy.cm2"), ("(mGy.cm)", "mGy.cm"),
        ("[mGy]", "mGy"), ("Milligray", "mGy"), ("MegaBecquerel", "MBq"), ("KBq", "kBq"),
        ("hours", "h"), ("days", "d"),
    ],
)  # fmt: skip
def test_p01_a_unit_written_out_or_in_brackets_is_that_unit(sent: str, unit: str) -> None:
    """Words, brackets and a spaced x say one unit; `{MBq}` and `MGY` stay unknown (P1, P2)."""
    assert canonical_unit(sent) == unit
    for unknown in ("{MBq}", "MGY", "((mGy))", "[]"):
        with pytest.raises(UnitError):
            canonical_unit(unknown)


def test_p02_an_estimate_in_an_odd_unit_costs_no_dose() -> None:
    """An effective dose in mGy or without unit is text; the DLP beside it is still read (P2)."""
    reading = _read(
        sr.container("113811", sr.num(TOTAL_DLP, "100", "mGy.cm"), sr.num("113814", "1.2", "")),
        sr.ct_event("2.25.1", sr.container("113829", sr.num("113839", "3", "mGy")), dlp="100"),
    )
    assert reading.outcome is Outcome.READ
    assert [total.value.quantity for total in reading.totals] == ["dlp"]
    assert _doses(reading, "dlp") == [100]
    assert "3 mGy" in {item.text for item in reading.events[0].items}
    assert "unknown-unit" in _deviations(reading)


def test_p39_a_number_outside_of_its_measured_value_is_read() -> None:
    """A KAP written into the content item itself is that KAP, and noted (P39)."""
    misplaced = sr.num(KAP, None)
    misplaced.NumericValue = "0.0001"
    misplaced.MeasurementUnitsCodeSequence = Sequence([sr.code("Gy.m2", "UCUM")])
    reading = _read(sr.x_ray_event("2.25.1", misplaced))
    assert _doses(reading, "dose_area_product") == [1]
    assert "misplaced-number" in _deviations(reading)


def test_p39_a_total_without_value_type_is_a_total() -> None:
    """Totals, like the numbers of events, are read where they hold a measured value (P39)."""
    total = sr.num(TOTAL_KAP, "2", "Gy.cm2")
    del total.ValueType
    reading = _read(sr.container("113702", total), _distance("2.25.1"))
    assert [one.value.value for one in reading.totals] == [2]
    assert "value-type" in _deviations(reading)


def test_p60_two_activities_of_one_administration_are_not_added() -> None:
    """300 and 310 MBq under one UID are one injection of which neither number counts (P60)."""
    twice = sr.container(
        "113502",
        sr.uid("113503", "2.25.9"),
        sr.num(ACTIVITY, "300", "MBq"),
        sr.num(ACTIVITY, "310", "MBq"),
    )
    reading = _read(twice, root="113500", sop_class=sr.RRDSR)
    assert not _doses(reading, "administered_activity")
    assert {"300 MBq", "310 MBq"} <= {item.text for item in reading.events[0].items}
    assert "several-doses" in _deviations(reading)


def test_p11_a_phantom_in_words_is_no_diameter() -> None:
    """The words of a TEXT item are shown and noted, and no phantom is taken from them (P11)."""
    dose = sr.container("113829", sr.num(DLP, "9", "mGy.cm"), sr.text("113835", "IEC Body"))
    reading = _read(sr.ct_event("2.25.1", dose))
    assert reading.events[0].phantom is None
    assert "unknown-phantom" in _deviations(reading)


@pytest.mark.parametrize(
    ("sent", "local"),
    [
        ("20240314092653.", "2024-03-14T09:26:53"),
        ("2024/03/14 09:26:53", "2024-03-14T09:26:53"),
        ("2024.03.14 09:26", "2024-03-14T09:26"),
        ("14.03.2024 09:26:53", None),
        ("2024-03/14 09:26:53", None),
    ],
)
def test_p26_a_year_first_is_a_date_whatever_parts_it(sent: str, local: str | None) -> None:
    """A day that stands first may be a month: text; a year cannot be mistaken (P26)."""
    read = moment(sent)
    assert (read.local if read else None) == local


def test_p26_a_time_keeps_its_offset_and_a_year_is_no_day() -> None:
    """`101010+0100` is a time with its offset; `2024` and a time are no moment of a day (P26)."""
    read = date_and_time("20240101", "101010.5+0100")
    assert read is not None
    assert (read.local, read.offset) == ("2024-01-01T10:10:10.5", "+01:00")
    year = date_and_time("2024", "101010")
    assert year is not None
    assert year.local == "2024"
