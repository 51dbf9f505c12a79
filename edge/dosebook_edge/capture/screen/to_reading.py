"""From what was read on a screen to the reading of a record.

A value that the reader released becomes a `DoseValue`; one that a person must look at becomes a
pending item in its place, and counts nowhere. Rows of a table are irradiation events with a
synthesised UID that the same row gets again, however often its screen is shown.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, get_args

from dosebook_edge.capture.screen.profile import Cell, Column, ScreenProfile
from dosebook_edge.capture.screen.reading import Exam, ReadValue, ScreenReading
from dosebook_edge.capture.screen.report import value_of
from dosebook_edge.capture.screen.video_signal import SCALED
from dosebook_protocol.quantities import QUANTITIES, to_storage
from dosebook_protocol.reading import (
    CodedItem,
    Deviation,
    DoseValue,
    Equipment,
    EventKind,
    IrradiationEvent,
    Moment,
    Outcome,
    Patient,
    Phantom,
    Plane,
    Reading,
    Study,
    Total,
)
from dosebook_protocol.screen import KIND, PATH, PROFILE_ITEM, Place, pending_item

_SPACE: Final = uuid.UUID("5a1d94a8-2a5e-5a53-9a7a-6f7f5d0f6f0e")
_EVENTS: Final = {"ct": EventKind.CT, "projection": EventKind.PROJECTION}
_PHANTOMS: Final[tuple[Phantom, ...]] = get_args(Phantom)
_PLANES: Final = {one.value: one for one in Plane}


@dataclass(frozen=True, slots=True)
class Whose:
    """The exam that a screen belongs to, as far as the box knows it.

    `unassigned` says in words why no exam is named; "" where one is. `created` is the moment that
    a secondary capture states for itself; else a screen is of the moment that it was taken.
    """

    patient: Patient = field(default_factory=Patient)
    study: Study = field(default_factory=Study)
    equipment: Equipment = field(default_factory=Equipment)
    modality: str = ""
    performed_step_uid: str = ""
    started_at: datetime | None = None
    unassigned: str = ""
    created: Moment | None = None

    @property
    def exam(self) -> Exam | None:
        """What the reader compares the screen with; None where no exam is named."""
        if self.unassigned:
            return None
        return Exam(self.patient.id, self.study.accession_number, self.started_at)


@dataclass(frozen=True, slots=True)
class Screened:
    """A reading, and where on it each value of the screen stands: what its report has to say."""

    reading: Reading
    places: dict[str, Place]


def synthesised_uid(*parts: str) -> str:
    """A UID that the same parts always give (UUID of version 5 under 2.25, PS3.5 annex B.2)."""
    return f"2.25.{uuid.uuid5(_SPACE, chr(31).join(parts)).int}"


def scope_of(seen: ScreenReading, whose: Whose, source: str) -> str:
    """What the counters of a screen accumulated over: a step, a study, or this one picture."""
    known = whose.performed_step_uid or whose.study.uid
    return known or synthesised_uid(source, seen.picture_digest, seen.taken_at.isoformat())


def to_reading(
    seen: ScreenReading, profile: ScreenProfile, whose: Whose, *, source: str
) -> Screened:
    """The reading of a screen that was not refused; `source` names box and source."""
    scope = scope_of(seen, whose, source)
    cells = {cell.name: cell for cell in profile.cells}
    values = [one for one in seen.values if one.quantity]
    uids = _uids(seen, profile, scope)
    places = {
        one.name: _place(cells[_base(one.name)], uids.get((one.table, one.row), ""))
        for one in values
    }
    has_dose = any(QUANTITIES[one.quantity].is_dose for one in values)
    at = seen.taken_at
    reading = Reading(
        Outcome.READ if has_dose else Outcome.NO_DOSE,
        KIND,
        f"screen/{profile.id}",
        reason="" if has_dose else "the screen shows no dose value",
        modality=whose.modality or profile.modality,
        created=whose.created
        or Moment(at.isoformat(), at.replace(tzinfo=None).isoformat(), "+00:00"),
        patient=whose.patient,
        study=whose.study,
        equipment=whose.equipment,
        performed_step_uid=whose.performed_step_uid,
        scope_uid=scope,
        events=tuple(
            _event(uid, _EVENTS[_event_of(profile, table)], _row(seen, table, row), cells)
            for (table, row), uid in uids.items()
        ),
        totals=tuple(
            Total(_released(one), where.plane, where.side, where.phantom)
            for one in values
            if one.state == "accepted" and not (where := places[one.name]).event_uid
        ),
        items=(
            *_items(seen, profile, whose),
            *(
                pending_item(value_of(one, where))
                for one in values
                if one.state == "review" and not (where := places[one.name]).event_uid
            ),
        ),
        deviations=_deviations(seen),
    )
    return Screened(reading, places)


def _base(name: str) -> str:
    return name.partition("[")[0]


def _row(seen: ScreenReading, table: str, row: int) -> list[ReadValue]:
    return [one for one in seen.values if (one.table, one.row) == (table, row)]


def _event_of(profile: ScreenProfile, table: str) -> str:
    return next((one.event for one in profile.table if one.name == table), "")


def _uids(seen: ScreenReading, profile: ScreenProfile, scope: str) -> dict[tuple[str, int], str]:
    """UID of each row that is an event: by the number that it shows, else by its place.

    A report of several pages goes on counting, so that a number tells rows apart where a place
    does not.
    """
    columns = {one.name: one for table in profile.table for one in table.column}
    rows: dict[tuple[str, int], str] = {}
    for one in seen.values:
        if one.row and _event_of(profile, one.table) and one.quantity:
            rows.setdefault((one.table, one.row), str(one.row))
    for one in seen.values:
        cell = columns.get(_base(one.name))
        is_number = cell is not None and cell.role == "number" and one.state == "accepted"
        if is_number and (one.table, one.row) in rows:
            rows[(one.table, one.row)] = f"number {one.text}"
    return {
        place: synthesised_uid(scope, profile.id, place[0], number)
        for place, number in rows.items()
    }


def _place(cell: Cell, event_uid: str) -> Place:
    if event_uid:
        return Place(event_uid=event_uid)
    return Place(plane=cell.plane, side=cell.side, phantom=cell.phantom)


def _event(
    uid: str, kind: EventKind, row: list[ReadValue], cells: dict[str, Cell]
) -> IrradiationEvent:
    said: dict[str, ReadValue] = {}
    for one in row:
        cell = cells[_base(one.name)]
        if isinstance(cell, Column) and cell.role and one.state == "accepted":
            said[cell.role] = one
    phantom, plane = said.get("phantom"), said.get("plane")
    numbers = [one for one in row if one.quantity]
    return IrradiationEvent(
        uid,
        kind,
        uid_is_synthesised=True,
        protocol=said["protocol"].text if "protocol" in said else "",
        plane=_PLANES.get(plane.meaning) if plane else _own_plane(row, cells),
        phantom=_phantom(phantom.meaning) if phantom else _own_phantom(row, cells),
        values=tuple(_released(one) for one in numbers if one.state == "accepted"),
        items=(
            *(
                CodedItem("event_type", text=one.meaning or one.text, path=PATH + one.name)
                for one in (said.get("event-type"),)
                if one is not None
            ),
            *(pending_item(value_of(one, Place())) for one in numbers if one.state == "review"),
        ),
    )


def _phantom(meaning: str) -> Phantom | None:
    return next((one for one in _PHANTOMS if one == meaning), None)


def _own_phantom(row: list[ReadValue], cells: dict[str, Cell]) -> Phantom | None:
    return next((p for one in row if (p := cells[_base(one.name)].phantom)), None)


def _own_plane(row: list[ReadValue], cells: dict[str, Cell]) -> Plane | None:
    return next((p for one in row if (p := cells[_base(one.name)].plane)), None)


def _released(one: ReadValue) -> DoseValue:
    number = Decimal(0) if one.value is None else one.value  # never None once accepted
    stored = to_storage(number, one.unit, one.quantity)
    unit = QUANTITIES[one.quantity].unit
    return DoseValue(one.quantity, stored, unit, one.text, one.unit, PATH + one.name)


def _items(seen: ScreenReading, profile: ScreenProfile, whose: Whose) -> tuple[CodedItem, ...]:
    unassigned = [CodedItem("unassigned", text=whose.unassigned)] if whose.unassigned else []
    return (
        CodedItem(PROFILE_ITEM, text=f"{seen.profile}@{seen.revision}"),
        CodedItem("screen_source", text=f"{seen.source}, {seen.way}"),
        CodedItem("screen_of", text=f"{profile.maker} {profile.model}".strip()),
        CodedItem("screen_size", text=_size(seen)),
        *_signal(seen),
        *unassigned,
    )


def _size(seen: ScreenReading) -> str:
    text = f"{seen.width} x {seen.height}"
    if seen.placement is None:
        return text
    return f"{text}, scaled by {seen.placement.scale_x:.3f} x {seen.placement.scale_y:.3f}"


def _signal(seen: ScreenReading) -> tuple[CodedItem, ...]:
    """The signal behind a grabbed picture, and the monitor that the console took it for."""
    if seen.signal is None:
        return ()
    signal, monitor = seen.signal.words, seen.signal.monitor
    text = f"{signal}, EDID: {monitor or 'unknown'}"
    return (CodedItem("screen_signal", text=text),)


def _deviations(seen: ScreenReading) -> tuple[Deviation, ...]:
    scaling = seen.signal.scaling(seen.width, seen.height) if seen.signal else ""
    scaled = (Deviation(SCALED, "", scaling),) if scaling else ()
    return scaled + tuple(
        Deviation("screen-check-failed", PATH + one.name, f"{check.name}: {check.detail}")
        for one in seen.values
        for check in one.checks
        if check.outcome == "fail"
    )
