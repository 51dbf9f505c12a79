"""Which exam a screen belongs to: the step that runs in the room, or the one that just ended."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from dosebook_edge.capture.room import Attachment, Room, Span
from dosebook_edge.capture.screen.to_reading import Whose

_NO_GRACE = timedelta(0)


def running_exam(
    room: Room, sources: Collection[str], linger: timedelta
) -> Callable[[datetime], Whose]:
    """What names the exam at a moment: a dose page often shows when its step has ended.

    `linger` is how long after the end of a step a screen is still its own, while no other runs.
    """

    def at(moment: datetime) -> Whose:
        now = room.attach(Span(moment, moment), sources, _NO_GRACE)
        if now.step is not None:
            return _whose(now)
        # Several that run now ran in the longer span as well: it does not choose between them.
        return _whose(room.attach(Span(moment - linger, moment), sources, _NO_GRACE))

    return at


def _whose(attachment: Attachment) -> Whose:
    step = attachment.step
    if step is None:
        return Whose(unassigned=attachment.reason)
    said = step.reading
    return Whose(
        patient=said.patient,
        study=said.study,
        equipment=said.equipment,
        modality=said.modality,
        performed_step_uid=step.uid,
        started_at=step.started_at,
    )
