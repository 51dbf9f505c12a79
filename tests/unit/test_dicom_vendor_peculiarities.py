"""Peculiarities of makers that no visible object has, each met or described in public sources."""

import itertools
import json
from decimal import Decimal
from typing import Any

import pytest
from pydicom.dataset import Dataset

from dosebook_protocol.dicom.read import DICOM_JSON, read_object
from dosebook_protocol.quantities import UnitError, canonical_unit, to_storage
from dosebook_protocol.reading import Outcome, Plane, Reading
from dosebook_protocol.report import report
from tests.support import sr
from tests.support.dicom_bytes import file_bytes

LEFT = sr.coded(("272741003", "SCT"), ("80248007", "SCT", "Left breast"))


def _read(*children: Dataset, **attributes: Any) -> Reading:
    return read_object(sr.encoded(sr.document(*children, **attributes)))


def _kap(value: str, unit: str = "Gy.cm2") -> Dataset:
    return sr.num("122130", value, unit)


def _values(reading: Reading, quantity: str) -> list[list[Decimal]]:
    return [[v.value for v in e.values if v.quantity == quantity] for e in reading.events]


def _deviations(reading: Reading) -> set[str]:
    return {deviation.code for deviation in reading.deviations}


@pytest.mark.parametrize(
    ("sent", "unit"),
    [
        ("Gym²", "Gy.m2"),
        ("uGy*m^2", "uGy.m2"),
        ("cGycm²", "cGy.cm2"),
        ("mGym2", "mGy.m2"),
        ("gy.m2", "Gy.m2"),
        ("Gy-cm2", "Gy.cm2"),
        ("dGy_cm2", "dGy.cm2"),
        ("mGy-cm", "mGy.cm"),
        ("mgycm", "mGy.cm"),
        ("mGyCm", "mGy.cm"),
        ("mGyxcm", "mGy.cm"),
        ("cGycm", "cGy.cm"),
        ("mgy", "mGy"),
        ("GY", "Gy"),
        ("u[Ci]", "uCi"),
        ("kg[f]", "kgf"),
    ],
)
def test_p01_one_unit_in_many_spellings(sent: str, unit: str) -> None:
    """Joints, superscripts and the case of Gy do not change a unit (P1)."""
    assert canonical_unit(sent) == unit


@pytest.mark.parametrize("sent", ["MGy", "MGY.CM2", "Gy.m-2", "mGy.min-1", "Gys", "rad"])
def test_p02_a_unit_is_never_guessed(sent: str) -> None:
    """M is not m: what is not exactly a known unit stays unknown (P2)."""
    with pytest.raises(UnitError):
        canonical_unit(sent)


@pytest.mark.parametrize("sent", ["Gy/s", "mGy/min", "uGy/h"])
def test_p02_a_rate_is_no_dose(sent: str) -> None:
    """A dose rate measures no dose, whatever its unit (P2)."""
    with pytest.raises(UnitError):
        to_storage(Decimal(1), sent, "dose_rp")


def test_p02_an_entrance_exposure_in_roentgen_stops_no_report() -> None:
    """Charge in air has no exact factor to kerma: kept as text beside the AGD (P2)."""
    reading = _read(
        sr.coded("121058", sr.MAMMOGRAPHY),
        sr.x_ray_event("2.25.1", sr.num("111636", "3.6", "R"), sr.num("111631", "1.2", "mGy")),
    )
    assert reading.outcome is Outcome.READ, reading.reason
    assert _values(reading, "average_glandular_dose") == [[Decimal("1.2")]]
    assert not _values(reading, "entrance_exposure_rp")[0]
    assert "3.6 R" in {item.text for item in reading.events[0].items}


def test_compression_force_in_kilogram_force_is_newton() -> None:
    """A compression force stated in kgf is stored in newton, exactly."""
    reading = _read(sr.x_ray_event("2.25.1", sr.num("111647", "10", "kgf")))
    assert _values(reading, "compression_force") == [[Decimal("98.0665")]]


def test_p39_an_event_inside_an_event_keeps_its_own_dose() -> None:
    """A nested event is an event of its own; its dose is not the outer one's (P39)."""
    reading = _read(
        sr.x_ray_event("2.25.1", _kap("1"), sr.x_ray_event("2.25.2", _kap("3"))),
    )
    assert [event.uid for event in reading.events] == ["2.25.1", "2.25.2"]
    assert _values(reading, "dose_area_product") == [[Decimal(1)], [Decimal(3)]]


def test_p39_totals_in_an_event_or_in_a_group_are_totals() -> None:
    """Accumulated data below an event, and totals below a group in it, are found (P39)."""
    below = _read(
        sr.x_ray_event("2.25.1", _kap("3"), sr.x_ray_totals(sr.num("113722", "3", "Gy.cm2")))
    )
    grouped = _read(
        sr.x_ray_totals(
            sr.container(
                ("C-1", "99MAKER"), sr.num("113722", "3", "Gy.cm2"), sr.num("113730", "9", "s")
            )
        ),
        sr.x_ray_event("2.25.1", _kap("3")),
    )
    assert [t.value.value for t in below.totals] == [3]
    assert _values(below, "dose_area_product") == [[Decimal(3)]]
    assert {t.value.quantity: t.value.value for t in grouped.totals} == {
        "dose_area_product": Decimal(3),
        "fluoro_time": Decimal(9),
    }
    assert grouped.totals[0].plane is Plane.SINGLE


@pytest.mark.parametrize("second", [("2", "Gy.m2"), ("20000", "Gy.cm2"), ("5", "Gy.cm2")])
def test_a_total_stated_twice_in_one_container_is_one(second: tuple[str, str]) -> None:
    """The same total again is no second dose: the first is used, the other kept and noted."""
    reading = _read(
        sr.x_ray_totals(sr.num("113722", "2", "Gy.m2"), sr.num("113722", *second)),
    )
    assert [t.value.value for t in reading.totals] == [20000]
    assert "repeated-total" in _deviations(reading)
    assert f"{second[0]} {second[1]}" in {item.text for item in reading.items}


def test_p03_glandular_doses_of_unstated_breasts_are_not_added() -> None:
    """Two accumulated glandular doses without a breast stay two and give no sum (P3)."""
    reading = _read(
        sr.coded("121058", sr.MAMMOGRAPHY),
        sr.x_ray_totals(sr.num("111637", "1.2", "mGy"), sr.num("111637", "1.3", "mGy")),
    )
    found = report(reading)
    assert [str(t.value.value) for t in reading.totals] == ["1.2", "1.3"]
    assert found["totals"]["average_glandular_dose_mgy"] == {}
    assert "average_glandular_dose_mgy" in found["totals"]["notes"]


def test_p37_the_breast_may_stand_beside_the_dose_or_in_another_scheme_name() -> None:
    """Laterality of the container is that of its doses; SNOMED-CT is SCT (P37)."""
    beside = _read(sr.x_ray_totals(LEFT, sr.num("111637", "1.2", "mGy")))
    named = _read(
        sr.x_ray_totals(
            sr.num(
                "111637",
                "1.2",
                "mGy",
                sr.coded(("272741003", "SNOMED-CT"), ("80248007", "SNOMED-CT", "Left breast")),
            )
        )
    )
    assert beside.totals[0].side == named.totals[0].side == "left"


def test_p08_twins_without_uid_and_time_are_one_and_said_to_be() -> None:
    """Equal events that state neither UID nor time have no times that differ: one, noted (P8)."""
    one = sr.x_ray_event(None, _kap("1"))
    reading = _read(one, one)
    assert len(reading.events) == 1
    assert "duplicate-event" in {deviation.code for deviation in reading.deviations}


def test_p08_a_uid_used_twice_stays_visible_as_sent() -> None:
    """A second event under a used UID gets one of its own and keeps the sent one (P8)."""
    reading = _read(
        sr.x_ray_event("2.25.1", _kap("1"), plane="113620"),
        sr.x_ray_event("2.25.1", _kap("2"), plane="113621"),
    )
    second = reading.events[1]
    assert second.uid_is_synthesised
    assert ("irradiation_event_uid", "2.25.1") in {(i.name, i.text) for i in second.items}


def test_totals_do_not_depend_on_the_order_of_containers() -> None:
    """However containers are ordered, the totals of the report are the same."""
    parts = (
        sr.x_ray_totals(sr.num("113722", "1", "Gy.cm2"), plane="113620"),
        sr.x_ray_totals(sr.num("113722", "2", "Gy.cm2"), plane="113621"),
        sr.x_ray_event("2.25.1", _kap("1"), plane="113620"),
        sr.coded("121058", sr.PROJECTION),
    )
    found = [report(_read(*order))["totals"] for order in itertools.permutations(parts)]
    assert all(totals == found[0] for totals in found)
    assert found[0]["dose_area_product_gy_cm2"] == 3


def test_p39_unknown_private_items_drop_no_number() -> None:
    """Private items between the numbers change none of them (P39)."""
    private = sr.container(("77", "99X"), sr.text(("78", "99X"), "?"), sr.num(("79", "99X"), "1"))
    reading = _read(
        private,
        sr.x_ray_totals(private, sr.num("113722", "2", "Gy.cm2"), private),
        sr.x_ray_event("2.25.1", private, _kap("2"), private),
    )
    assert [t.value.value for t in reading.totals] == [2]
    assert _values(reading, "dose_area_product") == [[Decimal(2)]]


def test_p29_a_total_without_value_is_absent_from_the_report() -> None:
    """An empty measured value gives no total, never 0 (P29)."""
    found = report(_read(sr.x_ray_totals(sr.num("113722", None), sr.num("113725", None))))
    assert "dose_area_product_gy_cm2" not in found["totals"]
    assert "dose_rp_mgy" not in found["totals"]


def test_report_names_encoding_series_and_template_as_sent() -> None:
    """Character set, series number, content time, title and template id are in the report."""
    found = report(_read(SpecificCharacterSet="ISO_IR 100", SeriesNumber=7, template="10011"))
    assert found["character_set"] == "ISO_IR 100"
    assert found["series_number"] == "7"
    assert (found["content_date"], found["content_time"]) == ("20260314", "092653")
    assert found["root_concept"]["value"] == "113701"
    assert found["template"] == "10011"


def _image(modality: str, sop_class: str) -> dict[int, tuple[str, Any]]:
    return {
        0x00080016: ("UI", f"1.2.840.10008.5.1.4.1.1.{sop_class}"),
        0x00080018: ("UI", "1.2.3.9.1"),
        0x00080060: ("CS", modality),
        0x0020000D: ("UI", "1.2.3"),
        0x0018115E: ("DS", "2.5"),
    }


@pytest.mark.parametrize(
    ("modality", "sop_class"),
    [("RG", "1.1"), ("DR", "1"), ("dx", "1.1"), ("OT", "12.1"), ("OT", "7")],
)
def test_p39_an_unusual_modality_hides_no_dose(modality: str, sop_class: str) -> None:
    """A dose is read whatever the device calls itself, whose name stays as sent (P39)."""
    reading = read_object(file_bytes(_image(modality, sop_class)))
    assert reading.outcome is Outcome.READ, reading.reason
    assert reading.modality == modality
    assert _values(reading, "dose_area_product") == [[Decimal("0.25")]]


@pytest.mark.parametrize("modality", ["US", "MR", "OT"])
def test_a_capture_without_dose_stays_without(modality: str) -> None:
    """Without a stated dose an unusual modality is still no dose."""
    elements = _image(modality, "7")
    elements[0x0018115E] = ("DS", "0")
    assert read_object(file_bytes(elements)).outcome is Outcome.NO_DOSE


def test_p39_a_file_that_begins_with_its_prefix_is_read() -> None:
    """A file without the preamble of 128 bytes, but with its `DICM`, is read like any other."""
    whole = file_bytes(_image("DX", "1.1"))
    assert read_object(whole[128:]) == read_object(whole)


def test_a_dicomdir_is_understood_and_states_no_dose() -> None:
    """The directory of a medium is no broken object: it states no dose, and says so."""
    reading = read_object(file_bytes({0x00080016: ("UI", "1.2.840.10008.1.3.10")}))
    assert reading.outcome is Outcome.NO_DOSE
    assert "DICOMDIR" in reading.reason


def test_p08_a_derived_projection_with_its_dose_is_the_event_of_its_original() -> None:
    """A processed copy that states dose and time is read, and counts once with its original."""
    original = _image("DX", "1.1") | {
        0x00080008: ("CS", "ORIGINAL\\PRIMARY"),
        0x00080022: ("DA", "20260103"),
        0x00080032: ("TM", "080100"),
    }
    derived = original | {
        0x00080008: ("CS", "DERIVED\\SECONDARY"),
        0x00080018: ("UI", "1.2.3.9.2"),
    }
    readings = [read_object(file_bytes(elements)) for elements in (original, derived)]
    assert [reading.outcome for reading in readings] == [Outcome.READ, Outcome.READ]
    assert readings[0].events[0].uid == readings[1].events[0].uid


def test_a_reformatted_ct_is_no_event_but_shows_what_it_states() -> None:
    """A derived CT is not counted again; its CTDIvol stays visible as an item."""
    elements = _image("CT", "2") | {
        0x00080008: ("CS", "DERIVED\\SECONDARY\\MPR"),
        0x00189345: ("FD", 12.5),
    }
    reading = read_object(file_bytes(elements))
    assert reading.outcome is Outcome.NO_DOSE
    assert "12.5 mGy" in {item.text for item in reading.items}


def test_p11_the_phantom_of_a_header_is_known_in_any_case_of_its_scheme() -> None:
    """A phantom coded under `dcm` is that of DCM (P11)."""
    elements = _image("CT", "2")
    code = {0x00080100: ("SH", "113691"), 0x00080102: ("SH", "dcm")}
    elements |= {0x00189345: ("FD", 12.5), 0x00189346: ("SQ", [code])}
    assert read_object(file_bytes(elements)).events[0].phantom == "32cm"


def test_an_administration_time_without_a_day_stays_visible() -> None:
    """A start time alone, in an object without series date, is kept as sent (P26)."""
    elements = _image("NM", "20")
    elements[0x00540016] = (
        "SQ",
        [{0x00180031: ("LO", "DPD"), 0x00181072: ("TM", "101500"), 0x00181074: ("DS", "700")}],
    )
    (event,) = read_object(file_bytes(elements)).events
    assert event.started is None
    assert "101500" in {item.text for item in event.items}


def test_an_acquisition_time_without_a_day_stays_visible() -> None:
    """A projection that states a time and no date has no start, but shows its time (P26)."""
    elements = _image("DX", "1.1") | {0x00080032: ("TM", "105116")}
    (event,) = read_object(file_bytes(elements)).events
    assert event.started is None
    assert "105116" in {item.text for item in event.items}


def test_an_item_that_says_nothing_is_no_exposure() -> None:
    """An empty item of a dose capture's exposure list is counted as no event, and noted."""
    elements = _image("CT", "7")
    elements[0x0040030E] = ("SQ", [{0x00189345: ("FD", 7.5)}, {0x0008103E: ("LO", "Summary")}])
    reading = read_object(file_bytes(elements))
    assert _values(reading, "ctdi_vol") == [[Decimal("7.5")]]
    assert "empty-exposure" in _deviations(reading)


def test_p39_a_dose_that_is_no_number_is_still_shown() -> None:
    """An area dose with its unit typed behind it is no value, but its text stays visible (P39)."""
    elements = _image("DX", "1.1")
    elements[0x0018115E] = ("DS", "2.5 dGycm2")
    reading = read_object(file_bytes(elements))
    assert reading.outcome is Outcome.READ
    assert not _values(reading, "dose_area_product")[0]
    assert "2.5 dGycm2" in {item.text for item in reading.events[0].items}


@pytest.mark.parametrize(
    ("tag", "attribute", "quantity", "original", "value"),
    [
        ("0018115E", {"vr": "DS", "Value": ["2.50"]}, "dose_area_product", "2.50", "0.25"),
        ("0018115E", {"vr": "DS", "Value": ["2,5"]}, "dose_area_product", "2,5", "0.25"),
        ("0018115E", {"vr": "DS", "Value": 2.5}, "dose_area_product", "2.5", "0.25"),
        ("00181150", {"vr": "IS", "Value": [12.5]}, "exposure_time", "12.5", "12.5"),
        ("00181150", {"vr": "IS", "Value": ["12"]}, "exposure_time", "12", "12"),
        ("00189345", {"vr": "FD", "Value": ["7.5"]}, "ctdi_vol", "7.5", "7.5"),
    ],
)
def test_p39_a_number_in_json_is_read_as_it_was_written(
    tag: str, attribute: dict[str, Any], quantity: str, original: str, value: str
) -> None:
    """A number that its VR does not allow is neither cut nor lets the whole document fail (P39)."""
    document = {
        "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.1.1"]},
        "00080060": {"vr": "CS", "Value": ["DX"]},
        "00081032": {"vr": "SQ", "Value": None},
        tag: attribute,
    }
    reading = read_object(json.dumps(document).encode(), DICOM_JSON)
    assert reading.outcome is Outcome.READ, reading.reason
    found = [(v.original, v.value) for v in reading.events[0].values if v.quantity == quantity]
    assert found == [(original, Decimal(value))]


def test_p22_names_in_gb_2312_have_no_escapes() -> None:
    """ISO 2022 IR 58 is decoded in reports and headers alike, its escapes gone (P22)."""
    name = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab"
    for sop_class, modality in (("1.1", "DX"), ("88.67", "SR")):
        elements = _image(modality, sop_class)
        elements |= {0x00080005: ("CS", "\\ISO 2022 IR 58"), 0x00100010: ("PN", name)}
        reading = read_object(file_bytes(elements))
        assert reading.patient.name == "Zhang^XiaoDong=张^小东"
