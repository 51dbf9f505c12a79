"""The content of records: sealed as it is kept, opened and signed as it is sent."""

import logging

from dosebook_edge.outbox.model import Content, OutboxKeyError, Signer, Waiting
from dosebook_edge.outbox.packing import unpack
from dosebook_edge.outbox.vault import Vault
from dosebook_protocol.logs import log
from dosebook_protocol.wire import encode_record_message

_LOG = logging.getLogger(__name__)


class Contents:
    """Seals, opens and signs content, each bound to its sequence number and record id."""

    def __init__(self, vault: Vault, signer: Signer) -> None:
        self._vault = vault
        self._signer = signer
        self._told: set[int] = set()

    def seal(self, sequence: int, record_id: str, packed: bytes) -> bytes:
        """Encrypt what is kept of a record."""
        return self._vault.seal(_place(sequence, record_id), packed)

    def open(self, sequence: int, record_id: str, sealed: bytes) -> Content:
        """Open what is kept of a record; raises `OutboxKeyError` where it was altered."""
        packed = self._vault.unseal(_place(sequence, record_id), sealed)
        return Content(sequence, record_id, *unpack(packed, sequence))

    def open_whole(self, sequence: int, record_id: str, sealed: bytes) -> Content | None:
        """Open it, or say once in the log that a damaged disk gave it back altered."""
        try:
            return self.open(sequence, record_id, sealed)
        except OutboxKeyError as error:
            if sequence not in self._told:
                self._told.add(sequence)
                log(_LOG, logging.ERROR, "record_damaged", sequence=sequence, reason=str(error))
            return None

    def sign(self, content: Content) -> Waiting:
        """Sign it as it is published, with the key in force now.

        So a box that was renewed, or came back after it was revoked, delivers what it captured
        before.
        """
        envelope = self._signer.sign(content.payload)
        message = encode_record_message(envelope, content.evidence)
        return Waiting(content.sequence, content.record_id, message)


def _place(sequence: int, record_id: str) -> str:
    return f"{sequence}|{record_id}"
