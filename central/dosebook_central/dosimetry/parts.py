"""Which part of a hybrid exam a family of events is: PET/CT is one exam of two parts (P60)."""

from dosebook_central.dosimetry.inputs import ExamInputs
from dosebook_protocol.reading import EventKind


def part_of(exam: ExamInputs, kind: EventKind) -> int:
    """Return the 1-based part of the events of a kind, 0 where the exam has one kind only."""
    kinds = {event.kind for event in exam.events}
    if len(kinds) < 2 or kind not in kinds:
        return 0
    return 1 + [one for one in EventKind if one in kinds].index(kind)
