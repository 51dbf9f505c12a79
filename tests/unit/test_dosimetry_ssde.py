"""Size-specific dose: the tables of AAPM 204, heads by AAPM 293, ranges, and later sizes (P28)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.sets import view
from dosebook_central.dosimetry.ssde_tables import polynomial, size_tables
from tests.support.exams import ct_of, event, exam, reasons_of, values_of

TABLES = view(shipped(), size_tables)

# AAPM Report 204 (2011), Table 1D: effective diameter in cm from 8 on → factor, 32 cm phantom.
TABLE_1D = (
    "2.76 2.66 2.57 2.47 2.38 2.30 2.22 2.14 2.06 1.98 1.91 1.84 1.78 1.71 1.65 1.59 "
    "1.53 1.48 1.43 1.37 1.32 1.28 1.23 1.19 1.14 1.10 1.06 1.02 0.99 0.95 0.92 0.88 "
    "0.85 0.82 0.79 0.76 0.74 0.71"
).split()
# The same, Table 2D: from 6 cm on, 16 cm phantom.
TABLE_2D = (
    "1.49 1.43 1.38 1.32 1.27 1.22 1.18 1.13 1.09 1.05 1.01 0.97 0.93 0.90 0.86 0.83 "
    "0.80 0.77 0.74 0.71 0.69 0.66 0.63 0.61 0.59 0.56 0.54 0.52 0.50 0.48 0.47 0.45 "
    "0.43 0.41 0.40 0.38 0.37 0.35 0.34 0.33 0.32 0.30 0.29 0.28 0.27 0.26 0.25 0.24 "
    "0.23 0.22"
).split()
# The same, Tables 1A to 1C: width in cm → effective diameter in cm.
WIDTHS = {
    "sum": {16: "7.7", 40: "19.6", 60: "29.6", 62: "30.5", 80: "39.5", 90: "44.4"},
    "lateral": {8: "9.2", 16: "13.7", 25: "20.3", 32: "26.6", 40: "34.9", 55: "54.1"},
    "ap": {8: "8.8", 16: "19.6", 20: "24.3", 25: "29.7", 32: "36.0", 45: "44.4"},
}
# The same, Table 3: age in years → effective diameter in cm.
AGES = {0: "11.2", 1: "15.1", 5: "18.5", 10: "21.6", 15: "26.0", 18: "29.2"}


def _ssde(**sizes):
    """SSDE of one event of the abdomen with 10 mGy in the 32 cm phantom."""
    found = ct_of(exam(event(region="abdomen", ctdi_vol=10, **sizes)))
    return found, values_of(found, "ssde", event=1)


@pytest.mark.parametrize(
    ("phantom", "first", "table"), [("32cm", 8, TABLE_1D), ("16cm", 6, TABLE_2D)]
)
def test_factors_are_those_of_the_tables_of_aapm_204(phantom, first, table):
    """R18: every factor of Tables 1D and 2D of AAPM Report 204 to its three printed digits."""
    fit = TABLES.factors["body", phantom]

    for diameter, printed in enumerate(table, first):
        assert abs(fit.factor(Decimal(diameter)) - Decimal(printed)) < Decimal("0.006"), diameter
    assert (fit.low_cm, fit.high_cm) == (first, first + len(table) - 1)


@pytest.mark.parametrize("known", sorted(WIDTHS))
def test_diameters_are_those_of_the_tables_of_aapm_204(known):
    """Diameters from AP, lateral and AP + lateral width: Tables 1A to 1C, to three digits."""
    for width, printed in WIDTHS[known].items():
        diameter = TABLES.diameters[known].diameter(Decimal(width))
        assert abs(diameter - Decimal(printed)) <= Decimal("0.1"), width


def test_diameters_by_age_are_those_of_aapm_204():
    """Diameters from the age: Table 3, to three digits."""
    for age, printed in AGES.items():
        diameter = TABLES.diameters["age"].diameter(Decimal(age))
        assert abs(diameter - Decimal(printed)) <= Decimal("0.05"), age


def test_factor_for_heads_is_that_of_aapm_293():
    """f = 1.9852·exp(−0.0486·Dw) of AAPM Report 293: 0.751 at 20 cm, to three digits."""
    found = ct_of(exam(event(region="head", ctdi_vol=60, water_equivalent_diameter=200)))
    (value,) = values_of(found, "ssde", event=1)

    assert value.value == Decimal("45.06")
    assert value.method.id == "aapm-293-wed"
    assert value.interval is None
    assert value.notes[0] == "no interval: no published deviation was found for heads"


@pytest.mark.parametrize(
    ("sizes", "ssde", "method"),
    [
        ({"water_equivalent_diameter": 250, "effective_diameter": 300}, "14.79", "aapm-220-wed"),
        ({"effective_diameter": 300, "ap_dimension": 200}, "12.31", "aapm-204-effective"),
        ({"ap_dimension": 200, "lateral_dimension": 320}, "14.63", "aapm-204-ap-lateral"),
        ({"lateral_dimension": 320}, "13.96", "aapm-204-lateral"),
        ({"ap_dimension": 250}, "12.46", "aapm-204-ap"),
    ],
)
def test_best_known_size_is_used_and_named(sizes, ssde, method):
    """Water-equivalent before effective diameter, both widths before one; in mm as stored."""
    _, (value,) = _ssde(**sizes)

    assert value.value == Decimal(ssde)
    assert value.method.id == method
    assert value.method.coefficient_set == "aapm-ssde"
    assert not value.is_estimate
    assert value.interval is not None
    assert value.interval.low < value.value < value.interval.high


def test_stated_ssde_is_taken_as_stated():
    """An SSDE in the object is the exam's, whatever could be computed."""
    _, (value,) = _ssde(ssde="15.2", water_equivalent_diameter=250)

    assert (value.value, value.method.id) == (Decimal("15.2"), "stated")


@pytest.mark.parametrize(
    ("sizes", "code"),
    [
        ({}, "no-size"),
        ({"water_equivalent_diameter": 460}, "out-of-range"),
        ({"effective_diameter": 79}, "out-of-range"),
        ({"lateral_dimension": 560}, "out-of-range"),
        ({"effective_diameter": 0}, "no-size"),
        ({"phantom": None, "effective_diameter": 300}, "no-phantom"),
    ],
)
def test_p28_ssde_is_refused_with_a_reason_and_never_clamped(sizes, code):
    """No size, a size outside the tables or a missing phantom: not computable, with the reason."""
    found, values = _ssde(**sizes)

    assert values == []
    assert reasons_of(found, "ssde").keys() == {code}


def test_p28_height_and_weight_give_no_diameter():
    """No published formula leads from height and weight to a diameter: said, not assumed."""
    found = ct_of(
        exam(event(region="chest", ctdi_vol=10), size_m=Decimal("1.8"), weight_kg=Decimal(80))
    )

    assert "height and weight do not help" in reasons_of(found, "ssde")["no-size"]


def test_p30_child_without_size_gets_a_labelled_estimate_from_its_age():
    """Age gives a diameter for children only, as a last resort, marked and without interval."""
    child = exam(
        event(region="abdomen", ctdi_vol=2, phantom="16cm"), birth_date="20210302", sex="F"
    )
    (value,) = values_of(ct_of(child), "ssde", event=1)

    assert value.is_estimate
    assert value.label == "estimate: size from the age alone"
    assert value.value == Decimal("1.829")  # 18.55 cm at 5 years, f = 0.9143
    assert value.interval is None
    assert "size" in value.notes[0]
    assert not any(one.is_headline for one in values_of(ct_of(child), "ssde"))


@pytest.mark.parametrize(
    ("region", "code"), [("head", "no-size"), ("neck", "region-not-covered"), ("", "no-region")]
)
def test_body_fit_is_never_used_outside_the_trunk(region, code):
    """Heads need AAPM 293 with a water-equivalent diameter; neck and unknown regions have none."""
    found = ct_of(exam(event(region=region, ctdi_vol=10, effective_diameter=170)))

    assert values_of(found, "ssde") == []
    assert reasons_of(found, "ssde").keys() == {code}


def test_localisers_and_bolus_monitoring_have_no_ssde():
    """Only imaging acquisitions have a size-specific dose, and the largest one leads."""
    size = {"water_equivalent_diameter": 300}
    found = ct_of(
        exam(
            event(1, "chest", "localiser", ctdi_vol="0.1", **size),
            event(2, "chest", "stationary", ctdi_vol=20, **size),
            event(3, "chest", ctdi_vol=5, **size),
            event(4, "chest", ctdi_vol=8, **size),
        )
    )
    values = values_of(found, "ssde")

    assert [one.place.event for one in values] == [3, 4, 0]
    assert values[2].value == values[1].value
    assert values[2].is_headline


def test_size_that_arrives_later_changes_ssde_and_nothing_else():
    """With a width in the evidence SSDE appears; every other value stays what it was (P28)."""
    before = exam(event(region="chest", ctdi_vol=10, dlp=400))
    (old,) = before.events
    after = replace(
        before, events=(replace(old, values={**old.values, "lateral_dimension": Decimal(330)}),)
    )

    def others(of):
        return [one for one in ct_of(of).values if one.quantity != "ssde"]

    assert reasons_of(ct_of(before), "ssde")
    assert values_of(ct_of(after), "ssde", event=1)
    assert others(before) == others(after)


@given(
    st.dictionaries(
        st.sampled_from(
            ["ctdi_vol", "dlp", "ssde", "water_equivalent_diameter", "effective_diameter",
             "ap_dimension", "lateral_dimension", "scanning_length", "kvp"]
        ),
        st.decimals(Decimal("-1e12"), Decimal("1e12"), allow_nan=False, places=4),
    ),
    st.sampled_from(["", "head", "chest", "neck"]),
    st.sampled_from(["19700101", "20200101", "", "99991231"]),
)  # fmt: skip
def test_hostile_numbers_raise_nothing(values, region, birth_date):
    """Whatever a sender writes, there is a value or a reason, never an exception."""
    found = ct_of(exam(event(region=region, **values), birth_date=birth_date))

    for one in values_of(found, "ssde"):
        assert one.value.is_finite()


def test_formula_of_another_form_is_refused():
    """A row whose formula is no sum of powers is an error, not a number."""
    assert polynomial("d = 1.5 + 2*AP - 0.5*AP^2")(2.0) == pytest.approx(3.5)
    with pytest.raises(ValueError, match="not a sum of powers"):
        polynomial("d = sin(AP)")
