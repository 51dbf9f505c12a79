"""An exam as rules see it: what was stated and what was derived, each number with its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.exemptions import holds
from dosebook_central.dosimetry.inputs import EventInputs, ExamInputs
from dosebook_central.dosimetry.values import WHOLE_EXAM, Compared, Derived, Exemption

_EXEMPTED: Final = frozenset({"ctdi_vol", "dlp", "dlp_imaging", "ssde"})
_OF_EVENTS: Final = (
    "ctdi_vol",
    "dlp",
    "dose_area_product",
    "dose_rp",
    "average_glandular_dose",
    "administered_activity",
    "entrance_dose",
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One number that a rule may look at; event 0 is the whole exam."""

    quantity: str
    value: Decimal
    event: int = WHOLE_EXAM
    event_type: str = ""
    region: str = ""
    phantom: str = ""
    plane: str = ""
    side: str = ""
    of: EventInputs | None = None  # the event, where it is of one


@dataclass(frozen=True, slots=True)
class Reference:
    """A number that an exam may be held against: a reference level, or its room's median."""

    quantity: str
    value: Decimal
    name: str


@dataclass(frozen=True, slots=True)
class Subject:
    """One exam of one patient."""

    exam_id: str
    started: str = ""
    modality: str = ""
    station: str = ""
    procedure_id: str = ""
    regions: frozenset[str] = frozenset()
    age_years: Decimal | None = None
    weight_kg: Decimal | None = None
    values: tuple[Judged, ...] = ()
    references: tuple[Reference, ...] = ()
    room_medians: tuple[Reference, ...] = ()
    exemptions: tuple[Exemption, ...] = ()

    def exempting(self, one: Judged, *compared: Compared) -> Exemption | None:
        """Return the rule by which a value is not compared so, if there is one (P15).

        A total is exempt as soon as one of its events is: it holds what that event gave.
        """
        if one.quantity not in _EXEMPTED:
            return None
        for rule in self.exemptions:
            is_of_it = one.event == WHOLE_EXAM or one.event in rule.events
            if is_of_it and rule.compared in {"both", *compared}:
                return rule
        return None


def subject_of(exam: ExamInputs, derived: Derived, place: str = "") -> Subject:
    """Put together what rules look at; derived values take the place of the exam's own totals.

    `place` is where the comparison is made: of exemptions only those hold that are of there.
    """
    regions = {finding.event: finding.region for finding in derived.regions}
    return Subject(
        exam_id=exam.exam_id,
        started=exam.started,
        modality=exam.modality,
        station=exam.station,
        procedure_id=derived.procedure_id,
        regions=frozenset(regions.values()),
        age_years=derived.age_years,
        weight_kg=exam.patient.weight_kg,
        values=tuple(_values(exam, derived, regions)),
        exemptions=tuple(one for one in derived.exemptions if holds(one, place)),
    )


def _values(exam: ExamInputs, derived: Derived, regions: dict[int, str]) -> Iterator[Judged]:
    seen: set[tuple[str, int, str, str, str]] = set()
    events = {event.ordinal: event for event in exam.events}
    kinds = {ordinal: _event_type(event) for ordinal, event in events.items()}
    for one in derived.values:
        place = one.place
        if one.is_estimate and one.quantity != "effective_dose":
            continue
        # Two totals stand beside each other: as stated, and imaging only (P14).
        is_imaging = one.quantity == "dlp" and one.label.startswith("imaging")
        judged = Judged(
            "dlp_imaging" if is_imaging else one.quantity,
            one.value,
            place.event,
            kinds.get(place.event, ""),
            place.region or regions.get(place.event, ""),
            place.phantom or "",
            place.plane or "",
            place.side or "",
            events.get(place.event),
        )
        seen.add(_key(judged))
        yield judged
    for event in exam.events:
        for quantity in _OF_EVENTS:
            value = event.values.get(quantity)
            if value is not None:
                yield from _unseen(
                    seen,
                    Judged(
                        quantity,
                        value,
                        event.ordinal,
                        kinds[event.ordinal],
                        regions.get(event.ordinal, ""),
                        event.phantom or "",
                        event.plane or "",
                        event.side or "",
                        event,
                    ),
                )
    for total in exam.totals:
        yield from _unseen(
            seen,
            Judged(
                total.quantity,
                total.value,
                phantom=total.phantom or "",
                plane=total.plane or "",
                side=total.side or "",
            ),
        )


def _unseen(seen: set[tuple[str, int, str, str, str]], judged: Judged) -> Iterator[Judged]:
    key = _key(judged)
    if key not in seen:
        seen.add(key)
        yield judged


def _key(judged: Judged) -> tuple[str, int, str, str, str]:
    return (judged.quantity, judged.event, judged.phantom, judged.plane, judged.side)


def _event_type(event: EventInputs) -> str:
    concept = event.coded.get("event_type")
    return f"{concept.scheme}:{concept.code}" if concept and concept.code else ""
