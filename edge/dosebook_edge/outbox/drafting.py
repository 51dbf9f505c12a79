"""From a draft to the bytes of its record, with all but the sequence number done beforehand.

The number is given inside the transaction; what is encoded there holds up every other writer.
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Final

from dosebook_edge import __version__
from dosebook_edge.outbox.model import Draft, TooLargeError
from dosebook_protocol.cbor import MAX_PAYLOAD
from dosebook_protocol.reading import READER_VERSION
from dosebook_protocol.record import EvidenceRef, Record
from dosebook_protocol.record_cbor import sequence_to_cbor
from dosebook_protocol.wire import MAX_EVIDENCE, encode_record

# Key and value of sequence 1 in CBOR. Only version, record id and box id stand before them, whose
# grammars exclude these bytes.
_SEQUENCE_KEY: Final = b"\x68sequence"
_FIRST: Final = _SEQUENCE_KEY + b"\x01"
_LONGEST_SEQUENCE: Final = 9


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record that lacks its sequence number only."""

    record: Record
    before: bytes
    after: bytes

    def payload(self, sequence: int) -> bytes:
        """The encoded record with its number, equal to `encode_record` of the numbered record."""
        return b"".join((self.before, sequence_to_cbor(sequence), self.after))


def prepare(draft: Draft, box_id: str) -> Prepared:
    """Validate and encode a draft; raises `TooLargeError`."""
    size = len(draft.evidence)
    if size > MAX_EVIDENCE:
        raise TooLargeError(f"the object has {size} bytes, a record takes {MAX_EVIDENCE}")
    record = Record(
        record_id=uuid.uuid4().hex,
        box_id=box_id,
        sequence=1,
        source=draft.source,
        source_kind=draft.source_kind,
        captured_at=draft.captured_at,
        clock=draft.clock,
        box_version=__version__,
        transport=draft.transport,
        evidence=EvidenceRef(
            sha256=hashlib.sha256(draft.evidence).hexdigest(),
            media_type=draft.media_type,
            size=size,
        ),
        reader_version=READER_VERSION,
        reading=draft.reading,
    )
    encoded = encode_record(record)
    if len(encoded) + _LONGEST_SEQUENCE > MAX_PAYLOAD:
        raise TooLargeError(f"the record has {len(encoded)} bytes, a message takes {MAX_PAYLOAD}")
    before, _, after = encoded.partition(_FIRST)
    return Prepared(record, before + _SEQUENCE_KEY, after)
