"""Dose reports as vendors break them: units, planes, phantoms, identity, and what is missing."""

from decimal import Decimal

import pytest

from dosebook_protocol.dicom.read import DICOM_XML, read_object
from dosebook_protocol.reading import EventKind, Outcome, Plane, Reading
from tests.support.sr import (
    CT,
    ENHANCED_SR,
    MAMMOGRAPHY,
    PROJECTION,
    RRDSR,
    at,
    coded,
    container,
    ct_event,
    ct_totals,
    document,
    encoded,
    num,
    text,
    uid,
    x_ray_event,
    x_ray_totals,
)

LEFT = coded(("272741003", "SCT"), ("80248007", "SCT", "Left breast"))
RIGHT = coded(("272741003", "SCT"), ("73056007", "SCT", "Right breast"))


def _read(*children, **attributes) -> Reading:
    return read_object(encoded(document(*children, **attributes)))


def _values(reading: Reading, quantity: str) -> list[Decimal]:
    return [v.value for e in reading.events for v in e.values if v.quantity == quantity]


def _deviations(reading: Reading) -> set[str]:
    return {deviation.code for deviation in reading.deviations}


@pytest.mark.parametrize(
    ("value", "unit", "gy_cm2"),
    [
        ("0.0001", "Gy.m2", "1"),
        ("10", "dGy.cm2", "1"),
        ("100", "cGy.cm2", "1"),
        ("100", "uGy.m2", "1"),
        ("1000", "mGy.cm2", "1"),
        ("1", "Gy.cm2", "1"),
        ("1000000", "uGy.cm2", "1"),
        ("0.0001", "Gym2", "1"),
    ],
)
def test_p01_kap_is_converted_exactly_from_the_unit_that_is_sent(value, unit, gy_cm2):
    """Every unit of KAP in the field becomes Gy·cm² without rounding (P1, R19)."""
    reading = _read(x_ray_totals(num("113722", value, unit)))
    total = reading.totals[0].value
    assert (total.value, total.unit) == (Decimal(gy_cm2), "Gy.cm2")
    assert (total.original, total.original_unit) == (value, unit)


def test_p02_reference_point_dose_illegally_in_milligray_is_read_by_its_unit():
    """Ka,r sent in mGy instead of Gy gives the same dose as in Gy (P2)."""
    in_gray = _read(x_ray_event("2.25.1", num("113738", "0.0125", "Gy")))
    in_milligray = _read(x_ray_event("2.25.1", num("113738", "12.5", "mGy")))
    assert _values(in_gray, "dose_rp") == _values(in_milligray, "dose_rp") == [Decimal("12.5")]


@pytest.mark.parametrize("unit", ["rad", "mGy.cm", ""])
def test_p02_a_dose_in_an_unknown_or_wrong_unit_quarantines_the_report(unit):
    """An unknown unit is never guessed: the reason names value, unit and path (P2)."""
    reading = _read(x_ray_event("2.25.1", num("113738", "12.5", unit)), PatientID="T-9")
    assert reading.outcome is Outcome.QUARANTINED
    assert not reading.events
    for part in ("12.5", repr(unit), "113706/113738"):
        assert part in reading.reason
    assert reading.patient.id == "T-9"


def test_p02_a_technique_value_in_an_unknown_unit_is_kept_as_text():
    """A distance in an unknown unit costs no dose: it stays as text, with a deviation (P2, P39)."""
    reading = _read(x_ray_event("2.25.1", num("113750", "39", "[in_i]"), num("113738", "1", "mGy")))
    assert reading.outcome is Outcome.READ
    assert _values(reading, "dose_rp") == [Decimal(1)]
    assert "39 [in_i]" in {item.text for item in reading.events[0].items}
    assert "unknown-unit" in _deviations(reading)


@pytest.mark.parametrize(("value", "unit"), [("0.0142", "dGy"), ("1.42", "mGy"), ("0.00142", "Gy")])
def test_p03_average_glandular_dose_follows_its_unit_code(value, unit):
    """AGD before and after CP-1194, dGy and mGy, reads as the same mGy (P3)."""
    reading = _read(
        coded("121058", MAMMOGRAPHY),
        x_ray_totals(num("111637", value, unit, LEFT), num("111637", "2.5", "mGy", RIGHT)),
        x_ray_event(
            "2.25.1",
            num("111631", value, unit),
            coded(("91723000", "SCT"), ("76752008", "SCT", "Breast"), LEFT),
        ),
    )
    assert reading.kind == "rdsr-mammography"
    assert _values(reading, "average_glandular_dose") == [Decimal("1.42")]
    totals = {total.side: total.value.value for total in reading.totals}
    assert totals == {"left": Decimal("1.42"), "right": Decimal("2.5")}
    assert reading.events[0].side == "left"
    assert reading.events[0].kind is EventKind.MAMMOGRAPHY


def test_p08_a_missing_event_uid_is_made_from_the_content_and_marked():
    """The same event in another copy and encoding of its report gets the same UID (P8)."""
    report = document(ct_event(None, ctdi="3", dlp="30"))
    first = read_object(encoded(report)).events[0]
    again = read_object(encoded(report, syntax="1.2.840.10008.1.2")).events[0]
    assert first.uid == again.uid
    assert first.uid.startswith("2.25.")
    assert first.uid_is_synthesised
    other = _read(ct_event(None, ctdi="3", dlp="31")).events[0]
    assert other.uid != first.uid
    elsewhere = _read(ct_event(None, ctdi="3", dlp="30"), StudyInstanceUID="2.25.77").events[0]
    assert elsewhere.uid != first.uid


def test_p08_identical_twins_are_two_only_if_their_times_differ():
    """Events without UID, equal but for time, stay two; equal in time too, they are one (P8)."""

    def twin(moment):
        return x_ray_event(None, at("111526", moment), num("122130", "1", "Gy.cm2"))

    apart = _read(twin("20260314101500"), twin("20260314101501"))
    assert len({event.uid for event in apart.events}) == 2
    together = _read(twin("20260314101500"), twin("20260314101500"))
    assert len(together.events) == 1
    assert "duplicate-event" in _deviations(together)


def test_p08_one_uid_on_two_different_events_keeps_both():
    """A UID used twice stays with the first event; the second gets one of its own, marked (P8)."""
    reading = _read(
        x_ray_event("2.25.5", num("122130", "1", "Gy.cm2")),
        x_ray_event("2.25.5", num("122130", "2", "Gy.cm2")),
    )
    assert [event.uid_is_synthesised for event in reading.events] == [False, True]
    assert len({event.uid for event in reading.events}) == 2
    assert sum(_values(reading, "dose_area_product")) == 3


def test_p11_the_phantom_stands_beside_each_event_and_is_never_assumed():
    """16 cm, 32 cm and not stated are three different things (P11)."""
    reading = _read(
        ct_event("2.25.1", ctdi="10", phantom="113690"),
        ct_event("2.25.2", ctdi="10", phantom="113691"),
        ct_event("2.25.3", container("113829", num("113830", "10", "mGy"))),
        ct_event("2.25.4", ctdi="10", phantom="113692"),
    )
    assert [event.phantom for event in reading.events] == ["16cm", "32cm", None, None]
    assert "unknown-phantom" in _deviations(reading)


def test_p12_dlp_sub_totals_are_kept_per_phantom():
    """TID 10012 sub-totals name their phantom; the mixed total stands apart from them (P12)."""
    reading = _read(
        coded("121058", CT),
        ct_totals(
            2,
            "150",
            num("130745", "50", "mGy.cm", coded("113835", ("113690", "DCM", "head"))),
            num("130745", "100", "mGy.cm", coded("113835", ("113691", "DCM", "body"))),
        ),
        ct_event("2.25.1", dlp="50", phantom="113690"),
        ct_event("2.25.2", dlp="100", phantom="113691"),
    )
    dlp = {t.phantom: t.value.value for t in reading.totals if t.value.quantity == "dlp"}
    assert dlp == {None: Decimal(150), "16cm": Decimal(50), "32cm": Decimal(100)}
    assert "totals-differ" not in _deviations(reading)


def test_p13_no_total_of_ctdi_vol_is_ever_made():
    """CTDIvol stays with its event: the reading has no total of it (P13)."""
    reading = _read(ct_totals(2, "20"), ct_event("2.25.1", ctdi="5"), ct_event("2.25.2", ctdi="7"))
    assert _values(reading, "ctdi_vol") == [Decimal(5), Decimal(7)]
    assert "ctdi_vol" not in {total.value.quantity for total in reading.totals}


def test_p16_biplane_totals_stay_apart_by_plane():
    """Plane A and B keep their own KAP and Ka,r; nothing adds them here (P16)."""
    reading = _read(
        coded("121058", PROJECTION),
        x_ray_totals(num("113722", "2", "Gy.cm2"), num("113725", "30", "mGy"), plane="113620"),
        x_ray_totals(num("113722", "3", "Gy.cm2"), num("113725", "40", "mGy"), plane="113621"),
        x_ray_event(
            "2.25.1", num("122130", "2", "Gy.cm2"), num("113738", "30", "mGy"), plane="113620"
        ),
        x_ray_event(
            "2.25.2", num("122130", "3", "Gy.cm2"), num("113738", "40", "mGy"), plane="113621"
        ),
    )
    found = {(t.plane, t.value.quantity): t.value.value for t in reading.totals}
    assert found == {
        (Plane.A, "dose_area_product"): 2,
        (Plane.A, "dose_rp"): 30,
        (Plane.B, "dose_area_product"): 3,
        (Plane.B, "dose_rp"): 40,
    }
    assert [event.plane for event in reading.events] == [Plane.A, Plane.B]
    assert not _deviations(reading)


def test_stated_and_summed_totals_that_differ_are_both_shown():
    """A total beyond rounding of its events stays as stated, the difference in a deviation."""
    reading = _read(ct_totals(1, "250.00"), ct_event("2.25.1", dlp="100.00"))
    assert [t.value.value for t in reading.totals if t.value.quantity == "dlp"] == [
        Decimal("250.00")
    ]
    detail = next(d.detail for d in reading.deviations if d.code == "totals-differ")
    assert "250.00" in detail
    assert "100.00" in detail
    rounded = _read(ct_totals(1, "100.01"), ct_event("2.25.1", dlp="100.00"))
    assert "totals-differ" not in _deviations(rounded)


def test_p29_zero_is_a_value_and_missing_is_none():
    """A stated zero is read as zero; an empty measurement is no value, and noted (P29)."""
    reading = _read(
        x_ray_totals(num("113722", "0", "Gy.m2"), num("113725", None)),
        x_ray_event("2.25.1", num("122130", "0.0", "Gy.m2"), num("113738", "", "Gy")),
    )
    assert {t.value.quantity: t.value.value for t in reading.totals} == {"dose_area_product": 0}
    assert _values(reading, "dose_area_product") == [0]
    assert _values(reading, "dose_rp") == []
    assert "empty-value" in _deviations(reading)


def test_p36_radiography_reported_with_the_fluoroscopy_template_is_projection():
    """A DX room that uses the RF template gives projection events and exposure index (P36)."""
    reading = _read(
        coded("121058", PROJECTION),
        x_ray_event(
            "2.25.1",
            coded("113721", ("113611", "DCM", "Stationary Acquisition")),
            num("122130", "1.07E-05", "Gy.m2"),
            num("113845", "326", "1"),
        ),
    )
    event = reading.events[0]
    assert reading.kind == "rdsr-projection"
    assert event.kind is EventKind.PROJECTION
    assert event.event_type is not None
    assert event.event_type.value == "113611"
    assert _values(reading, "dose_area_product") == [Decimal("0.107")]
    assert _values(reading, "exposure_index") == [326]


def test_p38_lists_are_kept_value_by_value():
    """Several kV items, several numbers in one item and several filters all stay (P38)."""
    reading = _read(
        x_ray_event(
            "2.25.1",
            num("113733", "70", "kV"),
            num("113733", "0", "kV"),
            num("113734", ["100", "200"], "mA"),
            container("113771", num("113758", "0.1", "mm"), num("113773", "0.1", "mm")),
            container("113771", num("113758", "1", "mm")),
        )
    )
    assert _values(reading, "kvp") == [70, 0]
    assert _values(reading, "tube_current") == [100, 200]
    assert _values(reading, "filter_thickness_minimum") == [Decimal("0.1"), 1]
    paths = [v.path for v in reading.events[0].values if v.quantity == "filter_thickness_minimum"]
    assert paths == ["113706/113771[1]/113758", "113706/113771[2]/113758"]


def test_p38_sources_of_a_dual_source_scanner_are_told_apart():
    """Each X-ray source keeps its own kV and current under its own path (P38)."""

    def source(kv):
        return container("113831", num("113733", kv, "kV"), num("113734", "200", "mA"))

    parameters = container(
        "113822", num("113823", "2", "{X-Ray sources}"), source("80"), source("150")
    )
    reading = _read(ct_event("2.25.1", parameters, dlp="10"))
    kv = {v.path: v.value for v in reading.events[0].values if v.quantity == "kvp"}
    assert list(kv.values()) == [80, 150]
    assert len(kv) == 2


@pytest.mark.parametrize("template", ["", "10001", "9999"])
def test_p39_a_ct_report_with_a_missing_or_wrong_template_id_is_read_by_content(template):
    """The content decides; what the template id says is only noted (P39)."""
    reading = _read(ct_totals(1, "10"), ct_event("2.25.1", dlp="10"), template=template)
    assert (reading.outcome, reading.kind) == (Outcome.READ, "rdsr-ct")
    assert _deviations(reading) & {"no-template-id", "template-id"}


def test_p39_wrong_case_wrong_value_types_and_long_codes_are_read_and_noted():
    """Lower-case schemes and types, UID as TEXT, name as PERSON NAME: read and noted (P39)."""
    event = ct_event(None, text("113769", "2.25.99"), dlp="10")
    for item in event.ContentSequence:
        item.ConceptNameCodeSequence[0].CodingSchemeDesignator = "dcm"
        item.ValueType = item.ValueType.lower()
    name = text("113870", "")
    name.ValueType = "PERSON NAME"
    name.PersonName = "Operator^One"
    long_code = text("121106", "with a long code")
    del long_code.ConceptNameCodeSequence[0].CodeValue
    long_code.ConceptNameCodeSequence[0].LongCodeValue = "121106"
    reading = _read(event, name, long_code)
    assert [e.uid for e in reading.events] == ["2.25.99"]
    assert _values(reading, "dlp") == [10]
    texts = {item.name: item.text for item in reading.items}
    assert texts["person_name"] == "Operator^One"
    assert texts["comment"] == "with a long code"
    assert "value-type" in _deviations(reading)


def test_p39_unknown_concepts_keep_their_number_and_are_counted_once():
    """A private number stays as text with its code and path; its concept is noted once (P39)."""
    private = ("P-7", "99ACME", "Magic Index")
    reading = _read(*(x_ray_event(f"2.25.{n}", num(private, n, "mm")) for n in (1, 2, 3)))
    items = [item for event in reading.events for item in event.items]
    assert [item.text for item in items] == ["1 mm", "2 mm", "3 mm"]
    assert items[0].code is not None
    assert (items[0].code.value, items[0].code.scheme) == ("P-7", "99ACME")
    assert items[2].path == "113706[3]/99ACME:P-7"
    rows = [d for d in reading.deviations if d.code == "unknown-concept"]
    assert len(rows) == 1
    assert "3 times" in rows[0].detail


def test_p39_empty_sequences_and_items_without_concept_stop_nothing():
    """An empty code, no concept name and a number that is none leave the dose (P39)."""
    broken = num("113733", "80", "kV")
    del broken.ConceptNameCodeSequence
    reading = _read(
        x_ray_event(
            "2.25.1",
            coded("123014", None),
            broken,
            num("113734", "n/a", "mA"),
            num("122130", "1", "Gy.cm2"),
        )
    )
    assert _values(reading, "dose_area_product") == [1]
    assert {"empty-value", "no-concept-name", "not-a-number"} <= _deviations(reading)
    assert "n/a mA" in {item.text for item in reading.events[0].items}


def test_p39_events_below_another_container_are_found():
    """Events that hang below their accumulated data are events all the same (P39)."""
    reading = _read(
        x_ray_totals(
            num("113722", "1", "Gy.cm2"), x_ray_event("2.25.1", num("122130", "1", "Gy.cm2"))
        )
    )
    assert [event.uid for event in reading.events] == ["2.25.1"]
    assert len(reading.totals) == 1
    assert "nested-container" in _deviations(reading)


def test_p29_a_zero_without_unit_is_zero():
    """Nothing is nothing in every unit; any other number without unit is refused (P2, P29)."""
    reading = _read(x_ray_event("2.25.1", num("113738", "0", "")))
    assert _values(reading, "dose_rp") == [0]


def test_p39_legacy_codes_mean_what_their_successors_mean():
    """SRT and SNM3 codes are matched as SNOMED CT, whatever their meaning says (P39)."""
    reading = _read(
        coded("121058", ("P5-40010", "SRT", "?")),
        x_ray_event(
            "2.25.1",
            num("111631", "1", "mGy"),
            coded(
                ("T-D0005", "SNM3"),
                ("T-04000", "SRT", "x"),
                coded(("G-C171", "SRT"), ("T-04020", "SRT", "wrong words")),
            ),
        ),
    )
    assert reading.kind == "rdsr-mammography"
    assert reading.events[0].side == "right"


def test_dose_check_values_reason_and_repetition_are_read():
    """Alert and notification values, why the operator went on, and a repeated scan (TID 10015)."""
    alert = container(
        "113900",
        coded("113901", ("373066001", "SCT", "Yes")),
        num("113903", "1000", "mGy.cm"),
        num("113905", "1200", "mGy.cm"),
        text("113907", "trauma"),
    )
    repeated = coded("128551", ("R-0038D", "SRT", "Yes"))
    event = _read(ct_event("2.25.1", alert, repeated, dlp="10")).events[0]
    values = {v.quantity: v.value for v in event.values}
    assert (values["dlp_alert"], values["dlp_forward_estimate"]) == (1000, 1200)
    assert event.is_repeated is True
    assert ("reason_for_proceeding", "trauma") in {(i.name, i.text) for i in event.items}


def test_scope_and_step_of_a_cumulative_report_are_named():
    """Scope of accumulation, its UID and the performed step order cumulative reports (P4)."""
    scope = coded(
        "113705", ("113970", "DCM", "Procedure Step To This Point"), uid("121126", "2.25.33")
    )
    reading = _read(scope, ct_totals(0, "0"))
    assert reading.scope is not None
    assert (reading.scope.value, reading.scope_uid) == ("113970", "2.25.33")
    assert reading.performed_step_uid == "2.25.33"
    assert reading.created is not None
    assert reading.created.local == "2026-03-14T09:26:53"


def test_p26_local_time_and_offset_are_kept_as_the_sender_wrote_them():
    """A date and time is never re-zoned; its own offset or the object's stands beside it (P26)."""
    own = _read(x_ray_event("2.25.1", at("111526", "20260314101500.5+0200")))
    objects = _read(
        x_ray_event("2.25.1", at("111526", "20260314101500")), TimezoneOffsetFromUTC="-0530"
    )
    assert own.events[0].started is not None
    assert (own.events[0].started.local, own.events[0].started.offset) == (
        "2026-03-14T10:15:00.5",
        "+02:00",
    )
    assert objects.events[0].started is not None
    assert objects.events[0].started.offset == "-05:30"


def test_p28_a_size_in_centimetres_becomes_metres_and_zero_stays_zero():
    """Sizes of 178 and 1.78 are the same person; 0 is kept as stated; both are noted (P28)."""
    tall = _read(ct_totals(0, "0"), PatientSize="178", PatientWeight="0")
    assert tall.patient.size_m == Decimal("1.78")
    assert tall.patient.weight_kg == 0
    assert {"size-in-centimetres", "zero-weight"} <= _deviations(tall)


def test_p60_a_radiopharmaceutical_report_keeps_measured_and_administered_activity():
    """Agent, nuclide, route, activities before and after, extravasation and organ doses (P60)."""
    reading = _read(
        container(
            "113502",
            coded(
                ("417881006", "SCT"),
                ("C-B1031", "SRT", "FDG"),
                coded(("89457008", "SCT"), ("77004003", "SCT", "F-18")),
                num(("304283002", "SCT"), "6586.2", "s"),
            ),
            uid("113503", "2.25.60"),
            at("123003", "20260314101500"),
            num("113507", "394", "MBq"),
            num("113508", "0.400", "GBq"),
            num("113509", "6", "MBq"),
            num("113506", "2", "%"),
            coded(("410675002", "SCT"), ("47625008", "SCT", "Intravenous route")),
            container(
                "113517",
                coded(("363698007", "SCT"), ("89837001", "SCT", "Bladder")),
                num("113518", "51", "mGy"),
            ),
        ),
        root="113500",
        sop_class=RRDSR,
        template="10021",
    )
    event = reading.events[0]
    values = {v.quantity: v.value for v in event.values}
    assert (reading.kind, event.kind) == ("rrdsr", EventKind.RADIOPHARMACEUTICAL)
    assert event.uid == "2.25.60"
    assert values["administered_activity"] == 394
    assert values["pre_administration_activity"] - values["post_administration_activity"] == 394
    assert values["organ_dose"] == 51
    assert {
        "radiopharmaceutical_agent",
        "radionuclide",
        "route_of_administration",
        "finding_site",
    } <= {i.name for i in event.items}


@pytest.mark.parametrize("sop_class", [ENHANCED_SR, "1.2.840.10008.5.1.4.1.1.88.33"])
def test_dose_content_in_another_sr_class_is_read_by_content(sop_class):
    """Enhanced and Comprehensive SR with the content of a dose report give its doses (P39)."""
    reading = _read(
        ct_totals(1, "10"), ct_event("2.25.1", dlp="10"), sop_class=sop_class, template=""
    )
    assert reading.outcome is Outcome.READ
    assert _values(reading, "dlp") == [10]


def test_a_siemens_summary_in_private_coding_gives_its_totals():
    """The private summary of Siemens mobile C-arms: exposures, fluoroscopy time and KAP by unit."""
    scheme = "99SMS_RADSUM"
    reading = _read(
        num(("C-200", scheme), "12", "1"),
        num(("C-202", scheme), "1.5", "min"),
        num(("C-204", scheme), "3.2", "Gy.cm2"),
        num(("C-206", scheme), None),
        root=("C-10", scheme),
        sop_class=ENHANCED_SR,
        template="",
    )
    totals = {t.value.quantity: t.value.value for t in reading.totals}
    assert totals == {
        "number_of_frames": 12,
        "fluoro_time": 90,
        "dose_area_product": Decimal("3.2"),
    }


def test_an_enhanced_rdsr_gives_its_summaries_and_says_what_was_not_read():
    """88.76: accumulated and event summaries are read; its details are counted in words."""
    reading = _read(
        container("130500", num("113722", "1", "Gy.cm2")),
        container("130501", uid("113769", "2.25.1"), num("122130", "1", "Gy.cm2")),
        container("130505", text("113832", "A")),
        sop_class="1.2.840.10008.5.1.4.1.1.88.76",
    )
    assert reading.kind == "rdsr-enhanced"
    assert len(reading.events) == len(reading.totals) == 1
    assert "details-not-read" in _deviations(reading)


@pytest.mark.parametrize("number", [73, 75])
def test_a_patient_radiation_dose_sr_is_held_with_its_reason(number):
    """Estimates are no events: the object is quarantined, and the reason says why."""
    reading = _read(root="128401", sop_class=f"1.2.840.10008.5.1.4.1.1.88.{number}")
    assert reading.outcome is Outcome.QUARANTINED
    assert "estimates" in reading.reason
    assert not reading.events


def test_a_dose_report_class_without_dose_content_is_held():
    """A dose SR class with another document in it is quarantined, never counted as read (P39)."""
    reading = _read(root=("18748-4", "LN", "Diagnostic Imaging Report"))
    assert reading.outcome is Outcome.QUARANTINED
    assert "18748-4" in reading.reason


@pytest.mark.parametrize("data", [b"", b"x", b"\0" * 200, bytes(128) + b"DICM", b"GIF89a" * 50])
def test_bytes_that_are_no_dicom_object_give_a_reason(data):
    """Garbage never raises: it is refused in words or has no dose (P40)."""
    reading = read_object(data)
    assert reading.outcome is not Outcome.READ
    assert reading.reason


@pytest.mark.parametrize(
    "attack",
    [
        (
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
            b"<NativeDicomModel>&b;</NativeDicomModel>"
        ),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><NativeDicomModel/>',
        b"<NativeDicomModel>" + b"<a>" * 500 + b"</a>" * 500 + b"</NativeDicomModel>",
        b"<script>alert(1)</script>",
        b"<NativeDicomModel",
    ],
)
def test_p40_hostile_xml_is_refused_in_words(attack):
    """Entity bombs, external entities, deep nesting and HTML never get past the parser (P40)."""
    reading = read_object(attack, DICOM_XML)
    assert reading.outcome is Outcome.QUARANTINED
    assert "XML" in reading.reason


def test_p40_markup_in_a_comment_stays_text():
    """A script in a comment is carried as the text that it is (P40)."""
    markup = '<script>alert("x")</script><!ENTITY a "b">'
    reading = _read(text("121106", markup), ct_totals(0, "0"))
    assert markup in {item.text for item in reading.items}
