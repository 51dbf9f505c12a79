"""What was sent beside what the registry holds: every dose exactly once, with its right total."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, select

from dosebook_central.store.models import Event, Exam, Patient
from dosebook_edge.simulate.truth import ExamTruth, Value

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """One exam as sent and as held; `problems` is empty where they agree."""

    truth: ExamTruth
    exam_id: str
    held_events: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All exams, and what the registry holds beyond them."""

    exams: tuple[Compared, ...]
    surplus: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        """Whether every dose is there exactly once and nothing else is."""
        return not self.surplus and not any(one.problems for one in self.exams)


def compare(engine: Engine, truths: Iterable[ExamTruth]) -> Comparison:
    """Compare a registry with what was sent to it."""
    with engine.connect() as connection:
        rows = connection.execute(
            select(Exam.id, Exam.study_uid, Exam.summary, Patient.identifier, Patient.issuer).join(
                Patient, Patient.id == Exam.patient_id
            )
        ).all()
        events = connection.execute(select(Event.exam_id, Event.uid)).all()
    uids: dict[str, list[str]] = defaultdict(list)
    for exam_id, uid in events:
        uids[exam_id].append(uid)
    held = {
        (study_uid, identifier, issuer): (exam_id, summary)
        for exam_id, study_uid, summary, identifier, issuer in rows
    }
    compared = [_compare_one(held, uids, truth) for truth in truths]
    known = {one.exam_id for one in compared}
    surplus = [
        f"an exam that nobody sent: study {key[0]}"
        for key, (exam_id, _) in held.items()
        if exam_id not in known
    ]
    doubled = [uid for uid, times in Counter(uid for _, uid in events).items() if times > 1]
    surplus += [f"irradiation event {uid} is counted in more than one exam" for uid in doubled]
    return Comparison(tuple(compared), tuple(surplus))


def _compare_one(
    held: dict[tuple[str, str, str], tuple[str, dict[str, Any]]],
    uids: dict[str, list[str]],
    truth: ExamTruth,
) -> Compared:
    key = (truth.study_instance_uid, truth.patient.id, truth.patient.issuer)
    if key not in held:
        return Compared(truth, "", 0, ("the exam is missing",))
    exam_id, summary = held[key]
    problems = _events(truth, uids[exam_id]) + _totals(truth, summary)
    return Compared(truth, exam_id, len(uids[exam_id]), tuple(problems))


def _events(truth: ExamTruth, found: Sequence[str]) -> list[str]:
    if truth.distinct_events is None:
        return []
    missing = set(truth.event_uids) - set(found)
    problems = [f"{len(missing)} irradiation events are missing"] if missing else []
    if len(found) != truth.distinct_events:
        problems.append(f"{len(found)} irradiation events instead of {truth.distinct_events}")
    return problems


def _totals(truth: ExamTruth, summary: dict[str, Any]) -> list[str]:
    found: dict[_Key, set[Decimal]] = defaultdict(set)
    for part in summary["parts"]:
        for measure in part["values"]:
            found[_key(measure)].add(Decimal(measure["value"]))
    return [
        f"{value.quantity} {value.value} became {sorted(map(str, found[_of(value)])) or 'nothing'}"
        for value in truth.totals
        if Decimal(value.value) not in found[_of(value)]
    ]


def _key(measure: dict[str, Any]) -> _Key:
    plane = measure.get("plane") or ""
    return (measure["quantity"], "" if plane == "single" else plane, measure.get("side") or "")


def _of(value: Value) -> _Key:
    plane = value.plane or ""
    return (value.quantity, "" if plane == "single" else plane, value.side or "")
