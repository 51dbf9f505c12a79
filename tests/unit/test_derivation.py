"""Derived doses are a function of the set of evidences, and their stored form says all of them."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.domain.reconcile import reconcile
from dosebook_central.dosimetry.derive import derive
from dosebook_central.dosimetry.inputs import exam_inputs
from dosebook_central.ingest.rows import event_rows, exam_row
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
