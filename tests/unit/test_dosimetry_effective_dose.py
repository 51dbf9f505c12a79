"""Effective dose of CT: factor per event by region, age and phantom (P11, P30, P31, P32)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.dosimetry.ct_effective import LABEL_PARTIAL, LABEL_STATED
from dosebook_central.dosimetry.effective_dose import KFactor, Refusal, k_factor
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.sets import Choices
from tests.support.exams import ct_of, event, exam, library, reasons_of, total, values_of

# AAPM Report 96 (2008), Table 3 (as in EUR 16262 and ICRP 102): k in mSv/(mGy·cm) at 0, 1, 5, 10
# years and for adults; children and adult heads refer to the 16 cm phantom, adult bodies to 32 cm.
AAPM_96 = {
    "head_neck": ("0.013", "0.0085", "0.0057", "0.0042", "0.0031"),
    "head": ("0.011", "0.0067", "0.0040", "0.0032", "0.0021"),
    "neck": ("0.017", "0.012", "0.011", "0.0079", "0.0059"),
    "chest": ("0.039", "0.026", "0.018", "0.013", "0.014"),
    "abdomen_pelvis": ("0.049", "0.030", "0.020", "0.015", "0.015"),
    "chest_abdomen_pelvis": ("0.044", "0.028", "0.019", "0.014", "0.015"),
}
NCI = Choices(is_enabled=True, switched_at="2026-01-01T00:00:00+00:00")
HEADS = {"head", "head_neck"}


def _k(region, age, phantom, sets=None, kvp=None):
    return k_factor(sets or shipped(), region, Decimal(age), phantom, kvp and Decimal(kvp))


def _born(age):
    return f"{2026 - age}0302"


@pytest.mark.parametrize("region", sorted(AAPM_96))
def test_factors_are_those_of_aapm_96_table_3(region):
    """Every factor of AAPM Report 96, Table 3, to all its digits, at its own age and phantom."""
    *children, adult = AAPM_96[region]

    for age, printed in zip((0, 1, 5, 10), children, strict=True):
        found = _k(region, age, "16cm")
        assert isinstance(found, KFactor)
        assert found.value == Decimal(printed)
        assert found.method.coefficient_set == "aapm96"
    found = _k(region, 18, "16cm" if region in HEADS else "32cm")
    assert isinstance(found, KFactor)
    assert found.value == Decimal(adult)


def test_effective_dose_of_an_adult_chest():
    """R14: DLP 500 mGy·cm of an adult's chest, 500 × 0.014 = 7.00 mSv (AAPM Report 96, § 5.2)."""
    (of_event, of_exam) = values_of(
        ct_of(exam(event(region="chest", dlp=500, kvp=120))), "effective_dose"
    )

    assert of_event.value == of_exam.value == 7
    assert of_event.unit == "mSv"
    assert of_event.place.event == 1
    assert of_exam.is_headline
    assert [(one.name, one.value) for one in of_event.inputs] == [
        ("DLP", "500"),
        ("k", "0.014"),
        ("age", "56.164"),
    ]


def test_p31_value_is_called_an_estimate_for_a_reference_person_with_its_range():
    """No effective dose without the words, the set, and the range of published factors."""
    for one in values_of(ct_of(exam(event(region="chest", dlp=1000))), "effective_dose"):
        assert "estimate for a reference person" in one.notes
        assert one.method.coefficient_set == "aapm96"
        assert one.interval is not None
        # NCI 2012, ICRP 103, adult chest at 120 kV, 0.0210, is the highest of this phantom.
        assert (one.interval.low, one.interval.high) == (14, 21)
        assert one.interval.coverage == "range of published factors"
        assert "reference person" in one.interval.dominant


def test_range_is_that_of_the_tube_voltage():
    """NCI 2012, adult head at 80 kV is 0.0013, at 120 kV 0.0017: the scan's voltage counts."""
    low = {kvp: _k("head", 40, "16cm", kvp=kvp) for kvp in ("80", "120", None)}

    assert [one.low for one in low.values() if isinstance(one, KFactor)] == [
        Decimal("0.0013"),
        Decimal("0.0017"),
        Decimal("0.0013"),
    ]


def test_only_published_factor_has_no_interval_and_says_so():
    """Where no second set has a factor there is no range, and a note instead of one."""
    for one in values_of(ct_of(exam(event(region="abdomen", dlp=100))), "effective_dose"):
        assert one.interval is None
        assert one.notes[-1].startswith("no interval: only one published set")


@pytest.mark.parametrize(
    ("age", "k"),
    [("0", "0.039"), ("0.5", "0.0325"), ("3", "0.022"), ("7.5", "0.0155"), ("10", "0.013"),
     ("14", "0.013"), ("17.997", "0.013")],
)  # fmt: skip
def test_p30_children_have_interpolated_paediatric_factors(age, k):
    """Linear between 0, 1, 5 and 10 years; the last paediatric factor holds up to 18."""
    found = _k("chest", age, "16cm")

    assert isinstance(found, KFactor)
    assert found.value == Decimal(k)


@given(st.decimals(0, 18, places=3).filter(lambda age: age < 18), st.sampled_from(sorted(AAPM_96)))
def test_p30_adult_factor_is_never_used_for_a_child(age, region):
    """At any age below 18, in either phantom, a factor is a paediatric one or there is none."""
    for phantom in ("16cm", "32cm"):
        found = _k(region, age, phantom)
        if isinstance(found, KFactor):
            assert phantom == "16cm"
            assert found.value >= min(Decimal(one) for one in AAPM_96[region][:-1])
            assert "adult" not in found.method.text
        else:
            assert found.code == "phantom-mismatch"


def test_p30_p11_body_of_a_child_in_the_32_cm_phantom_is_not_converted():
    """Its DLP is about half of what the 16 cm factor means: refused, with reason and cure."""
    found = ct_of(exam(event(region="chest", dlp=50, phantom="32cm"), birth_date=_born(5)))

    assert values_of(found, "effective_dose") == []
    reason = reasons_of(found, "effective_dose")["phantom-mismatch"]
    assert "32cm phantom" in reason
    assert "16cm" in reason
    assert "switch on a set" in reason


def test_p30_unknown_age_is_no_adult():
    """Without an age there is no effective dose, and the cure is named."""
    found = ct_of(exam(event(region="chest", dlp=50), birth_date=""))

    assert values_of(found, "effective_dose") == []
    assert "birth date" in reasons_of(found, "effective_dose")["no-age"]


def test_p11_adult_head_in_the_body_phantom_is_refused():
    """A head's factor refers to 16 cm: a DLP of the 32 cm phantom would halve the dose."""
    found = ct_of(exam(event(region="head", dlp=500, phantom="32cm")))

    assert reasons_of(found, "effective_dose").keys() == {"phantom-mismatch"}


@pytest.mark.parametrize("phantom", ["16cm", "32cm"])
def test_adult_neck_is_taken_as_the_scanner_states_it_with_the_doubt(phantom):
    """The phantom of the adult neck factor was not read: either is used, with a note."""
    found = ct_of(exam(event(region="neck", dlp=400, phantom=phantom)))
    value = values_of(found, "effective_dose", event=1)[0]

    assert value.value == Decimal("2.36")
    assert any("inferred" in note for note in value.notes)


def test_p32_each_event_has_the_factor_of_its_own_region():
    """Head and chest in one exam: 1000 × 0.0021 + 400 × 0.014, never one factor for the total."""
    found = ct_of(
        exam(
            event(1, "head", dlp=1000),
            event(2, "chest", dlp=400),
            totals=(total("dlp", 1400),),
        )
    )
    of_events = [one.value for one in values_of(found, "effective_dose") if one.place.event]
    (of_exam,) = values_of(found, "effective_dose", event=0)

    assert of_events == [Decimal("2.1"), Decimal("5.6")]
    assert of_exam.value == Decimal("7.7")
    assert of_exam.place.region == ""


def test_p32_mixed_region_without_a_factor_is_not_computable():
    """Chest with abdomen in one event has no factor of its own, and half of two is none."""
    found = ct_of(exam(event(region="chest_abdomen", dlp=600)))

    assert values_of(found, "effective_dose") == []
    assert reasons_of(found, "effective_dose").keys() == {"mixed-regions"}


def test_p32_total_without_events_needs_one_region_and_one_phantom():
    """An MPPS total of a chest in one phantom has a dose; of two phantoms, or unmapped, none."""
    chest = {"descriptions": ("CT Thorax",)}
    one = ct_of(exam(totals=(total("dlp", 300, phantom="32cm"),), **chest))
    two = ct_of(
        exam(totals=(total("dlp", 3, phantom="16cm"), total("dlp", 4, phantom="32cm")), **chest)
    )
    nowhere = ct_of(exam(totals=(total("dlp", 300, phantom="32cm"),)))
    unstated = ct_of(exam(totals=(total("dlp", 300),), **chest))

    assert [value.value for value in values_of(one, "effective_dose")] == [Decimal("4.2")]
    assert reasons_of(two, "effective_dose").keys() == {"mixed-phantoms"}
    assert reasons_of(nowhere, "effective_dose").keys() == {"no-region"}
    assert reasons_of(unstated, "effective_dose").keys() == {"no-phantom"}


def test_localisers_count_and_silent_ones_are_named():
    """Their DLP is in the sum; one that states none is named, not taken as zero (P29)."""
    found = ct_of(
        exam(
            event(1, "chest", "localiser", dlp=10),
            event(2, "chest", "localiser"),
            event(3, "chest", dlp=500),
        )
    )
    (of_exam,) = values_of(found, "effective_dose", event=0)

    assert of_exam.value == Decimal("7.14")
    assert any(note.startswith("1 localisers") for note in of_exam.notes)


def test_part_of_an_exam_is_called_a_part():
    """Where one event has no factor the sum of the others is labelled and leads nowhere."""
    found = ct_of(exam(event(1, "chest", dlp=500), event(2, "", dlp=90)))
    (partial,) = values_of(found, "effective_dose", event=0)

    assert partial.label == LABEL_PARTIAL
    assert not partial.is_headline
    assert "without event 2" in partial.notes[-1]
    assert reasons_of(found, "effective_dose").keys() == {"no-region", "incomplete"}


def test_stated_effective_dose_is_shown_beside_and_not_added():
    """A value in the object keeps its label and stays out of the sum of computed ones."""
    found = ct_of(exam(event(region="chest", dlp=500, effective_dose=9)))
    values = values_of(found, "effective_dose")

    assert {one.label: one.value for one in values if one.place.event} == {
        LABEL_STATED: Decimal(9),
        "": Decimal(7),
    }
    assert values_of(found, "effective_dose", event=0)[0].value == 7


def test_set_that_a_physicist_switches_on_is_used_by_voltage():
    """NCI 2012, Table XII, adult chest: 0.0191, 0.0203, 0.0210 at 80, 100, 120 kV, nearest."""
    nci = library(nci2012_icrp103=NCI)

    for kvp, printed in (("80", "0.0191"), ("100", "0.0203"), ("120", "0.0210"), ("140", "0.0210")):
        found = _k("chest", 40, "32cm", nci, kvp)
        assert isinstance(found, KFactor)
        assert found.value == Decimal(printed)
        assert found.method.coefficient_set == "nci2012-icrp103"
        assert found.weighting == "ICRP103"
    assert _k("chest", 15, "16cm", nci, "120") != _k("chest", 10, "16cm", nci, "120")


def test_set_without_the_voltage_gives_way_to_the_next():
    """Without a stated tube voltage the next set in force is used, and named."""
    found = _k("chest", 40, "32cm", library(nci2012_icrp103=NCI))

    assert isinstance(found, KFactor)
    assert found.method.coefficient_set == "aapm96"


def test_heart_has_a_factor_only_where_a_physicist_chose_one():
    """No set in force covers the heart: the reason names the set that would (KR 2020)."""
    refused = _k("heart", 60, "32cm")
    chosen = _k("heart", 60, "32cm", library(kr2020_icrp103=NCI))

    assert isinstance(refused, Refusal)
    assert "kr2020-icrp103" in refused.reason
    assert isinstance(chosen, KFactor)
    assert chosen.value == Decimal("0.02811")
    assert any("does not state the phantom" in note for note in chosen.notes)


def test_sum_over_two_weightings_says_so():
    """Doses of ICRP 60 and ICRP 103 factors are not added silently."""
    found = ct_of(
        exam(event(1, "chest", dlp=100), event(2, "", dlp=100, protocol="Coronary CTA")),
        library(kr2020_icrp103=NCI, aapm96=Choices(True, switched_at="2026-02-01T00:00:00+00:00")),
    )
    (of_exam,) = values_of(found, "effective_dose", event=0)

    assert any("ICRP103, ICRP60" in note for note in of_exam.notes)
    assert of_exam.method.coefficient_set == "aapm96 + kr2020-icrp103"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["head", "chest", "abdomen", "chest_abdomen_pelvis"]),
            st.decimals(0, 3000, places=2),
        ),
        min_size=1,
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_exam_is_exactly_the_sum_of_its_events_in_any_order(rows, random):
    """Values, lows and highs add up exactly, whatever the order of the events."""
    events = [event(n, region, dlp=dlp) for n, (region, dlp) in enumerate(rows, 1)]
    found = ct_of(exam(*events))
    shuffled = ct_of(exam(*random.sample(events, len(events))))
    of_events = [one for one in values_of(found, "effective_dose") if one.place.event]
    (of_exam,) = values_of(found, "effective_dose", event=0)

    assert of_exam.value == sum(one.value for one in of_events)
    assert values_of(shuffled, "effective_dose", event=0)[0].value == of_exam.value
    if of_exam.interval is not None:
        lows = [one.interval.low if one.interval else one.value for one in of_events]
        assert of_exam.interval.low == sum(lows)
        assert of_exam.interval.low <= of_exam.value <= of_exam.interval.high
