"""What a person at a box decides on a value that it read from a screen: evidence of its own.

The evidence is the one encoding of a `BoxDecision`, as of every message (`wire.encode_message`).
The record that carries it is signed by the box like all its records. Decisions of one box on one
value form a chain by `after`, so that their order does not depend on their arrival.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from dosebook_protocol.reading import Outcome, Reading
from dosebook_protocol.record import Message, RecordId, Sha256, Utc
from dosebook_protocol.wire import decode_message, encode_message

MEDIA_TYPE: Final = "application/vnd.dosebook.screen-decision+cbor"
KIND: Final = "screen-decision"
"""`Reading.kind` of a record that carries a decision."""

Act = Literal["accept", "correct", "reject", "undo"]

_ABOUT: Final = "a person's decision at the box on a value of a screen"


class BoxDecision(Message):
    """One decision: what was shown, what was decided, by whom, when.

    `record_id` and `evidence_sha256` are of the screen's record, `crop_sha256` is of the PNG that
    the person saw, `shown` the text read. `text` is the number that they confirm, as typed, with
    `accept` and `correct`; `note` is why they reject. `after` is the decision on the same value
    that came before at this box; an `undo` takes that one back.
    """

    id: RecordId
    after: RecordId | Literal[""] = ""
    record_id: RecordId
    evidence_sha256: Sha256
    path: str = Field(pattern=r"^SCREEN/[a-z0-9_]+(\[[0-9]+\])?$")
    crop_sha256: Sha256
    shown: str
    act: Act
    text: Annotated[str, Field(max_length=40)] = ""
    note: Annotated[str, Field(max_length=200)] = ""
    by: str = Field(min_length=1, max_length=64)
    at: Utc

    @model_validator(mode="after")
    def _says_what_its_act_needs(self) -> Self:
        if bool(self.text) is not (self.act in {"accept", "correct"}):
            raise ValueError("a number is confirmed by accept and correct, and by nothing else")
        if bool(self.note) is not (self.act == "reject"):
            raise ValueError("a reject says why, and nothing else does")
        if self.act == "undo" and not self.after:
            raise ValueError("an undo names the decision that it takes back")
        return self


def encode_decision(decision: BoxDecision) -> bytes:
    """The evidence of a decision."""
    return encode_message(decision)


def decode_decision(evidence: bytes) -> BoxDecision:
    """Return what `encode_decision` wrote; raises `MessageError`."""
    return decode_message(BoxDecision, evidence)


def reading_on_the_wire() -> Reading:
    """The reading that a box sends with a decision: a registry that knows no decisions keeps it.

    It stores the record among the quarantined, with this reason; an updated one replays it.
    """
    return Reading(
        Outcome.QUARANTINED,
        KIND,
        KIND,
        reason=f"{_ABOUT}: update this registry, which knows no such record, and replay it",
    )


def reading_of_decision() -> Reading:
    """The reading of a decision where decisions are known: no dose of its own."""
    return Reading(Outcome.NO_DOSE, KIND, KIND, reason=_ABOUT)
