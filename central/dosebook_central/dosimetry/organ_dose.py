"""Organ doses: those that the object states, and for CT published fits, or why there are none.

A value carries its method; doses of two methods are never merged or compared in one series (P33).
Programs differ by more than 100 % for organs outside the scan: a stated dose of one says so.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from dosebook_central.dosimetry.anatomy_tables import UNMAPPED, atlas
from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import Concept, EventInputs, ExamInputs, OrganStated
from dosebook_central.dosimetry.organ_ct import QUANTITY, Refused, organ_doses
from dosebook_central.dosimetry.parts import part_of
from dosebook_central.dosimetry.sets import view
from dosebook_central.dosimetry.values import (
    DerivedValue,
    Flag,
    Method,
    NotComputable,
    Place,
)
from dosebook_protocol.codes import canonical
from dosebook_protocol.reading import EventKind

LABEL_STATED: Final = "as the object states it"
LABEL_OUTSIDE: Final = "as the object states it, outside the scanned region"
_OUTSIDE: Final = "programs differ by more than 100 % for organs outside the scan"
_NOTES: Final = (
    "no interval: the object states none",
    "comparable only with organ doses of the same method",
)
# The dose of the breast in mammography is its AGD, and stands there.
_WHY_NOT: Final = {
    EventKind.PROJECTION: (
        "no-coefficient",
        "the object states none, and no method for its beam geometries may be shipped",
    ),
    EventKind.RADIOPHARMACEUTICAL: (
        "no-coefficient",
        "the object states none (an RRDSR can), and no verified organ coefficients are in force",
    ),
}


def by_method(values: Iterable[DerivedValue]) -> dict[Method, list[DerivedValue]]:
    """Sort organ doses into series of one method each: only these may stand in one chart (P33).

    Methods are one only if id, version, source and coefficient set all agree: what two objects
    state without the same source are two.
    """
    found: dict[Method, list[DerivedValue]] = {}
    for value in values:
        found.setdefault(value.method, []).append(value)
    return found


def organ_findings(exam: ExamInputs, context: Context) -> Findings:
    """Return stated organ doses and those of CT fits in force; one reason a family without any."""
    values: list[DerivedValue] = []
    absences: list[NotComputable] = []
    flags: list[Flag] = []
    by_kind: dict[EventKind, list[EventInputs]] = {}
    for event in exam.events:
        by_kind.setdefault(event.kind, []).append(event)
    for kind, events in by_kind.items():
        part = part_of(exam, kind)
        found = [one for event in events for one in _stated(exam, event, context, part)]
        flags += _flags(found)
        if kind is EventKind.CT:
            computed, refused = _computed(exam, events, context, part)
            found += computed
            if not found and refused is not None:
                absences.append(_absent(refused.code, refused.reason, part))
        elif not found and kind in _WHY_NOT:
            absences.append(_absent(*_WHY_NOT[kind], part))
        values += found
    return Findings(tuple(values), tuple(absences), tuple(flags))


def _stated(
    exam: ExamInputs, event: EventInputs, context: Context, part: int
) -> list[DerivedValue]:
    found = []
    for stated in event.organs:
        is_outside = _is_outside(stated.organ, event, context)
        place = Place(
            event=event.ordinal, part=part, organ=stated.organ.text or stated.organ.code or "?"
        )
        found.append(
            DerivedValue(
                QUANTITY,
                stated.value,
                "mGy",
                _method(exam, stated),
                place,
                label=LABEL_OUTSIDE if is_outside else LABEL_STATED,
                notes=(*_NOTES, _OUTSIDE) if is_outside else _NOTES,
            )
        )
    return found


def _method(exam: ExamInputs, stated: OrganStated) -> Method:
    """Name what an object's organ doses were computed by: its own words, else who wrote it."""
    machine = " ".join(filter(None, (exam.manufacturer, exam.model, exam.software)))
    text = f"by {stated.method}" if stated.method else "which names no method"
    source = f"the exam's own evidence{f': {machine}' if machine else ''}"
    return Method("stated", f"as the object states it, {text}", "1", source)


def _is_outside(organ: Concept, event: EventInputs, context: Context) -> bool:
    """Whether an organ lies in another region than a CT event scanned; unknown is not outside."""
    if event.kind is not EventKind.CT:
        return False
    tables = view(context.library, atlas)
    own = tables.codes.get(canonical(organ.code, organ.scheme), UNMAPPED)
    scanned = context.regions[event.ordinal].region
    return UNMAPPED not in {own, scanned} and not tables.agree(scanned, own)


def _flags(values: Iterable[DerivedValue]) -> list[Flag]:
    organs: dict[int, list[str]] = {}
    for one in values:
        if one.label == LABEL_OUTSIDE:
            organs.setdefault(one.place.event, []).append(one.place.organ)
    return [
        Flag(
            "organ-outside",
            f"the object states organ doses outside the scanned region ({', '.join(names)}): "
            f"{_OUTSIDE}",
            event,
        )
        for event, names in organs.items()
    ]


def _computed(
    exam: ExamInputs, events: Sequence[EventInputs], context: Context, part: int
) -> tuple[list[DerivedValue], Refused | None]:
    """Return the organ doses of the CT events, and the first reason that refused one."""
    values: list[DerivedValue] = []
    refused: Refused | None = None
    for event in events:
        found = organ_doses(event, exam.patient.sex, context, part)
        if isinstance(found, Refused):
            refused = refused or found
        else:
            values += found
    return values, refused


def _absent(code: str, reason: str, part: int) -> NotComputable:
    return NotComputable(QUANTITY, code, reason, Place(part=part))
