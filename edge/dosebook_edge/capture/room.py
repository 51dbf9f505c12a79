"""What is going on in the room: whose exposure an instrument has measured, and never a guess.

Procedure steps come from the MPPS messages that the box's own DICOM sources take. Whatever else
says who is on the table, a worklist item that was chosen, comes in through `note` as well.
"""

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from dosebook_protocol.reading import Reading

LONGEST_STEP: Final = timedelta(hours=12)
"""A step that nobody has ended after this is taken for forgotten, not for running."""

_KEPT: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class RoomStep:
    """A performed procedure step, with times of the box's own clock.

    `reading` is what its last message says: patient, study, station.
    """

    uid: str
    source: str
    reading: Reading
    started_at: datetime
    ended_at: datetime | None = None

    def overlaps(self, after: datetime, until: datetime) -> bool:
        """Whether it was going on at any time between two moments."""
        return self.started_at <= until and self._end > after

    def covers(self, after: datetime, until: datetime) -> bool:
        """Whether it was going on all the time between two moments."""
        return self.started_at <= after and self._end >= until

    @property
    def _end(self) -> datetime:
        return self.ended_at or self.started_at + LONGEST_STEP


@dataclass(frozen=True, slots=True)
class Span:
    """When an exposure began: after one moment, at the latest at another, of the box's clock.

    `is_observed`: the instrument was heard all the time; `is_identified`: it is known to be the one
    that was heard before.
    """

    after: datetime
    until: datetime
    is_observed: bool = True
    is_identified: bool = True


@dataclass(frozen=True, slots=True)
class Attachment:
    """The step that an exposure belongs to, or why there is none."""

    step: RoomStep | None
    reason: str = ""
    is_late: bool = False


class Room:
    """The steps of the last day, and which were going on when. Thread-safe."""

    def __init__(self, restored: Iterable[RoomStep] = ()) -> None:
        self._steps = {one.uid: one for one in restored}
        self._lock = threading.Lock()
        self._listeners: list[Callable[[str], None]] = []

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the name of the source when a step begins or ends; it is quick."""
        self._listeners.append(listener)

    def note(self, source: str, reading: Reading, at: datetime) -> None:
        """A step began, changed or ended, as a message says that the box took at `at`."""
        if reading.step is None or not reading.step.uid:
            return
        uid = reading.step.uid
        with self._lock:
            before = self._steps.get(uid)
            started = RoomStep(uid, source, reading, at) if before is None else before
            has_ended = reading.step.status != "IN PROGRESS"
            ended_at = started.ended_at or (at if has_ended else None)
            self._steps[uid] = replace(started, reading=reading, ended_at=ended_at)
            self._forget(at)
        if before is None or ended_at != before.ended_at:
            for listener in self._listeners:
                listener(source)

    def attach(self, span: Span, sources: Collection[str], grace: timedelta) -> Attachment:
        """The one step that was going on when an exposure began.

        Args:
            span: when it began.
            sources: DICOM sources whose steps are looked at; none: all.
            grace: how late after an exposure a step may begin that has just been announced late.
        """
        with self._lock:
            steps = [one for one in self._steps.values() if not sources or one.source in sources]
        if not span.is_identified:
            return Attachment(None, "the instrument did not say which it is")
        found = [one for one in steps if one.overlaps(span.after, span.until)]
        if len(found) > 1:
            return Attachment(None, f"{len(found)} procedure steps were in progress")
        if found and (span.is_observed or found[0].covers(span.after, span.until)):
            return Attachment(found[0])
        if found or not span.is_observed:
            return Attachment(None, "it began while the instrument was not heard")
        late = [one for one in steps if span.until < one.started_at <= span.until + grace]
        if len(late) == 1:
            return Attachment(late[0], is_late=True)
        return Attachment(None, "no procedure step was in progress")

    def of_study(self, study_uid: str) -> RoomStep | None:
        """The step of a study, where there is just one."""
        with self._lock:
            found = [one for one in self._steps.values() if one.reading.study.uid == study_uid]
        return found[0] if study_uid and len(found) == 1 else None

    def _forget(self, now: datetime) -> None:
        for uid in [uid for uid, one in self._steps.items() if one.started_at < now - _KEPT]:
            del self._steps[uid]
