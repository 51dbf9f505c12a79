"""Fluoroscopy and acquisition apart: KAP, Ka,r and time, as stated or by the type of each event."""

from collections.abc import Iterable, Sequence
from typing import Final

from dosebook_central.dosimetry.findings import Findings
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs, TotalInput
from dosebook_central.dosimetry.projection_totals import TWO_POINTS
from dosebook_central.dosimetry.stated import method_of, sum_of, unit_of
from dosebook_central.dosimetry.values import DerivedValue, Input, Method, NotComputable, Place
from dosebook_protocol.codes import Key, canonical
from dosebook_protocol.quantities import QUANTITIES, plain
from dosebook_protocol.reading import Plane

# Irradiation Event Type, PS3.16 CID 10002; legacy codes through `codes.canonical`.
_FLUOROSCOPY: Final[frozenset[Key]] = frozenset({("44491008", "SCT")})
_ACQUISITION: Final[frozenset[Key]] = frozenset(
    {("113611", "DCM"), ("113612", "DCM"), ("113613", "DCM")}
)
# Quantity of the split, event type, and what is added over events of that type.
_SPLIT: Final = (
    ("fluoro_dose_area_product", _FLUOROSCOPY, "dose_area_product"),
    ("acquisition_dose_area_product", _ACQUISITION, "dose_area_product"),
    ("fluoro_dose_rp", _FLUOROSCOPY, "dose_rp"),
    ("acquisition_dose_rp", _ACQUISITION, "dose_rp"),
    ("fluoro_time", _FLUOROSCOPY, "irradiation_duration"),
    ("acquisition_time", _ACQUISITION, "irradiation_duration"),
)
_NEVER_ADDED: Final = frozenset({"fluoro_dose_rp", "acquisition_dose_rp"})
_HEADLINE: Final = frozenset({"fluoro_time"})
_NO_INTERVAL: Final = "no interval: the object states no uncertainty of it"
_BY_TYPE: Final = Method(
    "sum-by-event-type",
    "sum over the events of this type",
    "1",
    "Irradiation Event Type, DICOM PS3.16 CID 10002",
)


def split_findings(exam: ExamInputs, events: Sequence[EventInputs], part: int) -> Findings:
    """Return the parts of KAP, Ka,r and time that fluoroscopy and acquisition gave.

    Stated totals go first. Sums over events need the type and the value of every event; for an
    exam without typed events, such as a radiograph, nothing is said.
    """
    stated = {total.quantity for total in exam.totals}
    values = [
        _as_stated(total, part)
        for total in exam.totals
        if any(total.quantity == quantity for quantity, _, _ in _SPLIT)
    ]
    types = [_type(event) for event in events]
    absences: list[NotComputable] = []
    if any(kind in _FLUOROSCOPY for kind in types):
        for quantity, wanted, added in _SPLIT:
            if quantity in stated:
                continue
            if any(kind not in _FLUOROSCOPY | _ACQUISITION for kind in types):
                absences.append(_absent(quantity, "no-event-type", "the type of", events, part))
                continue
            chosen = [e for e, kind in zip(events, types, strict=True) if kind in wanted]
            found = list(_summed(quantity, added, chosen, part))
            if chosen and not found:
                label = QUANTITIES[added].label
                absences.append(_absent(quantity, "no-event-value", f"{label} for", chosen, part))
            values += found
    return Findings(tuple(values), tuple(absences))


def _type(event: EventInputs) -> Key | None:
    concept = event.coded.get("event_type")
    return canonical(concept.code, concept.scheme) if concept is not None else None


def _as_stated(total: TotalInput, part: int) -> DerivedValue:
    is_sum = total.quantity in _NEVER_ADDED and total.plane is Plane.ALL
    is_placed = is_sum or total.plane in {Plane.A, Plane.B}
    plane = total.plane if is_placed else None
    return DerivedValue(
        total.quantity,
        total.value,
        unit_of(total.quantity),
        method_of(total.basis),
        Place(part=part, plane=plane),
        label=TWO_POINTS if is_sum else "",
        notes=(_NO_INTERVAL,),
        is_headline=total.quantity in _HEADLINE and plane is None,
    )


def _summed(
    quantity: str, added: str, events: Sequence[EventInputs], part: int
) -> Iterable[DerivedValue]:
    """Add up events: per plane where the quantity does not add over planes (P16)."""
    groups: dict[Plane | None, list[EventInputs]] = {}
    for event in events:
        is_placed = quantity in _NEVER_ADDED and event.plane in {Plane.A, Plane.B}
        groups.setdefault(event.plane if is_placed else None, []).append(event)
    for plane, members in groups.items():
        value = sum_of(members, added)
        if value is not None:
            yield DerivedValue(
                quantity,
                plain(value),
                unit_of(quantity),
                _BY_TYPE,
                Place(part=part, plane=plane),
                inputs=(Input("events", str(len(members)), "", "exam"),),
                notes=(_NO_INTERVAL,),
                is_headline=quantity in _HEADLINE,
            )


def _absent(
    quantity: str, code: str, missing: str, events: Sequence[EventInputs], part: int
) -> NotComputable:
    reason = (
        f"the object states no total of it, and not {missing} each of its {len(events)} "
        "irradiation events"
    )
    return NotComputable(quantity, code, reason, Place(part=part))
