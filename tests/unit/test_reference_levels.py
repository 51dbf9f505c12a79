"""Diagnostic reference levels: groups, like with like, the day, and the median of a sample."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.domain.alerts.subject import Judged, Subject
from dosebook_central.domain.drl.band import Size, group_of
from dosebook_central.domain.drl.compare import compare, references
from dosebook_central.domain.drl.levels import countries, levels_for
from dosebook_central.domain.drl.sample import Sampled, quartiles_of, sample_of
from dosebook_central.dosimetry.packages import shipped

TODAY = date(2026, 11, 20)
ADULT = Decimal(50)


def levels(country, procedure, quantity, kind="DRL", day=TODAY):
    """The shipped levels of one quantity."""
    return [
        one
        for one in levels_for(shipped(), country, procedure, day)
        if one.quantity == quantity and one.kind == kind
    ]


def ct(values, **more):
    """A CT of an adult's head with these values."""
    return Subject("exam", modality="CT", age_years=ADULT, values=values, **more)


@pytest.mark.parametrize(
    ("text", "size", "holds"),
    [
        ("adult", Size(Decimal(18)), True),
        ("adult", Size(Decimal("17.99")), False),
        ("1-<5 y", Size(Decimal(1)), True),
        ("1-<5 y", Size(Decimal(5)), False),
        ("0-<3 months", Size(Decimal("0.2")), True),
        ("3-<12 months", Size(Decimal("0.2")), False),
        (">=6 y", Size(Decimal(18)), False),
        ("5-<15 kg", Size(Decimal(3), Decimal(14)), True),
        ("5-<15 kg", Size(Decimal(3), Decimal(15)), False),
        ("20 kg (5 y)", Size(Decimal(5), Decimal(22)), True),
        ("20 kg (5 y)", Size(Decimal(30), Decimal(22)), False),
        ("<5 kg", Size(None, Decimal("4.9")), True),
    ],
)
def test_groups_are_half_open_bands(text, size, holds):
    """A band holds its lower bound and not its upper one; adults are never in a child's band."""
    group = group_of(text)
    assert group is not None
    assert group.match(size).holds is holds


def test_every_shipped_group_is_understood():
    """No row of a shipped set is dropped because its patient group cannot be read."""
    texts = {
        row["patient_group"]
        for package in shipped().packages
        if package.manifest.kind == "drl"
        for row in package.rows
    }
    assert [text for text in texts if group_of(text) is None] == []


def test_p30_a_child_of_14_kg_is_compared_by_weight_and_by_age_only_when_that_is_said():
    """P30: weight decides the band; where it is missing the age does, and the note says so."""
    group = group_of("10 kg (1 y)")
    by_weight = group.match(Size(Decimal(3), Decimal(14)))
    by_age = group.match(Size(Decimal(3)))
    unknown = group.match(Size())
    assert (by_weight.holds, by_weight.by, by_weight.note) == (True, "weight", "")
    assert by_age.holds
    assert "weight is not known" in by_age.note
    assert (unknown.holds, unknown.by) == (False, "unknown")


def test_r34_levels_are_those_of_the_day():
    """R34: French levels of 2012 are not those of today; before any set there are none."""
    pelvis = "dx_pelvis"
    then, now = (
        levels("FR", pelvis, "dose_area_product", day=day) for day in (date(2012, 5, 1), TODAY)
    )
    assert {one.package_id for one in now} == {"drl-france-2019"}
    assert [(one.package_id, one.value) for one in then if one.group.is_adult] == [
        ("drl-france-2011-superseded", Decimal(7))
    ]
    assert levels("FR", pelvis, "dose_area_product", day=date(1990, 1, 1)) == []


def test_units_of_levels_are_read_row_by_row():
    """P1: mGy.cm2 of one authority and Gy.cm2 of another come to one unit."""
    french = levels("FR", "dx_chest_pa", "dose_area_product")
    assert [one.value for one in french] == [Decimal("0.2")]
    australian = levels("AU", "xa_coronary", "dose_area_product")
    assert [one.value for one in australian] == [Decimal(30)]
    assert {one.unit for one in (*french, *australian)} == {"Gy.cm2"}


def test_p13_p14_like_is_held_against_like():
    """P13, P14: CTDIvol of one event, DLP of the imaging acquisitions only."""
    values = (
        Judged("ctdi_vol", Decimal(70), 2, phantom="16cm"),
        Judged("ctdi_vol", Decimal(55), 3, phantom="16cm"),
        Judged("dlp", Decimal(2000), phantom="16cm"),
        Judged("dlp_imaging", Decimal(900), phantom="16cm"),
    )
    found, _ = compare(levels_for(shipped(), "JP", "ct_head", TODAY), ct(values))
    by_quantity = {one.level.quantity: one for one in found if one.level.kind == "DRL"}
    assert by_quantity["ctdi_vol"].value == Decimal(70)
    assert by_quantity["ctdi_vol"].event == 2
    assert by_quantity["dlp"].value == Decimal(900)


def test_p11_a_value_on_another_phantom_is_not_compared():
    """P11: a head DLP on the 32 cm phantom is left out, with the reason."""
    values = (Judged("dlp_imaging", Decimal(900), phantom="32cm"),)
    found, left = compare(levels("JP", "ct_head", "dlp"), ct(values))
    assert not found
    assert "16 cm phantom" in left[0].reason


def test_p29_an_exam_without_the_value_is_not_compared_as_zero():
    """P29: no DLP is no comparison."""
    found, left = compare(levels("JP", "ct_head", "dlp"), ct(()))
    assert not found
    assert left[0].reason == "the exam states no such value"


def test_references_for_rules_are_exact_matches_only():
    """A multiple of a DRL is taken of a level for the same procedure, never of an approximate."""
    values = (Judged("dlp_imaging", Decimal(900), phantom="16cm"),)
    every = levels_for(shipped(), "JP", "ct_head", TODAY)
    assert {one.match for one in every} >= {"same"}
    assert [one.quantity for one in references(every, ct(values))] == ["dlp_imaging"]


def test_r34_a_site_is_judged_by_the_median_of_twenty():
    """R34: 19 exams are too few; of 20 the median decides, whatever the largest is."""
    few = sample_of(Sampled(f"e{n}", Decimal(900)) for n in range(19))
    assert few.against(Decimal(800)) == "too few"
    enough = sample_of(
        [Sampled(f"e{n}", Decimal(700 + n)) for n in range(19)] + [Sampled("big", Decimal(9000))]
    )
    assert enough.n == 20
    assert enough.against(Decimal(800)) == "at or below"
    assert enough.against(Decimal(700)) == "above"


def test_what_a_sample_leaves_out_is_listed():
    """P29: exams without a value are counted by reason and never taken as zero."""
    sample = sample_of(
        [Sampled("a", Decimal(5)), Sampled("b", None), Sampled("c", Decimal(1), "imported")]
    )
    assert sample.excluded == {"imported": 1, "the exam states no such value": 1}
    assert sample.quartiles is not None
    assert (sample.n, sample.quartiles.smallest) == (1, Decimal(5))


def test_quartiles_are_those_of_the_inclusive_method():
    """Hyndman and Fan 1996, type 7: of 1, 2, 3, 4 the quartiles are 1.75, 2.5 and 3.25."""
    found = quartiles_of([Decimal(n) for n in (1, 2, 3, 4)])
    assert (found.p25, found.median, found.p75) == (
        Decimal("1.75"),
        Decimal("2.5"),
        Decimal("3.25"),
    )
    assert quartiles_of([]) is None


@given(st.lists(st.decimals(0, 1000, places=2), min_size=1, max_size=60))
def test_quartiles_stand_in_order_and_within_the_sample(numbers):
    """Whatever the sample, its five numbers rise and lie within it."""
    found = quartiles_of(sorted(numbers))
    five = [found.smallest, found.p25, found.median, found.p75, found.largest]
    assert five == sorted(five)
    assert (five[0], five[-1]) == (min(numbers), max(numbers))


def test_countries_are_those_of_the_packages():
    """The countries offered are those that any package holds levels of."""
    assert {"BE", "FR", "GB", "JP", "EU"} <= set(countries(shipped()))
