"""Named points on a dose's way at which a program of the site can be made to kill itself.

The product has no hooks for this: the function at the point is wrapped before the program's own
command runs, and the N-th call that gets there is the process's last.
"""

import functools
import importlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Point:
    """A function, and whether the process ends before it does its work or right after."""

    program: str  # or a box with a certain duty, whose points no other box gets to
    module: str
    function: str  # Class.method
    is_after: bool
    meaning: str


POINTS: Final[dict[str, Point]] = {
    "outbox-in-transaction": Point(
        "box",
        "dosebook_edge.outbox.store",
        "Outbox._insert",
        is_after=True,
        meaning="a record is written and not committed",
    ),
    "outbox-committed": Point(
        "box",
        "dosebook_edge.outbox.committer",
        "Committer._transact",
        is_after=True,
        meaning="a record is committed, the modality has no answer",
    ),
    "exposure-in-transaction": Point(
        "measuring-box",
        "dosebook_edge.outbox.store",
        "Outbox._insert",
        is_after=True,
        meaning="the record of an exposure and its account are written and not committed",
    ),
    "exposure-committed": Point(
        "measuring-box",
        "dosebook_edge.outbox.committer",
        "Committer._transact",
        is_after=True,
        meaning="something of an instrument is committed, the box does not know yet",
    ),
    "exposure-ended": Point(
        "measuring-box",
        "dosebook_edge.capture.instrument.recording.recorder",
        "Recorder._append",
        is_after=False,
        meaning="an exposure has ended and is not written",
    ),
    "exposure-saved": Point(
        "measuring-box",
        "dosebook_edge.capture.instrument.recording.journal",
        "Journal.save",
        is_after=True,
        meaning="an exposure that goes on was written down",
    ),
    "uplink-published": Point(
        "box",
        "dosebook_edge.uplink.connection",
        "Connection.publish",
        is_after=True,
        meaning="a record is handed to the network",
    ),
    "receipt-heard": Point(
        "box",
        "dosebook_edge.outbox.store",
        "Outbox.acknowledge",
        is_after=False,
        meaning="a receipt arrived and is not noted",
    ),
    "evidence-written": Point(
        "registry",
        "dosebook_central.ingest.evidence",
        "EvidenceFolder.put_many",
        is_after=True,
        meaning="evidence is on disk, its record is not in the database",
    ),
    "exams-written": Point(
        "registry",
        "dosebook_central.ingest.commit",
        "Committer._note_boxes",
        is_after=False,
        meaning="records and exams are written and not committed",
    ),
    "batch-committed": Point(
        "registry",
        "dosebook_central.ingest.commit",
        "Committer.commit",
        is_after=True,
        meaning="records are committed, no receipt is signed",
    ),
    "receipts-published": Point(
        "registry",
        "dosebook_central.ingest.subscriber",
        "Subscriber._commit",
        is_after=True,
        meaning="receipts are handed to the network",
    ),
}


def points_of(program: str) -> list[str]:
    """Names of the points of a program."""
    return [name for name, point in POINTS.items() if point.program == program]


def arm(point: Point, call: int) -> None:
    """Wrap the function of a point; raises where the product has no such function any more."""
    owner_name, _, name = point.function.partition(".")
    owner = getattr(importlib.import_module(point.module), owner_name)
    setattr(owner, name, _dying(getattr(owner, name), call, is_after=point.is_after))


def _dying(function: Callable[..., Any], call: int, *, is_after: bool) -> Callable[..., Any]:
    left = call

    @functools.wraps(function)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left > 0:
            return function(*arguments, **named)
        if is_after:
            function(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    return wrapper
