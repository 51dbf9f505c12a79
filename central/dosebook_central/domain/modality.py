"""Which modality code an exam is shown under: by what its evidences say, or as decided (P36)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dosebook_central.domain.devices import Choices, Device, device_of
from dosebook_central.domain.evidence import Evidence
from dosebook_central.domain.parts import CountedPart
from dosebook_central.domain.totals import IndexedEvent
from dosebook_protocol.codes import canonical
from dosebook_protocol.reading import EventKind, Plane

_PROJECTION: Final = ("XA", "RF", "DX", "CR", "PX", "IO", "RG")
# Fluoroscopy as Irradiation Event Type (PS3.16 CID 10002).
_FLUOROSCOPY: Final = ("44491008", "SCT")
# Positron emitters of PS3.16 CID 4020 that are in clinical use.
_POSITRON_EMITTERS: Final = frozenset(
    {
        ("40565003", "SCT"),  # 11C
        ("21576001", "SCT"),  # 13N
        ("129504001", "SCT"),  # 15O
        ("77004003", "SCT"),  # 18F
        ("3932008", "SCT"),  # 64Cu
        ("35337001", "SCT"),  # 68Ga
        ("79197006", "SCT"),  # 82Rb
        ("63360001", "SCT"),  # 89Zr
        ("40937006", "SCT"),  # 124I
    }
)
# A hybrid exam is shown under its first part: PET/CT is PT.
_ORDER: Final = (
    EventKind.RADIOPHARMACEUTICAL,
    EventKind.CT,
    EventKind.MAMMOGRAPHY,
    EventKind.PROJECTION,
)


@dataclass(frozen=True, slots=True)
class ShownModality:
    """What a part is shown as, what its evidences say of it, and the machine if it is known."""

    modality: str
    reported: str
    device: Device | None = None


def shown_modality(
    part: CountedPart, evidences: Sequence[Evidence], choices: Choices
) -> ShownModality:
    """Name one part as its evidences do, or as a person decided for its machine.

    Only projection exams are decided on: CT, mammography and nuclear medicine are told apart by
    their events.
    """
    reported = part_modality(part.family, part.events, evidences)
    device = device_of(part.evidences) if part.family is EventKind.PROJECTION else None
    if device is None or not device.id:
        return ShownModality(reported, reported)
    choice = choices.get(device.id)
    decided = choice.of(has_fluoroscopy=_fluoroscopy(part)) if choice else None
    return ShownModality(decided or reported, reported, device)


def _fluoroscopy(part: CountedPart) -> bool | None:
    """Whether a part has fluoroscopy; None where neither time nor type of its events is stated."""
    times = [one.value for one in part.totals.values if one.quantity == "fluoro_time"]
    types = [event.event_type for _, _, event in part.events]
    if any(time > 0 for time in times) or _has_fluoroscopic_event(part.events):
        return True
    return False if times or (types and None not in types) else None


def part_modality(
    family: EventKind, events: Sequence[IndexedEvent], evidences: Sequence[Evidence]
) -> str:
    """Name one part: CT, MG, PT or NM, else the projection modality that the evidences show."""
    if family is EventKind.CT:
        return "CT"
    if family is EventKind.MAMMOGRAPHY:
        return "MG"
    stated = {evidence.reading.modality for evidence in evidences}
    if family is EventKind.RADIOPHARMACEUTICAL:
        return "PT" if "PT" in stated or _has_positron_emitter(events) else "NM"
    for modality in _PROJECTION:
        if modality in stated:
            return modality
    return _projection(events, evidences)


def exam_modality(parts: Sequence[tuple[EventKind, str]]) -> str:
    """Name an exam after its leading part."""
    for family in _ORDER:
        for kind, modality in parts:
            if kind is family:
                return modality
    return ""


def _has_positron_emitter(events: Sequence[IndexedEvent]) -> bool:
    return any(
        item.code is not None and canonical(item.code.value, item.code.scheme) in _POSITRON_EMITTERS
        for _, _, event in events
        for item in event.items
    )


def _projection(events: Sequence[IndexedEvent], evidences: Sequence[Evidence]) -> str:
    """XA where there are two planes or a moving C-arm with fluoroscopy, RF without, else DX."""
    if any(event.plane in {Plane.A, Plane.B} for _, _, event in events):
        return "XA"
    has_fluoroscopy = _has_fluoroscopic_event(events) or any(
        total.value.quantity == "fluoro_time" and total.value.value > 0
        for evidence in evidences
        for total in evidence.reading.totals
    )
    if not has_fluoroscopy:
        return "DX"
    angles = {
        value.value
        for _, _, event in events
        for value in event.values
        if value.quantity == "positioner_primary_angle"
    }
    return "XA" if len(angles) > 1 else "RF"


def _has_fluoroscopic_event(events: Sequence[IndexedEvent]) -> bool:
    return any(
        event.event_type is not None
        and canonical(event.event_type.value, event.event_type.scheme) == _FLUOROSCOPY
        for _, _, event in events
    )
