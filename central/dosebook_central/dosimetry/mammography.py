"""Mammography: glandular dose per view and accumulated per breast, never one of the patient (P3).

Views are events by UID: a tomosynthesis and a 2D image of one moment are two (P37). The breast is
the one that the object codes, never one read from a text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.exclusions import NOT_AUDIT, NOT_PATIENT, Exclusion, exclusion_of
from dosebook_central.dosimetry.findings import Context, Findings
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs, TotalInput
from dosebook_central.dosimetry.mammography_effective import effective_dose_findings
from dosebook_central.dosimetry.parts import part_of
from dosebook_central.dosimetry.stated import STATED, SUMMED, method_of, silent_note, unit_of
from dosebook_central.dosimetry.values import DerivedValue, Flag, Input, NotComputable, Place
from dosebook_protocol.quantities import QUANTITIES, plain
from dosebook_protocol.reading import BreastSide, EventKind

AGD: Final = "average_glandular_dose"
FOR_AUDITS: Final = "for comparison with reference levels, without biopsy and localisation views"
_UNIT: Final = unit_of(AGD)
_NO_INTERVAL: Final = "no interval: the object states no uncertainty of its glandular dose"
_BREASTS: Final[tuple[BreastSide, ...]] = ("left", "right")
_INPUTS: Final = ("compression_thickness", "percent_fibroglandular", "kvp", "half_value_layer")
_FROM: Final = {NOT_PATIENT: "all sums", NOT_AUDIT: "audits"}
_ALL_LEFT_OUT: Final = "no view of this breast is left that is of the patient and states a dose"
_NO_SIDE: Final = (
    "its object names the breast by no code, and a side is never read from a text; the machine's "
    "dose report (RDSR) states it"
)


@dataclass(frozen=True, slots=True)
class _View:
    """One exposure: its event, its dose in mGy if stated, and why it is left out if it is."""

    event: EventInputs
    dose: Decimal | None
    exclusion: Exclusion | None

    @property
    def is_of_patient(self) -> bool:
        return self.exclusion is None or self.exclusion.effect != NOT_PATIENT


def mammography_findings(exam: ExamInputs, context: Context) -> Findings:
    """Derive the doses of the mammography events of an exam; nothing where it has none."""
    views = [
        _View(event, event.values.get(AGD), exclusion_of(exam, event, context.library, "MG"))
        for event in exam.events
        if event.kind is EventKind.MAMMOGRAPHY
    ]
    totals = [total for total in exam.totals if total.quantity == AGD]
    if not views and not totals:
        return Findings()
    part = part_of(exam, EventKind.MAMMOGRAPHY)
    sums = {side: _accumulated(side, views, totals, part) for side in _BREASTS}
    doses = {side: found for side, found in sums.items() if found is not None}
    of_views = [_of_view(view, part) for view in views]
    values = [one for one in of_views if isinstance(one, DerivedValue)]
    absences = [one for one in of_views if isinstance(one, NotComputable)]
    absences += _without_side(views, totals, part)
    absences += [
        NotComputable(AGD, "excluded", _ALL_LEFT_OUT, Place(part=part, side=side))
        for side in _BREASTS
        if side not in doses and any(view.event.side == side for view in views)
    ]
    known_sides = all(view.event.side in _BREASTS for view in views) and bool(views)
    return Findings(
        (*values, *doses.values(), *_for_audits(views, part), *_unsided(totals, views, part)),
        tuple(absences),
        tuple(_flag(view.event, view.exclusion) for view in views if view.exclusion is not None),
    ) + effective_dose_findings(
        exam,
        [view.event for view in views if view.is_of_patient],
        context,
        {side: value.value for side, value in doses.items()},
        part,
        are_sides_known=known_sides,
    )


def _of_view(view: _View, part: int) -> DerivedValue | NotComputable:
    event = view.event
    place = Place(event=event.ordinal, part=part, side=event.side)
    if view.dose is None:
        return NotComputable(AGD, "not-stated", "the object states no dose for this view", place)
    label = event.coded["view"].text if "view" in event.coded else ""
    source = f"event {event.ordinal}"
    inputs = tuple(
        Input(QUANTITIES[name].label, str(event.values[name]), unit_of(name), source)
        for name in _INPUTS
        if name in event.values
    )
    notes: tuple[str, ...] = (_NO_INTERVAL,)
    if view.exclusion is not None:
        notes += (f"left out of {_FROM[view.exclusion.effect]}: {view.exclusion.reason}",)
    return DerivedValue(AGD, view.dose, _UNIT, STATED, place, None, label, inputs, notes)


def _accumulated(
    side: BreastSide, views: Sequence[_View], totals: Sequence[TotalInput], part: int
) -> DerivedValue | None:
    """Return the dose of one breast over its views: the stated total, unless views are left out."""
    mine = [view for view in views if view.event.side == side]
    kept = [view for view in mine if view.is_of_patient]
    stated = [total for total in totals if total.side == side]
    place = Place(part=part, side=side)
    if len(kept) < len(mine):
        left_out = f"{len(mine) - len(kept)} of {len(mine)} views left out: not of the patient"
        return _sum(kept, place, (_NO_INTERVAL, left_out), "", is_headline=True)
    if not stated:
        return None
    method = method_of(stated[0].basis) if len(stated) == 1 else SUMMED
    notes: tuple[str, ...] = (_NO_INTERVAL,)
    if method.id != "stated":
        notes += silent_note([view.event for view in mine], AGD)
    value = plain(sum((total.value for total in stated), Decimal(0)))
    return DerivedValue(AGD, value, _UNIT, method, place, None, "", (), notes, is_headline=True)


def _for_audits(views: Sequence[_View], part: int) -> list[DerivedValue]:
    """Return the dose of each breast without the views that audits leave out, where some are."""
    found: list[DerivedValue | None] = []
    for side in _BREASTS:
        mine = [view for view in views if view.event.side == side]
        if any(view.exclusion and view.exclusion.effect == NOT_AUDIT for view in mine):
            kept = [view for view in mine if view.exclusion is None]
            place = Place(part=part, side=side)
            found.append(_sum(kept, place, (_NO_INTERVAL,), FOR_AUDITS, is_headline=False))
    return [one for one in found if one is not None]


def _sum(
    views: Sequence[_View], place: Place, notes: tuple[str, ...], label: str, *, is_headline: bool
) -> DerivedValue | None:
    doses = [view.dose for view in views if view.dose is not None]
    if not doses:
        return None
    notes += silent_note([view.event for view in views], AGD)
    inputs = tuple(
        Input(f"AGD of event {view.event.ordinal}", str(view.dose), _UNIT)
        for view in views
        if view.dose is not None
    )
    value = plain(sum(doses, Decimal(0)))
    return DerivedValue(
        AGD, value, _UNIT, SUMMED, place, None, label, inputs, notes, is_headline=is_headline
    )


def _unsided(totals: Sequence[TotalInput], views: Sequence[_View], part: int) -> list[DerivedValue]:
    """Return stated totals that name no single breast, where no view names one either."""
    if any(view.event.side in _BREASTS for view in views):
        return []
    return [
        DerivedValue(
            AGD, total.value, _UNIT, method_of(total.basis), Place(part=part, side=total.side),
            label="both breasts together, as stated" if total.side else "breast not stated",
            notes=(_NO_INTERVAL,),
        )
        for total in totals
        if total.side not in _BREASTS
    ]  # fmt: skip


def _without_side(
    views: Sequence[_View], totals: Sequence[TotalInput], part: int
) -> list[NotComputable]:
    """Say which breasts have no dose, and why; a breast that was not exposed is not missing."""
    nameless = [view for view in views if view.event.side not in _BREASTS]
    if nameless:
        reason = f"{len(nameless)} of {len(views)} views: {_NO_SIDE}"
        return [NotComputable(AGD, "no-side", reason, Place(part=part))]
    if not views and all(total.side not in _BREASTS for total in totals):
        return [NotComputable(AGD, "no-side", _NO_SIDE, Place(part=part))]
    return []


def _flag(event: EventInputs, exclusion: Exclusion) -> Flag:
    word = f" ({exclusion.word})" if exclusion.word else ""
    return Flag(
        exclusion.effect,
        f"left out of {_FROM[exclusion.effect]}: {exclusion.reason}{word}; the list can be edited",
        event.ordinal,
    )
