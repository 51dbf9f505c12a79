"""One instrument's bytes in, answers and notices out: framing, dialogue and meaning together."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from dosebook_edge.capture.instrument.parsing.codec import Asked, Codec, codec_of
from dosebook_edge.capture.instrument.parsing.interpret import Interpreter
from dosebook_edge.capture.instrument.profile.model import Profile
from dosebook_edge.capture.instrument.reading import Frame, Notice, Outcome

_UNCORRECTED: Final = Decimal(1)


class Parser:
    """Reads what one instrument sends; does no input or output itself.

    An answer counts only where its question is open: a second answer, a late one, or one that
    could belong to an earlier question gives a notice and no reading.

    Args:
        profile: what is known of the instrument.
        factor: its calibration factor.
        told_questions: whether `sent` is called for each question; without, as for bytes that
            were captured alone, an answer is taken where just one telegram fits.
    """

    def __init__(
        self, profile: Profile, *, factor: Decimal = _UNCORRECTED, told_questions: bool = True
    ) -> None:
        self._codec: Codec = codec_of(profile)
        self._framer = self._codec.framer
        self._interpreter = Interpreter(factor)
        self._directed = told_questions and self._codec.asks
        self._open: Asked | None = None
        self._missed: Asked | None = None
        self._offset = 0
        self._listen()

    @property
    def is_waiting(self) -> bool:
        """Whether a question is open."""
        return self._open is not None

    def opened(self) -> list[Outcome]:
        """The connection is a new one: nothing is expected, nothing remembered."""
        found: list[Outcome] = list(self._framer.flush())
        self._open = self._missed = None
        self._interpreter.forget()
        self._listen()
        return found

    def sent(self, data: bytes) -> list[Outcome]:
        """The box sent a question; what came before it and was not whole is given up."""
        found: list[Outcome] = list(self._framer.flush())
        if self._open is not None:
            found.append(self._unanswered(self._open))
            self._missed = self._open
        self._open = self._codec.recognise(data)
        if self._open is None:
            found.append(
                Notice("not-a-question", "the profile asks nothing like this", self._offset, data)
            )
        self._listen()
        return found

    def feed(self, data: bytes) -> list[Outcome]:
        """The instrument sent bytes, in any pieces."""
        found = list(self._outcomes(data))
        self._offset += len(data)
        return found

    def end(self) -> list[Outcome]:
        """No more will come: what is not whole is given up."""
        found: list[Outcome] = list(self._framer.flush())
        if self._open is not None:
            found.append(self._unanswered(self._open))
            self._open = None
        return found

    def _outcomes(self, data: bytes) -> Iterator[Outcome]:
        for one in self._framer.feed(data):
            if isinstance(one, Notice):
                yield one
            else:
                yield from self._frame(one)
                self._listen()

    def _frame(self, frame: Frame) -> Iterator[Outcome]:
        if self._directed and self._open is None:
            yield Notice("unasked", "an answer without a question", frame.offset, frame.raw)
            return
        question = self._open if self._directed else None
        if (error := self._codec.error(frame, question)) is not None:
            self._open = None
            yield error
            return
        found = self._codec.answers(frame, question)
        late = self._missed is not None and self._missed != question
        if not found:
            text = "no telegram of the profile" if question is None else f"not to {question.name}"
            yield Notice("unknown-answer", f"an answer: {text}", frame.offset, frame.raw)
        elif late and self._missed is not None and self._codec.answers(frame, self._missed):
            text = f"it could be the late answer to {self._missed.name}"
            self._missed = None
            yield Notice("ambiguous", text, frame.offset, frame.raw)
        elif len(found) > 1:
            names = ", ".join(telegram.name for telegram, _ in found)
            yield Notice("ambiguous", f"it could be any of {names}", frame.offset, frame.raw)
        else:
            self._open = self._missed = None
            telegram, facts = found[0]
            yield from self._interpreter.outcomes(telegram, facts, frame)

    def _listen(self) -> None:
        """Frames without a start are looked for only while an answer is due."""
        self._framer.listening = self._codec.marked or not self._directed or self._open is not None

    def _unanswered(self, question: Asked) -> Notice:
        return Notice("no-answer", f"{question.name} was not answered", self._offset, b"")
