"""Image headers and dose captures as hospitals send them: units, spellings, sizes, injections.

The sources of each are in docs/understand/readers.md.
"""

from decimal import Decimal
from typing import Any

import pytest

from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import Outcome, Reading
from tests.support.dicom_bytes import file_bytes

Elements = dict[int, tuple[str, Any]]

KAP, KVP, MAS, UAS = 0x0018115E, 0x00180060, 0x00181152, 0x00181153
MS, US_, MA, SDD = 0x00181150, 0x00188150, 0x00181151, 0x00181110
THICKEST, THINNEST = 0x00187054, 0x00187052
COMMENT, EXPOSURES = 0x00400310, 0x0040030E
DOSE: Elements = {KAP: ("DS", "1")}


def _read(modality: str, sop_class: str, elements: Elements) -> Reading:
    return read_object(
        file_bytes(
            {
                0x00080016: ("UI", f"1.2.840.10008.5.1.4.1.1.{sop_class}"),
                0x00080018: ("UI", "1.2.3.9.1"),
                0x00080060: ("CS", modality),
                0x0020000D: ("UI", "1.2.3"),
            }
            | elements
        )
    )


def _dx(elements: Elements) -> Reading:
    return _read("DX", "1.1", DOSE | elements)


def _values(reading: Reading, quantity: str) -> list[Decimal]:
    return [v.value for e in reading.events for v in e.values if v.quantity == quantity]


def _kept(reading: Reading) -> set[str]:
    return {i.text for i in (*reading.items, *(i for e in reading.events for i in e.items))}


def _deviations(reading: Reading) -> set[str]:
    return {deviation.code for deviation in reading.deviations}


@pytest.mark.parametrize(
    ("tag", "vr", "sent", "quantity", "kept"),
    [
        (KVP, "DS", "80000", "kvp", "80000 kV"),
        (MA, "IS", "200000", "tube_current", "200000 mA"),
        (SDD, "DS", "11.5", "distance_source_to_detector", "11.5 mm"),
        (0x00181190, "DS", "600", "focal_spot_size", "600 mm"),
        (0x00400314, "DS", "0.03", "half_value_layer", "0.03 mm"),
    ],
)
def test_p02_a_technique_no_device_has_is_text(
    tag: int, vr: str, sent: str, quantity: str, kept: str
) -> None:
    """kV as V, mA as uA, mm as dm: beyond every device, kept as sent and not converted (P2)."""
    reading = _dx({tag: (vr, sent)})
    assert not _values(reading, quantity)
    assert _values(reading, "dose_area_product") == [Decimal("0.1")]
    assert kept in _kept(reading)
    assert "impossible-value" in _deviations(reading)


def test_p28_a_compressed_breast_of_four_millimetres_is_text() -> None:
    """4.5 may be centimetres: no thickness for a formula, and still to be seen (P28)."""
    reading = _read("MG", "1.2", {0x001811A0: ("DS", "4.5"), 0x00400316: ("DS", "0.016")})
    assert not _values(reading, "compression_thickness")
    assert _values(reading, "average_glandular_dose") == [Decimal("1.6")]
    assert "4.5 mm" in _kept(reading)


@pytest.mark.parametrize(
    ("one", "other", "quantity", "texts"),
    [
        ((MAS, "5000"), (UAS, "5000"), "exposure", {"5000 mA.s", "5000 uA.s"}),
        ((MS, "20"), (US_, "20"), "exposure_time", {"20 ms", "20 us"}),
    ],
)
def test_p43_attributes_a_thousand_apart_leave_no_value(
    one: tuple[int, str], other: tuple[int, str], quantity: str, texts: set[str]
) -> None:
    """uAs copied into mAs, ms into us: which is right is not guessed, both are shown (P43)."""
    reading = _dx({one[0]: ("IS", one[1]), other[0]: ("IS", other[1])})
    assert not _values(reading, quantity)
    assert texts <= _kept(reading)
    assert "attributes-contradict" in _deviations(reading)


def test_p43_an_exposure_that_current_and_time_deny_is_text() -> None:
    """2000 mAs beside 200 mA in 10 ms are uAs in the wrong attribute; rounding is not (P43)."""
    wrong = _dx({MA: ("IS", "200"), MS: ("IS", "10"), MAS: ("IS", "2000")})
    rounded = _dx({MA: ("IS", "160"), MS: ("IS", "5"), MAS: ("IS", "1")})
    assert not _values(wrong, "exposure")
    assert "technique-disagrees" in _deviations(wrong)
    assert _values(rounded, "exposure") == [1]


@pytest.mark.parametrize(
    ("sent", "code"), [("ALUMINIUM", "12503006"), ("CU", "66925006"), ("W", "26194003")]
)
def test_p38_materials_in_british_and_in_symbols(sent: str, code: str) -> None:
    """`ALUMINIUM` and chemical symbols are the same materials as the defined terms (P38)."""
    material = next(
        i for i in _dx({0x00187050: ("CS", sent)}).events[0].items if i.name == "filter_material"
    )
    assert material.code is not None
    assert material.code.value == code
    assert material.text == sent


def test_p38_thicknesses_the_wrong_way_round_are_swapped() -> None:
    """The least thickness of a filter cannot exceed its greatest: each keeps its path (P38)."""
    reading = _dx({THINNEST: ("DS", "3.0\\0.1"), THICKEST: ("DS", "1.0\\0.2")})
    assert _values(reading, "filter_thickness_minimum") == [Decimal("1.0"), Decimal("0.1")]
    assert _values(reading, "filter_thickness_maximum") == [Decimal("3.0"), Decimal("0.2")]
    assert "thicknesses-swapped" in _deviations(reading)


@pytest.mark.parametrize(
    "elements",
    [
        {0x00189423: ("LO", "Chest PA")},
        {
            0x00400260: (
                "SQ",
                [{0x00080100: ("SH", "X"), 0x00080104: ("LO", "Chest PA")}],
            )
        },
    ],
)  # fmt: skip
def test_p35_the_protocol_is_found_where_the_maker_put_it(elements: Elements) -> None:
    """Without Protocol Name the acquisition's or the performed protocol's name it (P35)."""
    assert _dx(elements).events[0].protocol == "Chest PA"


@pytest.mark.parametrize(("sent", "side"), [("LEFT", "left"), ("right", "right"), ("l", "left")])
def test_p37_a_side_in_words_is_a_side(sent: str, side: str) -> None:
    """LEFT for L is not the letter of the standard and not to be mistaken (P37)."""
    reading = _read("MG", "1.2", {0x00200062: ("CS", sent), 0x00400316: ("DS", "0.01")})
    assert reading.events[0].side == side


def test_p39_a_dose_that_a_header_only_lists_is_read() -> None:
    """An image that states its dose in an exposure list, as an MPPS does, has a dose (P39)."""
    reading = _read("DX", "1.1", {EXPOSURES: ("SQ", [{KAP: ("DS", "1.5"), KVP: ("DS", "80")}])})
    assert reading.outcome is Outcome.READ
    assert _values(reading, "dose_area_product") == [Decimal("0.15")]


@pytest.mark.parametrize(
    ("modality", "sop_class", "tag", "vr", "sent"),
    [
        ("XA", "12.1", KAP, "DS", "25000"),
        ("DX", "1.1", 0x00400302, "US", 12),
        ("CT", "2", 0x00189345, "FD", 25000.0),
    ],
)
def test_p01_an_impossible_dose_of_a_header_is_flagged(
    modality: str, sop_class: str, tag: int, vr: str, sent: object
) -> None:
    """mGy·cm² for dGy·cm², mGy in the attribute of dGy: as stated, with a deviation (P1)."""
    assert "implausible-dose" in _deviations(_read(modality, sop_class, {tag: (vr, sent)}))


@pytest.mark.parametrize(
    ("size", "weight", "metres", "deviation"),
    [
        ("1780", "80", "1.78", "size-in-millimetres"),
        ("178", "80", "1.78", "size-in-centimetres"),
        ("70", "80", None, "implausible-size"),
        ("70", "8.5", "0.70", "size-in-centimetres"),
        ("1,78", "80", "1.78", None),
    ],
)
def test_p28_sizes_in_other_units(
    size: str, weight: str, metres: str | None, deviation: str | None
) -> None:
    """Millimetres and centimetres become metres; 70 beside 80 kg may be inches: left out (P28)."""
    reading = _dx({0x00101020: ("DS", size), 0x00101030: ("DS", weight)})
    assert reading.patient.size_m == (Decimal(metres) if metres else None)
    assert deviation is None or deviation in _deviations(reading)


def test_p28_a_weight_in_grams_is_kilograms() -> None:
    """3500 for a newborn is grams, and said so (P28)."""
    reading = _dx({0x00101030: ("DS", "3500")})
    assert reading.patient.weight_kg == Decimal("3.5")
    assert "weight-in-grams" in _deviations(reading)


def _injected(**changes: tuple[str, Any]) -> Reading:
    item: Elements = {0x00180031: ("LO", "FDG"), 0x00181074: ("DS", "394000000")}
    names = {"activity": 0x00181074, "time": 0x00181072, "moment": 0x00181078}
    item |= {names[name]: value for name, value in changes.items() if name in names}
    items = [item, item] if "twice" in changes else [item]
    series: Elements = {0x00080021: ("DA", "20260102"), 0x00080031: ("TM", "003000")}
    if "series" in changes:
        series[0x00080031] = changes["series"]
    return _read("PT", "128", series | {0x00540016: ("SQ", items)})


@pytest.mark.parametrize("sent", ["394000", "50000", "12001", "999999"])
def test_p60_an_activity_that_may_be_in_kilobecquerel_is_text(sent: str) -> None:
    """394000 is neither Bq nor MBq of any injection: shown, not taken for 0.394 MBq (P60)."""
    reading = _injected(activity=("DS", sent))
    assert not _values(reading, "administered_activity")
    assert reading.events[0].items
    assert sent in _kept(reading)
    assert "activity-unit" in _deviations(reading)


@pytest.mark.parametrize(("sent", "mbq"), [("394", "394"), ("7400", "7400"), ("37000000", "37")])
def test_p60_activities_of_either_unit_are_read(sent: str, mbq: str) -> None:
    """Numbers that only MBq or only Bq can be are read, therapies included (P60)."""
    assert _values(_injected(activity=("DS", sent)), "administered_activity") == [Decimal(mbq)]


@pytest.mark.parametrize(
    ("series", "injected", "started", "deviation"),
    [
        ("003000", "233000", "2026-01-01T23:30:00", "start-the-day-before"),
        ("113000", "103000.5", "2026-01-02T10:30:00.5", None),
        ("113000", "114500", "2026-01-02T11:45:00", None),
        ("113000", "143000", None, "start-after-series"),
    ],
)
def test_p26_an_injection_is_not_after_its_scan(
    series: str, injected: str, started: str | None, deviation: str | None
) -> None:
    """A start time later than the series is of the evening before, or of no known day (P26)."""
    reading = _injected(series=("TM", series), time=("TM", injected))
    start = reading.events[0].started
    assert (start.local if start else None) == started
    assert {deviation} <= {None, *_deviations(reading)}
    assert injected in _kept(reading)


def test_p08_one_administration_listed_twice_is_one() -> None:
    """Equal items of one image are one injection, noted; the activity is not doubled (P8)."""
    reading = _injected(twice=("", ""))
    assert _values(reading, "administered_activity") == [394]
    assert "duplicate-event" in _deviations(reading)


GE_COMMENT = "TotalDLP=830.5\r\nEvent=1 DLP=0.0\r\nEvent=2 DLP=830.5\r\n"
GE_LIST: list[Elements] = [
    {0x00189302: ("CS", "CONSTANT_ANGLE")},
    {0x00189302: ("CS", "SPIRAL"), 0x00189345: ("FD", 52.1)},
]


def _capture(comment: str, *exposures: Elements) -> Reading:
    listed: Elements = {EXPOSURES: ("SQ", list(exposures))} if exposures else {}
    return _read("CT", "7", {COMMENT: ("ST", comment)} | listed)


def test_a_ge_dose_report_capture_gives_its_events_and_total() -> None:
    """GE lists CTDIvol in a sequence and each DLP in the comment, event by event."""
    reading = _capture(GE_COMMENT, *GE_LIST)
    assert _values(reading, "ctdi_vol") == [Decimal("52.1")]
    assert _values(reading, "dlp") == [0, Decimal("830.5")]
    assert [(t.value.quantity, t.value.value) for t in reading.totals] == [
        ("dlp", Decimal("830.5"))
    ]
    alone = _capture(GE_COMMENT)
    assert _values(alone, "dlp") == [0, Decimal("830.5")]


def test_p51_a_comment_of_other_events_is_not_matched() -> None:
    """Events that the list does not have are noted, and no DLP is given to the wrong one (P51)."""
    reading = _capture(GE_COMMENT, *GE_LIST, GE_LIST[1])
    assert not _values(reading, "dlp")
    assert "comment-names-further-series" in _deviations(reading)


@pytest.mark.parametrize(
    ("comment", "total"),
    [
        ("Total DLP = 1,234.5 mGy*cm", "1234.5"),
        ("Total DLP = 1.2345 Gy*cm", "1234.5"),
        ("Total DLP: 830.5 mGycm.", "830.5"),
        ("TotalDLP=830,5", "830.5"),
        ("Total DLP = 1,234", None),
        ("Total DLP = 830.5 mGy", None),
    ],
)
def test_p02_a_total_in_words_is_read_with_its_unit(comment: str, total: str | None) -> None:
    """Thousands, other units and what may be either: never a factor of a thousand off (P2)."""
    reading = _capture(comment, GE_LIST[1])
    found = [t.value.value for t in reading.totals if t.value.quantity == "dlp"]
    assert found == ([Decimal(total)] if total else [])
    assert comment in _kept(reading)


def test_p39_an_element_of_no_value_representation_costs_only_itself() -> None:
    """A study date whose VR is two odd bytes is unknown; patient and dose are still read (P39)."""
    elements = DOSE | {0x00080020: ("DA", ""), 0x00100020: ("LO", "4711")}
    whole = file_bytes({0x00080016: ("UI", "1.2.840.10008.5.1.4.1.1.1.1")} | elements)
    reading = read_object(whole.replace(b"\x08\x00\x20\x00DA", b"\x08\x00\x20\x00D "))
    assert (reading.study.date, reading.patient.id) == ("", "4711")
    assert _values(reading, "dose_area_product") == [Decimal("0.1")]
