"""The event table of an exam: what each event is for, where it irradiated, and what it gave.

A hybrid exam has one table a part (P60). Localisers and bolus monitoring stay in sight and say
that they are not in the imaging total (P14).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.ct_events import Acquisition, acquisition_of
from dosebook_central.dosimetry.inputs import event_inputs
from dosebook_central.dosimetry.values import Derived, DerivedValue, RegionFinding
from dosebook_central.store.queries.exams import ExamEvent
from dosebook_central.web.regions import UNMAPPED, region_text
from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import EventKind

STATED: Final = (
    ("ctdi_vol", "ctdi_vol_mgy"),
    ("dlp", "dlp_mgy_cm"),
    ("dose_area_product", "dose_area_product_gy_cm2"),
    ("dose_rp", "dose_rp_mgy"),
    ("average_glandular_dose", "average_glandular_dose_mgy"),
    ("administered_activity", "administered_activity_mbq"),
)
DERIVED: Final = ("ssde", "effective_dose")
_TITLES: Final = {
    EventKind.CT: "CT",
    EventKind.PROJECTION: "X-ray",
    EventKind.MAMMOGRAPHY: "Mammography",
    EventKind.RADIOPHARMACEUTICAL: "Radiopharmaceutical",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of numbers; a derived one has its values by event, each with its index."""

    quantity: str
    field: str
    unit: str
    derived: Mapping[int, tuple[int, DerivedValue]]

    @property
    def is_derived(self) -> bool:
        """Whether a formula made the numbers."""
        return not self.field


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event with what dosimetry found out about it."""

    event: ExamEvent
    type_text: str
    type_title: str
    is_imaging: bool
    view: str
    region: str
    region_title: str
    doubt: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class EventPart:
    """The events of one family, with the columns that they need."""

    title: str
    rows: tuple[EventRow, ...]
    columns: tuple[Column, ...]
    has: Mapping[str, bool]

    def numbers(self, column: Column) -> list[Decimal | None]:
        """All numbers of a column, which line up."""
        if column.is_derived:
            return [value.value for _, value in column.derived.values()]
        return [getattr(row.event, column.field) for row in self.rows]


def event_parts(
    events: Iterable[ExamEvent], derived: Derived | None, region: str = ""
) -> list[EventPart]:
    """The event tables of an exam; events that irradiated `region` are marked."""
    listed = list(events)
    chosen = _events_of(derived, region)
    findings = {one.event: one for one in derived.regions} if derived else {}
    return [
        _part(kind, [one for one in listed if one.kind == kind], derived, findings, chosen)
        for kind in EventKind
        if any(one.kind == kind for one in listed)
    ]


def _part(
    kind: EventKind,
    events: list[ExamEvent],
    derived: Derived | None,
    findings: Mapping[int, RegionFinding],
    chosen: frozenset[int],
) -> EventPart:
    rows = tuple(_row(kind, one, findings.get(one.ordinal), chosen) for one in events)
    has = {
        name: any(getattr(one, name) for one in events)
        for name in ("protocol", "plane", "side", "started", "phantom")
    }
    has |= {name: any(getattr(row, name) for row in rows) for name in ("type_text", "view")}
    has["region"] = any(row.region for row in rows)
    return EventPart(_TITLES[kind], rows, tuple(_columns(events, derived)), has)


def _columns(events: list[ExamEvent], derived: Derived | None) -> Iterable[Column]:
    for quantity, field in STATED:
        if any(getattr(one, field) is not None for one in events):
            yield Column(quantity, field, QUANTITIES[quantity].unit, {})
    ordinals = {one.ordinal for one in events}
    for quantity in DERIVED:
        found = {
            value.place.event: (index, value)
            for index, value in enumerate(derived.values if derived else ())
            if value.quantity == quantity and value.place.event in ordinals and not value.label
        }
        if found:
            yield Column(quantity, "", QUANTITIES[quantity].unit, found)


def _row(
    kind: EventKind, event: ExamEvent, finding: RegionFinding | None, chosen: frozenset[int]
) -> EventRow:
    acquisition = _acquisition(event) if kind is EventKind.CT else None
    view = event.facts.get("coded", {}).get("view")
    return EventRow(
        event=event,
        type_text=str(acquisition.kind.value) if acquisition else event.event_type,
        type_title=_type_title(event, acquisition),
        is_imaging=acquisition is None or acquisition.is_imaging,
        view=view[2] if view else "",
        region=_region(event, finding),
        region_title=_region_title(event, finding),
        doubt=finding.confidence if finding and finding.confidence in {"medium", "low"} else "",
        is_chosen=event.ordinal in chosen,
    )


def _acquisition(event: ExamEvent) -> Acquisition:
    return acquisition_of(event_inputs({name: getattr(event, name) for name in event.__slots__}))


def _type_title(event: ExamEvent, acquisition: Acquisition | None) -> str:
    said = f"sent as {event.event_type}" if event.event_type else "no type sent"
    return f"{said}; told by the protocol's name" if acquisition and acquisition.by_words else said


def _region(event: ExamEvent, finding: RegionFinding | None) -> str:
    if finding is None:
        return event.target_region
    return "" if finding.region == UNMAPPED else region_text(finding.region)


def _region_title(event: ExamEvent, finding: RegionFinding | None) -> str:
    sent = f"target region sent: {event.target_region}" if event.target_region else ""
    if finding is None:
        return sent
    others = f"but {'; '.join(finding.others)}" if finding.others else ""
    return "; ".join(
        filter(None, (f"{finding.confidence} confidence: {finding.said_by}", others, sent))
    )


def _events_of(derived: Derived | None, region: str) -> frozenset[int]:
    if derived is None or not region:
        return frozenset()
    return frozenset(
        event for share in derived.shares if share.region == region for event in share.events
    )
