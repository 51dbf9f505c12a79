"""Records, decisions and their taking back in random order: exams are what follows from them all.

A late report, a step's end, a header, a corrected patient or a second copy arrives before or after
people joined exams, took that back, or the archive was read again.
"""

from collections import defaultdict
from dataclasses import replace
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import select

from dosebook_central.audit import log
from dosebook_central.domain.evidence import Evidence
from dosebook_central.domain.reconcile import reconcile
from dosebook_central.domain.same_exam_links import SameExam, evidence_keys, parted, with_yielding
from dosebook_central.ingest.recompute import Recomputer
from dosebook_central.same_exams import decide
from dosebook_central.store.models import Event, Exam, Reading, Record
from dosebook_central.store.readings import load_reading
from dosebook_central.store.same_exam_models import SameExamDecision, SameExamHint
from dosebook_protocol.reading import EventKind
from tests.support.readings import PATIENT, event, reading, step, total
from tests.support.registry import NOW, SigningBox
from tests.support.same_exams import ROOM, SHOTS, in_study, screen, take_in, xray

CORRECTED = replace(PATIENT, id="4712")


def of_the_step(status, minute, *totals):
    """A message of the performed step of study 1.9."""
    made = reading(
        "mpps", uid="1.9.77", created=f"2026-03-02T10:{minute}:00", totals=totals, modality="XA",
        step=step(status, uid="1.9.77"), equipment=ROOM,
    )  # fmt: skip
    return in_study(made, "1.9")


def arriving():
    """One procedure in many ways, and a second one of the same patient in the afternoon."""
    header = event("1.8.5.1", EventKind.PROJECTION, "2026-03-02T10:05:40", dose_area_product="0.4")
    afternoon = [("13:02:11", "1.204"), ("13:05:40", "0.377")]
    return [
        xray(uid="1.9.10", shots=SHOTS[:2], created="2026-03-02T10:10:00"),
        xray(uid="1.9.11", created="2026-03-02T10:30:00"),
        xray(uid="1.9.11", created="2026-03-02T10:31:00", patient=CORRECTED),
        replace(xray("1.6"), events=xray().events[:1], totals=()),  # of 1.9, by a UID
        xray("1.3"),  # a copy of 1.9 that shares no UID
        xray("1.5", shots=afternoon, created="2026-03-02T13:30:00"),
        screen("1.8", "4.24"),
        screen("1.8", "4.24", patient=CORRECTED),
        screen("1.7", "4.236"),
        screen("1.4", "1.581"),
        in_study(reading("image-header", uid="1.8.5", events=[header], equipment=ROOM), "1.8"),
        of_the_step("IN PROGRESS", 40),
        of_the_step("COMPLETED", 41, total("dose_area_product", "4.2")),
    ]


def decide_something(registry, chance):
    """Join two exams that are hinted at, say that they are two, or take back what was decided."""
    hints = sorted(registry.rows(SameExamHint.first_exam_id, SameExamHint.second_exam_id))
    made = [row[0] for row in registry.rows(SameExamDecision.id, SameExamDecision.act)]
    if made and chance.random() < 0.4:
        verb, arguments = "take_back", (chance.choice(made),)
    elif hints:
        pair = chance.sample(chance.choice(hints), 2)
        verb, arguments = chance.choice(["one", "one", "one", "two"]), (*pair, "why")
    else:
        return
    log.perform(
        registry.engine,
        lambda connection: getattr(decide, verb)(connection, *arguments, "physicist", NOW),
        lambda done: log.Act("physicist", f"same-exam.{verb}", detail={"done": done}),
    )


def held(registry):
    """Study, dose and events of each exam as the registry holds it."""
    uids = defaultdict(list)
    for exam_id, _, uid in sorted(registry.rows(Event.exam_id, Event.ordinal, Event.uid)):
        uids[exam_id].append(uid)
    found = registry.rows(Exam.id, Exam.study_uid, Exam.dose_area_product_gy_cm2)
    return sorted((*row, *uids[row[0]]) for row in found)


def followed(registry):
    """The same of the exams that follow from all readings and all decisions that hold."""
    columns = (Record.id, Record.evidence_sha256, Record.source_kind, Reading.body)
    with registry.engine.connect() as connection:
        rows = connection.execute(
            select(*columns).join(Reading).where(Record.status == "stored")
        ).all()
        decided = connection.execute(select(SameExamDecision.__table__)).all()
    undone = {one.undoes for one in decided}
    holding = [one for one in decided if one.act == "one" and one.id not in undone]
    ties = [SameExam(one.counted_key, one.other_key) for one in holding]
    evidences = {row.id: Evidence(*row[:3], load_reading(row.body)) for row in rows}
    keys = {record_id: evidence_keys(one) for record_id, one in evidences.items()}
    groups = defaultdict(list)
    for record_id, group in parted(keys, ties).items():
        groups[group].append(evidences[record_id])
    return sorted(
        (one.id, one.study_uid, one.dose_area_product_gy_cm2, *(event.uid for event in one.events))
        for own in groups.values()
        for one in reconcile(with_yielding(own, ties))
    )


@pytest.mark.parametrize("seed", [6, 8, 11])
def test_p09_exams_follow_from_records_and_decisions_in_any_order(registry, seed, monkeypatch):
    """P4–P9: no dose is lost, counted twice or left joined by a decision that was taken back."""
    chance = Random(seed)
    ids = Random(seed)
    monkeypatch.setattr("tests.support.registry.uuid4", lambda: UUID(int=ids.getrandbits(128)))
    box = registry.add(SigningBox("angio-1"))
    by_bytes = {}
    monkeypatch.setattr(
        "dosebook_central.ingest.recompute.read_object", lambda data, _: by_bytes[data]
    )
    coming = arriving()
    for one in chance.sample(coming, len(coming)):
        by_bytes[repr(one).encode()] = one
        take_in(registry, box, one)
        for _ in range(chance.randrange(3)):
            decide_something(registry, chance)
    Recomputer(registry.engine, registry.evidence).run(everything=True)
    take_in(registry, box)
    assert held(registry) == followed(registry)
    uids = [uid for (uid,) in registry.rows(Event.uid)]
    assert len(uids) == len(set(uids))
