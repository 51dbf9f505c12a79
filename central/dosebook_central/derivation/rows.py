"""Rows of exams in, rows of derived doses out.

The present view is one row an exam and one an exam's region: what lists, samples and sums need.
Numbers that must not be added are not: several phantoms, two planes and two breasts stay apart, or
the column stays empty (P13, P16, P29). Whoever changes what these rows say of a `Derived` raises
`DOSIMETRY_VERSION`, so that a recomputation writes them anew.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Text, cast, select

from dosebook_central.dosimetry.ct_events import acquisition_of
from dosebook_central.dosimetry.ct_totals import LABEL_IMAGING
from dosebook_central.dosimetry.inputs import ExamInputs, exam_inputs
from dosebook_central.dosimetry.patient import body_of
from dosebook_central.dosimetry.sums import add_up
from dosebook_central.dosimetry.values import WHOLE_EXAM, Derived, DerivedValue
from dosebook_central.store.bulk import Row, one_of
from dosebook_central.store.models import Event, Exam
from dosebook_protocol.reading import EventKind

_EXAM: Final = (
    "id",
    "modality",
    "started",
    "origin",
    "institution",
    "station",
    "manufacturer",
    "model",
)
_EVENT: Final = ("ordinal", "uid", "kind", "started", "protocol", "plane", "side", "phantom")
_NO_FACTS: Final = "{}"


@dataclass(frozen=True, slots=True)
class ExamRow:
    """An exam as formulas see it, whose it is, and the SHA-256 of all that was read of it."""

    exam: ExamInputs
    patient_id: str
    group_id: str
    sha256: str
    has_facts: bool  # False for one that was reconciled before facts were kept


def read_exams(connection: Connection, exam_ids: Collection[str]) -> list[ExamRow]:
    """Read exams with their events in two statements, in order of id; what is gone is left out."""
    events: defaultdict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(
        select(Event.exam_id, cast(Event.facts, Text), *(getattr(Event, name) for name in _EVENT))
        .where(one_of(connection, Event.exam_id, exam_ids))
        .order_by(Event.exam_id, Event.ordinal)
    ):
        events[row[0]].append(row)
    exams = connection.execute(
        select(
            Exam.patient_id,
            Exam.group_id,
            cast(Exam.facts, Text),
            *(getattr(Exam, name) for name in _EXAM),
        )
        .where(one_of(connection, Exam.id, exam_ids))
        .order_by(Exam.id)
    )
    return [_exam(row, events[row[3]]) for row in exams]


def dose_row(row: ExamRow, derived: Derived, version: int) -> Row:
    """The row of the present view of one exam, without what its skin dose map adds."""
    exam, body = row.exam, body_of(row.exam)
    found = _Headline(derived)
    effective = found.effective_dose()
    activities = found.of("administered_activity")
    view, thickness = _largest_view(derived, exam)
    return {
        "exam_id": exam.exam_id,
        "version": version,
        "patient_id": row.patient_id,
        "started": exam.started,
        "modality": exam.modality,
        "station": exam.station,
        "institution": exam.institution,
        "origin": exam.origin,
        "is_therapeutic": derived.is_therapeutic,
        "procedure_id": derived.procedure_id,
        "procedure_source": derived.procedure_source,
        "regions": ";".join(sorted({share.region for share in derived.shares})),
        "sex": exam.patient.sex,
        "age_years": derived.age_years,
        "weight_kg": body.weight_kg,
        "size_m": body.size_m,
        "phantom": _common(value.place.phantom or "" for value in found.of("ctdi_vol")),
        "effective_dose_msv": effective.value,
        "effective_dose_low_msv": effective.low,
        "effective_dose_high_msv": effective.high,
        "effective_dose_set": effective.coefficient_set,
        "is_typical": effective.is_typical,
        "dlp_mgy_cm": _only(found.of("dlp")),
        "dlp_imaging_mgy_cm": _only(found.imaging),
        "dlp_event_max_mgy_cm": _largest_dlp(exam),
        "ctdi_vol_max_mgy": _largest(found.of("ctdi_vol")),
        "ssde_max_mgy": _largest(found.of("ssde")),
        "dose_area_product_gy_cm2": _sum(found.of("dose_area_product")),
        "dose_rp_mgy": _only(found.of("dose_rp")),
        "fluoro_time_s": _sum(found.of("fluoro_time")),
        "agd_left_mgy": _only(found.of("average_glandular_dose", "left")),
        "agd_right_mgy": _only(found.of("average_glandular_dose", "right")),
        "agd_view_max_mgy": view,
        "administered_activity_mbq": _only(activities),
        "agent": _common(value.place.agent for value in activities),
        "compression_thickness_mm": thickness,
        "exemptions": ";".join(one.rule for one in derived.exemptions),
    }


def region_rows(row: ExamRow, derived: Derived) -> list[Row]:
    """The rows of the present view of what one exam gave each base region."""
    exam = row.exam
    return [
        {
            "exam_id": exam.exam_id,
            "region": share.region,
            "quantity": share.quantity,
            "phantom": share.phantom or "",
            "side": share.side or "",
            "patient_id": row.patient_id,
            "started": exam.started,
            "modality": exam.modality,
            "is_therapeutic": derived.is_therapeutic,
            "origin": exam.origin,
            "value": share.value,
            "low": share.low,
            "high": share.high,
            "event_count": len(share.events),
            "is_split": share.is_split,
        }
        for share in derived.shares
    ]


@dataclass(frozen=True, slots=True)
class _Effective:
    value: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    coefficient_set: str = ""
    is_typical: bool = False


class _Headline:
    """The values of a whole exam that its page shows first, by quantity."""

    def __init__(self, derived: Derived) -> None:
        self._derived = derived
        self.imaging: list[DerivedValue] = []  # DLP of imaging acquisitions (P14)
        self._values: defaultdict[str, list[DerivedValue]] = defaultdict(list)
        for value in derived.values:
            if value.place.event != WHOLE_EXAM:
                continue
            if value.label == LABEL_IMAGING:
                self.imaging.append(value)
            elif value.is_headline:
                self._values[value.quantity].append(value)

    def of(self, quantity: str, side: str = "") -> list[DerivedValue]:
        return [value for value in self._values[quantity] if not side or value.place.side == side]

    def effective_dose(self) -> _Effective:
        """Of all parts together; none where a part has none (P60), for it would seem too small."""
        values = self._values["effective_dose"]
        parts = {value.place.part for value in values}
        is_incomplete = any(
            absence.quantity == "effective_dose"
            and absence.place.event == WHOLE_EXAM
            and absence.place.part not in parts
            for absence in self._derived.absences
        )
        if not values or is_incomplete or len(parts) < len(values):
            return _Effective()
        added = add_up(
            (one.value, *((one.interval.low, one.interval.high) if one.interval else (None, None)))
            for one in values
        )
        return _Effective(
            added.value,
            added.low,
            added.high,
            ";".join(dict.fromkeys(value.method.coefficient_set for value in values)),
            any(value.is_estimate for value in values),
        )


def _exam(row: Sequence[Any], events: Sequence[Sequence[Any]]) -> ExamRow:
    patient_id, group_id, facts, *columns = row
    said = json.dumps([*columns, facts, *map(tuple, events)]).encode()
    return ExamRow(
        exam_inputs(
            dict(zip(_EXAM, columns, strict=True), facts=json.loads(facts)),
            [
                dict(zip(_EVENT, event[2:], strict=True), facts=json.loads(event[1]))
                for event in events
            ],
        ),
        patient_id,
        group_id,
        sha256(said).hexdigest(),
        facts != _NO_FACTS,
    )


def _only(values: Sequence[DerivedValue]) -> Decimal | None:
    return values[0].value if len(values) == 1 else None


def _largest(values: Sequence[DerivedValue]) -> Decimal | None:
    return max((value.value for value in values), default=None)


def _sum(values: Sequence[DerivedValue]) -> Decimal | None:
    return sum((value.value for value in values), Decimal(0)) if values else None


def _common(texts: Iterable[str]) -> str:
    distinct = set(texts)
    return distinct.pop() if len(distinct) == 1 else ""


def _largest_dlp(exam: ExamInputs) -> Decimal | None:
    """The largest DLP of one imaging acquisition, for levels that are for one; one phantom only."""
    stated = [
        (event.phantom, event.values["dlp"])
        for event in exam.events
        if event.kind is EventKind.CT and "dlp" in event.values and acquisition_of(event).is_imaging
    ]
    if len({phantom for phantom, _ in stated}) != 1:
        return None
    return max(value for _, value in stated)


def _largest_view(derived: Derived, exam: ExamInputs) -> tuple[Decimal | None, Decimal | None]:
    """The largest AGD of one view, and the compressed thickness of that view."""
    views = [
        value
        for value in derived.values
        if value.quantity == "average_glandular_dose" and value.place.event != WHOLE_EXAM
    ]
    if not views:
        return None, None
    largest = max(views, key=lambda value: value.value)
    thickness = next(
        (
            event.values.get("compression_thickness")
            for event in exam.events
            if event.ordinal == largest.place.event
        ),
        None,
    )
    return largest.value, thickness
