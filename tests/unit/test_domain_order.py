"""Reconciliation is a function of a set: order and repetition of arrival change nothing."""

import json
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.domain.exam import to_json
from dosebook_central.domain.links import join_groups, link_keys
from dosebook_central.domain.reconcile import reconcile
from dosebook_protocol.reading import EventKind, Patient
from tests.support.readings import PATIENT, event, evidence, reading, step, total

KINDS = {
    "rdsr-ct": (EventKind.CT, "dlp"),
    "rdsr-projection": (EventKind.PROJECTION, "dose_area_product"),
    "image-header": (EventKind.PROJECTION, "dose_area_product"),
    "mpps": (EventKind.PROJECTION, "dose_area_product"),
    "dose-sc-header": (EventKind.CT, "dlp"),
    "rrdsr": (EventKind.RADIOPHARMACEUTICAL, "administered_activity"),
    "rdsr-mammography": (EventKind.MAMMOGRAPHY, "average_glandular_dose"),
}
OTHER = Patient(id="0815", issuer="CHU")
BARE = Patient(id="4711")


@st.composite
def readings(draw):
    """A reading out of a small world, so that UIDs, studies and patients meet often."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    family, quantity = KINDS[kind]
    uids = draw(st.lists(st.sampled_from("abcde"), max_size=4, unique=True))
    dose = st.integers(0, 40)
    stated = draw(st.one_of(st.none(), dose))
    return reading(
        kind,
        uid=draw(st.sampled_from(["1.1", "1.2", "1.3", "1.4"])),
        created=f"2026-03-02T10:{draw(st.integers(0, 9)):02}:00",
        events=[event(uid, family, **{quantity: draw(dose)}) for uid in uids],
        totals=[] if stated is None else [total(quantity, stated)],
        study=draw(st.sampled_from(["1.91", "1.92"])),
        patient=draw(st.sampled_from([PATIENT, OTHER, BARE, Patient()])),
        step=step(draw(st.sampled_from(["IN PROGRESS", "COMPLETED"]))) if kind == "mpps" else None,
    )


def written(evidences) -> bytes:
    """The exams of some evidences as bytes."""
    exams = [asdict(exam) | {"summary": to_json(exam.summary)} for exam in reconcile(evidences)]
    return json.dumps(exams, default=str, sort_keys=True).encode()


@given(st.lists(readings(), min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_p04_p09_any_order_and_any_repetition_give_the_same_bytes(reads, random):
    """P4–P9: every permutation of the evidences, with any of them repeated, is the same exams."""
    evidences = [evidence(one) for one in reads]
    shuffled = [*evidences, *random.choices(evidences, k=3)]
    random.shuffle(shuffled)
    assert written(shuffled) == written(evidences)


@given(st.lists(readings(), min_size=1, max_size=7, unique_by=repr))
def test_p06_the_way_that_objects_came_changes_nothing(reads):
    """P6: other bytes around the same readings, as a box and an import have, are the same exams."""

    def came_by(way):
        evidences = [evidence(one, name=f"{way} {one!r}") for one in reads]
        text = written(evidences).decode()
        for number, one in enumerate(evidences):
            text = text.replace(one.record_id, f"record {number}")
        return text

    assert len({came_by(way) for way in ("box", "import", "box of another make")}) == 1


@given(st.lists(readings(), min_size=1, max_size=7))
def test_p09_no_event_is_counted_twice_for_anybody(reads):
    """P9: over all exams of a group each irradiation event UID is counted at most once a part."""
    for exam in reconcile([evidence(one) for one in reads]):
        uids = [(one.kind, one.uid) for one in exam.events]
        assert len(uids) == len(set(uids))


@given(st.lists(readings(), min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order_of_arrival(reads, random):
    """Records fall into the same groups whether they come together or one after the other."""
    records = {f"r{number}": link_keys(one) for number, one in enumerate(reads)}
    together, _ = join_groups(records, {})
    names = list(records)
    random.shuffle(names)
    group_by_key: dict[str, str] = {}
    group_of: dict[str, str] = {}
    for name in names:
        groups, merges = join_groups({name: records[name]}, _of(records[name], group_by_key))
        group_of = {one: merges.get(group, group) for one, group in group_of.items()}
        group_by_key = {key: merges.get(group, group) for key, group in group_by_key.items()}
        group_of |= groups
        group_by_key |= dict.fromkeys(records[name], groups[name])
    assert _partition(group_of) == _partition(together)


def _of(keys, group_by_key):
    return {key: group_by_key[key] for key in keys if key in group_by_key}


def _partition(group_of):
    members: dict[str, set[str]] = {}
    for record, group in group_of.items():
        members.setdefault(group, set()).add(record)
    return {frozenset(one) for one in members.values()}
