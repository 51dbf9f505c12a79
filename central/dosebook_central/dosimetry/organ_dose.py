"""Organ doses: those that the object states, and for CT published fits, or why there are none.

A value carries its method; doses of two methods are never merged or compared in one series (P33).
"""

from collections.abc import Sequence
from typing import Final

from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs
from dosebook_central.dosimetry.organ_ct import QUANTITY, Refused, organ_doses
from dosebook_central.dosimetry.parts import part_of
from dosebook_central.dosimetry.stated import STATED
from dosebook_central.dosimetry.values import DerivedValue, NotComputable, Place
from dosebook_protocol.reading import EventKind

LABEL_STATED: Final = "as the object states it"
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


def organ_findings(exam: ExamInputs, context: Context) -> Findings:
    """Return stated organ doses and those of CT fits in force; one reason a family without any."""
    values: list[DerivedValue] = []
    absences: list[NotComputable] = []
    by_kind: dict[EventKind, list[EventInputs]] = {}
    for event in exam.events:
        by_kind.setdefault(event.kind, []).append(event)
    for kind, events in by_kind.items():
        part = part_of(exam, kind)
        found = [one for event in events for one in _stated(event, part)]
        if kind is EventKind.CT:
            computed, refused = _computed(exam, events, context, part)
            found += computed
            if not found and refused is not None:
                absences.append(_absent(refused.code, refused.reason, part))
        elif not found and kind in _WHY_NOT:
            absences.append(_absent(*_WHY_NOT[kind], part))
        values += found
    return Findings(tuple(values), tuple(absences))


def _stated(event: EventInputs, part: int) -> list[DerivedValue]:
    return [
        DerivedValue(
            QUANTITY,
            stated.value,
            "mGy",
            STATED,
            Place(
                event=event.ordinal, part=part, organ=stated.organ.text or stated.organ.code or "?"
            ),
            label=LABEL_STATED,
            notes=_NOTES,
        )
        for stated in event.organs
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
