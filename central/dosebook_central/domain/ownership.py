"""One irradiation event under two patients: counted with one of them, visible at both (P9, P21)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dosebook_central.domain.disagreement import is_same_administration
from dosebook_central.domain.evidence import Evidence
from dosebook_central.domain.exam import Conflict
from dosebook_central.domain.patient_identity import PatientKey
from dosebook_protocol.reading import IrradiationEvent


@dataclass(frozen=True, slots=True)
class Ownership:
    """Per record, the UIDs of its events that another patient counts; per patient, the conflict."""

    elsewhere: dict[str, frozenset[str]]
    conflicts: dict[PatientKey, Conflict]


def settle(patients: Mapping[PatientKey, Sequence[Evidence]]) -> Ownership:
    """Give each irradiation event that two patients claim to the strongest, earliest evidence."""
    if len(patients) < 2:
        return Ownership({}, {})
    claims = sorted(
        ((evidence, key) for key, evidences in patients.items() for evidence in evidences),
        key=lambda claim: claim[0].order,
    )
    owned: dict[str, PatientKey] = {}
    administrations: list[tuple[IrradiationEvent, str, PatientKey]] = []
    elsewhere: dict[str, set[str]] = {}
    shared: dict[PatientKey, int] = {}
    for evidence, key in claims:
        for event in evidence.reading.events:
            owner = owned.get(event.uid) or _owner_of_same(event, evidence, administrations)
            if owner is None or owner == key:
                owned.setdefault(event.uid, key)
                administrations.append((event, evidence.reading.study.uid, key))
                continue
            elsewhere.setdefault(evidence.record_id, set()).add(event.uid)
            for one in (key, owner):
                shared[one] = shared.get(one, 0) + 1
    return Ownership(
        {record: frozenset(uids) for record, uids in elsewhere.items()},
        {key: _conflict() for key in shared},
    )


def _owner_of_same(
    event: IrradiationEvent,
    evidence: Evidence,
    administrations: Sequence[tuple[IrradiationEvent, str, PatientKey]],
) -> PatientKey | None:
    """Find who already has this injection of this study, although its UID differs."""
    study = evidence.reading.study.uid
    return next(
        (
            key
            for known, known_study, key in administrations
            if study and study == known_study and is_same_administration(event, known)
        ),
        None,
    )


def _conflict() -> Conflict:
    sentence = (
        "Evidences name two patients for the same irradiation event; it is counted once, with the "
        "patient whom the strongest evidence names. Correct the patient in the source system."
    )
    return Conflict("event-of-two-patients", sentence, "number_of_events")
