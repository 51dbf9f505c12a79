"""What a decision that two exams are one ties, and which evidence yields by it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.domain.links import study_key
from dosebook_central.domain.reconcile import reconcile
from dosebook_central.domain.same_exam_links import SameExam, parted, with_yielding
from dosebook_protocol.reading import EventKind
from tests.support.readings import PATIENT, event, evidence, total
from tests.support.same_exams import SHOTS, screen, xray

ONE = SameExam(study_key("1.9"), study_key("1.8"))
RECORDS = (
    evidence(xray()),
    evidence(xray(uid="1.9.2", shots=[*SHOTS, ("10:30:00", "1.000")])),
    evidence(screen()),
)


@given(st.permutations(RECORDS))
def test_the_order_of_evidence_does_not_matter(records):
    """Whatever came first, the same evidence yields and the exam is the same."""
    (exam,) = reconcile(with_yielding(records, [ONE]))
    (other,) = reconcile(with_yielding(RECORDS, [ONE]))
    assert exam == other
    assert (exam.study_uid, str(exam.dose_area_product_gy_cm2)) == ("1.9", "5.236")
    yielding = [one.reading.study.uid for one in with_yielding(records, [ONE]) if one.yields]
    assert yielding == ["1.8"]


def test_uids_that_tie_both_sides_leave_the_decision_in_force():
    """Where a later object ties both studies, only what names the other one yields."""
    tie = replace(screen("1.8"), events=xray().events[:1], sop_instance_uid="1.8.9")
    marked = with_yielding([*RECORDS, evidence(tie)], [ONE])
    assert [one.yields for one in marked] == [False, False, True, True]


def test_a_kind_of_dose_that_only_the_other_states_still_counts():
    """P60: a join hides no dose: CT of the exam that yields counts where nothing else has it."""
    ct = replace(
        xray("1.8"),
        kind="rdsr-ct",
        modality="CT",
        events=(event("1.8.5", EventKind.CT, dlp="120"),),
        totals=(total("dlp", "120"),),
    )
    (exam,) = reconcile(with_yielding([RECORDS[0], evidence(ct)], [ONE]))
    assert (str(exam.dose_area_product_gy_cm2), str(exam.dlp_mgy_cm)) == ("4.236", "120")


def test_evidence_that_all_yields_counts_as_if_nobody_had_decided():
    """Another patient's evidence in the same group has nothing to yield to: it counts."""
    theirs = evidence(screen(patient=replace(PATIENT, id="4712")))
    exams = {one.patient.identifier: one for one in reconcile(with_yielding(
        [RECORDS[0], theirs], [ONE]
    ))}  # fmt: skip
    assert str(exams["4712"].dose_area_product_gy_cm2) == "4.24"


def test_records_part_by_their_keys_and_the_decisions_that_hold():
    """Without the decision two groups; with it one, whose name begins with `+`."""
    keys = {"r1": frozenset({"study:1.9"}), "r2": frozenset({"study:1.8"})}
    assert parted(keys, []) == {"r1": "r1", "r2": "r2"}
    assert parted(keys, [ONE]) == {"r1": "+r1", "r2": "+r1"}
