"""The registry's word on records of a box, signed: what is committed, and what it lacks."""

from dataclasses import dataclass

from dosebook_protocol.cose import Signer
from dosebook_protocol.record import Missing, Receipts
from dosebook_protocol.topics import Channel, topic
from dosebook_protocol.wire import encode_message


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish."""

    topic: str
    payload: bytes


def sign_answer(signer: Signer, answer: Receipts | Missing) -> Outgoing:
    """Sign receipts, or what is missing, and address them to their box."""
    payload = signer.sign(encode_message(answer))
    return Outgoing(topic(answer.box_id, Channel.RECEIPTS), payload)
