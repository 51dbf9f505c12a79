"""One exam per patient from any mix of evidences, whatever the order in which they came (P4–P9).

`reconcile` is a function of the set of readings of one group, and of what people decided on their
machines: it sorts them canonically and keeps no state, so that every order of arrival gives the
same exams.
"""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid5

from dosebook_central.domain.devices import AS_REPORTED, Choices
from dosebook_central.domain.evidence import Evidence, canonical, families, first_text
from dosebook_central.domain.exam import (
    Conflict,
    CountedEvent,
    EvidenceUse,
    ExamState,
    ExamSummary,
    Measure,
    Origin,
    Part,
    PatientIdentity,
    PatientThen,
    ReconciledExam,
    Role,
)
from dosebook_central.domain.facts import event_facts, exam_facts
from dosebook_central.domain.matching import ASSIGNABLE
from dosebook_central.domain.modality import ShownModality, exam_modality, shown_modality
from dosebook_central.domain.orders import numbers_of, orders_of
from dosebook_central.domain.ownership import settle
from dosebook_central.domain.parts import CountedPart, count_parts
from dosebook_central.domain.patient_identity import PatientKey, identity, split_by_patient
from dosebook_central.domain.totals import IndexedEvent, whole
from dosebook_central.domain.versions import ObjectVersions, choose_versions
from dosebook_protocol.quantities import QUANTITIES, plain
from dosebook_protocol.reading import EventKind, Plane

_NAMESPACE: Final = UUID("6d1f3a2e-5b0c-4f0e-9a55-0d05eb00c001")
_HEADLINE: Final = {
    EventKind.CT: ("dlp", "ctdi_vol"),
    EventKind.PROJECTION: ("dose_area_product", "dose_rp", "fluoro_time", "entrance_dose"),
    EventKind.MAMMOGRAPHY: ("average_glandular_dose",),
    EventKind.RADIOPHARMACEUTICAL: ("administered_activity",),
}
_IMPORT: Final = "import"
_NOT_COUNTED: Final = (Role.CONTEXT, "states no dose that counts here")
_COUNTED_ELSEWHERE: Final = (
    Role.CORROBORATES,
    "its irradiation events are counted with another patient",
)
_EVENT_COLUMNS: Final = {
    "ctdi_vol": "ctdi_vol_mgy",
    "dlp": "dlp_mgy_cm",
    "dose_area_product": "dose_area_product_gy_cm2",
    "dose_rp": "dose_rp_mgy",
    "average_glandular_dose": "average_glandular_dose_mgy",
    "administered_activity": "administered_activity_mbq",
}


def reconcile(
    evidences: Iterable[Evidence], choices: Choices = AS_REPORTED
) -> tuple[ReconciledExam, ...]:
    """Return the exams of one group, one a patient, that follow from all of its evidences.

    `choices` says what people decided that the exams of some machines are (P36).
    """
    versions = {one.holds.record_id: one for one in choose_versions(canonical(evidences))}
    holding = canonical(version.holds for version in versions.values())
    patients = split_by_patient(holding)
    ownership = settle(patients)
    exams: list[ReconciledExam] = []
    for key, own in patients.items():
        if not any(_speaks_of_an_exam(evidence) for evidence in own):
            continue
        conflict = ownership.conflicts.get(key)
        exams.append(
            _exam(
                key,
                own,
                [versions[evidence.record_id] for evidence in own],
                count_parts(own, ownership.elsewhere),
                () if conflict is None else (conflict,),
                ownership.elsewhere.keys(),
                choices,
            )
        )
    return tuple(exams)


def _speaks_of_an_exam(evidence: Evidence) -> bool:
    """A dose does; a performed step without dose only where it names its study."""
    reading = evidence.reading
    return bool(families(reading)) or (reading.step is not None and bool(reading.study.uid))


def _exam(
    key: PatientKey,
    evidences: Sequence[Evidence],
    versions: Sequence[ObjectVersions],
    parts: Sequence[CountedPart],
    conflicts: tuple[Conflict, ...],
    elsewhere: Collection[str],
    choices: Choices,
) -> ReconciledExam:
    everything = canonical(
        evidence for version in versions for evidence in (version.holds, *version.older)
    )
    study_uids = _study_uids(evidences)
    stand_in = study_uids[0] if study_uids else evidences[0].sha256
    patient = identity(key, everything, stand_in)
    events = tuple(event for part in parts for event in part.events)
    shown = [(part, shown_modality(part, evidences, choices)) for part in parts]
    values = [measure for part in parts for measure in part.totals.values]
    return ReconciledExam(
        id=_exam_id(patient, stand_in),
        patient=patient,
        study_uid=study_uids[0] if study_uids else "",
        accession_number=first_text(everything, "study.accession_number"),
        started=_started(everything, events),
        modality=exam_modality([(part.family, one.modality) for part, one in shown])
        or first_text(everything, "modality"),
        description=first_text(everything, "study.description", "study.requested_procedure"),
        protocol=first_text(everything, "protocol", "series_description"),
        institution=first_text(everything, "equipment.institution"),
        station=first_text(everything, "equipment.station_name"),
        manufacturer=first_text(everything, "equipment.manufacturer"),
        model=first_text(everything, "equipment.model"),
        devices=";".join(_distinct(one.device.id for _, one in shown if one.device)),
        state=_state(evidences),
        origin=_origin(evidences),
        evidence_kind=_kind_of_dose(parts, evidences),
        events=tuple(_counted(event) for event in events),
        dlp_mgy_cm=_total(parts, "dlp"),
        ctdi_vol_max_mgy=_largest(values, "ctdi_vol"),
        dose_area_product_gy_cm2=_total(parts, "dose_area_product"),
        dose_rp_mgy=_only(parts, "dose_rp"),
        fluoro_time_s=_total(parts, "fluoro_time"),
        agd_left_mgy=_of_breast(values, "left"),
        agd_right_mgy=_of_breast(values, "right"),
        administered_activity_mbq=_total(parts, "administered_activity"),
        facts=exam_facts(evidences, values),
        summary=_summary(evidences, versions, shown, conflicts, elsewhere, study_uids),
    )


def _exam_id(patient: PatientIdentity, stand_in: str) -> str:
    name = f"{patient.issuer}\x1f{patient.identifier}\x1f{stand_in}"
    return uuid5(_NAMESPACE, name).hex


def _summary(
    evidences: Sequence[Evidence],
    versions: Sequence[ObjectVersions],
    shown: Sequence[tuple[CountedPart, ShownModality]],
    conflicts: tuple[Conflict, ...],
    elsewhere: Collection[str],
    study_uids: tuple[str, ...],
) -> ExamSummary:
    parts = [part for part, _ in shown]
    changed = tuple(change for version in versions for change in version.conflicts)
    found = tuple(conflict for part in parts for conflict in part.conflicts)
    return ExamSummary(
        headline=tuple(measure for part in parts for measure in _headline(part)),
        parts=tuple(
            Part(
                modality=one.modality,
                evidence_kind=_kind_of_dose([part], evidences),
                event_count=len(part.events),
                values=part.totals.values,
                record_ids=tuple(evidence.record_id for evidence in part.evidences),
                reported_modality="" if one.reported == one.modality else one.reported,
                device=one.device,
            )
            for part, one in shown
        ),
        differences=tuple(one for part in parts for one in part.totals.differences),
        conflicts=conflicts + changed + found,
        evidences=_uses(evidences, versions, parts, elsewhere),
        study_uids=study_uids,
        accession_numbers=_distinct(
            number for evidence in evidences for number in numbers_of(evidence.reading)
        ),
        orders=orders_of(evidences, {event.uid for part in parts for _, _, event in part.events}),
        patient=_patient_then(evidences),
        deviation_count=sum(
            len(evidence.reading.deviations)
            for evidence in evidences
            if evidence.source_kind not in ASSIGNABLE  # those have doubts, and no standard
        ),
        notes=tuple(note for part in parts for note in part.totals.notes),
    )


def _uses(
    evidences: Sequence[Evidence],
    versions: Sequence[ObjectVersions],
    parts: Sequence[CountedPart],
    elsewhere: Collection[str],
) -> tuple[EvidenceUse, ...]:
    """Say of every evidence what it was used for; counted in any part is counted."""
    uses: list[EvidenceUse] = []
    for evidence, version in zip(evidences, versions, strict=True):
        found = [part.uses[evidence.record_id] for part in parts if evidence.record_id in part.uses]
        counted = [use for use in found if use[0] is Role.COUNTED]
        unused = _COUNTED_ELSEWHERE if evidence.record_id in elsewhere else _NOT_COUNTED
        role, reason = (counted or found or [unused])[0]
        uses.append(_use(evidence, role, reason))
        uses += [
            _use(older, Role.SUPERSEDED, "a later version of the same object came")
            for older in version.older
        ]
    return tuple(uses)


def _use(evidence: Evidence, role: Role, reason: str) -> EvidenceUse:
    reading = evidence.reading
    return EvidenceUse(
        evidence.record_id, reading.kind, role, reason, reading.sop_instance_uid, evidence.created
    )


def _headline(part: CountedPart) -> list[Measure]:
    wanted = _HEADLINE[part.family]
    return [
        measure
        for quantity in wanted
        for measure in part.totals.values
        if measure.quantity == quantity
    ]


def _counted(indexed: IndexedEvent) -> CountedEvent:
    record, index, event = indexed
    doses = {
        column: value.value
        for value in event.values
        if (column := _EVENT_COLUMNS.get(value.quantity)) is not None
    }
    return CountedEvent(
        uid=event.uid,
        record_id=record,
        record_index=index,
        kind=event.kind,
        started=event.started.local if event.started else "",
        event_type=event.event_type.meaning if event.event_type else "",
        protocol=event.protocol,
        target_region=event.target_region.meaning if event.target_region else "",
        plane=event.plane or "",
        side=event.side or "",
        phantom=event.phantom or "",
        facts=event_facts(event),
        **doses,
    )


def _study_uids(evidences: Sequence[Evidence]) -> tuple[str, ...]:
    """The studies of an exam; those whose evidence only repeats what counts stand last."""
    kept = _distinct(one.reading.study.uid for one in evidences if not one.yields)
    every = _distinct(one.reading.study.uid for one in evidences)
    return (*kept, *(uid for uid in every if uid not in kept))


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({text for text in texts if text}))


def _started(evidences: Sequence[Evidence], events: Sequence[IndexedEvent]) -> str:
    """The sender's local time of the first irradiation, else of the study, the step, the object.

    An injection may precede its imaging by an hour or a day, so events of other kinds go first.
    """
    for is_injection in (False, True):
        moments = [
            event.started.local
            for _, _, event in events
            if event.started is not None
            and (event.kind is EventKind.RADIOPHARMACEUTICAL) is is_injection
        ]
        if moments:
            return min(moments)
    for evidence in evidences:
        study = evidence.reading.study
        if study.date:
            return _iso(study.date, study.time)
    for evidence in evidences:
        step = evidence.reading.step
        if step and step.started:
            return step.started.local
    return next((evidence.created for evidence in evidences if evidence.created), "")


def _iso(date: str, time: str) -> str:
    """Write DA and TM text as ISO 8601; what is not eight digits stays as sent."""
    day = date.strip().replace(".", "")
    if len(day) != 8:
        return day
    clock = time.strip().replace(":", "")
    local = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    parts = [clock[:2], clock[2:4], clock[4:]]
    written = ":".join(part for part in parts if part)
    return f"{local}T{written}" if written else local


def _state(evidences: Sequence[Evidence]) -> ExamState:
    """The state of the performed steps together; dose of a discontinued one stays (P53)."""
    steps = {evidence.reading.step.status for evidence in evidences if evidence.reading.step}
    if "IN PROGRESS" in steps:
        return "in progress"
    if "COMPLETED" in steps:
        return "completed"
    return "discontinued" if "DISCONTINUED" in steps else ""


def _origin(evidences: Sequence[Evidence]) -> Origin:
    is_imported = all(evidence.source_kind == _IMPORT for evidence in evidences)
    return "imported" if is_imported else "captured"


def _patient_then(evidences: Sequence[Evidence]) -> PatientThen:
    patients = [evidence.reading.patient for evidence in evidences]
    return PatientThen(
        name=first_text(evidences, "patient.name"),
        sex=first_text(evidences, "patient.sex"),
        age=first_text(evidences, "patient.age"),
        size_m=next((one.size_m for one in patients if one.size_m is not None), None),
        weight_kg=next((one.weight_kg for one in patients if one.weight_kg is not None), None),
    )


def _kind_of_dose(parts: Sequence[CountedPart], evidences: Sequence[Evidence]) -> str:
    """The strongest evidence that doses come from; without a dose, of all that counts, or is there.

    An MPPS that states a number of exposures is not where the dose of a screen was read.
    """
    dosed = {
        source.record_id
        for part in parts
        for measure in part.totals.values
        if QUANTITIES[measure.quantity].is_dose
        for source in measure.sources
    }
    counted = canonical(evidence for part in parts for evidence in part.evidences)
    of_dose = canonical(evidence for evidence in evidences if evidence.record_id in dosed)
    return (of_dose or counted or tuple(evidences))[0].reading.kind


def _total(parts: Sequence[CountedPart], quantity: str) -> Decimal | None:
    """The total over all parts; None where a part states several that do not add."""
    numbers: list[Decimal] = []
    for part in parts:
        if all(measure.quantity != quantity for measure in part.totals.values):
            continue
        measure = whole(part.totals.values, quantity)
        if measure is None:
            return None
        numbers.append(measure.value)
    return plain(sum(numbers, Decimal(0))) if numbers else None


def _only(parts: Sequence[CountedPart], quantity: str) -> Decimal | None:
    """The value of the only part and plane that has one: Ka,r never adds over planes (P16)."""
    measures = [
        measure for part in parts for measure in part.totals.values if measure.quantity == quantity
    ]
    if len(measures) == 1:
        return measures[0].value
    return next((one.value for one in measures if one.plane == Plane.ALL), None)


def _largest(values: Sequence[Measure], quantity: str) -> Decimal | None:
    numbers = [measure.value for measure in values if measure.quantity == quantity]
    return max(numbers) if numbers else None


def _of_breast(values: Sequence[Measure], side: str) -> Decimal | None:
    numbers = [
        measure.value
        for measure in values
        if measure.quantity == "average_glandular_dose" and measure.side == side
    ]
    return numbers[0] if len(numbers) == 1 else None
