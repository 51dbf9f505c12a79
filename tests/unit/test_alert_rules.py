"""Alert rules: when they fire, why, and when they cannot be judged."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dosebook_central.domain.alerts.judge import judge, judge_all
from dosebook_central.domain.alerts.period import PastExam, judge_period
from dosebook_central.domain.alerts.rule import (
    Band,
    Conditions,
    Firing,
    NotJudged,
    Rule,
    from_json,
    to_json,
)
from dosebook_central.domain.alerts.shipped import shipped_rules
from dosebook_central.domain.alerts.subject import Judged, Reference, Subject
from dosebook_central.domain.alerts.wording import number_beside
from dosebook_central.dosimetry.packages import shipped
from tests.support.exams import event

CT_HEAD = Rule(
    "ct-head",
    "check the protocol",
    "event",
    "ctdi_vol",
    threshold=Decimal(80),
    comparison=">",
    when=Conditions(modalities=("CT",), regions=("head",), age_from=Decimal(18)),
)
SIZED = Rule(
    "sized",
    "check the size",
    "event",
    "ctdi_vol",
    bands=(
        Band("weight_kg", Decimal(15), high=Decimal(60)),
        Band("weight_kg", Decimal(35), low=Decimal(60)),
        Band("age_years", Decimal(9), high=Decimal(15)),
    ),
)
CUMULATIVE = Rule(
    "cumulative",
    "look at further imaging",
    "sum",
    "effective_dose",
    threshold=Decimal(100),
    period_days=1826,
    is_at_risk=True,
)


def subject(*values, **more):
    """A CT of the head of an adult with these CTDIvol values, one an event."""
    judged = tuple(
        Judged("ctdi_vol", Decimal(value), number, region="head", phantom="16cm")
        for number, value in enumerate(values, 1)
    )
    known = {"modality": "CT", "regions": frozenset({"head"}), "age_years": Decimal(50)}
    return Subject("exam", values=judged, **(known | more))


def past(name, day, **more):
    """An earlier exam."""
    return PastExam(name, f"{day}T10:00:00", more.pop("modality", "CT"), **more)


def test_r36_reason_is_one_sentence_with_value_place_and_threshold():
    """R36: what fired says quantity, value, unit, phantom, event and threshold in one sentence."""
    found = judge(CT_HEAD, subject("12", "85.20"))
    assert isinstance(found, Firing)
    assert (found.event, found.value, found.threshold) == (2, Decimal("85.20"), Decimal(80))
    assert found.sentence == (
        "CTDIvol 85.2 mGy (16 cm phantom) of event 2 is above 80 mGy: check the protocol."
    )


def test_a_value_at_the_threshold_fires_only_where_the_rule_says_so():
    """Above is not at or above."""
    assert judge(CT_HEAD, subject("80")) is None
    at_or_above = from_json(to_json(CT_HEAD) | {"comparison": ">="})
    assert isinstance(judge(at_or_above, subject("80")), Firing)


def test_p29_a_missing_value_is_neither_zero_nor_in_order():
    """P29: an exam without the quantity does not fire and is not compared as 0."""
    assert judge(CT_HEAD, subject()) is None


def test_p30_an_unknown_age_is_said_not_assumed():
    """P30: a rule for adults is not judged where the age is unknown."""
    found = judge(CT_HEAD, subject("85", age_years=None))
    assert isinstance(found, NotJudged)
    assert "age" in found.reason
    assert judge(CT_HEAD, subject("85", age_years=Decimal(7))) is None


def test_p48_limits_follow_the_size_of_the_patient():
    """P48: 20 mGy fires for a patient of 50 kg and not for one of 100 kg; else by age."""
    fires = judge(SIZED, subject("20", weight_kg=Decimal(50)))
    assert isinstance(fires, Firing)
    assert "for weight below 60 kg" in fires.sentence
    assert judge(SIZED, subject("20", weight_kg=Decimal(100))) is None
    by_age = judge(SIZED, subject("20", age_years=Decimal(6)))
    assert isinstance(by_age, Firing)
    assert "age below 15 years" in by_age.sentence
    unknown = judge(SIZED, subject("20", age_years=None))
    assert isinstance(unknown, NotJudged)
    assert "weight or age" in unknown.reason


def test_p15_an_exempt_event_type_does_not_fire():
    """P15: a stationary acquisition is left out where the rule says so, the scan is not."""
    rule = from_json(to_json(CT_HEAD) | {"when": {"except_event_types": ["DCM:113806"]}})
    bolus = Judged("ctdi_vol", Decimal(300), 1, event_type="DCM:113806", region="head")
    assert judge(rule, Subject("exam", modality="CT", values=(bolus,))) is None


def test_p15_a_rule_may_be_for_one_kind_of_acquisition_or_protocol():
    """P15: 600 mGy is for perfusions, 80 mGy for all else; a protocol is asked by whole words."""
    perfusion = event(1, "head", "stationary", scanning_length=80, protocol="Stroke CTP")
    plain = event(2, "head", protocol="Head native")
    values = tuple(
        Judged("ctdi_vol", Decimal(300), one.ordinal, region="head", of=one)
        for one in (perfusion, plain)
    )

    def fired(**when):
        rule = from_json(to_json(CT_HEAD) | {"when": when})
        found = judge(rule, Subject("exam", modality="CT", values=values))
        return found.event if found else None

    assert fired(acquisitions=["perfusion"]) == 1
    assert fired(except_acquisitions=["perfusion"]) == 2
    assert fired(protocols=["stroke"]) == 1
    assert fired(protocols=["nat", "HEAD NATIVE"]) == 2
    assert fired(protocols=["angio"]) is None
    with pytest.raises(ValidationError, match="each event"):
        from_json(to_json(CT_HEAD) | {"kind": "exam", "when": {"protocols": ["stroke"]}})


def test_p15_the_shipped_values_for_perfusion_and_for_plain_heads_do_not_meet():
    """P15: the notification value of a perfusion is asked of perfusions, that of heads is not."""
    rules = {one.rule.id: one.rule.when for one in shipped_rules(shipped())}
    assert rules["ct-nv-perf"].acquisitions == ("perfusion",)
    assert rules["ct-nv-head-ad"].except_acquisitions == ("perfusion",)
    assert rules["ct-nv-torso-ad"].except_acquisitions == ()


@pytest.mark.parametrize(
    ("places", "here", "holds"),
    [
        ([], "", True),
        (["DE"], "DE-BY", True),
        (["DE-BY", "FR"], "FR", True),
        (["DE-BY"], "DE", False),
    ],
)
def test_p15_a_rule_may_be_of_a_country_or_a_part_of_it(places, here, holds):
    """P15: a rule of one country is not asked in another."""
    assert from_json(to_json(CT_HEAD) | {"when": {"places": places}}).holds_at(here) is holds


def test_a_multiple_of_the_drl_needs_a_drl():
    """A multiple of a reference level is not judged without one, and names the level it used."""
    rule = Rule("drl", "check", "exam", "dlp", times_drl=Decimal(2), comparison=">")
    dlp = Judged("dlp", Decimal(2100))
    assert isinstance(judge(rule, Subject("exam", values=(dlp,))), NotJudged)
    level = Reference("dlp", Decimal(1000), "BE 2022, brain")
    found = judge(rule, Subject("exam", values=(dlp,), references=(level,)))
    assert isinstance(found, Firing)
    assert "2 times the reference level 1000 (BE 2022, brain)" in found.sentence


def test_a_sum_over_a_period_names_its_exams_and_dates():
    """100 mSv within five years: the window moves, older exams leave it."""
    exams = [
        past("a", "2010-01-01", effective_dose=Decimal(60)),
        past("b", "2016-01-01", effective_dose=Decimal(60)),
        past("c", "2018-06-01", effective_dose=Decimal(45)),
    ]
    found = judge_period(CUMULATIVE, exams)
    assert found is not None
    assert found.exam_ids == ("b", "c")
    assert found.value == Decimal(105)
    assert found.sentence == (
        "Effective dose of 105 mSv from 2 exams between 2016-01-01 and 2018-06-01 "
        "is above 100 mSv in 1826 days: look at further imaging."
    )
    assert judge_period(CUMULATIVE, exams[:2]) is None
    assert judge_period(CUMULATIVE, exams, until="b") is None


@pytest.mark.parametrize(("count", "words"), [(2, "reach 2"), (3, "are more than 2")])
def test_a_number_of_exams_is_told_in_a_sentence_people_say(count, words):
    """Exams reach a number or are more than it; they are not "above" one."""
    rule = Rule("often", "ask", "count", "exams", threshold=Decimal(2), period_days=30)
    found = judge_period(rule, [past(str(day), f"2018-06-0{day}") for day in range(1, count + 1)])
    assert found is not None
    assert found.sentence == (
        f"{count} exams between 2018-06-01 and 2018-06-0{count} {words} in 30 days: ask."
    )


def test_r100_therapeutic_exposures_never_add():
    """R100: a therapeutic exposure is not part of a diagnostic sum."""
    exams = [
        past("a", "2020-01-01", effective_dose=Decimal(90)),
        past("b", "2020-02-01", effective_dose=Decimal(90), is_therapeutic=True),
    ]
    assert judge_period(CUMULATIVE, exams) is None


def test_overlap_on_one_region_is_not_a_sum_over_the_body():
    """Skin dose of two procedures adds where the region is the same."""
    rule = Rule(
        "skin", "follow up", "sum", "dose_rp", threshold=Decimal(5000), period_days=180,
        same_region=True,
    )  # fmt: skip
    heart = [
        past("a", "2024-01-01", dose_rp=Decimal(3000), regions=("heart",)),
        past("b", "2024-03-01", dose_rp=Decimal(2500), regions=("heart",)),
    ]
    apart = [heart[0], past("b", "2024-03-01", dose_rp=Decimal(2500), regions=("abdomen",))]
    assert judge_period(rule, heart) is not None
    assert judge_period(rule, apart) is None


@given(st.permutations([(f"e{n}", f"2020-{n + 1:02d}-01", n * 9 + 5) for n in range(8)]))
def test_order_of_arrival_never_changes_a_judgement(arrivals):
    """A rule over a period gives the same for any order of the same exams."""
    exams = [past(name, day, effective_dose=Decimal(dose)) for name, day, dose in arrivals]
    in_order = sorted(exams, key=lambda one: one.started)
    assert judge_period(CUMULATIVE, exams) == judge_period(CUMULATIVE, in_order)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quantity": "ctdi_vol", "kind": "sum", "period_days": 10}, "never adds up"),
        ({"quantity": "dlpp"}, "no quantity"),
        ({"bands": [{"by": "weight_kg", "threshold": "3"}]}, "one of"),
        ({"threshold": "0"}, "greater than 0"),
        ({"kind": "count"}, "period"),
        ({"colour": "red"}, "Unexpected"),
    ],
)
def test_p13_a_rule_that_makes_no_sense_is_refused_in_words(change, words):
    """P13: no rule sums CTDIvol; unknown quantities, keys and empty thresholds are refused."""
    with pytest.raises(ValidationError, match=words):
        from_json(to_json(CT_HEAD) | change)


def test_a_rule_survives_its_own_json():
    """What is stored is what was said."""
    for rule in (CT_HEAD, SIZED, CUMULATIVE):
        assert from_json(to_json(rule)) == rule


def test_p47_of_rules_that_ask_the_same_only_the_highest_is_raised():
    """P47: a skin dose of 16 Gy is one alert, not one a band; other rules fire beside it."""
    bands = [
        Rule(f"skin-{gray}", "follow up", "exam", "peak_skin_dose", threshold=Decimal(gray * 1000))
        for gray in (2, 5, 10, 15)
    ]
    dose = Rule("kerma", "follow up", "exam", "dose_rp", threshold=Decimal(5000))
    values = (Judged("peak_skin_dose", Decimal(16000)), Judged("dose_rp", Decimal(9000)))
    fired, _ = judge_all([*bands, dose], Subject("exam", values=values))
    assert [one.rule.id for one in fired] == ["skin-15", "kerma"]


def test_shipped_rules_are_on_only_where_their_source_was_read():
    """A new registry starts with the verified thresholds; the others wait for a physicist."""
    rules = {one.rule.id: one for one in shipped_rules(shipped())}
    assert rules["srdl-kar"].is_enabled
    assert rules["srdl-kar"].rule.threshold == Decimal(5000)
    assert rules["ced-100"].rule.is_at_risk
    assert not rules["srdl-pka"].is_enabled
    assert rules["srdl-pka"].rule.threshold == Decimal(500)
    assert rules["srdl-ft"].rule.threshold == Decimal(3600)
    assert not rules["ct-nv-head-ad"].is_enabled
    assert rules["ct-nv-torso-p16"].rule.when.phantom == "16cm"


@pytest.mark.parametrize(
    ("value", "threshold", "text"),
    [
        ("93.800425", "50", "93.8"),
        ("5000.4", "5000", "5000.4"),
        ("5600", "5000", "5600"),
        ("0.000123456", "0.0001", "0.0001235"),
        ("123456", "100000", "123500"),
    ],
)
def test_a_sentence_rounds_without_hiding_an_excess(value, threshold, text):
    """Four digits are shown; more where four of them would stand at or below the threshold."""
    assert number_beside(Decimal(value), Decimal(threshold)) == text


@pytest.mark.parametrize(
    ("kap", "words"),
    [("45", "is 12 times the"), ("0.37", "is 1/10 of the"), ("18", ""), ("0.8", ""), ("0", "")],
)
def test_p01_a_value_far_off_its_own_room_is_held_up_for_review(kap, words):
    """P1: more than five times off the room's median, up or down, asks a person; 0 does not."""
    rule = Rule("off", "look for a wrong unit", "exam", "dose_area_product", times_room=Decimal(5))
    room = Reference("dose_area_product", Decimal("3.75"), "median of the last 40 exams")
    whole = Judged("dose_area_product", Decimal(kap))
    plane = Judged("dose_area_product", Decimal("0.001"), plane="b")
    found = judge(rule, Subject("exam", values=(plane, whole), room_medians=(room,)))
    assert (found.sentence if found else "").count(words)
    assert (found is None) is (not words)
    assert isinstance(judge(rule, Subject("exam", values=(whole,))), NotJudged)
