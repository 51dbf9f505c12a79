"""Modalities that send a morning's work, and send again until the box has taken each object."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from dosebook_edge.simulate.exam import Exam
from dosebook_edge.simulate.hospital import morning
from dosebook_edge.simulate.scene import SimObject
from dosebook_edge.simulate.send import SendError, SendResult, send
from tools.site.program import SiteError

_PAUSE_S: Final = 0.1
_OUT_OF_RESOURCES: Final = (0xA700, 0x0213)  # C-STORE, and DIMSE-N for a procedure step
# What a box says to a step's message that it took before, its answer having been lost (PS3.7 C.5).
_TAKEN_BEFORE: Final = {"mpps-create": 0x0111, "mpps-set": 0x0110}
# The end of a step whose beginning was refused: the box keeps it all the same, as a record of its
# own, and takes it again when the modality sends the whole step again.
_KEPT_ALONE: Final = ("mpps-set", 0x0112)

Key = tuple[str, str]
"""Kind of message and SOP Instance UID: what makes one sent object."""


def key_of(item: SimObject) -> Key:
    """What identifies an object, however often it is sent."""
    return (item.kind, str(item.sop_instance_uid))


def work_of(seed: int, objects: int) -> list[Exam]:
    """Exams of a seeded morning with at least that many different objects."""
    chosen: list[Exam] = []
    seen: set[Key] = set()
    # An exam has at least one object, so this many are enough.
    for exam in morning(seed, objects):
        chosen.append(exam)
        seen.update(key_of(item) for item in exam.objects)
        if len(seen) >= objects:
            break
    return chosen


@dataclass(slots=True)
class Sent:
    """What the modalities of one run heard; shared by them, read when they are done."""

    answers: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    accepted: set[Key] = field(default_factory=set)
    refused: set[Key] = field(default_factory=set)
    unanswered: set[Key] = field(default_factory=set)
    taken_before: set[Key] = field(default_factory=set)
    kept_alone: set[Key] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def note(self, key: Key, status: int | None) -> bool:
        """Take note of one answer; whether the object is with the box."""
        with self.changed:
            self.attempts += 1
            self.answers["none" if status is None else f"0x{status:04X}"] += 1
            if status is None:
                self.unanswered.add(key)
            elif status == 0:
                self.accepted.add(key)
            elif status in _OUT_OF_RESOURCES:
                self.refused.add(key)
            elif (key[0], status) == _KEPT_ALONE:
                self.kept_alone.add(key)
            elif key in self.unanswered and status == _TAKEN_BEFORE.get(key[0]):
                self.taken_before.add(key)
            self.changed.notify_all()
            return self.has(key)

    def has(self, key: Key) -> bool:
        """Whether the box took the object."""
        return key in self.accepted or key in self.taken_before

    @property
    def with_box(self) -> int:
        """How many objects the box has."""
        return len(self.accepted | self.taken_before)

    def wait_for(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait for something that an answer changes."""
        with self.changed:
            return self.changed.wait_for(condition, timeout)


class Gate:
    """Lets exams pass while fewer objects than a limit have, so that faults fall amid the work."""

    def __init__(self, limit: int) -> None:
        """Open until `limit` objects have passed."""
        self._limit = limit
        self._passed = 0
        self._changed = threading.Condition()

    def open_to(self, limit: int) -> None:
        """Let exams pass until that number of objects in all."""
        with self._changed:
            self._limit = max(self._limit, limit)
            self._changed.notify_all()

    def open_for(self, more: int) -> int:
        """Let exams pass until that many more objects have; returns how many that is in all."""
        with self._changed:
            self._limit = self._passed + more
            self._changed.notify_all()
            return self._limit

    def pass_exam(self, objects: int, stopping: threading.Event) -> None:
        """Wait for a place for an exam of that many objects."""
        with self._changed:
            while self._passed >= self._limit and not stopping.is_set():
                self._changed.wait(_PAUSE_S)
            self._passed += objects


class Modality:
    """Sends exams one after the other, each until the box has all of it, as a person would wish."""

    def __init__(
        self,
        exams: Sequence[Exam],
        port: Callable[[], int],
        ae_title: str,
        sent: Sent,
        gate: Gate | None = None,
    ) -> None:
        """Prepare; `port` is asked at each attempt, because a restarted box may have another."""
        self._exams = exams
        self._port = port
        self._ae_title = ae_title
        self._sent = sent
        self._gate = gate
        self._stopping = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="modality", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wait(self, timeout: float) -> bool:
        """Wait until everything is sent; whether it is. Raises what broke the modality itself."""
        self._thread.join(timeout)
        if self.error is not None:
            raise self.error
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Give up what is not sent."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            for exam in self._exams:
                self._send_exam(exam)
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            self.error = error

    def _send_exam(self, exam: Exam) -> None:
        if self._gate is not None:
            self._gate.pass_exam(len({key_of(one) for one in exam.objects}), self._stopping)
        while not self._stopping.is_set():
            waiting = [one for one in exam.objects if not self._sent.has(key_of(one))]
            if not waiting:
                return
            self._try(waiting)

    def _try(self, waiting: list[SimObject]) -> None:
        """One association: objects in order until one is not taken."""
        state = _Attempt(self._sent)
        try:
            send(
                waiting,
                "127.0.0.1",
                self._port(),
                self._ae_title,
                "MODALITY",
                progress=state.note,
            )
        except (SendError, OSError, SiteError):  # a box may die before it was ever ready
            state.failed = True
        if state.failed:
            self._stopping.wait(_PAUSE_S)


@dataclass(slots=True)
class _Attempt:
    """One association's outcome."""

    sent: Sent
    failed: bool = False

    def note(self, result: SendResult) -> None:
        """Told by `send` after each object."""
        if not self.sent.note((result.kind, str(result.sop_instance_uid)), result.status):
            self.failed = True
