"""What is computed of an exam's events, and every reason why nothing is."""

import json
from dataclasses import replace
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.dosimetry.skin_dose.model import PatientSize, Refusal, Request, UnusedEvent
from dosebook_central.dosimetry.skin_dose.request import (
    input_sha256,
    kerma_percent,
    prepare,
    software_text,
)
from dosebook_central.dosimetry.skin_dose.safelist import safelist
from dosebook_protocol.reading import Code, CodedItem, DoseValue, Equipment, EventKind
from tests.support.skin_dose import (
    ALUMINIUM,
    COPPER,
    ENGINE,
    PHILIPS,
    SIEMENS,
    ask,
    beam_event,
)

SIZE = PatientSize(Decimal("1.80"), Decimal(90))
FEET_FIRST = CodedItem("patient_table_relationship", Code("F-10480", "SRT", "feet-first"))
PRONE = CodedItem("patient_orientation_modifier", Code("1240000", "SCT", "Prone"))


def refusal(*events, **settings):
    """The refusal of some events."""
    asked = ask(*events, **settings)
    assert isinstance(asked, Refusal), asked
    return asked


def reason(**changes):
    """Why the one event with these changes is not on the map: the exam is refused for it."""
    found = refusal(beam_event(1, **changes))
    assert found.code == "geometry-missing"
    assert len(found.unused) == 1
    assert found.unused[0].reason in found.reason
    return found.unused[0].reason


def request_of(*events, **settings):
    """The request of some events."""
    asked = ask(*events, **settings)
    assert isinstance(asked, Request), asked
    return asked


def said(request, topic):
    """The assumption on a topic."""
    return next(one for one in request.assumptions if one.topic == topic)


@pytest.mark.parametrize(
    "equipment",
    [
        Equipment("GE Healthcare Surgery", "ESP 21 cm FPD Super-C", "", "2.1.0.3379"),
        Equipment("GE MEDICAL SYSTEMS", "Innova", "", "1"),
        Equipment("CANON_MEC", "Platinum43", "", "1.60.04"),
        Equipment("TOSHIBA_MEC", "INFX-8000V", "", "5"),
        Equipment("Siemens", "AXIOM-Artis", "", "VC14J 150507"),
        Equipment("Siemens", "AXIOM-Artis", "", ""),
        Equipment("Siemens", "Fluorospot Compact FD", "", "VC21C"),
        Equipment("Philips Medical Systems", "Allura Clarity", "", "8.1.30.5"),
        Equipment("", "", "", ""),
    ],
)
def test_p19_a_system_that_is_not_on_the_safelist_is_refused_by_name(equipment):
    """P19: another make, model or software is refused, and the sentence names what is validated."""
    found = refusal(beam_event(1, equipment=equipment))
    assert found.code == "not-validated"
    assert "not validated" in found.reason
    assert equipment.model in found.reason
    assert "AXIOM-Artis" in found.reason


def test_p19_the_safelist_is_pyskindoses_own_settings():
    """P19: each row has the offsets, directions and field that PySkinDose's settings file has."""
    path = Path(find_spec("pyskindose").origin).parent / "normalization_settings.json"
    own = {
        (row["manufacturer"].casefold(), model.casefold()): row
        for row in json.loads(path.read_text())["normalization_settings"]
        for model in row["models"]
    }
    rows = safelist().geometries
    assert len(rows) == len(own)
    sign = {"+": 1, "-": -1}
    for row in rows:
        theirs = own[(row.manufacturer.pattern, row.model.pattern)]
        assert [float(one) for one in row.offset_cm] == list(theirs["translation_offset"].values())
        directions = [sign[one] for one in theirs["translation_direction"].values()]
        assert list(row.direction) == directions
        angles = theirs["rotation_direction"]
        assert list(row.angles) == [sign[angles["Ap1"]], sign[angles["Ap2"]]]
        assert {"CFA": "area", "ASD": "shutters"}[theirs["field_size_mode"]] == row.field
        assert row.detector_side_cm == theirs["detector_side_length"]


def test_a_complete_event_becomes_a_beam_in_exact_units():
    """Millimetres become centimetres and square centimetres a side, digit for digit."""
    request = request_of(
        beam_event(
            7,
            dose_rp="1.23",
            kvp="77.4",
            table_longitudinal_position="-87.4",
            table_lateral_position=1067,
            table_height_position="136.6",
            collimated_field_area="1105.3067",
            positioner_primary_angle="-42.3",
        )
    )
    (beam,) = request.beams
    assert (beam.event, beam.kerma_mgy, beam.kvp) == (7, 1.23, 77.4)
    assert beam.table_cm == (-8.74, 13.66, 106.7)
    assert beam.field_lateral_cm == beam.field_longitudinal_cm == 33.246
    assert (beam.source_to_detector_cm, beam.source_to_isocentre_cm) == (110.0, 78.5)
    assert (beam.primary_deg, beam.copper_mm, beam.aluminium_mm) == (-42.3, 0.1, 0.0)
    assert request.kerma_mgy == Decimal("1.23")


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("positioner_primary_angle", "positioner primary angle"),
        ("positioner_secondary_angle", "positioner secondary angle"),
        ("distance_source_to_detector", "source to detector"),
        ("distance_source_to_isocenter", "source to isocentre"),
        ("table_height_position", "table height"),
        ("table_lateral_position", "table lateral"),
        ("table_longitudinal_position", "table longitudinal"),
        ("collimated_field_area", "collimated field area"),
        ("kvp", "tube voltage"),
    ],
)
def test_p17_what_is_missing_is_named_and_never_taken_as_zero(quantity, words):
    """P17: an event without an angle, a distance or a position is not on the map."""
    assert words in reason(**{quantity: None})


def test_p17_a_table_height_of_zero_throughout_is_a_default():
    """P17: a table at height 0 in every event is no position: the exam is refused in words."""
    events = [beam_event(n, table_height_position=0) for n in (1, 2, 3)]
    found = refusal(*events)
    assert found.code == "position"
    assert "table height is 0" in found.reason
    moved = beam_event(4, table_height_position=120)
    assert isinstance(ask(*events, moved), Request)


def test_p17_a_table_height_that_never_changes_is_flagged():
    """P17: one height in ten events of a table that moved otherwise is shown as a doubt."""
    events = [beam_event(n, table_longitudinal_position=n) for n in range(1, 11)]
    assert "default" in said(request_of(*events), "Table height").text
    few = request_of(*events[:9])
    assert "Table height" not in {one.topic for one in few.assumptions}


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (PatientSize(), "not stated"),
        (PatientSize(Decimal("1.80"), Decimal(0)), "weight was sent as 0 kg"),
        (PatientSize(Decimal(180), Decimal(80)), "height was sent as 180 m"),
    ],
)
def test_p17_an_assumed_size_is_said_openly(size, words):
    """P17: a weight of 0 is no weight; a reference size is used, and the panel says so and why."""
    request = request_of(beam_event(1), size=size)
    assert (request.cylinder.half_width_cm, request.cylinder.half_thickness_cm) == (20, 10)
    assumption = said(request, "Patient's size")
    assert assumption.is_default
    assert "1.786 m and 73.2 kg" in assumption.text
    assert words in assumption.text


def test_the_phantom_follows_a_stated_size():
    """Radii go with √(mass/73.2 kg) / √(height/1.786 m), as openSkin: 1.80 m, 90 kg are 44.2 cm."""
    request = request_of(beam_event(1), size=SIZE)
    assert request.cylinder.half_width_cm == pytest.approx(22.09, abs=0.005)
    assert request.cylinder.half_thickness_cm == pytest.approx(11.05, abs=0.005)
    assert not said(request, "Patient's size").is_default


def test_p18_the_panel_says_that_kerma_is_before_the_table_and_not_calibrated():
    """P18: what Ka,r means, table attenuation and the missing calibration stand on every map."""
    request = request_of(beam_event(1))
    assert "in front of table and pad" in said(request, "Ka,r").text
    assert "no calibration factor" in said(request, "Ka,r").text
    assert "80 %" in said(request, "Table and pad").text


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([(Code("12345", "SCT", "Tantalum"), "0.1")], "Tantalum is not covered"),
        ([(COPPER, "0.25")], "0.25 mm copper"),
        ([(COPPER, "0.1"), (ALUMINIUM, "1")], "1 mm aluminium"),
        ([(COPPER, "0.1"), (COPPER, "0.2")], "one filter material twice"),
    ],
)
def test_p19_a_filter_that_is_not_covered_is_named(layers, words):
    """P19: another material or thickness has no half-value layer: the event is not on the map."""
    assert words in reason(layers=layers)


def test_a_filter_is_the_mean_of_its_thinnest_and_thickest():
    """A filter stated as 0.2 to 0.4 mm counts as 0.3 mm, as PySkinDose takes it."""
    recorded = beam_event(1, layers=[(COPPER, "0.2")])
    values = tuple(
        replace(value, value=Decimal("0.4"))
        if value.quantity == "filter_thickness_maximum"
        else value
        for value in recorded.event.values
    )
    changed = replace(recorded, event=replace(recorded.event, values=values))
    assert request_of(changed).beams[0].copper_mm == 0.3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kvp": 45}, "45 kV is outside"),
        ({"kvp": 151}, "outside 50 to 150 kV"),
        ({"positioner_primary_end_angle": 180}, "C-arm turned"),
        ({"event_type": Code("113613", "DCM", "Rotational Acquisition")}, "Rotational"),
        ({"table_height_end_position": 200}, "table moved"),
        ({"table_head_tilt_angle": 15}, "table head tilt angle is 15°"),
        ({"table_height_position": 700}, "not where a table can be"),
        ({"distance_source_to_detector": 700}, "not in this order"),
        ({"collimated_field_area": 0}, "zero"),
        ({"items": [FEET_FIRST]}, "feet-first"),
        ({"items": [PRONE]}, "Prone"),
    ],
)
def test_p19_what_is_not_modelled_is_a_reason(changes, words):
    """P19: voltages, movements and positions outside what is validated are named, not computed."""
    assert words in reason(**changes)


def test_a_reference_point_elsewhere_is_a_reason():
    """Ka,r at 1 cm above the table is not what the inverse square law here starts from."""
    recorded = beam_event(1)
    other = CodedItem("reference_point_definition", Code("113861", "DCM", "1cm above Tabletop"))
    items = (other, *recorded.event.items[1:])
    found = refusal(replace(recorded, event=replace(recorded.event, items=items)))
    assert "1cm above Tabletop" in found.reason
    items = recorded.event.items[1:]
    found = refusal(replace(recorded, event=replace(recorded.event, items=items)))
    assert "no definition of the reference point" in found.reason


def test_two_values_of_one_quantity_are_a_reason():
    """An event with a tube voltage for each pulse has not one beam quality."""
    recorded = beam_event(1)
    second = DoseValue("kvp", Decimal(70), "kV", "70", "kV", "test/kvp[2]")
    event = replace(recorded.event, values=(*recorded.event.values, second))
    assert "several values of tube voltage" in refusal(replace(recorded, event=event)).reason


def test_a_position_in_a_siemens_comment_counts():
    """Siemens says in a comment how the patient lies: all but head first, supine is refused."""
    comment = '<Root><PatientPosition><Position SRData="{} "/></PatientPosition></Root>'
    stated = request_of(beam_event(1, comments=(comment.format("HFS"),)))
    assert not said(stated, "Patient's position").is_default
    assert said(request_of(beam_event(1)), "Patient's position").is_default
    found = refusal(beam_event(1, comments=(comment.format("FFP"),)))
    assert "FFP" in found.reason


def test_events_without_geometry_are_listed_and_the_share_is_stated():
    """An event that cannot be placed is listed with its reason; the rest is computed."""
    request = request_of(
        beam_event(1, dose_rp=90), beam_event(2, dose_rp=10, kvp=None), beam_event(3, dose_rp=0)
    )
    assert [beam.event for beam in request.beams] == [1]
    assert [(one.event, one.kerma_mgy) for one in request.unused] == [(2, Decimal(10))]
    assert request.event_count == 2
    assert kerma_percent(request.kerma_mgy, request.unused) == Decimal(90)


def test_less_than_half_of_the_kerma_is_refused_with_the_commonest_reason():
    """A map of the smaller part of the dose says nothing of the peak."""
    found = refusal(
        beam_event(1, dose_rp=40),
        beam_event(2, dose_rp=30, kvp=None),
        beam_event(3, dose_rp=30, kvp=None),
    )
    assert found.code == "geometry-missing"
    assert "40 %" in found.reason.replace("40.0", "40")
    assert "no tube voltage in 2 of 2" in found.reason
    assert [one.event for one in found.unused] == [2, 3]


def test_a_missing_kerma_is_not_a_kerma_of_zero():
    """P29: an event without Ka,r is listed as unused; one that states 0 needs no geometry."""
    request = request_of(
        beam_event(1),
        beam_event(2, dose_rp=None),
        beam_event(3, dose_rp=0, positioner_primary_angle=None),
    )
    assert [(one.event, one.kerma_mgy) for one in request.unused] == [(2, None)]
    assert refusal(beam_event(1, dose_rp=None)).code == "no-kerma"


def test_events_of_two_systems_are_refused():
    """One map has one geometry: an exam on two systems is not put on one."""
    assert refusal(beam_event(1), beam_event(2, equipment=PHILIPS)).code == "several-systems"


def test_other_kinds_of_event_do_not_count():
    """A CT acquisition in the same exam has no place on a skin dose map of a C-arm."""
    recorded = beam_event(2)
    ct = replace(recorded, event=replace(recorded.event, kind=EventKind.CT))
    assert request_of(beam_event(1), ct).event_count == 1


def test_without_pyskindose_the_refusal_says_how_to_install_it():
    """A registry without the extra refuses in words, and its refusal is another input."""
    refused = prepare([beam_event(1)], PatientSize(), "")
    assert isinstance(refused, Refusal)
    assert "pip install" in refused.reason
    with_it = prepare([beam_event(1)], PatientSize(), ENGINE)
    assert input_sha256(refused, software_text("")) != input_sha256(with_it, software_text(ENGINE))


def test_the_input_hash_follows_every_input_and_nothing_else():
    """P56: equal events give one hash; another dose, size, engine or event gives another."""
    base = request_of(beam_event(1), beam_event(2))
    software = software_text(ENGINE)

    def digest(asked):
        return input_sha256(asked, software)

    assert digest(base) == digest(request_of(beam_event(2), beam_event(1)))
    others = [
        request_of(beam_event(1), beam_event(2, dose_rp=11)),
        request_of(beam_event(1)),
        request_of(beam_event(1), beam_event(2), size=SIZE),
        prepare([beam_event(1), beam_event(2)], PatientSize(), "pyskindose other"),
    ]
    assert len({digest(one) for one in [base, *others]}) == 5


@given(
    st.permutations([1, 2, 3, 4]),
    st.lists(st.sampled_from(["kvp", "table_height_position", ""]), min_size=4, max_size=4),
)
def test_order_of_arrival_never_changes_the_request(order, missing):
    """Property: the same events in any order ask for the same, or are refused alike."""
    events = {
        n: beam_event(
            n, dose_rp=n, equipment=SIEMENS, **({missing[n - 1]: None} if missing[n - 1] else {})
        )
        for n in (1, 2, 3, 4)
    }
    assert ask(*(events[n] for n in order)) == ask(*(events[n] for n in (1, 2, 3, 4)))


@given(st.decimals("0.001", 5000, places=3), st.lists(st.decimals(0, 1000, places=3), max_size=5))
def test_the_share_is_never_rounded_up_to_all(used, lost):
    """Property: 100 % is said only where nothing that delivered dose is missing."""
    unused = [UnusedEvent(n, "x", kerma) for n, kerma in enumerate(lost)]
    percent = kerma_percent(used + sum(lost), unused)
    assert 0 <= percent <= 100
    assert (percent == 100) == (sum(lost) == 0)
