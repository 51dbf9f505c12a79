"""One object sent more than once: which version of it holds (P6, P53)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from dosebook_central.domain.evidence import Evidence, Tie
from dosebook_central.domain.exam import Conflict, ConflictValue
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import Reading


@dataclass(frozen=True, slots=True)
class ObjectVersions:
    """The version of one object that holds, the versions before it, and what changed in dose."""

    holds: Evidence
    older: tuple[Evidence, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def choose_versions(evidences: Sequence[Evidence]) -> tuple[ObjectVersions, ...]:
    """Group evidences by SOP Instance UID (of an MPPS, its own UID) and choose what holds.

    The newest by content time holds; of an MPPS the version that is furthest in its states.
    """
    by_object: dict[str, list[Evidence]] = {}
    for evidence in evidences:
        by_object.setdefault(_object_key(evidence), []).append(evidence)
    return tuple(_choose(versions) for versions in by_object.values())


def _object_key(evidence: Evidence) -> str:
    step = evidence.reading.step
    uid = step.uid if step else evidence.reading.sop_instance_uid
    return uid or evidence.sha256


def _choose(versions: list[Evidence]) -> ObjectVersions:
    if len(versions) == 1:
        return ObjectVersions(versions[0])
    ranked = sorted(versions, key=_recency, reverse=True)
    holds, older = ranked[0], tuple(ranked[1:])
    if holds.reading.step is not None:
        return ObjectVersions(_with_beginning(holds, older), older)
    changes = [change for before in older if (change := _change_of_dose(before, holds)) is not None]
    if any(_is_of_another_patient(before, holds) for before in older):
        changes.append(_of_two_patients())
    return ObjectVersions(holds, older, tuple(changes))


def _recency(evidence: Evidence) -> tuple[bool, str, bool, str, Tie]:
    """Sort key: a final state over a running one, then content time, then more dose information."""
    step = evidence.reading.step
    is_final = step is not None and step.status != "IN PROGRESS"
    ended = step.ended.local if step and step.ended else ""
    has_totals = bool(evidence.reading.totals or evidence.reading.events)
    return (is_final, ended or evidence.created, has_totals, evidence.created, evidence.tie)


def _with_beginning(holds: Evidence, older: Sequence[Evidence]) -> Evidence:
    """A step's end with patient and study of its beginning, where it names none (P53).

    The end of a step that another box began, or this one before it was set up anew, has only what
    the modality's last message said.
    """
    reading = holds.reading
    for before in older:
        if not reading.patient.id and before.reading.patient.id:
            reading = replace(reading, patient=before.reading.patient)
        if not reading.study.uid and before.reading.study.uid:
            reading = replace(reading, study=before.reading.study)
    return holds if reading is holds.reading else replace(holds, reading=reading)


def _is_of_another_patient(before: Evidence, after: Evidence) -> bool:
    """Whether two versions name different patients; one without issuer may be of any (P21)."""
    old, new = before.reading.patient, after.reading.patient
    if not (old.id and new.id):
        return False
    return old.id != new.id or bool(old.issuer and new.issuer and old.issuer != new.issuer)


def _of_two_patients() -> Conflict:
    sentence = (
        "One object came twice and names another patient each time, as where an archive corrected "
        "it; it is counted once, with the patient of this exam. See that it is the right one."
    )
    return Conflict("instance-of-two-patients", sentence, "number_of_events")


def _change_of_dose(before: Evidence, after: Evidence) -> Conflict | None:
    old, new = _doses(before.reading), _doses(after.reading)
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) == new.get(key):
            continue
        quantity = QUANTITIES[key[0]]
        values = tuple(
            ConflictValue(doses[key], quantity.unit, one.record_id, one.reading.kind)
            for one, doses in ((after, new), (before, old))
            if key in doses
        )
        sentence = (
            f"One object came twice with another {quantity.label}; the version with the later "
            "content time is counted."
        )
        return Conflict("instance-changed", sentence, key[0], values)
    return None


_DoseKey = tuple[str, str, str, str]


def _doses(reading: Reading) -> dict[_DoseKey, Decimal]:
    """Every dose that a reading states, by what it is the dose of."""
    doses: dict[_DoseKey, Decimal] = {
        (
            total.value.quantity,
            "",
            total.plane or "",
            f"{total.side or ''}{total.phantom or ''}",
        ): total.value.value
        for total in reading.totals
        if QUANTITIES[total.value.quantity].is_dose
    }
    for event in reading.events:
        for value in event.values:
            if QUANTITIES[value.quantity].is_dose:
                doses[(value.quantity, event.uid, event.plane or "", "")] = value.value
    return doses
