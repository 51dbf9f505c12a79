"""The registry's word that records are committed, signed, on its way to the box."""

from dataclasses import dataclass

from dosebook_protocol.cose import Signer
from dosebook_protocol.record import Receipts
from dosebook_protocol.topics import Channel, topic
from dosebook_protocol.wire import encode_receipts


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish."""

    topic: str
    payload: bytes


def sign_receipts(signer: Signer, receipts: Receipts) -> Outgoing:
    """Sign receipts and address them to their box."""
    payload = signer.sign(encode_receipts(receipts))
    return Outgoing(topic(receipts.box_id, Channel.RECEIPTS), payload)
