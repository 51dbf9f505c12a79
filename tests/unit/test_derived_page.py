"""How derived doses are laid out: what stands together, what apart, and how numbers are shown."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from dosebook_central.dosimetry.ct_totals import LABEL_IMAGING
from dosebook_central.dosimetry.values import (
    Derived,
    DerivedValue,
    Flag,
    Input,
    Interval,
    Method,
    NotComputable,
    Place,
    RegionFinding,
    RegionShare,
)
from dosebook_central.store.queries.derived import DerivedVersion
from dosebook_central.store.queries.exams import ExamEvent
from dosebook_central.web.derived_about import about
from dosebook_central.web.derived_panel import absences, headlines, panel
from dosebook_central.web.derived_source import derived_source
from dosebook_central.web.derived_text import derived_number, place_words
from dosebook_central.web.exam_events import event_parts
from dosebook_central.web.flags import derived_flags
from dosebook_protocol.reading import Plane

METHOD = Method("m", "a formula", "1", "a publication", "aapm96", "1")


def _value(quantity, value, place=None, **more) -> DerivedValue:
    method = more.pop("method", METHOD)
    return DerivedValue(quantity, Decimal(value), "mSv", method, place or Place(), **more)


def _version(number, software="1") -> DerivedVersion:
    return DerivedVersion(
        number, datetime(2026, 3, number, tzinfo=UTC), software, "", "", "", False
    )


def _event(ordinal, kind="ct", code="116152004", scheme="SCT", **more) -> ExamEvent:
    values: dict[str, Any] = dict.fromkeys(ExamEvent.__slots__, "")
    values |= dict.fromkeys([name for name in ExamEvent.__slots__ if "_m" in name or "_gy" in name])
    values |= {"ordinal": ordinal, "record_index": 0, "kind": kind, "dlp_mgy_cm": Decimal(9)}
    values["facts"] = {"values": {}, "coded": {"event_type": [scheme, code, "as sent"]}}
    return ExamEvent(**(values | more))


def test_p14_p34_events_say_their_kind_and_their_region_and_what_said_so():
    """P14, P34: type by code, localiser out of the imaging total, region with its evidence."""
    derived = Derived(
        regions=(
            RegionFinding(1, "chest", "high", "protocol"),
            RegionFinding(2, "chest", "low", "protocol", ("target region says head",)),
        ),
        values=(_value("ssde", "7.5", Place(2)),),
        shares=(RegionShare("chest", "dlp", Decimal(9), "mGy.cm", events=(2,)),),
    )
    (part,) = event_parts([_event(1, code="113805", scheme="DCM"), _event(2)], derived, "chest")
    localiser, spiral = part.rows
    assert (localiser.type_text, localiser.is_imaging) == ("localiser", False)
    assert (spiral.type_text, spiral.is_imaging) == ("spiral acquisition", True)
    assert spiral.doubt == "low"
    assert "target region says head" in spiral.region_title
    assert (localiser.is_chosen, spiral.is_chosen) == (False, True)
    assert [column.quantity for column in part.columns] == ["dlp", "ssde"]
    assert part.columns[1].derived[2][1].value == Decimal("7.5")


def test_p60_a_hybrid_exam_has_one_table_a_part():
    """P60: the CT and the radiopharmaceutical of one exam are two tables with own columns."""
    events = [
        _event(1),
        _event(
            2, kind="radiopharmaceutical", dlp_mgy_cm=None, administered_activity_mbq=Decimal(200)
        ),
    ]
    first, second = event_parts(events, None)
    assert [column.quantity for column in first.columns] == ["dlp"]
    assert [column.quantity for column in second.columns] == ["administered_activity"]


def test_p16_planes_and_breasts_have_two_columns():
    """P16: what holds for one plane or one breast stands in its column, never added by the page."""
    found = panel(
        Derived(
            values=(
                _value("dose_rp", "3", Place(plane=Plane.A)),
                _value("dose_rp", "4", Place(plane=Plane.B)),
                _value("average_glandular_dose", "1.1", Place(1, side="left")),
                _value("average_glandular_dose", "1.2", Place(2, side="right")),
                _value("average_glandular_dose", "1.1", Place(side="left")),
            )
        ),
        {1: "cranio-caudal", 2: "cranio-caudal"},
    )
    (planes,) = found.planes
    assert [[one.value.value for one in cell] for cell in planes.cells] == [[3], [4], []]
    (sides,) = found.sides
    assert [line.label for line in sides.lines] == ["cranio-caudal", "accumulated"]
    assert [len(cell) for cell in sides.lines[1].cells] == [1, 0]
    assert not found.whole


def test_headline_adds_what_is_not_stated_and_the_imaging_total():
    """What a report states stands once; effective dose and the imaging DLP come beside it."""
    values = (
        _value("dlp", "500", is_headline=True, label="as the report totals it"),
        _value("dlp", "480", is_headline=True, label=LABEL_IMAGING),
        _value("effective_dose", "7.25", is_headline=True),
        _value("ssde", "9"),
    )
    shown = headlines(Derived(values=values), ["dlp", "ctdi_vol"])
    assert [(group.quantity, [one.text for one in group.values]) for group in shown] == [
        ("dlp", ["480.0"]),
        ("effective_dose", ["7.25"]),
    ]


def test_one_reason_for_several_events_stands_once():
    """What is not computable for the same reason is one line that names its events."""
    lines = absences(
        Derived(
            absences=tuple(
                NotComputable("ssde", "no-size", "no size of the patient", Place(event))
                for event in (1, 2, 3, 7)
            )
        )
    )
    assert [(one.quantity, one.places) for one in lines] == [("ssde", "events 1–3, 7")]


def test_flags_name_their_events_and_what_is_assumed_is_no_warning():
    """P11: a contradiction warns with its events in one sentence; an assumption informs."""
    sentence = "the phantom does not go with the region"
    found = list(
        derived_flags(
            Derived(
                flags=(
                    Flag("phantom-region", sentence, 2),
                    Flag("phantom-region", sentence, 1),
                    Flag("assumed-size", "the size is that of the age"),
                )
            )
        )
    )
    assert [(one.level, one.sentence) for one in found] == [
        ("warn", "Events 1, 2: the phantom does not go with the region."),
        ("info", "The size is that of the age."),
    ]


def test_p56_another_version_says_what_was_different_there():
    """P56: set, input and absence of an earlier version stand beside the value in force."""
    dlp = Input("DLP", "500", "mGy.cm", "event 1")
    now = _value("effective_dose", "7.5", Place(1), inputs=(dlp,))
    then = _value(
        "effective_dose",
        "6",
        Place(1),
        inputs=(Input("DLP", "400", "mGy.cm", "event 1"),),
        method=Method("m", "a formula", "1", "a publication", "other", "3"),
        interval=Interval(Decimal(5), Decimal(8), "k"),
    )
    missing = NotComputable("effective_dose", "no-age", "the age is not known", Place(1))
    old = {1: Derived(absences=(missing,)), 2: Derived(values=(then,))}
    versions = [_version(3), _version(2), _version(1)]
    source = derived_source(Derived(values=(now,)), 0, versions[0], versions, 3, old.get)
    second, first = source.earlier
    assert second.differences == ("set other 3", "DLP 400 mGy·cm")
    assert second.interval == "5.00 to 8.00"
    assert (first.value, first.differences) == (
        None,
        ("not computable then: the age is not known",),
    )
    assert (source.inputs[0].event, source.inputs[0].quantity) == (1, "dlp")


def test_an_input_of_a_sum_leads_to_the_value_that_it_is():
    """The parts of a sum of events open their own method."""
    part = _value("effective_dose", "3", Place(2))
    whole = _value("effective_dose", "3", inputs=(Input("effective dose", "3", "mSv", "event 2"),))
    versions = [_version(1)]
    source = derived_source(
        Derived(values=(part, whole)), 1, versions[0], versions, 1, lambda _: None
    )
    assert source.inputs[0].index == 0


def test_about_names_regions_by_place_and_the_least_confidence():
    """The head of an exam says procedure and regions in words, as sure as its least event."""
    found = about(
        Derived(
            regions=(
                RegionFinding(1, "pelvis", "high", "code"),
                RegionFinding(2, "chest", "low", "protocol"),
            ),
            procedure_id="ct_head",
            procedure_source="code",
        )
    )
    assert found.regions == "Chest, Pelvis and hips"
    assert found.confidence == "low"
    assert (found.procedure, found.procedure_said_by) == ("CT head without contrast", "by its code")


@pytest.mark.parametrize(
    ("value", "quantity", "shown"),
    [
        ("11.2257", "effective_dose", "11.2"),
        ("7.25", "effective_dose", "7.25"),
        ("123.456", "effective_dose", "123"),
        ("0.0171", "effective_dose", "0.0171"),
        ("0.005", "effective_dose", "0.005"),
        ("1.8", "effective_dose", "1.80"),
        ("0", "effective_dose", "0"),
        ("0.030104686289", "fluoro_dose_area_product", "0.0301"),
        ("748.38", "dlp", "748.38"),
    ],
)
def test_estimates_show_three_digits_and_stated_values_all_they_need(value, quantity, shown):
    """An estimate is not shown finer than it is; a stated total stays as the console shows it."""
    assert derived_number(Decimal(value), quantity) == shown


def test_p11_a_ct_value_names_its_phantom_even_when_none_is_stated():
    """P11: CTDIvol, DLP and SSDE never stand without their phantom, or the words that none is."""
    assert place_words(Place(3, region="chest", phantom="32cm"), "dlp") == "event 3, Chest, 32 cm"
    assert place_words(Place(), "dlp") == "phantom not stated"
    assert place_words(Place(), "effective_dose") == "exam"
