"""Stands in for an instrument: says again what a transcript says that it said.

Where the transcript has times, a question gets the answer that it had at that time of the
recording; where it has none, each asking gets the next answer. After the end the last one stays.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dosebook_edge.capture.instrument.wire.transcript import Step

_CLOCK: Final = re.compile(r"(\d\d):(\d\d):(\d\d(?:\.\d+)?)")
_MBAP: Final = 12  # bytes of a Modbus TCP read of registers


@dataclass(slots=True)
class Exchange:
    """A question at a time of the recording, in s from its start, and what came with its delays.

    Without a question: what the instrument said by itself.
    """

    at: float
    question: bytes
    pieces: list[tuple[float, bytes]] = field(default_factory=list)


def exchanges_of(steps: list[Step]) -> list[Exchange]:
    """What belongs together in a transcript; times are 0 where it has none."""
    first: float | None = None
    found: list[Exchange] = []
    at = 0.0
    for step in steps:
        clock = _seconds(step.time)
        if clock is not None:
            first = clock if first is None else first
            at = max(at, clock - first)
        if step.action == "sent":
            found.append(Exchange(at, step.data))
        elif step.action == "received":
            if not found or not found[-1].question:
                found.append(Exchange(at, b""))
            found[-1].pieces.append((at - found[-1].at, step.data))
    return found


class StandIn:
    """Chooses what to say; the caller keeps time and the line.

    Args:
        exchanges: the recording.
        speed: recorded seconds that pass in one.
    """

    def __init__(self, exchanges: list[Exchange], speed: float = 1.0) -> None:
        self._asked = [one for one in exchanges if one.question]
        self.unasked = [one for one in exchanges if not one.question]
        self.is_timed = any(one.at for one in exchanges)
        self.length_s = max((one.at for one in exchanges), default=0.0) / speed
        self.speed = speed
        self._next: dict[bytes, int] = {}
        self._heard = b""

    def answers(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        """Pieces to send, each so many s from now, for bytes that the box sent.

        Args:
            data: bytes, in any pieces.
            now: seconds since the box opened the line.
        """
        self._heard += data
        known = {one.question for one in self._asked}
        question = next((one for one in known if _is_same(one, self._heard)), None)
        if question is None:
            if not any(one.startswith(self._heard) for one in known):
                self._heard = b""
            return []
        heard, self._heard = self._heard, b""
        pieces = self._chosen(question, now * self.speed).pieces
        return [
            (delay / self.speed, _renumbered(piece, question, heard)) for delay, piece in pieces
        ]

    def _chosen(self, question: bytes, at: float) -> Exchange:
        same = [one for one in self._asked if one.question == question]
        if self.is_timed:
            return next((one for one in reversed(same) if one.at <= at), same[0])
        count = self._next.get(question, 0)
        self._next[question] = count + 1
        return same[min(count, len(same) - 1)]


def _is_same(question: bytes, heard: bytes) -> bool:
    return question == heard or (_is_modbus_tcp(question) and question[2:] == heard[2:])


def _is_modbus_tcp(question: bytes) -> bool:
    return len(question) == _MBAP and question[2:6] == b"\0\0\0\6"


def _renumbered(piece: bytes, question: bytes, heard: bytes) -> bytes:
    """Modbus TCP numbers each question anew, and the answer has its number."""
    if _is_modbus_tcp(question) and piece[:2] == question[:2]:
        return heard[:2] + piece[2:]
    return piece


def _seconds(time: str) -> float | None:
    if "T" in time:
        return datetime.fromisoformat(time).timestamp()
    match = _CLOCK.fullmatch(time)
    return match and int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
