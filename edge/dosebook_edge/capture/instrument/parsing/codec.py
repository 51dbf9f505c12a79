"""How each engine recognises its questions and answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dosebook_edge.capture.instrument.parsing import modbus
from dosebook_edge.capture.instrument.parsing.extract import Facts, compiled, extract
from dosebook_edge.capture.instrument.parsing.framing import Framer, LineFramer, ScanFramer
from dosebook_edge.capture.instrument.parsing.packets import PacketShape
from dosebook_edge.capture.instrument.profile.fields import unescape
from dosebook_edge.capture.instrument.profile.model import (
    DeviceError,
    FrameProfile,
    LineProfile,
    Lines,
    ModbusProfile,
    PollProfile,
    Profile,
    PushProfile,
    Telegram,
)
from dosebook_edge.capture.instrument.reading import Frame, Notice

TelegramProfile = LineProfile | PollProfile | FrameProfile | PushProfile
Found = list[tuple[Telegram, Facts]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way; `transaction` tells one Modbus TCP question from the next."""

    name: str
    transaction: int = 0


class Codec(Protocol):
    """What the parser needs to know of an engine."""

    framer: Framer
    asks: bool
    marked: bool

    def recognise(self, data: bytes) -> Asked | None:
        """The question that these sent bytes are."""
        ...

    def answers(self, frame: Frame, asked: Asked | None) -> Found:
        """The telegrams that a frame can be, as an answer to a question or to any."""
        ...

    def error(self, frame: Frame, asked: Asked | None) -> Notice | None:
        """The error that a frame tells."""
        ...


def codec_of(profile: Profile) -> Codec:
    """A new codec for one connection."""
    return ModbusCodec(profile) if isinstance(profile, ModbusProfile) else TelegramCodec(profile)


def questions_of(profile: Profile) -> dict[str, bytes]:
    """Name of each question of a profile → the bytes that ask it."""
    if isinstance(profile, ModbusProfile):
        return {one.name: modbus.encode(one, profile.framing.mode) for one in profile.question}
    if isinstance(profile, PollProfile | FrameProfile):
        return {one.name: unescape(one.send) for one in profile.question}
    return {}


class TelegramCodec:
    """Text lines and binary frames, each one of the telegrams of a profile."""

    def __init__(self, profile: TelegramProfile) -> None:
        self._telegrams = profile.telegram
        self._errors: Sequence[DeviceError] = profile.error
        self._names = {data: name for name, data in questions_of(profile).items()}
        self._answers = (
            {one.name: one.answers for one in profile.question}
            if isinstance(profile, PollProfile | FrameProfile)
            else {}
        )
        self.asks = bool(self._names)
        self.marked = True
        self.framer: Framer
        if isinstance(profile.framing, Lines):
            self.framer = LineFramer(unescape(profile.framing.ends), profile.framing.max_size)
        else:
            self.marked = profile.framing.start is not None
            shape = PacketShape(profile.framing, self._known)
            self.framer = ScanFramer(shape, unescape(profile.framing.between or ""))

    def recognise(self, data: bytes) -> Asked | None:
        """The question whose bytes these are."""
        name = self._names.get(data)
        return None if name is None else Asked(name)

    def answers(self, frame: Frame, asked: Asked | None) -> Found:
        """The telegrams that a frame matches."""
        wanted = None if asked is None else self._answers[asked.name]
        found = []
        for telegram in self._telegrams:
            if wanted is None or telegram.name in wanted:
                facts = extract(telegram, frame.raw)
                if facts is not None:
                    found.append((telegram, facts))
        return found

    def error(self, frame: Frame, asked: Asked | None) -> Notice | None:
        """The first error whose pattern a frame matches."""
        text = frame.raw.decode("latin-1")
        for one in self._errors:
            if compiled(one.pattern).fullmatch(text):
                said = f"the instrument says {text!r}: {one.meaning}"
                return Notice(one.kind, said, frame.offset, frame.raw)
        return None

    def _known(self, frame: bytes) -> bool:
        whole = Frame(0, frame)
        return bool(self.answers(whole, None)) or self.error(whole, None) is not None


class ModbusCodec:
    """Answers to reads of registers; each is the telegram that has the question's name."""

    asks = True
    marked = True

    def __init__(self, profile: ModbusProfile) -> None:
        self._mode = profile.framing.mode
        self._questions = {one.name: one for one in profile.question}
        self._telegrams = {one.name: one for one in profile.telegram}
        self.framer: Framer = ScanFramer(modbus.ModbusShape(profile.question, self._mode))

    def recognise(self, data: bytes) -> Asked | None:
        """The question that a request is, whatever its transaction number."""
        transaction = modbus.transaction_of(data, self._mode)
        for name, question in self._questions.items():
            if modbus.encode(question, self._mode, transaction) == data:
                return Asked(name, transaction)
        return None

    def answers(self, frame: Frame, asked: Asked | None) -> Found:
        """The telegrams whose question has this unit, function, size and transaction."""
        response = modbus.decode(frame.raw, self._mode)
        if response.exception:
            return []
        found = []
        for name, question in self._questions.items():
            if self._can_answer(response, asked, name) and response.answers(question):
                telegram = self._telegrams[name]
                facts = extract(telegram, response.data, stride=2)
                if facts is not None:
                    found.append((telegram, facts))
        return found

    def error(self, frame: Frame, asked: Asked | None) -> Notice | None:
        """The exception that an answer is."""
        response = modbus.decode(frame.raw, self._mode)
        if not response.exception:
            return None
        names = self._questions if asked is None else [asked.name]
        if not any(
            self._can_answer(response, asked, name) and response.answers(self._questions[name])
            for name in names
        ):
            return None
        meaning = modbus.EXCEPTIONS.get(response.exception, "unknown")
        said = f"the instrument answers exception {response.exception}: {meaning}"
        return Notice("device-error", said, frame.offset, frame.raw)

    @staticmethod
    def _can_answer(response: modbus.Response, asked: Asked | None, name: str) -> bool:
        return asked is None or (asked.name, asked.transaction) == (name, response.transaction)
