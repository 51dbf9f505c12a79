"""Sums of a patient's doses: what is added, what stands apart, and what is named as missing."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from dosebook_central.store.queries.cumulative import ExamLine
from dosebook_central.store.queries.derived import DoseRow, RegionRow
from dosebook_central.web.cumulative_choices import CHOICES
from dosebook_central.web.cumulative_figure import shaded
from dosebook_central.web.cumulative_query import CumulativeQuery
from dosebook_central.web.cumulative_steps import steps
from dosebook_central.web.cumulative_sums import cumulate
from dosebook_central.web.cumulative_words import meaning, remarks
from dosebook_central.web.derived_text import interval_text

TODAY = date(2026, 3, 2)
EFFECTIVE = CHOICES["effective_dose"]


def _exam(
    number, *, modality="CT", started="2026-01-05T10:00:00", origin="captured", **dose
) -> ExamLine:
    row: dict[str, Any] = dict.fromkeys(DoseRow.__slots__)
    row |= dict.fromkeys(("procedure_id", "procedure_source", "phantom", "effective_dose_set"), "")
    row |= {"exam_id": f"e{number}", "regions": "chest", "is_therapeutic": False}
    row |= {"is_typical": False, "version": 1, **dose}
    return ExamLine(
        f"e{number}", started, modality, "CT chest", "", "CT 1", "", origin, DoseRow(**row)
    )


def _share(exam, region, value, *, quantity="effective_dose", phantom="", side="", **more):
    return RegionRow(
        exam.id,
        region,
        quantity,
        phantom,
        side,
        exam.started,
        exam.modality,
        exam.is_therapeutic,
        exam.origin,
        Decimal(value),
        more.get("low"),
        more.get("high"),
        more.get("events", 1),
        more.get("split", False),
    )


def _query(**arguments) -> CumulativeQuery:
    return CumulativeQuery.from_arguments(MultiDict(arguments), TODAY)


VALUES = st.lists(
    st.tuples(
        st.sampled_from(["head", "chest", "pelvis", "unmapped", "whole_body"]),
        st.decimals("0.001", 90, places=4),
    ),
    min_size=1,
    max_size=12,
)


@given(VALUES)
def test_r31_sum_over_regions_is_the_sum_of_what_is_listed(parts):
    """R31: regions add up to the total exactly, and so do the exams listed under each region."""
    exams = [_exam(number) for number in range(3)]
    shares = {exam.id: [] for exam in exams}
    for place, (region, value) in enumerate(parts):
        exam = exams[place % 3]
        shares[exam.id].append(_share(exam, region, value))
    found = cumulate(exams, shares, EFFECTIVE)
    reached = [one for one in found.regions if one.sum]
    assert found.total.value == sum(one.sum.value for one in reached)
    assert found.total.value == sum((value for _, value in parts), Decimal(0))
    for one in reached:
        assert one.sum.value == sum(part.value for part in one.contributions)


def test_p29_an_exam_without_value_is_named_and_not_counted_as_zero():
    """P29: no value is not zero: it changes neither sum nor bounds, and a sentence names it."""
    with_value, without = _exam(1, effective_dose_msv=Decimal(5)), _exam(2, regions="neck")
    shares = {"e1": [_share(with_value, "chest", "5")]}
    found = cumulate([with_value, without], shares, EFFECTIVE)
    assert not found.partial
    assert found.total.value == 5
    assert found.total.exam_count == 1
    assert [exam.id for exam in found.without] == ["e2"]
    (first, *_) = remarks(found)
    assert first.sentence == "1 exam has no effective dose: not counted, not zero."
    neck = next(one for one in shaded(found) if one.region == "neck")
    assert (neck.strength, neck.data, neck.text) == (None, "", "—")


def test_p60_an_exam_of_which_one_part_has_a_value_is_named():
    """P60: what is known of a PET/CT counts, and the page says that the rest is not zero."""
    exam = _exam(1, modality="PT", effective_dose_msv=None)
    found = cumulate([exam], {"e1": [_share(exam, "whole_body", "4.5")]}, EFFECTIVE)
    assert found.total.value == Decimal("4.5")
    (remark, *_) = remarks(found)
    assert "1 exam has effective dose of some parts" in remark.sentence
    assert "not zero" in remark.sentence


def test_r100_diagnostic_and_therapeutic_are_never_one_selection():
    """R100: each exam belongs to one of two selections, and no query shows both."""
    exams = [_exam(1), _exam(2, is_therapeutic=True)]
    assert [one.id for one in _query().select(exams)] == ["e1"]
    assert [one.id for one in _query(intent="therapeutic").select(exams)] == ["e2"]
    assert [one.id for one in _query(intent="both").select(exams)] == ["e1"]


def test_p46_exams_from_elsewhere_count_here_and_can_be_left_out():
    """P46: an imported exam belongs to the patient's sum, is named, and one click leaves it out."""
    exams = [_exam(1), _exam(2, origin="imported")]
    shares = {one.id: [_share(one, "chest", "2")] for one in exams}
    found = cumulate(_query().select(exams), shares, EFFECTIVE)
    assert found.total.value == 4
    assert "1 exam comes from elsewhere and counts here." in [
        one.sentence for one in remarks(found)
    ]
    assert [one.id for one in _query(outside="no").select(exams)] == ["e1"]


def test_p12_phantoms_and_sides_stand_apart():
    """P11, P12: DLP of the other phantom and AGD of the other breast are named, never added."""
    large, small = _exam(1), _exam(2)
    shares = {
        "e1": [_share(large, "chest", "400", quantity="dlp", phantom="32cm")],
        "e2": [_share(small, "head", "900", quantity="dlp", phantom="16cm")],
    }
    found = cumulate([large, small], shares, CHOICES["dlp-32"])
    assert found.total.value == 400
    assert [exam.id for exam in found.apart] == ["e2"]
    assert not found.without
    mammography = _exam(3, modality="MG")
    agd = "average_glandular_dose"
    shares = {
        "e3": [
            _share(mammography, "breast", value, quantity=agd, side=side)
            for side, value in (("left", "1.5"), ("right", "2.5"))
        ]
    }
    assert cumulate([mammography], shares, CHOICES["agd-left"]).total.value == Decimal("1.5")
    assert cumulate([mammography], shares, CHOICES["agd-right"]).total.value == Decimal("2.5")


def test_intervals_add_low_to_low_and_high_to_high():
    """Bounds add on their own side; a value without an interval is exact in them, and is named."""
    one, other = _exam(1), _exam(2)
    shares = {
        "e1": [_share(one, "chest", "4", low=Decimal(3), high=Decimal(6))],
        "e2": [_share(other, "chest", "1")],
    }
    found = cumulate([one, other], shares, EFFECTIVE)
    assert (found.total.low, found.total.high) == (4, 7)
    assert found.exact_count == 1
    assert any("counts it as exact" in one.sentence for one in remarks(found))


def test_a_total_without_known_place_stays_visible_as_unmapped():
    """What has a value and no share counts, under "region not known": never hidden."""
    exam = _exam(1, regions="", effective_dose_msv=Decimal(3))
    found = cumulate([exam], {}, EFFECTIVE)
    assert found.total.value == 3
    assert [(one.region, one.data) for one in shaded(found)] == [("unmapped", "3")]


def test_counting_exams_counts_each_once_in_all():
    """An exam of two regions counts in both and once in all, and the page says so."""
    exams = [_exam(1, regions="chest;abdomen"), _exam(2, regions="chest")]
    found = cumulate(exams, {}, CHOICES["exams"])
    assert found.total.value == 2
    assert {one.region: one.data for one in shaded(found)} == {"chest": "2", "abdomen": "1"}
    assert "once in all" in meaning(found)[0]


@pytest.mark.parametrize(
    ("arguments", "counted"),
    [
        ({}, ["new", "old", "none"]),
        ({"period": "12w"}, ["new"]),
        ({"period": "5y"}, ["new", "old"]),
        ({"since": "2024-03-03", "until": "2026-01-05"}, ["new"]),
        ({"since": "2026-01-05", "until": "2024-03-03"}, ["new"]),
        ({"until": "2024-03-02"}, ["old"]),
        ({"modality": "mg"}, []),
        ({"period": "a century", "since": "yesterday"}, ["new", "old", "none"]),
    ],
)
def test_p43_one_query_decides_what_counts(arguments, counted):
    """P43: period (both days counted), modality and origin stand in one object."""
    days = {"new": "2026-01-05T10:00", "old": "2024-03-02T23:59", "none": ""}
    exams = [_exam(name, started=day) for name, day in days.items()]
    assert [exam.id for exam in _query(**arguments).select(exams)] == [f"e{one}" for one in counted]


def test_address_of_a_query_reads_back_the_same():
    """A link to a view shows that view, and defaults do not stand in the address."""
    query = _query(quantity="kap", period="1y", intent="therapeutic", outside="no", region="chest")
    arguments = query.arguments()
    assert CumulativeQuery.from_arguments(MultiDict(arguments), TODAY) == query
    assert _query().arguments() == {}


@given(st.lists(st.decimals("0.001", 500, places=3), min_size=2, max_size=9, unique=True))
def test_shades_grow_with_the_value(values):
    """A larger value is never paler, the largest is the fullest: grey tells the same order."""
    regions = ["head", "neck", "chest", "heart", "abdomen", "pelvis", "breast", "upper_limb"]
    regions.append("lower_limb")
    exam = _exam(1)
    parts = [_share(exam, region, value) for region, value in zip(regions, values, strict=False)]
    found = shaded(cumulate([exam], {"e1": parts}, EFFECTIVE))
    ordered = sorted(found, key=lambda one: Decimal(one.data))
    strengths = [one.strength for one in ordered]
    assert all(0 < strength <= 1 for strength in strengths)
    assert strengths == sorted(strengths)
    assert strengths[-1] > strengths[0]


def test_steps_add_up_and_leave_out_what_has_no_date():
    """The chart's last step is the sum of its dated exams; the undated one is counted beside it."""
    exams = [_exam(n, started=f"202{n}-05-01T08:00") for n in range(3)] + [_exam(9, started="")]
    shares = {exam.id: [_share(exam, "chest", "1.5")] for exam in exams}
    drawn = steps(cumulate(exams, shares, EFFECTIVE).contributions, is_count=False)
    assert [one.running for one in drawn.steps] == [Decimal("1.5"), 3, Decimal("4.5")]
    assert drawn.undated == 1
    assert drawn.values[0].text == "0"


def test_p59_words_have_no_limit_no_risk_and_no_refusal():
    """P31, P59: estimate for a reference person; no limit, no risk percent, nothing is refused."""
    exams = [_exam(1)]
    shares = {"e1": [_share(exams[0], "chest", "120")]}
    for choice in CHOICES.values():
        text = " ".join(meaning(cumulate(exams, shares, choice))).casefold()
        for word in ("limit", "risk", "cancer", "%", "exceed", "too much", "danger", "safe"):
            assert word not in text
        assert "stays needed" in text
    assert "reference person" in meaning(cumulate(exams, shares, EFFECTIVE))[0]


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        ("73.704", "171.976", "73 to 172"),
        ("16.434", "38.346", "16.4 to 38.4"),
        ("0.0312", "0.0724", "0.0312 to 0.0724"),
        ("0.6", "1.4", "0.60 to 1.40"),
    ],
)
def test_interval_is_never_narrowed_by_rounding(low, high, shown):
    """An interval is shown at three digits of its upper end, rounded outwards."""
    assert interval_text(Decimal(low), Decimal(high), "effective_dose") == shown
