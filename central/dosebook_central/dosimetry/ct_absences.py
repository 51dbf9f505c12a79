"""One reason said once for all the events that share it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dosebook_central.dosimetry.values import WHOLE_EXAM, NotComputable, Place
from dosebook_central.dosimetry.wording import events_text


def grouped(
    absences: Sequence[NotComputable], *, is_nothing_computed: bool
) -> tuple[NotComputable, ...]:
    """Join absences of one reason; they speak of the exam where nothing else was computed."""
    by_reason: dict[tuple[str, str], list[Place]] = {}
    for one in absences:
        by_reason.setdefault((one.code, one.reason), []).append(one.place)
    quantity = absences[0].quantity if absences else ""
    return tuple(
        NotComputable(
            quantity,
            code,
            f"{events_text([place.event for place in places])}: {reason}",
            _place(places, is_exam=is_nothing_computed or len(places) > 1),
        )
        for (code, reason), places in by_reason.items()
    )


def _place(places: Sequence[Place], *, is_exam: bool) -> Place:
    first = places[0]
    if not is_exam:
        return first
    region = first.region if _is_one(place.region for place in places) else ""
    phantom = first.phantom if _is_one(place.phantom for place in places) else None
    return replace(first, event=WHOLE_EXAM, region=region, phantom=phantom)


def _is_one(things: Iterable[object]) -> bool:
    return len(set(things)) == 1
