"""Derived doses are a function of the set of evidences, and their stored form says all of them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.domain.reconcile import reconcile
from dosebook_central.dosimetry.derive import derive
from dosebook_central.dosimetry.inputs import exam_inputs
from dosebook_central.dosimetry.stored_form import StoredFormError, from_text, to_text
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
from dosebook_central.exams.rows import event_rows, exam_row
from dosebook_protocol.reading import Plane
from tests.support.derivation import shipped_rules
from tests.support.readings import evidence
from tests.unit.test_domain_order import readings

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def derived(evidences):
    """What is derived of some evidences, by exam."""
    rules = shipped_rules()
    return {
        exam.id: derive(
            exam_inputs(exam_row(exam, "g", NOW), event_rows(exam)),
            rules.library,
            rules.procedure_of,
        )
        for exam in reconcile(evidences)
    }


@given(st.lists(readings(), min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_order_of_arrival_never_changes_a_derived_value(reads, random):
    """Every permutation of the evidences, with any of them repeated, gives the same doses."""
    evidences = [evidence(one) for one in reads]
    shuffled = [*evidences, *random.choices(evidences, k=3)]
    random.shuffle(shuffled)
    assert derived(shuffled) == derived(evidences)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False)
SIDES = st.sampled_from([None, "left", "right"])
PHANTOMS = st.sampled_from([None, "16cm", "32cm"])
EVENTS = st.integers(0, 40)
METHODS = st.builds(Method, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)
PLACES = st.builds(
    Place,
    EVENTS,
    st.integers(0, 3),
    TEXTS,
    PHANTOMS,
    st.sampled_from([None, *Plane]),
    SIDES,
    TEXTS,
    TEXTS,
)


def tuples(of):
    """Tuples of a few."""
    return st.lists(of, max_size=4).map(tuple)


VALUES = st.builds(
    DerivedValue,
    TEXTS,
    NUMBERS,
    TEXTS,
    METHODS,
    PLACES,
    st.none() | st.builds(Interval, NUMBERS, NUMBERS, TEXTS, TEXTS),
    TEXTS,
    tuples(st.builds(Input, TEXTS, TEXTS, TEXTS, TEXTS)),
    tuples(TEXTS),
    st.booleans(),
    st.booleans(),
)
DERIVED = st.builds(
    Derived,
    tuples(VALUES),
    tuples(st.builds(NotComputable, TEXTS, TEXTS, TEXTS, PLACES, TEXTS)),
    tuples(st.builds(Flag, TEXTS, TEXTS, EVENTS)),
    tuples(
        st.builds(
            RegionFinding,
            EVENTS,
            TEXTS,
            st.sampled_from(["high", "medium", "low", "none"]),
            TEXTS,
            tuples(TEXTS),
        )
    ),
    tuples(
        st.builds(
            RegionShare,
            TEXTS,
            TEXTS,
            NUMBERS,
            TEXTS,
            st.none() | NUMBERS,
            st.none() | NUMBERS,
            PHANTOMS,
            SIDES,
            tuples(EVENTS),
            st.booleans(),
        )
    ),
    TEXTS,
    TEXTS,
    st.none() | NUMBERS,
    TEXTS,
    st.booleans(),
)


@given(DERIVED)
def test_p29_stored_form_gives_back_every_field(derived):
    """Whatever was derived reads back the same, to the last digit; None stays None, 0 stays 0."""
    read = from_text(to_text(derived))
    assert read == derived
    assert [str(one.value) for one in read.values] == [str(one.value) for one in derived.values]
    assert to_text(read) == to_text(derived)


def test_stored_form_says_a_method_once():
    """A hundred events of one method cost a hundred numbers, not a hundred citations."""
    method = Method("stated", "as the object states it", "1", "a long citation" * 20)
    value = DerivedValue("dlp", Decimal(10), "mGy.cm", method, notes=("the same note " * 9,))
    many = to_text(Derived(values=(value,) * 100))
    assert many.count("citation") == 20
    assert len(many) < 100 * 50


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"form": 99}', '{"form": 1, "values": [[7]]}'])
def test_stored_form_that_is_not_understood_is_refused(text):
    """What a later program wrote, or nobody, is not read as something else."""
    with pytest.raises(StoredFormError):
        from_text(text)
