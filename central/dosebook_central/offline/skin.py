"""Peak skin doses of exams of files, as a value like others, or why there is none (P17 to P19)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from dosebook_central.dosimetry.skin_dose.model import (
    PatientSize,
    RecordedEvent,
    Refusal,
    SkinDoseResult,
)
from dosebook_central.dosimetry.skin_dose.request import input_sha256, prepare, software_text
from dosebook_central.dosimetry.skin_dose.result import conclude
from dosebook_central.dosimetry.skin_dose.runner import ComputationError, Runner, engine_version
from dosebook_central.dosimetry.values import DerivedValue, Interval, Method, NotComputable
from dosebook_central.offline.exams import OfflineExam

QUANTITY: Final = "peak_skin_dose"
_UNIT: Final = "mGy"
FLUOROSCOPY: Final = frozenset({"XA", "RF"})


def skin_dose(
    found: OfflineExam, tell: Callable[[int, int], None]
) -> DerivedValue | NotComputable | None:
    """Compute the peak skin dose of an exam with fluoroscopy; None for all others.

    `tell` hears of beams done and of how many there are.
    """
    if found.exam.modality not in FLUOROSCOPY:
        return None
    engine = engine_version()
    prepared = prepare(_events(found), _size(found), engine)
    if isinstance(prepared, Refusal):
        return _absence(prepared)

    def told(done: int) -> bool:
        tell(done, len(prepared.beams))
        return True

    try:
        computed = Runner().run(prepared, told)
    except ComputationError as error:
        return NotComputable(QUANTITY, "computation-failed", str(error))
    result = conclude(prepared, computed, input_sha256(prepared, software_text(engine)))
    return _absence(result) if isinstance(result, Refusal) else _value(result)


def _events(found: OfflineExam) -> list[RecordedEvent]:
    recorded = []
    for number, event in enumerate(found.exam.events, 1):
        reading = found.readings[event.record_id]
        comments = tuple(item.text for item in reading.items if item.name == "comment")
        one = reading.events[event.record_index]
        recorded.append(RecordedEvent(number, one, reading.equipment, comments))
    return recorded


def _size(found: OfflineExam) -> PatientSize:
    facts = found.exam.facts
    size, weight = (
        Decimal(facts[name]) if facts.get(name) else None for name in ("size_m", "weight_kg")
    )
    return PatientSize(size, weight)


def _absence(refusal: Refusal) -> NotComputable:
    return NotComputable(QUANTITY, refusal.code, refusal.reason)


def _value(result: SkinDoseResult) -> DerivedValue:
    doubt, high = result.interval, result.interval.high_mgy
    notes = [f"{one.topic}: {one.text}" for one in result.assumptions]
    notes += [f"not on the map: event {one.event}, {one.reason}" for one in result.unused]
    if result.is_lower_bound:
        notes.insert(0, f"a lower bound: {result.kerma_percent} % of the Ka,r is on the map")
    if high is None:
        notes.insert(0, f"at least {doubt.low_mgy} mGy, no upper end: events are missing")
    return DerivedValue(
        quantity=QUANTITY,
        value=result.peak_mgy,
        unit=_UNIT,
        method=Method("skin-dose-map", result.method, result.adapter, result.software),
        interval=Interval(doubt.low_mgy, high, doubt.dominant, doubt.source) if high else None,
        label="at least" if result.is_lower_bound else "",
        notes=tuple(notes),
        is_headline=True,
    )
