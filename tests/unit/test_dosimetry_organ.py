"""Organ doses: stated ones as stated; for CT none by default, and why; fits only when proved."""

from dataclasses import asdict
from decimal import Decimal

import pytest

from dosebook_central.dosimetry.inputs import Concept, OrganStated
from dosebook_central.dosimetry.organ_ct import OrganFit, is_inside, organ_dose
from dosebook_central.dosimetry.organ_dose import by_method, organ_findings
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.sets import Choices
from dosebook_central.dosimetry.values import Derived
from dosebook_central.offline.table import row as table_row
from dosebook_central.web.derived_panel import panel
from dosebook_protocol.reading import EventKind
from tests.support.exams import context_of, event, exam, library, reasons_of, values_of

OWN = "the exam's own evidence: Siemens Biograph VG80"
TURNER = library(organ_turner2011=Choices(is_enabled=True))
STOMACH = OrganFit(
    "organ-turner2011", "1", "abdomen", "stomach", "", "32cm", 3.78, -0.0113, "perimeter", ""
)


def found(*events, sets=None, **fields):
    """Organ findings of an exam."""
    one = exam(*events, **fields)
    return organ_findings(one, context_of(one, sets))


def scan(region="chest_abdomen_pelvis", **fields):
    """A CT event of a patient whose diameter the scanner states."""
    return event(region=region, **({"ctdi_vol": 10, "effective_diameter": 252} | fields))


def test_turner_stomach_fit_at_the_published_size():
    """R22: Turner 2011 as quoted in Li 2012, Table 11: 3.78 exp(-0.0113 x perimeter).

    At d = 25.2 cm, perimeter = pi x 25.2 cm = 79.2 cm: 1.545 mGy per mGy of CTDIvol.
    """
    assert organ_dose(STOMACH, Decimal(1), Decimal(252)) == Decimal("1.545")
    assert organ_dose(STOMACH, Decimal(10), Decimal(252)) == Decimal("15.45")


def test_p33_no_ct_organ_dose_by_default():
    """P33: without landmarks nothing is known wholly inside the scan: a reason and its cure."""
    findings = found(scan())
    assert not findings.values
    assert "landmarks" in reasons_of(findings, "organ_dose")["no-range"]


def test_p33_a_set_in_force_is_used_only_where_the_organ_is_surely_inside():
    """P33: the stomach is inside a chest-abdomen-pelvis scan; an abdomen scan may cut it."""
    (value,) = values_of(found(scan(), sets=TURNER), "organ_dose")
    assert (value.value, value.unit) == (Decimal("15.45"), "mGy")
    assert (value.place.organ, value.place.event) == ("stomach", 1)
    assert value.is_estimate
    assert value.interval is None
    assert "no-range" in reasons_of(found(scan("abdomen"), sets=TURNER), "organ_dose")


def test_p33_every_organ_dose_names_its_method():
    """P33: doses of two methods carry two method ids and the warning not to compare them."""
    stated = OrganStated(Concept("SCT", "69695003", "Stomach"), Decimal(12))
    values = values_of(found(scan(organs=(stated,)), sets=TURNER), "organ_dose")
    assert [one.method.id for one in values] == ["stated", "organ-perimeter-fit"]
    assert [one.method.coefficient_set for one in values] == ["", "organ-turner2011"]
    for value in values:
        assert "comparable only with organ doses of the same method" in value.notes


@pytest.mark.parametrize(
    ("fields", "patient", "code"),
    [
        ({}, {"birth_date": "20200101"}, "no-coefficient"),
        ({}, {"birth_date": ""}, "no-age"),
        ({"phantom": "16cm"}, {}, "no-phantom"),
        ({"phantom": None}, {}, "no-phantom"),
        ({"effective_diameter": None}, {}, "no-size"),
        ({"ctdi_vol": None}, {}, "not-stated"),
        ({"region": ""}, {}, "no-range"),
    ],
)
def test_p33_outside_the_domain_of_the_fit_nothing_is_computed(fields, patient, code):
    """P33: a child, an unknown age, another phantom, no size, no CTDIvol, no region: a reason."""
    findings = found(scan(**fields), sets=TURNER, **patient)
    assert not findings.values
    assert code in reasons_of(findings, "organ_dose")


def test_p33_tables_per_dlp_are_not_used():
    """P33: Gao 2020 is per DLP of its own scan range; switched on, it still computes nothing."""
    sets = library(organ_gao2020=Choices(is_enabled=True))
    assert not found(scan(), sets=sets).values


def test_ap_and_lateral_size_give_the_effective_diameter():
    """AAPM 204: sqrt(AP x LAT); 210 x 302.4 mm are an effective diameter of 252 mm."""
    one = scan(effective_diameter=None, ap_dimension=210, lateral_dimension="302.4")
    (value,) = values_of(found(one, sets=TURNER), "organ_dose")
    assert value.value == Decimal("15.45")


@pytest.mark.parametrize(
    ("organs", "scanned", "is_held"),
    [
        ("abdomen", "chest_abdomen_pelvis", True),
        ("abdomen", "neck_chest_abdomen_pelvis", True),
        ("abdomen", "whole_body", True),
        ("abdomen", "abdomen", False),
        ("abdomen", "abdomen_pelvis", False),
        ("chest", "neck_chest_abdomen", True),
        ("chest", "chest_abdomen_pelvis", False),
        ("head", "head_neck", True),
        ("head", "head", False),
        ("heart", "chest_abdomen_pelvis", False),
        ("abdomen", "unmapped", False),
    ],
)
def test_an_organ_is_inside_where_its_neighbours_were_scanned_too(organs, scanned, is_held):
    """A region is held wholly by a scan of it and of the regions above and below."""
    assert is_inside(organs, scanned, shipped()) is is_held


def test_stated_organ_doses_are_shown_as_the_object_states_them():
    """Organ doses of a radiopharmaceutical dose report stand with their organ and label."""
    organs = (
        OrganStated(Concept("SRT", "T-A0100", "Brain"), Decimal("14.97")),
        OrganStated(Concept("SRT", "T-32000", "Heart"), Decimal("26.4")),
    )
    findings = found(event(kind=EventKind.RADIOPHARMACEUTICAL, organs=organs), modality="PT")
    values = values_of(findings, "organ_dose")
    assert [(one.place.organ, one.value) for one in values] == [
        ("Brain", Decimal("14.97")),
        ("Heart", Decimal("26.4")),
    ]
    assert {one.method.id for one in values} == {"stated"}
    assert not findings.absences
    assert not findings.flags


def test_p33_a_stated_organ_dose_names_what_the_object_computed_it_by():
    """P33: words of the object and who wrote it make the method: two tools are two methods."""
    brain = Concept("SRT", "T-A0100", "Brain")
    organs = (
        OrganStated(brain, Decimal(15), "ICRP Publication 128"),
        OrganStated(brain, Decimal(19), "OLINDA 2.0"),
        OrganStated(brain, Decimal(17)),
    )
    nuclear = event(kind=EventKind.RADIOPHARMACEUTICAL, organs=organs)
    here = found(nuclear, manufacturer="Siemens", model="Biograph", software="VG80")
    series = by_method(values_of(here, "organ_dose"))
    assert [(method.text, method.source) for method in series] == [
        ("as the object states it, by ICRP Publication 128", OWN),
        ("as the object states it, by OLINDA 2.0", OWN),
        ("as the object states it, which names no method", OWN),
    ]
    there = found(nuclear, manufacturer="GE", model="Discovery")
    assert not series.keys() & by_method(values_of(there, "organ_dose")).keys()


def test_p33_series_and_page_never_hold_two_methods_of_organ_dose():
    """P33: received and computed organ doses are two series, and two named tables on the page."""
    stated = OrganStated(Concept("SCT", "69695003", "Stomach"), Decimal(12), "a Monte Carlo code")
    values = values_of(found(scan(organs=(stated,)), sets=TURNER), "organ_dose")
    series = by_method(values)
    assert [[one.value for one in own] for own in series.values()] == [
        [Decimal(12)],
        [Decimal("15.45")],
    ]
    groups = panel(Derived(values=values), {}).by_event
    assert [[one.index for one in group.values] for group in groups] == [[0], [1]]
    assert "by a Monte Carlo code (stated 1)" in groups[0].method
    assert "(organ-perimeter-fit 1, organ-turner2011 1)" in groups[1].method


def test_p33_an_export_names_the_method_of_each_organ_dose():
    """P33: a row of the table of `derive` has method id, version and set; so has its JSON."""
    stated = OrganStated(Concept("SCT", "69695003", "Stomach"), Decimal(12))
    values = values_of(found(scan(organs=(stated,)), sets=TURNER), "organ_dose")
    assert [table_row(one)[3] for one in values] == [
        "stated 1",
        "organ-perimeter-fit 1 (organ-turner2011 1)",
    ]
    assert all(asdict(one.method)["id"] and asdict(one.method)["version"] for one in values)


def test_p33_an_organ_outside_the_scan_is_flagged_as_far_less_sure():
    """P33: the thyroid in a scan of the abdomen is flagged; the liver and the unknown are not."""
    organs = (
        OrganStated(Concept("SCT", "69748006", "Thyroid"), Decimal("0.2")),
        OrganStated(Concept("SCT", "10200004", "Liver"), Decimal(14)),
        OrganStated(Concept("99X", "1", "Red marrow"), Decimal(3)),
    )
    findings = found(scan("abdomen", organs=organs))
    labels = [one.label for one in values_of(findings, "organ_dose")]
    assert ["outside" in label for label in labels] == [True, False, False]
    (flag,) = findings.flags
    assert (flag.code, flag.event) == ("organ-outside", 1)
    assert "(Thyroid)" in flag.sentence
    assert "more than 100 %" in flag.sentence
    assert not found(scan("", organs=organs)).flags


def test_each_family_without_organ_doses_says_why():
    """Projection and nuclear medicine have one reason each; the breast has its AGD instead."""
    findings = found(
        event(1, kind=EventKind.PROJECTION), event(2, kind=EventKind.RADIOPHARMACEUTICAL),
        event(3, kind=EventKind.MAMMOGRAPHY),
    )  # fmt: skip
    assert [(one.code, one.place.part) for one in findings.absences] == [
        ("no-coefficient", 1),
        ("no-coefficient", 3),
    ]
