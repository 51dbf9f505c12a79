"""A simulated instrument on its line: what it answers and sends by itself, and what goes wrong.

It does no input or output: bytes and seconds in, pieces of bytes and seconds out.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

from dosebook_edge.simulate.instrument.checks import CHECKS
from dosebook_edge.simulate.instrument.device import Device
from dosebook_edge.simulate.instrument.plan import Plan
from dosebook_edge.simulate.instrument.profile import Playable, Registers
from dosebook_edge.simulate.instrument.writer import Fact, Writer

_ANSWER_S: Final = 0.02
_PIECE_S: Final = 0.03
_APART_S: Final = 3.0
_LOSSES: Final = 0.3  # of the telegrams on a line that loses bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that leave the instrument `after_s` s from now."""

    after_s: float
    data: bytes


class Player:
    """Plays one instrument of a profile through a plan.

    `misheard` counts bytes that came and are no question of the profile: a reading box sends none.
    """

    def __init__(self, profile: Playable, plan: Plan, seed: str = "") -> None:
        self.device = Device(profile, plan)
        self.misheard = 0
        self._profile = profile
        self._writer = Writer(profile)
        self._dice = Random(f"{seed}:line")
        self._waiting = bytearray()
        self._opened_s = 0.0
        self._next_s = 0.0
        self._lost_s = -_APART_S

    def is_plugged(self, now: float) -> bool:
        """Whether the line is there at all."""
        return not self.device.has("unplug", now) and not self.device.has("garbage", now)

    def opened(self, now: float) -> list[Piece]:
        """Somebody opened the line; where it had a bad contact, garbage comes first."""
        self._waiting.clear()
        since, self._opened_s = self._opened_s, now
        self._next_s = now + float(self._profile.every_s)
        if self.device.had("garbage", since, now):
            return [Piece(0.01, self._dice.randbytes(self._dice.randint(3, 24)))]
        return []

    def received(self, data: bytes, now: float) -> list[Piece]:
        """The box sent something."""
        self._waiting += data
        found: list[Piece] = []
        while self._waiting:
            question = self._taken()
            if question is None:
                break
            answer = self._answer(question, now)
            if answer:
                found += self._disturbed(answer, now)
        return found

    @property
    def next_s(self) -> float | None:
        """When it sends by itself next, if it does."""
        return self._next_s if self._profile.engine in ("line", "push") else None

    def due(self, now: float) -> list[Piece]:
        """What it sends by itself now."""
        if self.next_s is None or now < self._next_s:
            return []
        every_s = float(self._profile.every_s)
        # After a gap, as where the clock was moved, it does not catch up.
        self._next_s = max(self._next_s + every_s, now + every_s / 2)
        return self._disturbed(self._telegram(self._profile.measure.telegram, now), now)

    def facts(self, telegram: str, now: float) -> dict[str, Fact]:
        """What a telegram says at a time."""
        shown = self.device.display(now)
        numbers = {self._profile.measure.value: shown.number}
        if self._profile.time:
            numbers[self._profile.time] = shown.seconds
        switched = self._profile.switched if self.device.is_switched(now) else {}
        return {
            **switched,
            **self._writer.facts(telegram, numbers),
            **self._profile.states.get(shown.state, {}),
        }

    def _telegram(self, name: str, now: float) -> bytes:
        is_measured = name == self._profile.measure.telegram
        if self._profile.overloaded and is_measured and self.device.has("overload", now):
            return self._profile.overloaded
        return self._writer.write(name, self.facts(name, now))

    def _taken(self) -> bytes | None:
        """The next question; None while more bytes are needed."""
        known = self._requests()
        waiting = bytes(self._waiting)
        whole = [one for one in known if waiting.startswith(one)]
        if whole:
            longest = max(whole, key=len)
            del self._waiting[: len(longest)]
            return longest
        if any(one.startswith(waiting) for one in known):
            return None
        self.misheard += 1
        del self._waiting[:1]
        return b"" if self._waiting else None

    def _requests(self) -> list[bytes]:
        if not self._profile.registers:
            return [one.data for one in self._profile.questions]
        head = bytes(self._waiting[:2]).ljust(2, b"\0")  # the transaction, on TCP
        return [self._read(one.unit_id, one.function, one.address, one.count, head)
                for one in self._profile.registers]  # fmt: skip

    def _read(self, unit_id: int, function: int, address: int, count: int, head: bytes) -> bytes:
        body = bytes((unit_id, function, *address.to_bytes(2, "big"), *count.to_bytes(2, "big")))
        return self.wrapped(body, head)

    def wrapped(self, body: bytes, head: bytes) -> bytes:
        """A Modbus message in its envelope; `head` is the transaction number on TCP."""
        if self._profile.framing["mode"] == "tcp":
            return head + b"\0\0" + len(body).to_bytes(2, "big") + body
        return body + CHECKS["modbus-crc16"](body)

    def _answer(self, question: bytes, now: float) -> bytes:
        for one in self._profile.questions:
            if question == one.data:
                return self._telegram(one.answer, now)
        for block in self._profile.registers:
            head = question[:2]
            if question == self._read(
                block.unit_id, block.function, block.address, block.count, head
            ):
                return self._registers(question, block, self.facts(block.answer, now))
        return self._profile.refused

    def _registers(self, question: bytes, block: Registers, facts: dict[str, Fact]) -> bytes:
        data = self._writer.registers(block, facts)
        body = bytes((block.unit_id, block.function, len(data))) + data
        return self.wrapped(body, question[:2])

    def _disturbed(self, data: bytes, now: float) -> list[Piece]:
        has = self.device.has
        if has("silence", now) or not self.is_plugged(now):
            return []
        # Text without a block check cannot show that two answers in a row are altered.
        is_alone = now - self._lost_s >= _APART_S
        if is_alone and has("byte-loss", now) and self._dice.random() < _LOSSES:
            self._lost_s = now
            place = self._dice.randrange(len(data))
            data = data[:place] + data[place + 1 :]
        if has("wrong-check", now) and self._dice.random() < 0.5:
            place = self._dice.randrange(len(data))
            data = (
                data[:place]
                + bytes([data[place] ^ 1 << self._dice.randrange(7)])
                + (data[place + 1 :])
            )
        if has("two-answers", now):
            data += data
        if has("unasked", now):
            data = self._dice.choice((b"READY\r\n", b"\r\n", b"\x06")) + data
        pieces = self._cut(data) if has("chunks", now) else [data]
        return [Piece(_ANSWER_S + index * _PIECE_S, one) for index, one in enumerate(pieces)]

    def _cut(self, data: bytes) -> list[bytes]:
        count = min(len(data) - 1, self._dice.randint(1, 4))
        cuts = sorted(self._dice.sample(range(1, len(data)), count)) if count else []
        return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
